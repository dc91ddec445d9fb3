import type { KmsState, KmsCall, KeyRecord } from '../state.ts'
import { noSuchKeyStore } from '../unsourced.ts'
import { keyStorePath, ownIndex, type KeyStoreRecord } from './state.ts'

/** A custom key store of the caller's account and Region. Throws CustomKeyStoreNotFoundException. */
export function keyStoreById(id: string | undefined, call: KmsCall): KeyStoreRecord {
  const store = id === undefined ? undefined : call.state.keyStores.in().get(keyStorePath({ ...placeOf(call), id }))
  if (!store) throw noSuchKeyStore(id ?? '')
  return store
}

/** The same by its name. */
export function keyStoreByName(name: string, call: KmsCall): KeyStoreRecord {
  for (const [, store] of call.state.keyStores.in().find('name', ownIndex(call, name))) return store
  throw noSuchKeyStore(name)
}

/** The custom key store that a key is in; undefined for ordinary keys. */
export function keyStoreOf(key: KeyRecord, state: KmsState): KeyStoreRecord | undefined {
  const { account, region, customKeyStoreId: id } = key
  return id === undefined ? undefined : state.keyStores.in().get(keyStorePath({ account, region, id }))
}

const placeOf = ({ account, region }: KmsCall) => ({ account, region })

/** Replaces a key store's record. */
export function putKeyStore(store: KeyStoreRecord, state: KmsState): void {
  state.keyStores.in().put(keyStorePath(store), store)
}
