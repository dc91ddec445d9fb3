import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { defineTask } from '../background.ts'
import {
  BLOCK_SIZE,
  ContentGone,
  copyBlocks,
  createContent,
  deleteBlobs,
  masterKey,
  release,
  share,
} from '../blocks/contents.ts'
import { countBlocks } from '../blocks/listing.ts'
import { openAsEbs } from '../keys/open.ts'
import { snapshotPath, type Ec2Call, type SealedKey, type SnapshotRecord } from '../state.ts'
import { putSnapshot } from './find.ts'
import { begun } from './lock.ts'

const USES = { decrypt: 'Decrypt' } as const

export interface NewSnapshot {
  readonly snapshotId: string
  /** The data key under which blocks come that are not under it yet: those of a volume made from an unencrypted snapshot. */
  readonly encrypts?: SealedKey | undefined
}

/**
 * Finishes a snapshot of a volume. The caller's permissions do not matter any more: EBS has its grant on the volume's key (facts: captures
 * 3.1).
 */
export const finishSnapshot = defineTask({
  kind: 'finishSnapshot',
  keyUse: USES,
  async run({ snapshotId, encrypts }: NewSnapshot, call: Ec2Call<Keys<typeof USES>>) {
    if (pendingOf(snapshotId, call) === undefined) return
    if (encrypts === undefined) {
      finish(snapshotId, call)
      return
    }
    try {
      await underKey(snapshotId, encrypts, call)
    } catch (error) {
      if (error instanceof ContentGone) return
      // Not recorded: what becomes of it when the volume's key cannot be used any more.
      if (error instanceof AwsError) failSnapshot(snapshotId, call, {})
      throw error
    }
  },
})

/** The snapshot while it is being made. */
export function pendingOf(snapshotId: string, call: Ec2Call): SnapshotRecord | undefined {
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, snapshotId))
  return snapshot?.state === 'pending' ? snapshot : undefined
}

function finish(snapshotId: string, call: Ec2Call): void {
  call.env.store.transaction(() => {
    const snapshot = pendingOf(snapshotId, call)
    if (snapshot) putSnapshot(call, completed(snapshot, call))
  })
}

const NOTHING_HELD = { making: undefined, reading: undefined }

/** Lets go of all blocks of a snapshot, and of what it holds while it is made. Within a transaction; as `release`. */
export const releaseAll = (snapshot: SnapshotRecord, call: Ec2Call): string[] => [
  ...releaseIf(snapshot.content, call),
  ...releaseIf(snapshot.making, call),
  ...releaseIf(snapshot.reading, call),
]

const releaseIf = (content: string | undefined, call: Ec2Call) => (content === undefined ? [] : release(call, content))

/** Ends a snapshot that cannot be made: it holds no blocks. */
export function failSnapshot(snapshotId: string, call: Ec2Call, facts: Partial<SnapshotRecord>): void {
  const orphans = call.env.store.transaction(() => {
    const snapshot = pendingOf(snapshotId, call)
    if (!snapshot) return []
    putSnapshot(call, { ...snapshot, ...NOTHING_HELD, state: 'error', content: undefined, ...facts })
    return releaseAll(snapshot, call)
  })
  deleteBlobs(call, orphans)
}

/** A snapshot whose blocks are all there. */
export function completed(snapshot: SnapshotRecord, call: Ec2Call): SnapshotRecord {
  const { content, encrypted, defaultKey, sharedWith, lock } = snapshot
  const now = call.env.clock.now()
  return {
    ...snapshot,
    state: 'completed',
    stateMessage: undefined,
    progress: '100%',
    completionTime: now,
    fullSizeInBytes: content === undefined ? 0 : countBlocks(call, content) * BLOCK_SIZE,
    // A copy is not known to be encrypted until now (facts: captures 4.2). Not recorded: what becomes of what was permitted before that.
    isPublic: encrypted ? undefined : snapshot.isPublic,
    sharedWith: encrypted && defaultKey ? undefined : sharedWith,
    ...(lock && { lock: begun(lock, now) }),
  }
}

/** The blocks under the volume's data key, which EBS opens through its grant. */
async function underKey(snapshotId: string, key: SealedKey, call: Ec2Call<Keys<typeof USES>>): Promise<void> {
  const secret = await openAsEbs(key, call)
  const content = pendingOf(snapshotId, call)?.content
  if (content === undefined) {
    finish(snapshotId, call)
    return
  }
  const made = beginContent(snapshotId, content, call)
  await copyBlocks(call, { content, secret: masterKey(call) }, { content: made, secret })
  finishWith(snapshotId, made, {}, call)
}

/** Completes a snapshot whose content has been filled. */
export function finishWith(snapshotId: string, made: string, facts: Partial<SnapshotRecord>, call: Ec2Call): void {
  const orphans = call.env.store.transaction(() => {
    const snapshot = pendingOf(snapshotId, call)
    if (!snapshot) return []
    putSnapshot(call, completed({ ...snapshot, ...facts, ...NOTHING_HELD, content: made }, call))
    return [...releaseIf(snapshot.content, call), ...releaseIf(snapshot.reading, call)]
  })
  deleteBlobs(call, orphans)
}

/**
 * A content for the snapshot to be filled from another, which is held meanwhile; what an attempt before this one left, if the program ended in its middle, is thrown away.
 * Throws `ContentGone` when the snapshot is not being made any more.
 */
export function beginContent(snapshotId: string, source: string, call: Ec2Call): string {
  const { made, orphans } = call.env.store.transaction(() => {
    const snapshot = pendingOf(snapshotId, call)
    if (!snapshot) throw new ContentGone()
    const content = createContent(call)
    share(call, source)
    putSnapshot(call, { ...snapshot, making: content, reading: source })
    return { made: content, orphans: [...releaseIf(snapshot.making, call), ...releaseIf(snapshot.reading, call)] }
  })
  deleteBlobs(call, orphans)
  return made
}
