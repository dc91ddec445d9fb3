import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { ACCOUNT, OTHER_ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'

const test = needs(canRun('python3', '-c', 'import boto3; boto3.client("ebs", "us-east-1")'), 'boto3')

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(() => twokey.stop())

interface Told {
  readonly key: string
  readonly volume: Readonly<Record<string, unknown>> & { readonly id: string; readonly waited: number }
  readonly snapshot: Readonly<Record<string, unknown>> & { readonly id: string }
  readonly copy: Readonly<Record<string, unknown>> & { readonly presigned: string }
  readonly lost: string
  readonly vanished: { readonly id: string; readonly refusal: object }
  readonly blocks: object
  readonly pages: readonly number[]
  readonly every: number
  readonly public: object
}

describe('boto3', () => {
  test('makes, waits for, lists, shares and copies snapshots, and reads their blocks', async () => {
    const script = fileURLToPath(new URL('./ebsStory.py', import.meta.url))
    const ran = await run('python3', [script], { env: awsEnvironment(twokey.url, rootOf(ACCOUNT)) })
    expect(`${String(ran.status)} ${ran.stderr}`.trim()).toBe('0')
    const { key, volume, snapshot, copy, lost, vanished, blocks, ...told } = JSON.parse(ran.stdout) as Told

    expect(volume).toMatchObject({
      creating: 'creating',
      state: 'available',
      key,
      tags: [{ Key: 'team', Value: 'blue' }],
    })
    expect(volume.waited).toBeLessThan(1)
    expect(snapshot).toEqual({
      id: snapshot.id,
      created: { state: 'pending', progress: '' },
      state: 'completed',
      ofVolume: [snapshot.id],
      byTag: [snapshot.id],
      permissions: [{ UserId: OTHER_ACCOUNT }],
    })

    const presigned = new URL(copy.presigned)
    expect(Object.fromEntries(presigned.searchParams)).toMatchObject({
      Action: 'CopySnapshot',
      SourceSnapshotId: snapshot.id,
      DestinationRegion: 'us-west-2',
      'X-Amz-Expires': '3600',
    })
    expect(copy).toMatchObject({ state: 'completed', westKey: true })
    expect(lost).toBe('Given key ID is not accessible')
    expect(vanished.refusal).toEqual({
      Code: 'InvalidVolume.NotFound',
      Status: 400,
      Message: `The volume '${vanished.id}' does not exist.`,
    })
    expect(told.public).toEqual({
      Code: 'OperationNotPermitted',
      Status: 400,
      Message: 'Encrypted snapshots cannot be shared publicly.',
    })

    expect(blocks).toEqual({ changed: [5, 9], listed: [0, 5, 9], read: ['a', 'c', 'd'] })
    expect(told.pages).toEqual([5, 3])
    expect(told.every).toBe(8)
  }, 120_000)
})
