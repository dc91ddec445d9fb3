import type { LoggingEnabled, WebsiteConfiguration } from '@aws-sdk/client-s3'
import type { PublicAccessBlock, Tags } from '../../access/types.ts'
import type { Collection, CollectionSpec, Store } from '../../state/store.ts'
import type { CorsRule } from './cors/rules.ts'
import { createLeases, type Leases } from './data/leases.ts'
import { VERSION_SUFFIX } from './data/versionIds.ts'
import type { LifecycleRecord } from './lifecycle/rules.ts'
import type { NotificationRecord } from './notifications/configuration.ts'
import { BucketKeys } from './encryption/bucketKeys.ts'

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256' | 'SHA512' | 'MD5'
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A bucket policy as it was put, with principals bound to unique ids so that a recreated user is another one (facts: D4). */
export interface BucketPolicyRecord {
  readonly text: string
}

export interface DefaultEncryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  /** Verbatim as configured: id, ARN or alias; resolved at each write (facts: A4). */
  readonly keyId?: string | undefined
  readonly bucketKey: boolean
  /** Encryption types that writes must not use. */
  readonly blocked: readonly ('NONE' | 'SSE-C')[]
  /** Somebody has put it, were it what buckets have anyway; missing in records of versions that did not tell. */
  readonly configured?: true | undefined
}

export type AclPermission = 'FULL_CONTROL' | 'READ' | 'READ_ACP' | 'WRITE' | 'WRITE_ACP'

/** A grant of an access control list, to an account by its canonical user id or to one of S3's groups. */
export interface AclGrant {
  readonly grantee: { readonly id: string } | { readonly group: string }
  readonly permission: AclPermission
}

export type LockMode = 'GOVERNANCE' | 'COMPLIANCE'
export type LegalHold = 'ON' | 'OFF'

export interface Retention {
  readonly mode: LockMode
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** What protects a version from its deletion. */
export interface VersionLock {
  readonly retention?: Retention | undefined
  readonly legalHold?: LegalHold | undefined
}

/** Either days or years. */
export interface DefaultRetention {
  readonly mode: LockMode
  readonly days?: number | undefined
  readonly years?: number | undefined
}

export interface ObjectLockRecord {
  readonly defaultRetention?: DefaultRetention | undefined
}

/** Where a bucket's access logs are to go, as it was put. The emulator writes none. */
export type LoggingRecord = Pick<LoggingEnabled, 'TargetBucket' | 'TargetPrefix' | 'TargetObjectKeyFormat'>

export interface BucketRecord {
  readonly name: string
  /** The owner. */
  readonly account: string
  readonly region: string
  /** As given at creation; absent in us-east-1. */
  readonly locationConstraint?: string | undefined
  /** Milliseconds since the epoch, whole seconds. */
  readonly createdAt: number
  readonly policy?: BucketPolicyRecord | undefined
  readonly encryption: DefaultEncryption
  readonly publicAccessBlock?: PublicAccessBlock | undefined
  /** Whether ownership controls are configured; without them objects belong to their writers (acl/ownership.ts). */
  readonly ownershipControls: boolean
  /** As configured; absent: BucketOwnerEnforced. */
  readonly objectOwnership?: 'BucketOwnerPreferred' | 'ObjectWriter' | undefined
  /** Absent: the owner alone. Not heeded while BucketOwnerEnforced disables ACLs, but kept. */
  readonly acl?: readonly AclGrant[] | undefined
  readonly tags: Tags
  /** Absent while versioning was never enabled. */
  readonly versioning?: 'Enabled' | 'Suspended' | undefined
  /** Whether the configuration of versioning said that MFA Delete is off, which is then told again. */
  readonly mfaDelete?: 'Disabled' | undefined
  /** Present where versions can be locked; never taken away. */
  readonly objectLock?: ObjectLockRecord | undefined
  /** What pages of other origins may do; absent when not configured. */
  readonly cors?: readonly CorsRule[] | undefined
  readonly lifecycle?: LifecycleRecord | undefined
  readonly logging?: LoggingRecord | undefined
  readonly notifications?: NotificationRecord | undefined
  readonly website?: WebsiteConfiguration | undefined
  /** Absent while transfer acceleration was never enabled. */
  readonly acceleration?: 'Enabled' | 'Suspended' | undefined
  readonly requesterPays?: true | undefined
}

/** How a body is encrypted. A KMS data key is stored as KMS sealed it; a customer's key is not stored. */
export type Encryption =
  | { readonly kind: 's3' }
  | {
      readonly kind: 'customer'
      /** Base64: opens with the right key only (encryption/customerKeys.ts). */
      readonly check: string
    }
  | {
      readonly kind: 'kms'
      readonly keyArn: string
      /** Base64: KMS's ciphertext of the data key. */
      readonly dataKey: string
      /** Complete, `aws:s3:arn` included. */
      readonly context: Readonly<Record<string, string>>
      /** Whether the caller added to the context: then answers tell it (facts: captures 7.4). */
      readonly contextGiven: boolean
      readonly bucketKey: boolean
      /** DSSE-KMS: within a second layer under S3's own key. */
      readonly dual?: true | undefined
    }

/** A checksum of plaintext. Except under SSE-S3 it is sealed with the data key: a checksum of few bytes gives them away. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  /** Base64 (composite: with `-<parts>`); absent when it follows from the parts' (multipart, nobody had the key at hand). */
  readonly value?: string | undefined
  readonly sealed?: true | undefined
}

/** A blob and what it holds. */
export interface StoredPart {
  readonly number: number
  readonly blob: string
  /** Bytes of plaintext. */
  readonly size: number
  readonly checksum: StoredChecksum
}

/** System metadata, as the headers said. */
export interface ContentHeaders {
  readonly contentType: string
  readonly cacheControl?: string | undefined
  readonly contentDisposition?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly contentLanguage?: string | undefined
  /** As sent; S3 does not read it. */
  readonly expires?: string | undefined
  readonly websiteRedirectLocation?: string | undefined
}

/** What a write says about the object besides its bytes; for multipart uploads frozen at their creation. */
export interface ObjectDescription {
  readonly headers: ContentHeaders
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: Tags
  readonly storageClass: string
  /** The account it belongs to while ACLs are in force, or `anonymous`; absent: the bucket's owner. */
  readonly owner?: string | undefined
  /** Absent: the owner alone. */
  readonly acl?: readonly AclGrant[] | undefined
  readonly lock?: VersionLock | undefined
}

/** Which version of its key something is. */
export interface VersionIdentity {
  /** Absent: the version `null`, which is the only one while versioning was never enabled. */
  readonly versionId?: string | undefined
  /** Where the `null` version of a bucket under versioning stands among the others, as if it were its id (data/versionIds.ts). */
  readonly place?: string | undefined
}

/** The copy of an archived object that can be read for a while (archive.ts). Times in milliseconds since the epoch. */
export interface Restoration {
  readonly tier: 'Expedited' | 'Standard' | 'Bulk'
  readonly days: number
  readonly readableAt: number
  readonly expiresAt: number
}

export interface ObjectRecord extends ObjectDescription, VersionIdentity {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Milliseconds since the epoch, whole seconds. */
  readonly lastModified: number
  readonly encryption: Encryption
  readonly checksum: StoredChecksum
  /** In order; one for objects that were not uploaded in parts. */
  readonly parts: readonly StoredPart[]
  /** Asked for last; absent while an archived object was never restored. */
  readonly restoration?: Restoration | undefined
  /** The upload that made it, so that a repeated completion finds its answer. */
  readonly uploadId?: string | undefined
}

/** A version that says that the object was deleted. */
export interface DeleteMarkerRecord extends VersionIdentity {
  readonly deleteMarker: true
  readonly key: string
  /** Milliseconds since the epoch, whole seconds. */
  readonly lastModified: number
}

export type VersionRecord = ObjectRecord | DeleteMarkerRecord

export const isMarker = (version: VersionRecord): version is DeleteMarkerRecord => 'deleteMarker' in version

export interface UploadRecord extends ObjectDescription {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** Milliseconds since the epoch. */
  readonly initiated: number
  readonly initiator: { readonly id: string; readonly name?: string | undefined }
  readonly encryption: Encryption
  /** The SSE header at creation: policies see it again with each part, whose requests must not carry it. */
  readonly encryptionHeader?: string | undefined
  readonly checksum: {
    readonly algorithm: ChecksumAlgorithm
    readonly type: ChecksumType
    /** Asked for at creation, rather than S3's own CRC64NVME. */
    readonly explicit: boolean
  }
}

export interface PartRecord extends StoredPart {
  readonly etag: string
  readonly lastModified: number
}

export const collections = {
  /** By name: one namespace for all accounts. */
  buckets: {
    name: 's3.buckets',
    scope: 'global',
    ordered: true,
    indexes: { account: (bucket: BucketRecord) => bucket.account },
  } satisfies CollectionSpec<BucketRecord>,
  /** Current versions, by `<bucket>/<sortable key>`. */
  objects: { name: 's3.objects', scope: 'global', ordered: true } satisfies CollectionSpec<ObjectRecord>,
  /**
   * Noncurrent versions and all delete markers, by `<bucket>/<sortable key>\0<version id>`: newest first, since ids begin so
   * (data/versions.ts). Indexes find the version `null` of `<bucket>/<sortable key>`, and what an
   * upload made.
   */
  versions: {
    name: 's3.versions',
    scope: 'global',
    ordered: true,
    indexes: {
      upload: (version: VersionRecord) => (isMarker(version) ? undefined : version.uploadId),
      null: ({ versionId }: VersionRecord, id: string) =>
        versionId === undefined ? id.slice(0, -VERSION_SUFFIX) : undefined,
    },
  } satisfies CollectionSpec<VersionRecord>,
  /** By `<bucket>/<sortable key>\0<upload id>`. */
  uploads: { name: 's3.uploads', scope: 'global', ordered: true } satisfies CollectionSpec<UploadRecord>,
  /** By `<upload id>/<part number, five digits>`. */
  parts: { name: 's3.parts', scope: 'global', ordered: true } satisfies CollectionSpec<PartRecord>,
  /** `master`: what SSE-S3 encrypts with. */
  secrets: { name: 's3.secrets', scope: 'global', secret: true } satisfies CollectionSpec<{ readonly key: string }>,
}

export interface S3State {
  readonly buckets: Collection<BucketRecord>
  readonly objects: Collection<ObjectRecord>
  readonly versions: Collection<VersionRecord>
  readonly uploads: Collection<UploadRecord>
  readonly parts: Collection<PartRecord>
  readonly secrets: Collection<{ readonly key: string }>
  /** Blobs that readers in flight still need. Not stored. */
  readonly leases: Leases
  /** What S3 keeps of KMS's answers for a while. Not stored. */
  readonly bucketKeys: BucketKeys
}

export function s3State(store: Store): S3State {
  return {
    buckets: store.collection<BucketRecord>(collections.buckets),
    objects: store.collection<ObjectRecord>(collections.objects),
    versions: store.collection<VersionRecord>(collections.versions),
    uploads: store.collection<UploadRecord>(collections.uploads),
    parts: store.collection<PartRecord>(collections.parts),
    secrets: store.collection<{ readonly key: string }>(collections.secrets),
    leases: createLeases(),
    bucketKeys: new BucketKeys(),
  }
}

/** Every blob that the state names: what `Blobs.sweep` must keep. For the start of the emulator, not for requests. */
export function blobsInUse(state: S3State): ReadonlySet<string> {
  const live = new Set<string>()
  for (const { record } of state.objects.all()) for (const part of record.parts) live.add(part.blob)
  for (const { record } of state.versions.all()) {
    if (!isMarker(record)) for (const part of record.parts) live.add(part.blob)
  }
  for (const { record } of state.parts.all()) live.add(record.blob)
  return live
}
