import type { ConnectionErrorCodeType, XksProxyConnectivityType } from '@aws-sdk/client-kms'
import type { CollectionSpec } from '../../../state/store.ts'

/** Whether a custom key store is connected, and since when it tries to be. */
export type Connection =
  | { readonly state: 'DISCONNECTED' | 'CONNECTED' }
  | {
      readonly state: 'CONNECTING'
      /** When the attempt ends; milliseconds since the epoch. */
      readonly until: number
      /** What an external key store's proxy has said to it already: undefined when all is well. */
      readonly error?: ConnectionErrorCodeType | undefined
    }
  | { readonly state: 'FAILED'; readonly error: ConnectionErrorCodeType }

interface AnyKeyStore {
  /** `cks-` and 17 hexadecimal digits. */
  readonly id: string
  readonly account: string
  readonly region: string
  readonly name: string
  readonly createdAt: number
  readonly connection: Connection
}

export interface CloudHsmKeyStore extends AnyKeyStore {
  readonly type: 'AWS_CLOUDHSM'
  readonly clusterId: string
  readonly trustAnchor: string
}

export interface ExternalKeyStore extends AnyKeyStore {
  readonly type: 'EXTERNAL_KEY_STORE'
  readonly proxy: ProxyConfiguration
}

export type KeyStoreRecord = CloudHsmKeyStore | ExternalKeyStore

/** How an external key store's proxy is reached. The secret of its credential is in `kms.keyStoreSecrets`. */
export interface ProxyConfiguration {
  readonly connectivity: XksProxyConnectivityType
  /** `https://xks.example.com` */
  readonly endpoint: string
  /** `/prefix/kms/xks/v1` */
  readonly path: string
  readonly accessKeyId: string
  readonly vpcService?: { readonly name: string; readonly owner: string } | undefined
}

/**
 * By key store path: the kmsuser password, or the secret access key of the proxy. By `cluster/…`: the password that the cluster
 * itself knows.
 */
export interface KeyStoreSecret {
  readonly secret: string
}

/**
 * A CloudHSM cluster, as much of it as KMS sees. There is no CloudHSM here: clusters are declared (docs/worlds.md, docs/admin.md).
 */
export interface ClusterRecord {
  /** `cluster-…` */
  readonly id: string
  readonly account: string
  readonly region: string
  readonly state: ClusterState
  /** The certificate that the cluster was initialized with (`customerCA.crt`), in PEM. */
  readonly trustAnchor: string
  /** HSMs that work, each in an Availability Zone of its own. */
  readonly activeHsms: number
  /** Connecting fails with this code, whatever else holds. */
  readonly connectionError?: ConnectionErrorCodeType | undefined
  /** Wrong passwords since the cluster was declared. */
  readonly failedLogins: number
}

/** As CloudHSM's DescribeClusters names them. */
export const CLUSTER_STATES = [
  'CREATE_IN_PROGRESS',
  'UNINITIALIZED',
  'INITIALIZE_IN_PROGRESS',
  'INITIALIZED',
  'ACTIVE',
  'DEGRADED',
  'DELETED',
] as const
export type ClusterState = (typeof CLUSTER_STATES)[number]

interface Place {
  readonly account: string
  readonly region: string
}

/** `<region>/<account>/<id>`: where a key store is among all. */
export const keyStorePath = ({ region, account, id }: Place & { readonly id: string }): string =>
  `${region}/${account}/${id}`

/** Where the password that a cluster knows is kept. */
export const clusterSecretPath = ({ region, account, id }: Place & { readonly id: string }): string =>
  `cluster/${region}/${account}/${id}`

/** Under which a key store is listed in an index of its account and Region. */
export const ownIndex = ({ region, account }: Place, text: string): string => `${region}/${account}/${text}`

/** PEM files differ in line ends and in the white space around them. */
export const certificateKey = (pem: string): string => pem.replace(/\s+/g, '')

const externalIndex =
  (key: (proxy: ProxyConfiguration, store: ExternalKeyStore) => string | undefined) => (store: KeyStoreRecord) =>
    store.type === 'EXTERNAL_KEY_STORE' ? key(store.proxy, store) : undefined

export const keyStoreCollections = {
  /** By `keyStorePath`, so that the key stores of an account and Region are a range. */
  keyStores: {
    name: 'kms.keyStores',
    scope: 'global',
    ordered: true,
    indexes: {
      place: (store: KeyStoreRecord) => ownIndex(store, ''),
      name: (store: KeyStoreRecord) => ownIndex(store, store.name),
      cluster: (store: KeyStoreRecord) =>
        store.type === 'AWS_CLOUDHSM' ? ownIndex(store, store.clusterId) : undefined,
      trustAnchor: (store: KeyStoreRecord) =>
        store.type === 'AWS_CLOUDHSM' ? ownIndex(store, certificateKey(store.trustAnchor)) : undefined,
      // Host names are the same in any case.
      uri: externalIndex(({ endpoint, path }, store) => ownIndex(store, endpoint.toLowerCase() + path)),
      endpoint: externalIndex(({ endpoint }, { region }) => `${region}/${endpoint.toLowerCase()}`),
      vpcService: externalIndex(({ vpcService }, { region }) => vpcService && `${region}/${vpcService.name}`),
    },
  } satisfies CollectionSpec<KeyStoreRecord>,
  keyStoreSecrets: {
    name: 'kms.keyStoreSecrets',
    scope: 'global',
    secret: true,
  } satisfies CollectionSpec<KeyStoreSecret>,
  /** By cluster id. */
  clusters: { name: 'kms.clusters', scope: 'region' } satisfies CollectionSpec<ClusterRecord>,
}
