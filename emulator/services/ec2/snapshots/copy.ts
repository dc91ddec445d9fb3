import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { defineTask } from '../background.ts'
import { ContentGone, copyBlocks, createContent, deleteBlobs, masterKey, release, share } from '../blocks/contents.ts'
import { grantToEbs, newDataKey, SEAL } from '../keys/dataKeys.ts'
import { openAsEbs } from '../keys/open.ts'
import { asEbs, ebsContext, retire, RETIRE } from '../keys/service.ts'
import { snapshotPath, type Ec2Call, type HeldGrant, type SealedKey, type SnapshotRecord } from '../state.ts'
import { completed } from './create.ts'
import { putSnapshot } from './find.ts'

export interface Copy {
  readonly snapshotId: string
  readonly sourceId: string
  readonly sourceRegion: string
  /** The key in any form, to encrypt with whatever the source is; undefined: the default, and only for an encrypted source. */
  readonly keyId?: string | undefined
  /** The key for an encrypted source when none was named. */
  readonly defaultKeyId: string
}

const USES = { ...SEAL, ...RETIRE, decrypt: 'Decrypt' } as const

type CopyCall = Ec2Call<Keys<typeof USES>>

/** What EBS finds out after the answer: everything about the source, and whether both keys may be used (facts: captures 4.1, 4.4). */
export const makeCopy = defineTask({
  kind: 'makeCopy',
  keyUse: USES,
  async run(wanted: Copy, call: CopyCall) {
    const pending = pendingCopy(wanted, call)
    if (!pending) return
    startAnew(pending, call)
    const source = call.state.snapshots.in().get(snapshotPath(wanted.sourceRegion, wanted.sourceId))
    if (!source || !maySee(source, call)) {
      fail(wanted, call, { stateMessage: 'Source snapshot is not found' })
      return
    }
    if (source.state !== 'completed') {
      fail(wanted, call, { stateMessage: 'Source snapshot is not complete' })
      return
    }
    const keyId = wanted.keyId ?? (source.encrypted ? wanted.defaultKeyId : undefined)
    if (keyId === undefined) {
      finishPlain(wanted, source, call)
      return
    }
    await encryptedCopy(wanted, source, keyId, call)
  },
})

const pendingCopy = ({ snapshotId }: Copy, call: Ec2Call): SnapshotRecord | undefined => {
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, snapshotId))
  return snapshot?.state === 'pending' ? snapshot : undefined
}

const maySee = ({ account, sharedWith, isPublic }: SnapshotRecord, call: Ec2Call) =>
  account === call.account || isPublic === true || (sharedWith?.includes(call.account) ?? false)

/** The program may have ended in the middle of it. */
function startAnew(snapshot: SnapshotRecord, call: CopyCall): void {
  const { content } = snapshot
  if (content === undefined) return
  const orphans = call.env.store.transaction(() => {
    putSnapshot(call, { ...snapshot, content: undefined })
    return release(call, content)
  })
  deleteBlobs(call, orphans)
}

function fail(wanted: Copy, call: CopyCall, facts: Partial<SnapshotRecord>): void {
  const orphans = call.env.store.transaction(() => {
    const snapshot = pendingCopy(wanted, call)
    if (!snapshot) return []
    putSnapshot(call, { ...snapshot, state: 'error', content: undefined, grants: undefined, ...facts })
    return snapshot.content === undefined ? [] : release(call, snapshot.content)
  })
  deleteBlobs(call, orphans)
}

/** What a copy takes over from its source (facts: captures 4.2). */
const taken = ({ volumeSize }: SnapshotRecord) => ({ volumeSize })

function finishPlain(wanted: Copy, source: SnapshotRecord, call: CopyCall): void {
  call.env.store.transaction(() => {
    const snapshot = pendingCopy(wanted, call)
    if (!snapshot) return
    if (source.content !== undefined) share(call, source.content)
    putSnapshot(call, completed({ ...snapshot, ...taken(source), content: source.content }, call))
  })
}

/** facts: B4, captures 4.4: a data key and a grant on the target, a grant on the source; then EBS works through the grants. */
async function encryptedCopy(wanted: Copy, source: SnapshotRecord, keyId: string, call: CopyCall): Promise<void> {
  const held: HeldGrant[] = []
  const target = { ...taken(source), encrypted: true, kmsKeyId: keyId.startsWith('arn:') ? keyId : undefined }
  try {
    const dataKey = await newDataKey(keyId, wanted.snapshotId, call)
    Object.assign(target, { kmsKeyId: dataKey.keyArn })
    held.push(await grantToEbs(dataKey.keyArn, equals(dataKey), call))
    if (source.dataKey) held.push(await grantOnSource(source.dataKey, call))
    await copyUnder(wanted, source, dataKey, held, call)
  } catch (error) {
    if (error instanceof ContentGone) return
    if (error instanceof AwsError) fail(wanted, call, { ...target, stateMessage: 'Given key ID is not accessible' })
    throw error
  } finally {
    for (const grant of held) await retire(grant, call)
  }
}

const equals = ({ context }: SealedKey) => ({ EncryptionContextEquals: ebsContext(context) })

/** As the caller, though through EBS's other door, and in the Region of the source (facts: B4). */
function grantOnSource(key: SealedKey, call: CopyCall): Promise<HeldGrant> {
  const region = key.keyArn.split(':')[3] ?? call.region
  const { invokedBy } = asEbs(call, region)
  return grantToEbs(key.keyArn, equals(key), call, { region, invokedBy })
}

async function copyUnder(
  wanted: Copy,
  source: SnapshotRecord,
  dataKey: SealedKey,
  grants: readonly HeldGrant[],
  call: CopyCall,
): Promise<void> {
  const secret = await openAsEbs(dataKey, call)
  const from = source.dataKey ? await openAsEbs(source.dataKey, call) : masterKey(call)
  const content = call.env.store.transaction(() => {
    const snapshot = pendingCopy(wanted, call)
    if (!snapshot) return undefined
    const made = createContent(call)
    putSnapshot(call, { ...snapshot, content: made, grants })
    return made
  })
  if (content === undefined) return
  if (source.content !== undefined) {
    await copyBlocks(call, { content: source.content, secret: from }, { content, secret })
  }
  call.env.store.transaction(() => {
    const snapshot = pendingCopy(wanted, call)
    if (!snapshot) return
    const facts = { ...taken(source), encrypted: true, kmsKeyId: dataKey.keyArn, dataKey }
    putSnapshot(call, completed({ ...snapshot, ...facts }, call))
  })
}
