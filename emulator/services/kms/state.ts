import type { KeyState, KeyUsageType, OriginType, KeySpec } from '@aws-sdk/client-kms'
import type { WrapAlgorithm, WrappingKeySpec } from '../../crypto/wrap.ts'
import type { Grant, Grantee, Tags } from '../../access/types.ts'
import type { PricedKey } from '../../audit/prices.ts'
import type { Call } from '../../operation/call.ts'
import type { Collection, CollectionSpec, Store } from '../../state/store.ts'
import { keyStoreCollections, type ClusterRecord, type KeyStoreRecord, type KeyStoreSecret } from './keyStores/state.ts'
import type { Family } from './keys/multiRegion.ts'
import { OpenedKeys } from './keys/openedKeys.ts'

/** What is known of material that was imported, beside its bytes (facts: B12). */
export interface ImportedFacts {
  /**
   * Whether its bytes are in `kms.material`; if not, what took them. Expired material is still listed as imported, deleted material
   * is not (facts: captures 5.1).
   */
  readonly bytes: 'here' | 'expired' | 'deleted'
  /** Whole seconds, in milliseconds; undefined when it does not expire. */
  readonly validTo?: number | undefined
  readonly description?: string | undefined
}

/** One generation of a key's material; the bytes are in `kms.material`. */
export interface MaterialEntry {
  /** 64 lower-case hexadecimal digits. */
  readonly id: string
  /** When it replaced the one before; the first has neither. Milliseconds since the epoch. */
  readonly rotatedAt?: number | undefined
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND' | undefined
  /** Of keys with imported material only. */
  readonly imported?: ImportedFacts | undefined
}

export interface KeyRecord {
  readonly id: string
  readonly arn: string
  readonly account: string
  readonly region: string
  /** Milliseconds since the epoch, like all times here. */
  readonly createdAt: number
  readonly description: string
  readonly spec: KeySpec
  readonly usage: KeyUsageType
  readonly origin: OriginType
  readonly manager: 'CUSTOMER' | 'AWS'
  readonly multiRegion: boolean
  /** The Regions of a multi-Region key and its relatives; undefined for a single-Region key. */
  readonly family?: Family | undefined
  readonly state: KeyState
  /** When a state that passes by itself is over (Creating, Updating). */
  readonly settlesAt?: number | undefined
  /** `at` is not known before the last replica of a multi-Region primary key is gone. */
  readonly deletion?: { readonly at?: number | undefined; readonly windowInDays: number } | undefined
  /** As it was put, principals bound to unique ids (facts: C2). */
  readonly policy: string
  readonly tags: Tags
  /** Oldest first; new ciphertexts are made with the last. */
  readonly materials: readonly MaterialEntry[]
  /** Imported, and used only when an on-demand rotation puts it behind `materials`. */
  readonly pendingMaterial?: MaterialEntry | undefined
  readonly rotation?: { readonly periodInDays: number; readonly nextAt: number } | undefined
  /** When the on-demand rotation that is under way was asked for. */
  readonly rotatingSince?: number | undefined
  /** `cks-…`: where its material is. */
  readonly customKeyStoreId?: string | undefined
  /** Under which name the external key manager has the other key of a key in an external key store. */
  readonly xksKeyId?: string | undefined
  /** Not stored: the cluster of its key store, on keys that `asItIs` gives. */
  readonly cloudHsmClusterId?: string | undefined
}

/** Key material: where it belongs, and the bytes in base64. */
export interface MaterialRecord {
  readonly account: string
  readonly keyId: string
  readonly bytes: string
}

/** Whose material it was that is gone: its ciphertexts still name it. */
export type MissingRecord = Pick<MaterialRecord, 'account' | 'keyId'>

/** What one answer of GetParametersForImport promised: how material may come, and the key that opens it. */
export interface ImportParametersRecord {
  readonly keyId: string
  readonly algorithm: WrapAlgorithm
  readonly keySpec: WrappingKeySpec
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** In base64. */
  readonly privateKey: string
}

export interface AliasRecord {
  /** `alias/x` */
  readonly name: string
  readonly keyId: string
  readonly createdAt: number
  readonly updatedAt: number
}

export interface GrantRecord extends Grant {
  /** Whose key. */
  readonly account: string
  readonly region: string
  readonly keyId: string
  /** Empty when none was given. */
  readonly name: string
  readonly retiring?: Grantee | undefined
  /** The retiring principal was named by the member for services, and is listed by it. */
  readonly retiringService?: true | undefined
  /** As given; the engine sees it in a service grantee. */
  readonly sourceArn?: string | undefined
  /** Whole seconds, in milliseconds. */
  readonly createdAt: number
}

/** A successful cryptographic operation with a key. */
export interface KeyUse {
  readonly at: number
  /** Left out by versions that kept the time alone. */
  readonly operation?: string | undefined
  readonly requestId?: string | undefined
}

/** `<region>/<account>/<key id>`: where a key is among all. */
export const keyPath = ({ region, account, id }: Pick<KeyRecord, 'region' | 'account' | 'id'>): string =>
  `${region}/${account}/${id}`

/** Where a grant is, among all of its key. */
export const grantPath = ({ region, account, keyId, id }: GrantRecord): string => `${region}/${account}/${keyId}/${id}`

/** What a grant's grantee and retiring principal are listed under. */
export function granteeKey(grantee: Grantee): string {
  switch (grantee.kind) {
    case 'account':
      return grantee.account
    case 'federated':
      return grantee.arn
    case 'service':
      return grantee.service
    default:
      return grantee.id
  }
}

export const collections = {
  keys: {
    name: 'kms.keys',
    scope: 'region',
    ordered: true,
    indexes: {
      // Only AWS managed keys are listed: they do not count against the quota, and they are few.
      manager: (key: KeyRecord) => (key.manager === 'AWS' ? 'AWS' : undefined),
      multiRegion: (key: KeyRecord) => (key.multiRegion ? 'yes' : undefined),
      store: (key: KeyRecord) => key.customKeyStoreId,
      externalKey: (key: KeyRecord) => key.xksKeyId && `${key.customKeyStoreId ?? ''}/${key.xksKeyId}`,
    },
  } satisfies CollectionSpec<KeyRecord>,
  /** By `<region>/<material id>`: a ciphertext names its material, and any account may ask. */
  material: { name: 'kms.material', scope: 'global', secret: true } satisfies CollectionSpec<MaterialRecord>,
  /** By `<region>/<material id>`: imported material that expired or was deleted, and may be imported again. */
  missing: { name: 'kms.missingMaterial', scope: 'global' } satisfies CollectionSpec<MissingRecord>,
  /** By the id in the import token. */
  importParameters: {
    name: 'kms.importParameters',
    scope: 'region',
    secret: true,
    indexes: { key: (parameters: ImportParametersRecord) => parameters.keyId },
  } satisfies CollectionSpec<ImportParametersRecord>,
  /** By name. */
  aliases: {
    name: 'kms.aliases',
    scope: 'region',
    ordered: true,
    indexes: { key: (alias: AliasRecord) => alias.keyId },
  } satisfies CollectionSpec<AliasRecord>,
  /** By `grantPath`, so that the grants of a key are a range. */
  grants: {
    name: 'kms.grants',
    scope: 'global',
    ordered: true,
    indexes: {
      key: (grant: GrantRecord) => `${grant.region}/${grant.account}/${grant.keyId}`,
      grantee: (grant: GrantRecord) => `${grant.region}/${grant.account}/${grant.keyId}/${granteeKey(grant.grantee)}`,
      retiring: (grant: GrantRecord) => grant.retiring && `${grant.region}/${granteeKey(grant.retiring)}`,
      name: (grant: GrantRecord) =>
        grant.name === '' ? undefined : `${grant.region}/${grant.account}/${grant.keyId}/${grant.name}`,
      id: (grant: GrantRecord) => `${grant.region}/${grant.id}`,
    },
  } satisfies CollectionSpec<GrantRecord>,
  /** By key id: how a key was last used, exact to the day. */
  lastUse: { name: 'kms.lastUse', scope: 'region' } satisfies CollectionSpec<KeyUse>,
  /** The emulator's own secrets that make tokens unguessable, by name. */
  secrets: { name: 'kms.secrets', scope: 'global', secret: true } satisfies CollectionSpec<{ readonly bytes: string }>,
  ...keyStoreCollections,
}

export interface KmsState {
  readonly keys: Collection<KeyRecord>
  readonly material: Collection<MaterialRecord>
  readonly missing: Collection<MissingRecord>
  readonly importParameters: Collection<ImportParametersRecord>
  readonly aliases: Collection<AliasRecord>
  readonly grants: Collection<GrantRecord>
  readonly lastUse: Collection<KeyUse>
  readonly secrets: Collection<{ readonly bytes: string }>
  readonly keyStores: Collection<KeyStoreRecord>
  readonly keyStoreSecrets: Collection<KeyStoreSecret>
  readonly clusters: Collection<ClusterRecord>
  /** How keys were last used, by ARN, in this process. */
  readonly recentUse: Map<string, KeyUse>
  /** Data keys that have been opened lately, in this process. */
  readonly opened: OpenedKeys
  /** What keys cost that are gone, in this process. */
  readonly deletedKeys: PricedKey[]
}

export type KmsCall = Call<KmsState>

export function kmsState(store: Store): KmsState {
  return {
    keys: store.collection<KeyRecord>(collections.keys),
    material: store.collection<MaterialRecord>(collections.material),
    missing: store.collection<MissingRecord>(collections.missing),
    importParameters: store.collection<ImportParametersRecord>(collections.importParameters),
    aliases: store.collection<AliasRecord>(collections.aliases),
    grants: store.collection<GrantRecord>(collections.grants),
    lastUse: store.collection<KeyUse>(collections.lastUse),
    secrets: store.collection<{ readonly bytes: string }>(collections.secrets),
    keyStores: store.collection<KeyStoreRecord>(collections.keyStores),
    keyStoreSecrets: store.collection<KeyStoreSecret>(collections.keyStoreSecrets),
    clusters: store.collection<ClusterRecord>(collections.clusters),
    recentUse: new Map(),
    opened: new OpenedKeys(),
    deletedKeys: [],
  }
}
