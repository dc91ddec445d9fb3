import { createHash } from 'node:crypto'
import type { PutSnapshotBlockCommandInput } from '@aws-sdk/client-ebs'
import type { SecretBytes } from '../../../../crypto/types.ts'
import type { Keys } from '../../../../operation/define.ts'
import { later, defineTask } from '../../background.ts'
import { BLOCKS_PER_GIB, BLOCK_SIZE, putBlock, readBlob } from '../../blocks/contents.ts'
import { ownBlocks } from '../../blocks/listing.ts'
import { completed } from '../../snapshots/create.ts'
import { snapshotPath, type Ec2Call, type SnapshotRecord } from '../../state.ts'
import { openKey } from '../dependency.ts'
import { checksumMismatch, invalid, invalidValue, snapshotNotFound } from '../errors.ts'
import { blockAudit, requireWritable, resourceOf, subjectOf, type SnapshotSubject } from '../find.ts'
import { ebs } from '../service.ts'

const WRITE_KEYS = { decrypt: 'Decrypt' } as const
type WriteCall = Ec2Call<Keys<typeof WRITE_KEYS>>

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()

const writes = { keyUse: WRITE_KEYS, subject: subjectOf, resource: resourceOf } as const

const putSnapshotBlock = ebs.row('PutSnapshotBlock', {
  ...writes,
  action: 'ebs:PutSnapshotBlock',
  async run(input, call, subject) {
    const snapshot = requireWritable(call, subject)
    const bytes = checkedBlock(input, snapshot)
    const index = input.BlockIndex ?? 0
    const secret = await keyOf(call, snapshot)
    await putBlock(call, contentOf(snapshot), index, bytes, secret, () => {
      // It may have been completed or given up meanwhile.
      if (requireStill(call, subject).content !== snapshot.content) throw snapshotNotFound(subject.id)
    })
    call.state.writers.wrote(snapshotPath(call.region, snapshot.id), call.time)
    return { Checksum: input.Checksum, ChecksumAlgorithm: 'SHA256' as const }
  },
  audit: ({ SnapshotId, BlockIndex, DataLength }, _output, subject, call) =>
    blockAudit({ snapshotId: SnapshotId, blockIndex: BlockIndex, dataLength: DataLength }, subject, call),
})

/** Throws what AWS refuses blocks with (facts: captures 5.2). The order is not recorded. */
function checkedBlock(input: PutSnapshotBlockCommandInput, { volumeSize }: SnapshotRecord): Buffer {
  const { BlockIndex = 0, DataLength, Checksum = '' } = input
  if (BlockIndex >= volumeSize * BLOCKS_PER_GIB) {
    throw invalid('INVALID_BLOCK', `Block index ${BlockIndex} is beyond the volume size extent`)
  }
  if (DataLength !== BLOCK_SIZE) {
    throw invalid('INVALID_BLOCK', `Block data length ${DataLength} is not valid, expected ${BLOCK_SIZE}`)
  }
  // The wire gives bytes, whatever the client's model calls them.
  const bytes = input.BlockData as unknown as Buffer | undefined
  if (bytes?.length !== BLOCK_SIZE) throw invalidValue('Failed to read block data')
  const computed = sha256(bytes).toString('base64')
  if (computed !== Checksum) throw checksumMismatch(computed, Checksum)
  return bytes
}

/** The data key: the session's own, or KMS's answer to it. */
async function keyOf(call: WriteCall, snapshot: SnapshotRecord): Promise<SecretBytes> {
  const path = snapshotPath(call.region, snapshot.id)
  const known = call.state.writers.find(path, call)
  if (known) return known
  const secret = await openKey(call, snapshot)
  call.state.writers.keep(path, call, secret)
  return secret
}

function contentOf({ id, content }: SnapshotRecord): string {
  if (content === undefined) throw new Error(`${id} is being written and has no content`)
  return content
}

const requireStill = (call: Ec2Call, { id }: SnapshotSubject) =>
  requireWritable(call, subjectOf({ SnapshotId: id }, call))

const completeSnapshot = ebs.row('CompleteSnapshot', {
  ...writes,
  action: 'ebs:CompleteSnapshot',
  async run(input, call, subject) {
    const snapshot = requireWritable(call, subject)
    await requireWhole(input, call, snapshot)
    call.env.store.transaction(() => {
      const path = snapshotPath(call.region, snapshot.id)
      call.state.snapshots.in().put(path, { ...requireStill(call, subject), direct: undefined, progress: '99%' })
      later(complete, path, { path }, call)
    })
    call.state.writers.forget(snapshotPath(call.region, snapshot.id))
    return { Status: 'pending' as const }
  },
  audit: (input) => ({
    requestParameters: { snapshotId: input.SnapshotId, changedBlocksCount: input.ChangedBlocksCount },
    responseElements: null,
  }),
})

interface Completion {
  readonly ChangedBlocksCount?: number | undefined
  readonly Checksum?: string | undefined
}

/** What the caller says it wrote must be what is there. Not recorded: the texts. */
async function requireWhole(input: Completion, call: WriteCall, snapshot: SnapshotRecord): Promise<void> {
  const written = [...ownBlocks(call, contentOf(snapshot), 0)]
  if (input.ChangedBlocksCount !== written.length) {
    throw invalidValue(
      `The number of changed blocks ${input.ChangedBlocksCount} does not match the number of blocks written ${written.length}`,
    )
  }
  if (input.Checksum === undefined) return
  const secret = await keyOf(call, snapshot)
  const whole = createHash('sha256')
  for (const { blob } of written) whole.update(sha256(await readBlob(call, blob, secret)))
  const computed = whole.digest('base64')
  if (computed !== input.Checksum) throw checksumMismatch(computed, input.Checksum)
}

/** What CompleteSnapshot begins: until then nobody may read the blocks (facts: captures 5.1). */
const complete = defineTask({
  kind: 'direct-complete',
  keyUse: {},
  run({ path }: { readonly path: string }, call) {
    const snapshot = call.state.snapshots.in().get(path)
    if (snapshot?.state !== 'pending') return
    call.env.store.transaction(() => {
      call.state.snapshots.in().put(path, completed(snapshot, call))
    })
  },
})

export const writeRows = [putSnapshotBlock, completeSnapshot]
