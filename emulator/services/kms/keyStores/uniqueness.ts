import { KEY_STORES } from '../quotas.ts'
import type { KmsCall, KmsState } from '../state.ts'
import {
  keyStoreNameInUse,
  proxyEndpointInUse,
  proxyUriInUse,
  tooManyKeyStores,
  vpcServiceInUse,
} from '../unsourced.ts'
import { ownIndex, type ExternalKeyStore, type KeyStoreRecord } from './state.ts'

/** Throws LimitExceededException when an account has all the key stores it may have in a Region. Part of TWOKEY_QUOTAS. */
export function requireRoom(store: KeyStoreRecord, { state, env }: KmsCall): void {
  const most = env.quotas?.limit(KEY_STORES, store.region)
  if (most === undefined) return
  if (state.keyStores.in().count('place', ownIndex(store, '')) >= most) throw tooManyKeyStores()
}

/** Throws unless no other key store has what must be this one's alone. */
export function requireUnique(store: KeyStoreRecord, state: KmsState): void {
  if (others('name', ownIndex(store, store.name), store, state).length > 0) throw keyStoreNameInUse(store.name)
  if (store.type === 'EXTERNAL_KEY_STORE') requireUniqueProxy(store, state)
}

/**
 * The whole URI is unique in an account and Region. A private DNS name belongs to one key store, and no public endpoint of any account
 * in the Region may have the same name (CreateCustomKeyStore, XksProxyUriEndpoint).
 */
function requireUniqueProxy(store: ExternalKeyStore, state: KmsState): void {
  const { endpoint, path, connectivity, vpcService } = store.proxy
  const host = endpoint.toLowerCase()
  if (others('uri', ownIndex(store, host + path), store, state).length > 0) throw proxyUriInUse(endpoint + path)
  const isPublic = (other: KeyStoreRecord) =>
    other.type === 'EXTERNAL_KEY_STORE' && other.proxy.connectivity === 'PUBLIC_ENDPOINT'
  const neighbours = others('endpoint', `${store.region}/${host}`, store, state)
  if (neighbours.length > 0 && !(connectivity === 'PUBLIC_ENDPOINT' && neighbours.every(isPublic)))
    throw proxyEndpointInUse(endpoint)
  if (vpcService && others('vpcService', `${store.region}/${vpcService.name}`, store, state).length > 0)
    throw vpcServiceInUse(vpcService.name)
}

function others(index: string, key: string, store: KeyStoreRecord, state: KmsState): KeyStoreRecord[] {
  return Array.from(state.keyStores.in().find(index, key), ([, other]) => other).filter(({ id }) => id !== store.id)
}
