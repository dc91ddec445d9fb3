import type { ConnectionErrorCodeType } from '@aws-sdk/client-kms'
import type { Environment } from '../../../operation/call.ts'
import type { KmsCall, KmsState } from '../state.ts'
import { vpcServiceMissing } from '../unsourced.ts'
import { connectionError, managementFailure, worded, XksFailure } from '../xks/failures.ts'
import { checkHealth } from '../xks/proxy.ts'
import { logIn } from './clusters.ts'
import { putKeyStore } from './find.ts'
import { proxyOf, proxyWith, statusMetadata } from './proxies.ts'
import { keyStorePath, type Connection, type ExternalKeyStore, type KeyStoreRecord } from './state.ts'

/** How long connecting takes. AWS: up to twenty minutes for a cluster, about five for a proxy. Long enough to be seen here. */
export const CONNECT_MS = 5_000

/**
 * Why an external key store cannot be connected, or undefined. The proxy is asked when the connection is asked for; the answer shows
 * when connecting is over.
 */
export async function tryProxy(store: ExternalKeyStore, call: KmsCall): Promise<ConnectionErrorCodeType | undefined> {
  if (!hasVpcService(store, call)) return 'XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND'
  try {
    await checkHealth(proxyOf(store, call.state, call.env), statusMetadata(call))
    return undefined
  } catch (error) {
    if (error instanceof XksFailure) return connectionError(error)
    throw error
  }
}

/**
 * What CreateCustomKeyStore and UpdateCustomKeyStore try. A VPC endpoint service is not asked before the key store is connected.
 * @param secret the proxy credential to try
 */
export async function requireProxy(store: ExternalKeyStore, secret: string, call: KmsCall): Promise<void> {
  if (!hasVpcService(store, call)) throw vpcServiceMissing(store.proxy.vpcService?.name ?? '')
  if (store.proxy.connectivity === 'VPC_ENDPOINT_SERVICE' && store.connection.state !== 'CONNECTED') return
  await worded(checkHealth(proxyWith(store, secret, call.env), statusMetadata(call)), managementFailure)
}

/**
 * There are no VPCs here. A VPC endpoint service is there when its name is of the key store's Region and TWOKEY_XKS_ENDPOINTS says where its
 * private DNS name leads.
 */
function hasVpcService({ proxy, region }: ExternalKeyStore, call: KmsCall): boolean {
  if (proxy.connectivity === 'PUBLIC_ENDPOINT') return true
  return proxy.vpcService?.name.split('.')[3] === region && call.env.xksEndpoints.has(proxy.endpoint.toLowerCase())
}

interface Site {
  readonly state: KmsState
  readonly env: Environment
}

const taskOf = (store: KeyStoreRecord) => `kms/connect/${keyStorePath(store)}`

/** Stores a connection and puts the end of an attempt on the clock. */
export function setConnection(store: KeyStoreRecord, connection: Connection, site: Site): void {
  const changed: KeyStoreRecord = { ...store, connection }
  site.env.store.transaction(() => {
    putKeyStore(changed, site.state)
  })
  armConnection(changed, site)
}

function armConnection(store: KeyStoreRecord, site: Site): void {
  const { connection } = store
  const { clock } = site.env
  if (connection.state === 'CONNECTING') {
    clock.schedule(taskOf(store), connection.until, () => {
      finishConnecting(store, site)
    })
  } else clock.cancel(taskOf(store))
}

function finishConnecting({ id, account, region }: KeyStoreRecord, site: Site): void {
  const { state, env } = site
  const store = state.keyStores.in().get(keyStorePath({ id, account, region }))
  if (store?.connection.state !== 'CONNECTING' || store.connection.until > env.clock.now()) return
  const tried = store.connection
  env.store.transaction(() => {
    const error = store.type === 'AWS_CLOUDHSM' ? logIn(store, state) : tried.error
    setConnection(store, error === undefined ? { state: 'CONNECTED' } : { state: 'FAILED', error }, site)
  })
}

/** Takes up all attempts to connect, when the emulator starts or its state is replaced. */
export function armKeyStores(state: KmsState, env: Environment): void {
  // Some are overdue and end at once, which changes what is being walked.
  for (const { record } of [...state.keyStores.all()]) armConnection(record, { state, env })
}
