import { readFileSync, readdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
  StartSnapshotCommand,
  type EBSServiceException,
} from '@aws-sdk/client-ebs'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { ACCOUNT, OTHER_ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../../../support/emulator.ts'
import { BLOCK, block, contents, putting, readable, sha256, written } from './support.ts'

let dataDir: string
let emulator: TestEmulator
let ebs: EBSClient
let key: string

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-ebs-'))
  await start()
  const { KeyMetadata } = await emulator.client(KMSClient).send(new CreateKeyCommand({}))
  key = KeyMetadata?.Arn ?? ''
})
afterAll(async () => {
  await emulator.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<void> {
  emulator = await startEmulator({ dataDir, asyncDelay: 0 })
  ebs = emulator.client(EBSClient)
}

const refused = async (work: Promise<unknown>) => {
  const error = (await work.then(
    () => {
      throw new Error('nothing was refused')
    },
    (thrown: unknown) => thrown,
  )) as EBSServiceException & { readonly Reason?: string }
  return { name: error.name, status: error.$metadata.httpStatusCode, reason: error.Reason, text: error.message }
}

/** Everything below a directory, as bytes. */
function allFiles(directory: string): Buffer[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name)
    return statSync(path).isDirectory() ? allFiles(path) : [readFileSync(path)]
  })
}

describe('a snapshot written through EBS direct', () => {
  it.each([false, true])('gives back what was written (encrypted: %s), also after a restart', async (encrypted) => {
    const choices = encrypted ? { KmsKeyArn: key } : {}
    const id = await written(ebs, { 0: 1, 5: 2, 2047: 3 }, choices)
    const expected = { 0: sha256(block(1)), 5: sha256(block(2)), 2047: sha256(block(3)) }
    expect(await contents(ebs, id)).toEqual(expected)
    await emulator.stop()
    for (const bytes of allFiles(dataDir)) expect(bytes.includes(block(2).subarray(0, 64))).toBe(false)
    await start()
    expect(await contents(ebs, id)).toEqual(expected)
  })

  it('is described as AWS does', async () => {
    const answer = await ebs.send(
      new StartSnapshotCommand({ VolumeSize: 3, Description: 'd', Tags: [{ Key: 'a', Value: 'b' }], KmsKeyArn: key }),
    )
    const { $metadata, SnapshotId, StartTime, ...rest } = answer
    expect($metadata.httpStatusCode).toBe(201)
    expect(SnapshotId).toMatch(/^snap-0[0-9a-f]{16}$/)
    expect(StartTime).toBeInstanceOf(Date)
    expect(rest).toEqual({
      OwnerId: ACCOUNT,
      Status: 'pending',
      VolumeSize: 3,
      BlockSize: BLOCK,
      Description: 'd',
      Tags: [{ Key: 'a', Value: 'b' }],
      KmsKeyArn: key,
      SseType: 'sse-kms',
    })
  })

  it('cannot be read before it is complete, nor written afterwards', async () => {
    const { SnapshotId = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }))
    const missing = {
      name: 'ResourceNotFoundException',
      status: 404,
      reason: 'SNAPSHOT_NOT_FOUND',
      text: `The snapshot '${SnapshotId}' does not exist.`,
    }
    expect(await refused(ebs.send(new ListSnapshotBlocksCommand({ SnapshotId })))).toEqual(missing)
    await ebs.send(putting(SnapshotId, 0, block(1)))
    const { $metadata, Status } = await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 1 }))
    expect([$metadata.httpStatusCode, Status]).toEqual([202, 'pending'])
    expect(await refused(ebs.send(putting(SnapshotId, 0, block(2))))).toEqual(missing)
    await readable(ebs, SnapshotId)
    expect(await refused(ebs.send(putting(SnapshotId, 0, block(2))))).toEqual(missing)
    expect(await contents(ebs, SnapshotId)).toEqual({ 0: sha256(block(1)) })
  })

  it('replaces a block that is written again, and leaves no file of the first', async () => {
    const { SnapshotId = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }))
    await ebs.send(putting(SnapshotId, 1, block(1)))
    const files = allFiles(join(dataDir, 'blobs')).length
    await ebs.send(putting(SnapshotId, 1, block(2)))
    expect(allFiles(join(dataDir, 'blobs'))).toHaveLength(files)
    await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 1 }))
    await readable(ebs, SnapshotId)
    expect(await contents(ebs, SnapshotId)).toEqual({ 1: sha256(block(2)) })
  })

  it('is the same for the same client token, and none for another request with it', async () => {
    const input = { VolumeSize: 1, ClientToken: 'once' }
    const first = await ebs.send(new StartSnapshotCommand(input))
    const again = await ebs.send(new StartSnapshotCommand(input))
    expect(again.SnapshotId).toBe(first.SnapshotId)
    expect(await refused(ebs.send(new StartSnapshotCommand({ ...input, VolumeSize: 2 })))).toEqual({
      name: 'ConflictException',
      status: 409,
      reason: undefined,
      text: 'The request uses the same client token as a previous, but non-identical request.',
    })
  })

  it('is given up when nobody writes to it for its time', async () => {
    const { SnapshotId = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Timeout: 10 }))
    await ebs.send(putting(SnapshotId, 0, block(1)))
    const files = allFiles(join(dataDir, 'blobs')).length
    emulator.emulator.clock.setOffset(11 * 60_000)
    expect((await refused(ebs.send(putting(SnapshotId, 1, block(1))))).reason).toBe('SNAPSHOT_NOT_FOUND')
    expect(allFiles(join(dataDir, 'blobs'))).toHaveLength(files - 1)
    emulator.emulator.clock.setOffset(0)
  })
})

describe('a child', () => {
  it.each([false, true])(
    'has its parent’s blocks and its own (encrypted: %s), and says what changed',
    async (encrypted) => {
      const parent = await written(ebs, { 0: 1, 1: 2 }, encrypted ? { KmsKeyArn: key } : {})
      const child = await written(ebs, { 1: 3, 2: 4 }, { ParentSnapshotId: parent })
      expect(await contents(ebs, child)).toEqual({ 0: sha256(block(1)), 1: sha256(block(3)), 2: sha256(block(4)) })
      expect(await contents(ebs, parent)).toEqual({ 0: sha256(block(1)), 1: sha256(block(2)) })
      const { ChangedBlocks = [] } = await ebs.send(
        new ListChangedBlocksCommand({ FirstSnapshotId: parent, SecondSnapshotId: child }),
      )
      expect(
        ChangedBlocks.map(({ BlockIndex, FirstBlockToken }) => [BlockIndex, FirstBlockToken !== undefined]),
      ).toEqual([
        [1, true],
        [2, false],
      ])
      const [changed] = ChangedBlocks
      const { BlockData } = await ebs.send(
        new GetSnapshotBlockCommand({ SnapshotId: parent, BlockIndex: 1, BlockToken: changed?.FirstBlockToken }),
      )
      expect(sha256((await BlockData?.transformToByteArray()) ?? new Uint8Array())).toBe(sha256(block(2)))
      const all = await ebs.send(new ListChangedBlocksCommand({ SecondSnapshotId: child }))
      expect(all.ChangedBlocks?.map(({ BlockIndex }) => BlockIndex)).toEqual([0, 1, 2])
    },
  )

  it('of another line is not compared', async () => {
    const [one, other] = [await written(ebs, { 0: 1 }), await written(ebs, { 0: 1 })]
    expect(
      await refused(ebs.send(new ListChangedBlocksCommand({ FirstSnapshotId: one, SecondSnapshotId: other }))),
    ).toEqual({
      name: 'ValidationException',
      status: 400,
      reason: 'UNRELATED_SNAPSHOTS',
      text: 'The specified snapshots are not related to each other',
    })
  })

  it.each([
    [{ Encrypted: true }, 'ParentSnapshotId and Encrypt cannot be specified together'],
    [{ Encrypted: false }, 'ParentSnapshotId and Encrypt cannot be specified together'],
    [{ KmsKeyArn: 'the key' }, 'ParentSnapshotId and KmsKeyArn cannot be specified together'],
  ])('cannot choose its key: %j', async (choice, text) => {
    const parent = await written(ebs, {})
    const named = 'KmsKeyArn' in choice ? { KmsKeyArn: key } : choice
    const sent = ebs.send(new StartSnapshotCommand({ VolumeSize: 1, ParentSnapshotId: parent, ...named }))
    expect(await refused(sent)).toEqual({
      name: 'ValidationException',
      status: 400,
      reason: 'INVALID_PARAMETER_VALUE',
      text,
    })
  })
})

describe('lists', () => {
  it('come in pages', async () => {
    const blocks = Object.fromEntries(Array.from({ length: 103 }, (_, index) => [index * 3, index]))
    const id = await written(ebs, blocks)
    const first = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id, MaxResults: 100 }))
    expect(first.Blocks).toHaveLength(100)
    expect(first).toMatchObject({ VolumeSize: 1, BlockSize: BLOCK })
    const rest = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id, NextToken: first.NextToken }))
    expect(rest.Blocks?.map(({ BlockIndex }) => BlockIndex)).toEqual([300, 303, 306])
    expect(rest.NextToken).toBeUndefined()
    const from = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id, StartingBlockIndex: 301 }))
    expect(from.Blocks?.map(({ BlockIndex }) => BlockIndex)).toEqual([303, 306])
    const wrong = ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id, NextToken: first.Blocks?.[0]?.BlockToken }))
    expect((await refused(wrong)).reason).toBe('INVALID_PAGE_TOKEN')
  }, 30_000)

  it('give tokens that are good for their block alone, and for a week', async () => {
    const id = await written(ebs, { 0: 1, 1: 2 })
    const { Blocks = [], ExpiryTime } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id }))
    const BlockToken = Blocks[0]?.BlockToken
    const invalid = { name: 'ValidationException', status: 400, reason: 'INVALID_BLOCK_TOKEN' }
    const get = (BlockIndex: number, token = BlockToken) =>
      ebs.send(new GetSnapshotBlockCommand({ SnapshotId: id, BlockIndex, BlockToken: token }))
    expect(await refused(get(1))).toMatchObject(invalid)
    expect(await refused(get(0, 'AAEBAQAA'))).toMatchObject(invalid)
    expect((await get(0)).Checksum).toBe(sha256(block(1)))
    const offset = (ExpiryTime?.getTime() ?? 0) - Date.now() + 1000
    emulator.emulator.clock.setOffset(offset)
    ebs.config.systemClockOffset = offset
    const late = await refused(get(0))
    ebs.config.systemClockOffset = 0
    emulator.emulator.clock.setOffset(0)
    expect(late).toMatchObject(invalid)
  })
})

describe('bad blocks', () => {
  let id: string
  beforeAll(async () => {
    id = (await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }))).SnapshotId ?? ''
  })

  it.each([
    [
      'a wrong checksum',
      { Checksum: sha256(Buffer.from('other')) },
      {
        name: 'InvalidSignatureException',
        status: 403,
        reason: undefined,
        text: `The value passed in as x-amz-Checksum does not match the computed checksum. Computed checksum: ${sha256(block(1))} expected checksum: ${sha256(Buffer.from('other'))}`,
      },
    ],
    [
      'a length of one',
      { DataLength: 1 },
      {
        name: 'ValidationException',
        status: 400,
        reason: 'INVALID_BLOCK',
        text: 'Block data length 1 is not valid, expected 524288',
      },
    ],
    [
      'an index beyond the volume',
      { BlockIndex: 2048 },
      {
        name: 'ValidationException',
        status: 400,
        reason: 'INVALID_BLOCK',
        text: 'Block index 2048 is beyond the volume size extent',
      },
    ],
    [
      'an index below zero',
      { BlockIndex: -1 },
      {
        name: 'ValidationException',
        status: 400,
        reason: undefined,
        text: "1 validation error detected: Value '-1' at 'blockIndex' failed to satisfy constraint: Member must have value greater than or equal to 0",
      },
    ],
    [
      'too few bytes',
      { BlockData: Buffer.from('short') },
      {
        name: 'ValidationException',
        status: 400,
        reason: 'INVALID_PARAMETER_VALUE',
        text: 'Failed to read block data',
      },
    ],
  ])('are refused: %s', async (_, change, expected) => {
    const command = putting(id, 0, block(1))
    Object.assign(command.input, change)
    expect(await refused(ebs.send(command))).toEqual(expected)
  })

  it('leave nothing behind', async () => {
    await ebs.send(new CompleteSnapshotCommand({ SnapshotId: id, ChangedBlocksCount: 0 }))
    await readable(ebs, id)
    expect(await contents(ebs, id)).toEqual({})
  })
})

describe('another account', () => {
  it('finds no snapshot that is not shared with it', async () => {
    const id = await written(ebs, { 0: 1 })
    const { Blocks = [] } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id }))
    const stranger = emulator.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT) })
    const missing = { name: 'ResourceNotFoundException', status: 404, reason: 'SNAPSHOT_NOT_FOUND' }
    const token = { SnapshotId: id, BlockIndex: 0, BlockToken: Blocks[0]?.BlockToken }
    expect(await refused(stranger.send(new ListSnapshotBlocksCommand({ SnapshotId: id })))).toMatchObject(missing)
    expect(await refused(stranger.send(new GetSnapshotBlockCommand(token)))).toMatchObject(missing)
    const child = new StartSnapshotCommand({ VolumeSize: 1, ParentSnapshotId: id })
    expect(await refused(stranger.send(child))).toMatchObject(missing)
  })
})
