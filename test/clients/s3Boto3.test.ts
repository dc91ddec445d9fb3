import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { startWorld, type World } from '../services/s3/support.ts'
import { canRun, needs } from '../support/commands.ts'
import { openShell, type Shell } from '../support/shell.ts'

const test = needs(canRun('python3', '-c', 'import boto3'), 'boto3')

let world: World
let shell: Shell
beforeAll(async () => {
  world = await startWorld()
  shell = await openShell(world.emulator)
})
afterAll(async () => {
  await shell.leave()
  await world.stop()
})

describe('boto3', () => {
  test('transfers under a key: in parts and threads, presigned, by form, with each checksum, and versions', async () => {
    const script = fileURLToPath(new URL('./s3Transfers.py', import.meta.url))
    const seen = JSON.parse(await shell.ok('python3', script, await world.key())) as object
    const composite = [true, true]
    expect(seen).toEqual({
      file: true,
      copy: true,
      fileobj: true,
      checksums: { CRC32: composite, SHA1: composite, SHA256: composite },
      when_required: true,
      when_supported: true,
      'presigned put': 200,
      'without its headers': 403,
      'presigned get': 'presigned',
      post: 204,
      'too long a post': 400,
      posted: ['posted', true],
      versions: ['first', 'second'],
      deleted: 'NoSuchKey',
    })
  }, 120_000)

  test('understands the answer of every operation that data under a key needs', async () => {
    const script = fileURLToPath(new URL('./s3Operations.py', import.meta.url))
    expect(JSON.parse(await shell.ok('python3', script, await world.key()))).toEqual([])
  }, 120_000)
})
