import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { ObjectDamaged } from '../../../crypto/objectCipher.ts'
import { BlobMissing } from '../../../state/errors.ts'
import { defineTask, later } from '../background.ts'
import { ContentGone, copyBlocks, masterKey, share } from '../blocks/contents.ts'
import { grantToEbs, newDataKey, SEAL } from '../keys/dataKeys.ts'
import { openAsEbs } from '../keys/open.ts'
import { asEbs, ebsContext, retire, RETIRE } from '../keys/service.ts'
import { copyPath, snapshotPath, type Ec2Call, type HeldGrant, type SealedKey, type SnapshotRecord } from '../state.ts'
import { beginContent, completed, failSnapshot, finishWith, pendingOf } from './create.ts'
import { isVisible, putSnapshot } from './find.ts'

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

/** The grants of a copy that was deleted on its way. */
export const retireGrants = defineTask({
  kind: 'retireGrants',
  keyUse: RETIRE,
  async run({ grants }: { readonly grants: readonly HeldGrant[] }, call) {
    for (const grant of grants) await retire(grant, call)
  },
})

/** What EBS finds out after the answer: everything about the source, and whether both keys may be used (facts: captures 4.1, 4.4). */
export const makeCopy = defineTask({
  kind: 'makeCopy',
  keyUse: USES,
  async run(wanted: Copy, call: CopyCall) {
    const { snapshotId } = wanted
    // The program may have ended in the middle of it.
    await giveUpGrants(snapshotId, call)
    if (!pendingOf(snapshotId, call)) return
    const source = call.state.snapshots.in().get(snapshotPath(wanted.sourceRegion, wanted.sourceId))
    if (!source || !isVisible(source, call)) {
      failSnapshot(snapshotId, call, { stateMessage: 'Source snapshot is not found' })
      return
    }
    if (source.state !== 'completed') {
      failSnapshot(snapshotId, call, { stateMessage: 'Source snapshot is not complete' })
      return
    }
    const keyId = wanted.keyId ?? (source.encrypted ? wanted.defaultKeyId : undefined)
    if (keyId === undefined) finishShared(snapshotId, source.content, taken(source), call)
    else await encryptedCopy(wanted, source, keyId, call)
  },
})

/** What a copy takes over from its source (facts: captures 4.2). */
const taken = ({ volumeSize }: SnapshotRecord) => ({ volumeSize })

/** Completes a copy that has the very blocks of another snapshot. */
function finishShared(
  snapshotId: string,
  content: string | undefined,
  facts: Partial<SnapshotRecord>,
  call: CopyCall,
): void {
  call.env.store.transaction(() => {
    const snapshot = pendingOf(snapshotId, call)
    if (!snapshot) return
    if (content !== undefined) share(call, content)
    putSnapshot(call, completed({ ...snapshot, ...facts, content }, call))
  })
}

/** facts: B4, captures 4.4: a data key and a grant on the target, a grant on the source; then EBS works through the grants. */
async function encryptedCopy(wanted: Copy, source: SnapshotRecord, keyId: string, call: CopyCall): Promise<void> {
  const { snapshotId } = wanted
  const target = { ...taken(source), encrypted: true, kmsKeyId: keyId.startsWith('arn:') ? keyId : undefined }
  try {
    const earlier = earlierCopy(source, keyId, call)
    const dataKey = earlier?.dataKey ?? (await newDataKey(keyId, snapshotId, call))
    Object.assign(target, { kmsKeyId: dataKey.keyArn })
    hold(snapshotId, await grantToEbs(dataKey.keyArn, equals(dataKey), call), call)
    if (source.dataKey) hold(snapshotId, await grantOnSource(source.dataKey, call), call)
    await copyUnder(snapshotId, { source, dataKey, earlier }, call)
  } catch (error) {
    if (error instanceof ContentGone) return
    if (error instanceof AwsError) {
      failSnapshot(snapshotId, call, { ...target, stateMessage: 'Given key ID is not accessible' })
    } else if (error instanceof ObjectDamaged || error instanceof BlobMissing) {
      failSnapshot(snapshotId, call, { stateMessage: 'Source snapshot cannot be read' })
    }
    throw error
  } finally {
    await giveUpGrants(snapshotId, call)
  }
}

/** The account's last copy of the same under the same key: EBS goes on from it, with its data key (facts: captures 4.4, "Surprise"). */
function earlierCopy(source: SnapshotRecord, keyArn: string, call: CopyCall): SnapshotRecord | undefined {
  const path = copyPath(call.account, call.region, snapshotPath(source.region, source.id), keyArn)
  for (const [, copy] of call.state.snapshots.in().find('copyOf', path)) return copy
  return undefined
}

const equals = ({ context }: SealedKey) => ({ EncryptionContextEquals: ebsContext(context) })

/** As the caller, though through EBS's other door, and in the Region of the source (facts: B4). */
function grantOnSource(key: SealedKey, call: CopyCall): Promise<HeldGrant> {
  const region = key.keyArn.split(':')[3] ?? call.region
  const { invokedBy } = asEbs(call, region)
  return grantToEbs(key.keyArn, equals(key), call, { region, invokedBy })
}

/** Remembers a grant until it is given up, also across a restart. Throws `ContentGone` when the copy has been deleted. */
function hold(snapshotId: string, grant: HeldGrant, call: CopyCall): void {
  call.env.store.transaction(() => {
    const snapshot = pendingOf(snapshotId, call)
    if (snapshot) putSnapshot(call, { ...snapshot, grants: [...(snapshot.grants ?? []), grant] })
    else later(retireGrants, `${snapshotId} ${grant.id}`, { grants: [grant] }, call)
  })
  if (!pendingOf(snapshotId, call)) throw new ContentGone()
}

/** Of a copy that has been deleted these are given up by what DeleteSnapshot began. */
async function giveUpGrants(snapshotId: string, call: CopyCall): Promise<void> {
  const path = snapshotPath(call.region, snapshotId)
  for (const grant of call.state.snapshots.in().get(path)?.grants ?? []) await retire(grant, call)
  call.env.store.transaction(() => {
    const snapshot = call.state.snapshots.in().get(path)
    if (snapshot?.grants) putSnapshot(call, { ...snapshot, grants: undefined })
  })
}

interface Keyed {
  readonly source: SnapshotRecord
  readonly dataKey: SealedKey
  readonly earlier: SnapshotRecord | undefined
}

async function copyUnder(snapshotId: string, { source, dataKey, earlier }: Keyed, call: CopyCall): Promise<void> {
  const secret = await openAsEbs(dataKey, call)
  const from = source.dataKey ? await openAsEbs(source.dataKey, call) : masterKey(call)
  // Looked up anew: it may have been deleted while KMS was asked.
  const kept = earlier && call.state.snapshots.in().get(snapshotPath(earlier.region, earlier.id))
  const copyOf = snapshotPath(source.region, source.id)
  const facts = { ...taken(source), encrypted: true, kmsKeyId: dataKey.keyArn, dataKey, copyOf }
  if (kept || source.content === undefined) {
    finishShared(snapshotId, kept?.content, facts, call)
    return
  }
  const content = beginContent(snapshotId, source.content, call)
  await copyBlocks(call, { content: source.content, secret: from }, { content, secret })
  finishWith(snapshotId, content, facts, call)
}
