import { createHash } from 'node:crypto'
import type { GetSnapshotBlockCommandOutput } from '@aws-sdk/client-ebs'
import type { Keys } from '../../../../operation/define.ts'
import { BLOCK_SIZE, readBlob } from '../../blocks/contents.ts'
import { areRelated, blocksFrom, changesFrom, findBlock, type Block } from '../../blocks/listing.ts'
import { snapshotResource } from '../../resources.ts'
import { anySnapshot } from '../../resources.ts'
import type { Ec2Call, SnapshotRecord } from '../../state.ts'
import { READ_KEYS, openKey, requireKey } from '../dependency.ts'
import { invalid, invalidBlockToken, invalidPageToken } from '../errors.ts'
import { blockAudit, requireReadable, resourceOf, subjectOf, type SnapshotSubject } from '../find.ts'
import { ebs } from '../service.ts'
import { BLOCK_TOKEN_LIFE, PAGE_TOKEN_LIFE, newToken, readToken } from '../tokens.ts'

type ReadCall = Ec2Call<Keys<typeof READ_KEYS>>

const MOST_BLOCKS = 10_000
const reads = { readOnly: true, keyUse: READ_KEYS, subject: subjectOf, resource: resourceOf } as const

interface PageInput {
  readonly NextToken?: string | undefined
  readonly MaxResults?: number | undefined
  readonly StartingBlockIndex?: number | undefined
}

/** Blocks as lists give them out: the token stands for these bytes, whoever brings it. */
const tokenOf = (call: Ec2Call, { index, blob }: Block) => newToken(call, ['block', index, blob], BLOCK_TOKEN_LIFE)

/** One page of what is walked in the order of block indexes. */
function pageOf<T extends { readonly index: number }>(
  input: PageInput,
  call: Ec2Call,
  list: string,
  walk: (from: number) => Iterable<T>,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const most = input.MaxResults ?? MOST_BLOCKS
  const items: T[] = []
  for (const item of walk(firstIndex(input, call, list))) {
    if (items.length === most) return { items, NextToken: newToken(call, ['page', list, item.index], PAGE_TOKEN_LIFE) }
    items.push(item)
  }
  return { items }
}

/** A page goes on where the one before ended, whatever else the request says. */
function firstIndex({ NextToken, StartingBlockIndex = 0 }: PageInput, call: Ec2Call, list: string): number {
  if (NextToken === undefined) return StartingBlockIndex
  const [kind, of, index] = readToken(call, NextToken) ?? []
  if (kind !== 'page' || of !== list || typeof index !== 'number') throw invalidPageToken()
  return index
}

const facts = (call: Ec2Call, { volumeSize }: SnapshotRecord) => ({
  ExpiryTime: new Date(call.time + BLOCK_TOKEN_LIFE),
  VolumeSize: volumeSize,
  BlockSize: BLOCK_SIZE,
})

const listSnapshotBlocks = ebs.row('ListSnapshotBlocks', {
  ...reads,
  action: 'ebs:ListSnapshotBlocks',
  async run(input, call, subject) {
    const snapshot = requireReadable(call, subject)
    await requireKey(call, snapshot)
    const { content } = snapshot
    const { items, NextToken } = pageOf(input, call, snapshot.id, (from) =>
      content === undefined ? [] : blocksFrom(call, content, from),
    )
    return {
      Blocks: items.map((block) => ({ BlockIndex: block.index, BlockToken: tokenOf(call, block) })),
      ...facts(call, snapshot),
      NextToken,
    }
  },
  audit: (input, _output, subject, call) => blockAudit({ snapshotId: input.SnapshotId }, subject, call),
})

interface Pair extends SnapshotSubject {
  readonly first: SnapshotSubject | undefined
}

const listChangedBlocks = ebs.row('ListChangedBlocks', {
  ...reads,
  action: 'ebs:ListChangedBlocks',
  subject: (input, call): Pair => ({
    ...subjectOf({ SnapshotId: input.SecondSnapshotId }, call),
    first: input.FirstSnapshotId === undefined ? undefined : subjectOf({ SnapshotId: input.FirstSnapshotId }, call),
  }),
  also: (_input, call, { first }) =>
    first
      ? [
          {
            action: 'ebs:ListChangedBlocks',
            resource: first.snapshot ? snapshotResource(first.snapshot, call) : anySnapshot(call, first.id),
          },
        ]
      : [],
  async run(input, call, { first, ...second }) {
    const after = requireReadable(call, second)
    const before = first && requireReadable(call, first)
    if (before && !related(call, before, after)) {
      // Not recorded: the text.
      throw invalid('UNRELATED_SNAPSHOTS', 'The specified snapshots are not related to each other')
    }
    if (before) await requireKey(call, before)
    await requireKey(call, after)
    const { items, NextToken } = pageOf(input, call, `${before?.id ?? ''} ${after.id}`, (from) =>
      after.content === undefined ? [] : changesFrom(call, before?.content, after.content, from),
    )
    return {
      ChangedBlocks: items.map(({ index, first: one, second: other }) => ({
        BlockIndex: index,
        FirstBlockToken: one && tokenOf(call, one),
        SecondBlockToken: other && tokenOf(call, other),
      })),
      ...facts(call, after),
      NextToken,
    }
  },
  audit: ({ FirstSnapshotId, SecondSnapshotId }, _output, subject, call) =>
    blockAudit({ firstSnapshotId: FirstSnapshotId, secondSnapshotId: SecondSnapshotId }, subject, call),
})

/** Snapshots of one volume, or one from the other. */
function related(call: Ec2Call, a: SnapshotRecord, b: SnapshotRecord): boolean {
  if (a.volumeId === b.volumeId && a.volumeId !== 'vol-ffffffff') return true
  return a.content !== undefined && b.content !== undefined && areRelated(call, a.content, b.content)
}

const getSnapshotBlock = ebs.row('GetSnapshotBlock', {
  ...reads,
  action: 'ebs:GetSnapshotBlock',
  async run(input, call: ReadCall, subject) {
    const snapshot = requireReadable(call, subject)
    const block = namedBlock(input, call, snapshot)
    await requireKey(call, snapshot)
    const secret = await openKey(call, snapshot)
    const bytes = await readBlob(call, block.blob, secret)
    return {
      DataLength: bytes.length,
      // The model's type is what clients receive; the wire takes bytes.
      BlockData: bytes as unknown as NonNullable<GetSnapshotBlockCommandOutput['BlockData']>,
      Checksum: createHash('sha256').update(bytes).digest('base64'),
      ChecksumAlgorithm: 'SHA256' as const,
    }
  },
  audit: ({ SnapshotId, BlockIndex }, _output, subject, call) =>
    blockAudit({ snapshotId: SnapshotId, blockIndex: BlockIndex }, subject, call),
})

/** The block that a token stands for, if it is this snapshot's at this index. Throws INVALID_BLOCK_TOKEN. */
function namedBlock(
  {
    BlockIndex = 0,
    BlockToken = '',
  }: { readonly BlockIndex?: number | undefined; readonly BlockToken?: string | undefined },
  call: Ec2Call,
  { content }: SnapshotRecord,
): Block {
  const [kind, index, blob] = readToken(call, BlockToken) ?? []
  const block = content === undefined ? undefined : findBlock(call, content, BlockIndex)
  if (kind !== 'block' || index !== BlockIndex || !block || block.blob !== blob) throw invalidBlockToken()
  return block
}

export const readRows = [listSnapshotBlocks, listChangedBlocks, getSnapshotBlock]
