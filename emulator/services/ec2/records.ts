import type { Tags } from '../../access/types.ts'
import type { Continuation } from '../../operation/continuation.ts'

/**
 * A data key as KMS sealed it. Whoever may have KMS decrypt it under this context has the bytes it protects, and nobody else.
 */
export interface SealedKey {
  readonly keyArn: string
  /** The CiphertextBlob, in base64. */
  readonly ciphertext: string
  /** The value of `aws:ebs:id` it is bound to: a volume's or a snapshot's id. */
  readonly context: string
}

/** A grant that EC2 made, so that it can be retired. */
export interface HeldGrant {
  readonly keyArn: string
  readonly id: string
}

export interface VolumeAttachment {
  readonly instanceId: string
  readonly device: string
  readonly state: 'attaching' | 'attached' | 'detaching' | 'detached' | 'busy'
  /** Milliseconds since the epoch. */
  readonly attachTime: number
  readonly deleteOnTermination: boolean
  /** The grant of the instance's infrastructure identity (facts: B4). */
  readonly grant?: HeldGrant | undefined
}

export interface VolumeRecord {
  readonly id: string
  readonly account: string
  readonly region: string
  /** `us-east-1a` */
  readonly zone: string
  /** GiB */
  readonly size: number
  readonly type: string
  readonly iops?: number | undefined
  /** MiB/s; gp3 only. */
  readonly throughput?: number | undefined
  readonly state: 'creating' | 'available' | 'in-use' | 'deleting' | 'error'
  /** Milliseconds since the epoch. */
  readonly createTime: number
  readonly encrypted: boolean
  /** The key's ARN once it is known; before that, what the request or the snapshot named, if anything (facts: captures 2.3). */
  readonly kmsKeyId?: string | undefined
  /** Empty when it was made from none. */
  readonly snapshotId: string
  readonly multiAttach: boolean
  readonly autoEnableIo?: boolean | undefined
  readonly initializationRate?: number | undefined
  /** The volume's own data key, once KMS has made it. */
  readonly dataKey?: SealedKey | undefined
  /** The data key of the snapshot, sealed for this volume, where the two differ: what its blocks are read with (facts: captures 2.4). */
  readonly sourceKey?: SealedKey | undefined
  /** Its blocks: the snapshot's, or the same under the volume's key. Left out when it is blank. */
  readonly content?: string | undefined
  /** The key was `alias/aws/ebs`. */
  readonly defaultKey?: true | undefined
  /** The blocks are those of an unencrypted snapshot, and not yet under the volume's key. */
  readonly plainContent?: true | undefined
  /** EC2's own, on the volume's key, until the volume is deleted. */
  readonly grant?: HeldGrant | undefined
  readonly attachments?: readonly VolumeAttachment[] | undefined
  /** Milliseconds since the epoch of the last snapshot, for the rate per volume. */
  readonly lastSnapshotAt?: number | undefined
  readonly clientToken?: string | undefined
}

export interface SnapshotRecord {
  readonly id: string
  /** Whose it is. */
  readonly account: string
  readonly region: string
  /** `vol-ffffffff` for copies and direct snapshots. */
  readonly volumeId: string
  /** GiB */
  readonly volumeSize: number
  readonly state: 'pending' | 'completed' | 'error' | 'recoverable' | 'recovering'
  readonly stateMessage?: string | undefined
  /** `0%` */
  readonly progress: string
  /** Milliseconds since the epoch. */
  readonly startTime: number
  readonly completionTime?: number | undefined
  readonly description: string
  readonly encrypted: boolean
  readonly kmsKeyId?: string | undefined
  /** Its blocks (blocks/state.ts); left out when it has none. */
  readonly content?: string | undefined
  /** Where its blocks are being put under another data key; becomes the content. */
  readonly making?: string | undefined
  /** The content that these blocks come from, held meanwhile. */
  readonly reading?: string | undefined
  /** While it is written through EBS direct. */
  readonly direct?: DirectWrite | undefined
  /** The data key of its blocks. */
  readonly dataKey?: SealedKey | undefined
  /** The keys were resolved through `alias/aws/ebs`: it may not be shared (facts: captures 3.2). */
  readonly defaultKey?: true | undefined
  /** Accounts that may create volumes from it. */
  readonly sharedWith?: readonly string[] | undefined
  readonly isPublic?: true | undefined
  readonly storageTier?: 'standard' | 'archive' | undefined
  readonly fullSizeInBytes?: number | undefined
  readonly lock?: SnapshotLock | undefined
  /** Minutes; of a copy that was asked to be done in time. */
  readonly completionDuration?: number | undefined
  /** The `snapshotPath` of what an encrypted copy was made from, once it is complete: the next one goes on from it. */
  readonly copyOf?: string | undefined
  /** EC2's own grants, on the keys of a copy, until it is done. */
  readonly grants?: readonly HeldGrant[] | undefined
}

/** Why an instance or image is in its state, as AWS writes it. */
export interface StateReason {
  readonly code: string
  readonly message: string
}

export interface InstanceRecord {
  readonly id: string
  readonly reservationId: string
  readonly account: string
  readonly region: string
  readonly zone: string
  readonly imageId: string
  readonly type: string
  readonly architecture: string
  readonly state: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated'
  readonly stateReason?: StateReason | undefined
  readonly transitionReason?: string | undefined
  /** Milliseconds since the epoch; of the latest start. */
  readonly launchTime: number
  readonly launchIndex: number
  /** `/dev/xvda` */
  readonly rootDevice: string
  readonly subnetId: string
  readonly vpcId: string
  readonly securityGroups: readonly string[]
  readonly privateIp: string
  readonly keyName?: string | undefined
  /** The ARN of an instance profile, as given; nothing looks into it. */
  readonly profile?: string | undefined
  /** In base64, as given. */
  readonly userData?: string | undefined
  readonly clientToken?: string | undefined
  readonly ebsOptimized?: true | undefined
  readonly monitored?: true | undefined
  readonly disableApiTermination?: boolean | undefined
  readonly disableApiStop?: boolean | undefined
  readonly shutdownBehavior?: string | undefined
}

/** What an image says of one device. */
export interface ImageDevice {
  readonly device: string
  readonly snapshotId?: string | undefined
  /** GiB */
  readonly size?: number | undefined
  readonly type?: string | undefined
  readonly iops?: number | undefined
  readonly throughput?: number | undefined
  readonly encrypted?: boolean | undefined
  readonly deleteOnTermination: boolean
}

export interface ImageRecord {
  readonly id: string
  readonly account: string
  readonly region: string
  readonly name: string
  readonly description: string
  readonly state: 'pending' | 'available' | 'failed'
  readonly stateReason?: StateReason | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly architecture: string
  readonly rootDevice: string
  readonly devices: readonly ImageDevice[]
  /** Accounts that may launch it. */
  readonly sharedWith?: readonly string[] | undefined
  readonly isPublic?: true | undefined
  readonly enaSupport?: boolean | undefined
  readonly bootMode?: string | undefined
  readonly sourceInstanceId?: string | undefined
  readonly source?: { readonly id: string; readonly region: string } | undefined
}

/** A lock on a snapshot (LockSnapshot). */
export interface SnapshotLock {
  readonly mode: 'governance' | 'compliance'
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly expiresAt: number
  /** When its duration began to count. */
  readonly durationFrom: number
  /** Days, where it was given so. */
  readonly days: number
  /** It was given as a date: that stays, whenever the duration begins. */
  readonly untilDate?: true | undefined
  readonly coolOffHours: number
}

/** A snapshot that EBS direct has started and that has not been completed. */
export interface DirectWrite {
  /** Minutes without a block after which it is given up. */
  readonly timeout: number
  readonly parent?: string | undefined
}

/** What a modification of a volume changes from and to. */
export interface VolumeShape {
  readonly size: number
  readonly type: string
  readonly iops?: number | undefined
  readonly throughput?: number | undefined
  readonly multiAttach: boolean
}

export interface ModificationRecord {
  readonly volumeId: string
  readonly state: 'modifying' | 'optimizing' | 'completed' | 'failed'
  readonly progress: number
  readonly startTime: number
  readonly endTime?: number | undefined
  readonly original: VolumeShape
  readonly target: VolumeShape
  /** When this volume was modified, newest last: for the quota of a day. */
  readonly times: readonly number[]
}

/** What an account has chosen for a Region. */
export interface SettingsRecord {
  readonly encryptionByDefault?: boolean | undefined
  /** An ARN; left out while `alias/aws/ebs` is the default. */
  readonly defaultKey?: string | undefined
  readonly snapshotBlockPublicAccess?: 'block-all-sharing' | 'block-new-sharing' | undefined
}

/** The tags that one account has put on a resource, its own or one that is shared with it (facts: captures 3.3). */
export interface TagsRecord {
  readonly resourceId: string
  /** `volume` */
  readonly type: string
  readonly tags: Tags
}

/** A request that must not be done twice. */
export interface TokenRecord {
  /** What has to be the same for it to be the same request. */
  readonly fingerprint: string
  readonly resourceId: string
}

/** Work that EC2 does after its answer (background.ts). */
export interface TaskRecord {
  readonly kind: string
  readonly at: number
  readonly continuation: Continuation
  readonly payload: unknown
}
