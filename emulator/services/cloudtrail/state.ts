import type { Tags } from '../../access/types.ts'
import type { StoredSecret } from '../../operation/ownSecret.ts'
import type { Call } from '../../operation/call.ts'
import type { Collection, CollectionSpec, Store } from '../../state/store.ts'
import { Deliveries } from './delivery/deliveries.ts'

export interface TrailRecord {
  readonly name: string
  readonly arn: string
  readonly account: string
  readonly homeRegion: string
  readonly bucket: string
  readonly bucketRegion: string
  readonly prefix?: string | undefined
  readonly globalEvents: boolean
  readonly multiRegion: boolean
  readonly validation: boolean
  /** ARN of the key that log files are encrypted under; none: as the bucket says. */
  readonly keyArn?: string | undefined
  readonly tags: Tags
  /** Undefined: all management events. */
  readonly selectors?: readonly EventSelector[] | undefined
  readonly logging: boolean
  /** Milliseconds since the epoch. */
  readonly startedAt?: number | undefined
  readonly stoppedAt?: number | undefined
}

export interface EventSelector {
  readonly readWrite: 'All' | 'ReadOnly' | 'WriteOnly'
  readonly management: boolean
  /** Event sources without management events: `kms.amazonaws.com`. */
  readonly excluded: readonly string[]
  /** Of S3 objects: ARNs with which theirs begin. */
  readonly data: readonly { readonly type: string; readonly values: readonly string[] }[]
}

/** What came of a trail's deliveries. Times in milliseconds since the epoch. */
export interface DeliveryStatus {
  readonly attemptedAt?: number | undefined
  readonly deliveredAt?: number | undefined
  /** S3's code. */
  readonly error?: string | undefined
  readonly digestAt?: number | undefined
  readonly digestError?: string | undefined
}

/** Events that wait for delivery on disk: because the emulator was stopped, or because a delivery failed. */
export interface WaitingRecord {
  /** `queueId` */
  readonly queue: string
  /** As they will be in the file. */
  readonly events: readonly string[]
}

/** A log file that has been delivered and is in no digest file yet. */
export interface DeliveredFile {
  readonly bucket: string
  readonly key: string
  /** SHA-256 of the uncompressed content, hexadecimal. */
  readonly hash: string
  readonly newest: string
  readonly oldest: string
}

/** The digest files of a trail and Region: where the next one begins. */
export interface DigestChain {
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly files: readonly DeliveredFile[]
  readonly previous?: PreviousDigest | undefined
}

export interface PreviousDigest {
  readonly bucket: string
  readonly key: string
  readonly hash: string
  readonly signature: string
}

/** A Region's key pair for digest files. */
export interface SigningKeyRecord extends StoredSecret {
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly until: number
}

const collections = {
  /** By `<home Region>/<name>`. */
  trails: { name: 'cloudtrail.trails', scope: 'account' } satisfies CollectionSpec<TrailRecord>,
  /** By the trail's ARN. */
  statuses: { name: 'cloudtrail.statuses', scope: 'global' } satisfies CollectionSpec<DeliveryStatus>,
  /** In the order in which they began to wait. */
  waiting: {
    name: 'cloudtrail.waiting',
    scope: 'global',
    ordered: true,
    indexes: { queue: ({ queue }: WaitingRecord) => queue },
    orderedIndexes: ['queue'],
  } satisfies CollectionSpec<WaitingRecord>,
  /** By `queueId`. */
  chains: { name: 'cloudtrail.digests', scope: 'global' } satisfies CollectionSpec<DigestChain>,
  /** By fingerprint. */
  keys: {
    name: 'cloudtrail.keys',
    scope: 'global',
    secret: true,
    indexes: { region: ({ region }: SigningKeyRecord) => region },
  } satisfies CollectionSpec<SigningKeyRecord>,
}

export interface CloudTrailState {
  readonly trails: Collection<TrailRecord>
  readonly statuses: Collection<DeliveryStatus>
  readonly waiting: Collection<WaitingRecord>
  readonly chains: Collection<DigestChain>
  readonly keys: Collection<SigningKeyRecord>
  /** Events on their way into log files. */
  readonly deliveries: Deliveries
}

export function cloudTrailState(store: Store): CloudTrailState {
  return {
    trails: store.collection<TrailRecord>(collections.trails),
    statuses: store.collection<DeliveryStatus>(collections.statuses),
    waiting: store.collection<WaitingRecord>(collections.waiting),
    chains: store.collection<DigestChain>(collections.chains),
    keys: store.collection<SigningKeyRecord>(collections.keys),
    deliveries: new Deliveries(),
  }
}

export type CloudTrailCall<K = unknown> = Call<CloudTrailState, K>

/** A trail's events of one Region: they go into files of their own. */
export const queueId = (arn: string, region: string): string => `${arn}|${region}`
