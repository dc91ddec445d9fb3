import type { CreateCustomKeyStoreRequest, UpdateCustomKeyStoreRequest } from '@aws-sdk/client-kms'
import type { AuditFacts } from '../../../operation/trace.ts'
import { said } from '../audit.ts'
import { changedProxy, needed, needsDisconnection, newProxy, refuseForeignMembers } from '../keyStores/choices.ts'
import { requireConnectable, requireFreeCluster, requireRelatedCluster } from '../keyStores/clusters.ts'
import { CONNECT_MS, requireProxy, setConnection, tryProxy } from '../keyStores/connect.ts'
import { entryOf } from '../keyStores/entry.ts'
import { keyStoreById, keyStoreByName, putKeyStore } from '../keyStores/find.ts'
import { keyStorePath, ownIndex, type KeyStoreRecord } from '../keyStores/state.ts'
import { requireRoom, requireUnique } from '../keyStores/uniqueness.ts'
import { page } from '../pages.ts'
import { kms } from '../service.ts'
import type { KmsCall } from '../state.ts'
import { idAndName, keyStoreHasKeys, keyStoreState } from '../unsourced.ts'
import { given } from './onKey.ts'

/** Every row here is about the account: the resource is `*`, and only IAM policies are asked (facts: B3). */
const onAccount = {
  context: (_input: unknown, call: KmsCall) => ({
    'kms:CallerAccount': call.account === '' ? undefined : call.account,
  }),
} as const

/** Rows about one key store. It is looked up for the audit trail here; that it is missing is said after the authorization. */
const onKeyStore = {
  ...onAccount,
  subject: (input: { readonly CustomKeyStoreId: string | undefined }, call: KmsCall) => {
    const { account, region } = call
    return { store: call.state.keyStores.in().get(keyStorePath({ account, region, id: input.CustomKeyStoreId ?? '' })) }
  },
} as const

/** A key store in none of these states does not admit the operation. Throws CustomKeyStoreInvalidStateException. */
function requireConnection(
  { id, connection }: KeyStoreRecord,
  operation: string,
  ...states: readonly KeyStoreRecord['connection']['state'][]
): void {
  if (!states.includes(connection.state)) throw keyStoreState(id, connection.state, operation)
}

// ---- Create ------------------------------------------------------------------------------------------------------------

interface NewKeyStore {
  readonly store: KeyStoreRecord
  /** The kmsuser password, or the secret access key of the proxy. */
  readonly secret: string
}

function newKeyStore(input: CreateCustomKeyStoreRequest, call: KmsCall): NewKeyStore {
  const type = input.CustomKeyStoreType ?? 'AWS_CLOUDHSM'
  refuseForeignMembers(input, type)
  const common = {
    id: `cks-${call.env.ids.hex(17)}`,
    account: call.account,
    region: call.region,
    name: given(input.CustomKeyStoreName),
    createdAt: call.time,
    connection: { state: 'DISCONNECTED' },
  } as const
  if (type === 'EXTERNAL_KEY_STORE') {
    const proxy = newProxy(input, call.account)
    return { store: { ...common, type, proxy }, secret: secretAccessKey(input) ?? '' }
  }
  const clusterId = needed(input.CloudHsmClusterId, type, 'CloudHsmClusterId')
  const trustAnchor = needed(input.TrustAnchorCertificate, type, 'TrustAnchorCertificate')
  const secret = needed(input.KeyStorePassword, type, 'KeyStorePassword')
  return { store: { ...common, type, clusterId, trustAnchor }, secret }
}

const secretAccessKey = (input: CreateCustomKeyStoreRequest | UpdateCustomKeyStoreRequest) =>
  input.XksProxyAuthenticationCredential?.RawSecretAccessKey

function requireCreatable(store: KeyStoreRecord, call: KmsCall): void {
  requireUnique(store, call.state)
  requireRoom(store, call)
  if (store.type === 'AWS_CLOUDHSM') requireFreeCluster(store, call.state)
}

const createCustomKeyStore = kms.row('CreateCustomKeyStore', {
  ...onAccount,
  action: 'kms:CreateCustomKeyStore',
  async run(input, call) {
    const { store, secret } = newKeyStore(input, call)
    requireCreatable(store, call)
    if (store.type === 'EXTERNAL_KEY_STORE') await requireProxy(store, secret, call)
    call.env.store.transaction(() => {
      // The proxy took its time; another request may have been quicker.
      requireCreatable(store, call)
      putKeyStore(store, call.state)
      call.state.keyStoreSecrets.in().put(keyStorePath(store), { secret })
    })
    return { CustomKeyStoreId: store.id }
  },
  audit: (input, output) => ({
    requestParameters: {
      customKeyStoreName: input.CustomKeyStoreName,
      ...storeParameters(input),
    },
    responseElements: output ? { customKeyStoreId: output.CustomKeyStoreId } : null,
    resources: [],
  }),
})

/** CloudTrail calls the cluster `clusterId` (ct-create-keystore). How it names the members of a proxy is not documented; no secret is among these. */
function storeParameters(input: CreateCustomKeyStoreRequest | UpdateCustomKeyStoreRequest): Record<string, unknown> {
  return {
    ...(input.CloudHsmClusterId !== undefined && { clusterId: input.CloudHsmClusterId }),
    ...('CustomKeyStoreType' in input && said(input, 'CustomKeyStoreType')),
    ...said(
      input,
      'XksProxyUriEndpoint',
      'XksProxyUriPath',
      'XksProxyVpcEndpointServiceName',
      'XksProxyVpcEndpointServiceOwner',
      'XksProxyConnectivity',
    ),
  }
}

// ---- Update ------------------------------------------------------------------------------------------------------------

/** The key store as an update leaves it. Throws where AWS refuses. */
function updated(input: UpdateCustomKeyStoreRequest, call: KmsCall): KeyStoreRecord {
  const store = keyStoreById(input.CustomKeyStoreId, call)
  refuseForeignMembers(input, store.type)
  const anywhere = !needsDisconnection(input, store)
  requireConnection(store, 'UpdateCustomKeyStore', 'DISCONNECTED', ...(anywhere ? (['CONNECTED'] as const) : []))
  const name = input.NewCustomKeyStoreName ?? store.name
  const changed: KeyStoreRecord =
    store.type === 'AWS_CLOUDHSM'
      ? { ...store, name, clusterId: input.CloudHsmClusterId ?? store.clusterId }
      : { ...store, name, proxy: changedProxy(input, store.proxy) }
  requireUnique(changed, call.state)
  if (changed.type === 'AWS_CLOUDHSM' && input.CloudHsmClusterId !== undefined)
    requireRelatedCluster(changed, call.state)
  return changed
}

const updateCustomKeyStore = kms.row('UpdateCustomKeyStore', {
  ...onKeyStore,
  action: 'kms:UpdateCustomKeyStore',
  async run(input, call) {
    const wanted = updated(input, call)
    const secret = input.KeyStorePassword ?? secretAccessKey(input)
    const secrets = call.state.keyStoreSecrets.in()
    if (wanted.type === 'EXTERNAL_KEY_STORE' && changesProxy(input)) {
      await requireProxy(wanted, secret ?? secrets.get(keyStorePath(wanted))?.secret ?? '', call)
    }
    call.env.store.transaction(() => {
      putKeyStore(updated(input, call), call.state)
      if (secret !== undefined) secrets.put(keyStorePath(wanted), { secret })
    })
    return {}
  },
  audit: storeAudit((input: UpdateCustomKeyStoreRequest) => ({
    ...said(input, 'CustomKeyStoreId', 'NewCustomKeyStoreName'),
    ...storeParameters(input),
  })),
})

/** Whether an update has more than a name. */
const changesProxy = (input: UpdateCustomKeyStoreRequest) =>
  Object.entries(input).some(
    ([member, value]) => value !== undefined && member !== 'CustomKeyStoreId' && member !== 'NewCustomKeyStoreName',
  )

/** Changes record the key store's name and cluster beside what was asked for (ct-update-keystore and others). */
function storeAudit<In extends { readonly CustomKeyStoreId: string | undefined }>(
  parameters: (input: In) => Record<string, unknown>,
) {
  return (
    input: In,
    _output: unknown,
    subject: { readonly store: KeyStoreRecord | undefined } | undefined,
  ): AuditFacts => ({
    requestParameters: parameters(input),
    responseElements: null,
    ...(subject?.store && { additionalEventData: storeData(subject.store) }),
    resources: [],
  })
}

const storeData = (store: KeyStoreRecord) => ({
  customKeyStoreName: store.name,
  ...(store.type === 'AWS_CLOUDHSM' && { clusterId: store.clusterId }),
})

const named = (input: { readonly CustomKeyStoreId: string | undefined }) => said(input, 'CustomKeyStoreId')

// ---- Delete, connect, disconnect ---------------------------------------------------------------------------------------

const deleteCustomKeyStore = kms.row('DeleteCustomKeyStore', {
  ...onKeyStore,
  action: 'kms:DeleteCustomKeyStore',
  run(input, call) {
    const store = keyStoreById(input.CustomKeyStoreId, call)
    requireConnection(store, 'DeleteCustomKeyStore', 'DISCONNECTED')
    const { account, region, id } = store
    if (call.state.keys.in(account, region).count('store', id) > 0) throw keyStoreHasKeys(id)
    call.env.store.transaction(() => {
      call.state.keyStores.in().delete(keyStorePath(store))
      call.state.keyStoreSecrets.in().delete(keyStorePath(store))
    })
    return {}
  },
  audit: storeAudit(named),
})

const connectCustomKeyStore = kms.row('ConnectCustomKeyStore', {
  ...onKeyStore,
  action: 'kms:ConnectCustomKeyStore',
  async run(input, call) {
    const store = keyStoreById(input.CustomKeyStoreId, call)
    requireConnection(store, 'ConnectCustomKeyStore', 'DISCONNECTED', 'CONNECTING', 'CONNECTED')
    if (store.connection.state !== 'DISCONNECTED') return {}
    if (store.type === 'AWS_CLOUDHSM') requireConnectable(store, call.state)
    const error = store.type === 'EXTERNAL_KEY_STORE' ? await tryProxy(store, call) : undefined
    const now = keyStoreById(input.CustomKeyStoreId, call)
    // What another request has begun meanwhile goes on.
    if (now.connection.state !== 'DISCONNECTED') return {}
    setConnection(now, { state: 'CONNECTING', until: call.time + CONNECT_MS, error }, call)
    return {}
  },
  audit: storeAudit(named),
})

const disconnectCustomKeyStore = kms.row('DisconnectCustomKeyStore', {
  ...onKeyStore,
  action: 'kms:DisconnectCustomKeyStore',
  run(input, call) {
    const store = keyStoreById(input.CustomKeyStoreId, call)
    requireConnection(store, 'DisconnectCustomKeyStore', 'CONNECTED', 'CONNECTING', 'FAILED')
    // AWS shows DISCONNECTING for a while; the keys are unusable at once, and so it is over at once here.
    setConnection(store, { state: 'DISCONNECTED' }, call)
    return {}
  },
  audit: storeAudit(named),
})

// ---- Describe ----------------------------------------------------------------------------------------------------------

const describeCustomKeyStores = kms.row('DescribeCustomKeyStores', {
  ...onAccount,
  action: 'kms:DescribeCustomKeyStores',
  readOnly: true,
  run(input, call) {
    const { CustomKeyStoreId: id, CustomKeyStoreName: name } = input
    if (id !== undefined && name !== undefined) throw idAndName()
    if (id !== undefined) return { CustomKeyStores: [entryOf(keyStoreById(id, call))], Truncated: false }
    if (name !== undefined) return { CustomKeyStores: [entryOf(keyStoreByName(name, call))], Truncated: false }
    const prefix = ownIndex(call, '')
    const table = call.state.keyStores.in()
    const { items, Truncated, NextMarker } = page(input, { usual: 50, most: 50 }, 'keyStores', (after) =>
      table.entries(after === undefined ? { prefix } : { prefix, after }),
    )
    return { CustomKeyStores: items.map(entryOf), Truncated, NextMarker }
  },
  audit: (input) => ({
    requestParameters: said(input, 'CustomKeyStoreId', 'CustomKeyStoreName', 'Limit'),
    responseElements: null,
    resources: [],
  }),
})

export const customKeyStoreRows = [
  createCustomKeyStore,
  updateCustomKeyStore,
  deleteCustomKeyStore,
  connectCustomKeyStore,
  disconnectCustomKeyStore,
  describeCustomKeyStores,
]
