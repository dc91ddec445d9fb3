import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { BlobMissing } from '../../emulator/state/errors.ts'
import { openBlobs } from '../../emulator/state/openBlobs.ts'
import type { Blobs } from '../../emulator/state/store.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()

const KINDS: readonly (readonly [kind: string, fresh: () => Blobs])[] = [
  ['memory', () => openBlobs(':memory:')],
  ['files', () => openBlobs(directory())],
  ['files with fsync', () => openBlobs(directory(), { fsync: true })],
]

async function write(blobs: Blobs, ...chunks: readonly Buffer[]): Promise<string> {
  const writer = blobs.create()
  for (const chunk of chunks) await writer.write(chunk)
  await writer.commit()
  return writer.id
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

const failure = (work: () => Promise<unknown>) =>
  work().then(
    () => undefined,
    (error: unknown) => error,
  )

describe.each(KINDS)('blobs in %s', (_, fresh) => {
  it.each([0, 1, 5000, 131_072, 131_073, 524_288, 3_000_001])(
    'give back %d bytes, and any part of them',
    async (size) => {
      const blobs = fresh()
      const bytes = randomBytes(size)
      const chunks: Buffer[] = []
      for (let at = 0; at < size; at += 70_000) chunks.push(bytes.subarray(at, at + 70_000))
      const id = await write(blobs, ...chunks)
      expect(id).toMatch(/^[0-9a-f]{32}$/)
      expect(blobs.size(id)).toBe(size)
      expect(blobs.readSmall(id).equals(bytes)).toBe(true)
      for (const [start, end] of [
        [0, size],
        [0, 0],
        [1, 2],
        [size >> 1, size],
        [size - 1, size + 50],
      ] as const) {
        if (start < 0) continue
        expect((await collect(blobs.read(id, start, end))).equals(bytes.subarray(start, end))).toBe(true)
      }
      expect((await collect(blobs.read(id))).equals(bytes)).toBe(true)
    },
  )

  it('are there only once committed', async () => {
    const blobs = fresh()
    const writer = blobs.create()
    await writer.write(Buffer.alloc(2_000_000))
    expect(blobs.size(writer.id)).toBeUndefined()
    expect(() => blobs.readSmall(writer.id)).toThrow(new BlobMissing(writer.id))
    await writer.commit()
    expect(blobs.size(writer.id)).toBe(2_000_000)
    await writer.abort()
    expect(blobs.size(writer.id)).toBe(2_000_000)
  })

  it.each([10, 2_000_000])('leave nothing behind when aborted (%d bytes)', async (size) => {
    const blobs = fresh()
    const writer = blobs.create()
    await writer.write(Buffer.alloc(size))
    await writer.abort()
    await writer.abort()
    expect(blobs.size(writer.id)).toBeUndefined()
  })

  it('are missing once deleted, for all who come after', async () => {
    const blobs = fresh()
    const id = await write(blobs, Buffer.from('x'))
    blobs.delete(id)
    blobs.delete(id)
    expect(blobs.size(id)).toBeUndefined()
    expect(() => blobs.readSmall(id)).toThrow(BlobMissing)
    expect(() => blobs.open(id)).toThrow(BlobMissing)
    expect(await failure(() => collect(blobs.read(id)))).toEqual(new BlobMissing(id))
  })

  it('can be read to the end by who opened them before', async () => {
    const blobs = fresh()
    const bytes = randomBytes(1_000_000)
    const id = await write(blobs, bytes)
    const reader = blobs.open(id)
    blobs.delete(id)
    expect(reader.size).toBe(1_000_000)
    expect((await collect(reader.read(5, 10))).equals(bytes.subarray(5, 10))).toBe(true)
    expect((await collect(reader.read())).equals(bytes)).toBe(true)
    reader.close()
    reader.close()
  })

  it('are swept unless somebody names them', async () => {
    const blobs = fresh()
    const kept = await write(blobs, Buffer.from('kept'))
    const orphan = await write(blobs, Buffer.from('orphan'))
    blobs.sweep((id) => id === kept)
    expect(blobs.readSmall(kept).toString()).toBe('kept')
    expect(blobs.size(orphan)).toBeUndefined()
    const later = await write(blobs, Buffer.from('later'))
    expect(blobs.readSmall(later).toString()).toBe('later')
  })

  it('are all gone after a reset, and new ones can come', async () => {
    const blobs = fresh()
    const id = await write(blobs, Buffer.from('x'))
    blobs.reset()
    expect(blobs.size(id)).toBeUndefined()
    expect(blobs.readSmall(await write(blobs, Buffer.from('y'))).toString()).toBe('y')
  })

  it('take no name for a path', async () => {
    const blobs = fresh()
    for (const id of ['../state.json', '', '.', 'a'.repeat(31), 'A'.repeat(32), `${'a'.repeat(32)}/..`]) {
      expect(blobs.size(id)).toBeUndefined()
      expect(() => blobs.readSmall(id)).toThrow(BlobMissing)
      expect(() => blobs.open(id)).toThrow(BlobMissing)
      blobs.delete(id)
    }
    await Promise.resolve()
  })
})

describe('blob files', () => {
  it('lie two levels deep and are their owner’s', async () => {
    const dir = directory()
    const id = await write(openBlobs(dir), Buffer.from('x'))
    const path = join(dir, 'blobs', id.slice(0, 1), id.slice(1, 2), id)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, 'blobs')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(dir, 'blobs', id.slice(0, 1), id.slice(1, 2)))).toEqual([id])
  })

  it('outlive the process; those it did not finish do not', async () => {
    const dir = directory()
    const first = openBlobs(dir)
    const id = await write(first, Buffer.from('x'))
    const unfinished = first.create()
    for (let n = 0; n < 3; n++) await unfinished.write(Buffer.alloc(600_000))
    const { id: other } = unfinished
    const path = join(dir, 'blobs', other.slice(0, 1), other.slice(1, 2), `${other}.tmp`)
    expect(existsSync(path)).toBe(true)
    const second = openBlobs(dir)
    second.sweep(() => true)
    expect(second.readSmall(id).toString()).toBe('x')
    expect(existsSync(path)).toBe(false)
    expect(await failure(() => unfinished.commit())).toMatchObject({ code: 'ENOENT' })
    await unfinished.abort()
  })

  it('leave other files alone when they sweep', () => {
    const dir = directory()
    mkdirSync(join(dir, 'blobs', 'a', 'b'), { recursive: true })
    writeFileSync(join(dir, 'blobs', 'a', 'b', 'README'), '')
    writeFileSync(join(dir, 'blobs', 'note'), '')
    openBlobs(dir).sweep(() => false)
    expect(existsSync(join(dir, 'blobs', 'a', 'b', 'README'))).toBe(true)
    expect(existsSync(join(dir, 'blobs', 'note'))).toBe(true)
  })

  it('say so when the disk fails, and can be aborted then', async () => {
    const dir = directory()
    const writer = openBlobs(dir).create()
    const path = join(dir, 'blobs', writer.id.slice(0, 1), writer.id.slice(1, 2), writer.id)
    mkdirSync(path, { recursive: true })
    await writer.write(Buffer.alloc(10))
    expect(await failure(() => writer.commit())).toMatchObject({ code: 'EEXIST' })
    await writer.abort()
    expect(statSync(path).isDirectory()).toBe(true)
  })
})
