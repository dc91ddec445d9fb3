import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EBSClient } from '@aws-sdk/client-ebs'
import {
  CompleteSnapshotCommand,
  GetSnapshotBlockCommand,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
  type StartSnapshotCommandInput,
} from '@aws-sdk/client-ebs'

export const BLOCK = 524_288

/** A block whose bytes show which it is. */
export function block(seed: number): Buffer {
  const bytes = Buffer.alloc(BLOCK)
  for (let at = 0; at < BLOCK; at += 4) bytes.writeUInt32LE((at * 2_654_435_761 + seed * 40_503) >>> 0, at)
  return bytes
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64')

export const putting = (SnapshotId: string, BlockIndex: number, bytes: Buffer) =>
  new PutSnapshotBlockCommand({
    SnapshotId,
    BlockIndex,
    BlockData: bytes,
    DataLength: bytes.length,
    Checksum: sha256(bytes),
    ChecksumAlgorithm: 'SHA256',
  })

/** Starts a snapshot, writes blocks (index to seed), completes it, and waits until it can be read. */
export async function written(
  ebs: EBSClient,
  blocks: Readonly<Record<number, number>>,
  choices: Partial<StartSnapshotCommandInput> = {},
): Promise<string> {
  const { SnapshotId = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, ...choices }))
  for (const [index, seed] of Object.entries(blocks)) await ebs.send(putting(SnapshotId, Number(index), block(seed)))
  await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: Object.keys(blocks).length }))
  await readable(ebs, SnapshotId)
  return SnapshotId
}

export async function readable(ebs: EBSClient, SnapshotId: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }))
      return
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error
      await sleep(20)
    }
  }
  throw new Error(`${SnapshotId} was not completed`)
}

/** Every block of a snapshot: index to the digest of its bytes. */
export async function contents(ebs: EBSClient, SnapshotId: string): Promise<Record<number, string>> {
  const { Blocks = [] } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }))
  const found: Record<number, string> = {}
  for (const { BlockIndex = -1, BlockToken } of Blocks) {
    const answer = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }))
    found[BlockIndex] = sha256((await answer.BlockData?.transformToByteArray()) ?? new Uint8Array())
  }
  return found
}
