import type { Keys } from '../../../operation/define.ts'
import { defineTask } from '../background.ts'
import { BLOCK_SIZE, copyBlocks, createContent, deleteBlobs, masterKey, release } from '../blocks/contents.ts'
import { countBlocks } from '../blocks/listing.ts'
import { openAsEbs } from '../keys/open.ts'
import { snapshotPath, type Ec2Call, type SealedKey, type SnapshotRecord } from '../state.ts'
import { putSnapshot } from './find.ts'

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
    const path = snapshotPath(call.region, snapshotId)
    const snapshot = call.state.snapshots.in().get(path)
    if (snapshot?.state !== 'pending') return
    const content = encrypts === undefined ? snapshot.content : await encrypted(snapshot, encrypts, call)
    call.env.store.transaction(() => {
      const current = call.state.snapshots.in().get(path)
      if (current?.state !== 'pending') return
      putSnapshot(call, completed({ ...current, content }, call))
    })
  },
})

/** A snapshot whose blocks are all there. */
export const completed = (snapshot: SnapshotRecord, call: Ec2Call): SnapshotRecord => ({
  ...snapshot,
  state: 'completed',
  stateMessage: undefined,
  progress: '100%',
  completionTime: call.env.clock.now(),
  fullSizeInBytes: snapshot.content === undefined ? 0 : countBlocks(call, snapshot.content) * BLOCK_SIZE,
  grants: undefined,
})

/** The blocks under the volume's data key, which EBS opens through its grant. */
async function encrypted(
  snapshot: SnapshotRecord,
  key: SealedKey,
  call: Ec2Call<Keys<typeof USES>>,
): Promise<string | undefined> {
  const { content } = snapshot
  if (content === undefined) return undefined
  const secret = await openAsEbs(key, call)
  const copy = call.env.store.transaction(() => createContent(call))
  await copyBlocks(call, { content, secret: masterKey(call) }, { content: copy, secret })
  deleteBlobs(
    call,
    call.env.store.transaction(() => release(call, content)),
  )
  return copy
}
