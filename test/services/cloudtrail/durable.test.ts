import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CloudTrailClient,
  CreateTrailCommand,
  GetTrailStatusCommand,
  StartLoggingCommand,
} from '@aws-sdk/client-cloudtrail'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { BATCH, HEAVY } from '../../../emulator/services/cloudtrail/delivery/deliveries.ts'
import { keepWaiting, MOST_ON_DISK } from '../../../emulator/services/cloudtrail/delivery/records.ts'
import { queueId, type CloudTrailState } from '../../../emulator/services/cloudtrail/state.ts'
import { startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { MINUTE, REGION, advance, arnOf, bucketPolicy, settled, type Event } from './support.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'twokey-trail-'))
})
afterAll(() => rm(dataDir, { recursive: true }))

const Bucket = 'logs'

async function deliveredBy(twokey: TestEmulator): Promise<string[]> {
  const s3 = twokey.client(S3Client)
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  const files = Contents.map(({ Key = '' }) => Key).filter((key) => key.endsWith('.gz'))
  const texts = await Promise.all(
    files.map(async (Key) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
      return gunzipSync((await Body?.transformToByteArray()) ?? '').toString()
    }),
  )
  return texts.flatMap((text) => (JSON.parse(text) as { Records: Event[] }).Records.map(({ eventName }) => eventName))
}

async function startTrail(twokey: TestEmulator, Name = 'kept'): Promise<void> {
  const [s3, trails] = [twokey.client(S3Client), twokey.client(CloudTrailClient)]
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: bucketPolicy(Bucket, Name) }))
  await trails.send(new CreateTrailCommand({ Name, S3BucketName: Bucket }))
  await trails.send(new StartLoggingCommand({ Name }))
}

const listKeys = (twokey: TestEmulator) => twokey.client(KMSClient).send(new ListKeysCommand({}))

describe('events that wait for delivery', () => {
  it('survive a stop, and the trail goes on', async () => {
    let twokey = await startEmulator({ dataDir })
    await startTrail(twokey)
    await listKeys(twokey)
    await twokey.stop()
    expect(await readFile(join(dataDir, 'state.json'), 'utf8')).toContain('ListKeys')

    twokey = await startEmulator({ dataDir })
    await listKeys(twokey)
    await advance(twokey.emulator, 5 * MINUTE)
    expect((await deliveredBy(twokey)).sort()).toEqual(['ListKeys', 'ListKeys', 'StartLogging'])
    // Nothing waits any more, and nothing comes twice.
    await advance(twokey.emulator, 5 * MINUTE)
    expect((await deliveredBy(twokey)).filter((name) => name === 'ListKeys')).toHaveLength(2)

    // What a bucket has not taken is on disk at once.
    await twokey.client(S3Client).send(new DeleteBucketPolicyCommand({ Bucket }))
    await listKeys(twokey)
    await advance(twokey.emulator, 5 * MINUTE)
    const { waiting } = twokey.emulator.registry.require('cloudtrail').state as CloudTrailState
    expect([...waiting.in().entries()].flatMap(([, { events }]) => events).join()).toContain('DeleteBucketPolicy')
    await twokey.stop()

    twokey = await startEmulator({ dataDir })
    const status = await twokey.client(CloudTrailClient).send(new GetTrailStatusCommand({ Name: 'kept' }))
    expect(status.LatestDeliveryError).toBe('AccessDenied')
    await twokey.client(S3Client).send(new PutBucketPolicyCommand({ Bucket, Policy: bucketPolicy(Bucket, 'kept') }))
    await advance(twokey.emulator, 5 * MINUTE)
    expect((await deliveredBy(twokey)).filter((name) => name === 'DeleteBucketPolicy')).toHaveLength(1)
    await twokey.stop()
  })

  it('are forgotten by a reset, with the trails', async () => {
    const twokey = await startEmulator()
    await startTrail(twokey)
    await listKeys(twokey)
    twokey.emulator.reset()
    await settled(twokey.emulator)
    expect(twokey.emulator.isEmpty()).toBe(true)
    await twokey.client(S3Client).send(new CreateBucketCommand({ Bucket }))
    await advance(twokey.emulator, 5 * MINUTE)
    expect(await deliveredBy(twokey)).toEqual([])
    expect(twokey.lines.filter((line) => line.includes('cloudtrail:'))).toEqual([])
    await twokey.stop()
  })

  it('are delivered without the clock when there are many', async () => {
    const twokey = await startEmulator({ log: 'error' })
    await startTrail(twokey)
    const { recorder, env } = twokey.emulator
    await listKeys(twokey)
    const [last] = twokey.emulator.trail.list(1)
    for (let at = 0; at < BATCH; at++) {
      recorder.record({
        requestId: env.ids.uuid(),
        time: env.clock.now(),
        service: 'kms',
        operation: 'ListKeys',
        region: REGION,
        caller: env.directory.root('111111111111'),
        http: { sourceIp: '127.0.0.1', userAgent: '', secure: true, host: '' },
        status: 200,
        error: undefined,
        trace: { decisions: [], forwarded: [], readOnly: true },
      })
    }
    await settled(twokey.emulator)
    expect(last?.['eventName']).toBe('ListKeys')
    expect((await deliveredBy(twokey)).length).toBeGreaterThanOrEqual(BATCH)
    await twokey.stop()
  })

  it('are delivered without the clock when there is much to tell, and not kept without end', async () => {
    const twokey = await startEmulator({ log: 'error' })
    await startTrail(twokey)
    const { recorder, env } = twokey.emulator
    const large = 'p'.repeat(128 * 1024)
    const putPolicies = (bytes: number) => {
      for (let sent = 0; sent < bytes; sent += large.length) {
        recorder.record({
          requestId: env.ids.uuid(),
          time: env.clock.now(),
          service: 'kms',
          operation: 'PutKeyPolicy',
          region: REGION,
          caller: env.directory.root('111111111111'),
          http: { sourceIp: '127.0.0.1', userAgent: '', secure: true, host: '' },
          status: 200,
          error: undefined,
          trace: {
            decisions: [],
            forwarded: [],
            readOnly: false,
            audit: { requestParameters: { policy: large }, responseElements: null },
          },
          size: large.length,
        })
      }
    }
    putPolicies(HEAVY / 2)
    await settled(twokey.emulator)
    expect(await deliveredBy(twokey)).toEqual([])
    putPolicies(HEAVY / 2)
    await settled(twokey.emulator)
    const delivered = await deliveredBy(twokey)
    expect(delivered.length).toBeGreaterThan(250)

    // All in one turn of the event loop: nothing can be delivered meanwhile.
    putPolicies(5 * HEAVY)
    const lost = twokey.lines.map((line) => /(\d+) events of .* are lost: they came faster/.exec(line)?.[1])
    expect(lost).toHaveLength(2)
    for (const events of lost) expect(Number(events)).toBeCloseTo(HEAVY / large.length, -2)
    twokey.emulator.reset()
    await twokey.stop()
  })

  it('are given up, the oldest first, when too many wait on disk', async () => {
    const twokey = await startEmulator()
    const { env, registry } = twokey.emulator
    const state = registry.require('cloudtrail').state as CloudTrailState
    const id = queueId(arnOf('full'), REGION)
    for (let at = 0; at < 6; at++)
      keepWaiting(
        id,
        Array.from({ length: BATCH }, () => `{"at":${String(at)}}`),
        state,
        env,
      )
    const kept = [...state.waiting.in().find('queue', id)].map(([, { events }]) => [events[0], events.length])
    expect(kept).toEqual(['2', '3', '4', '5'].map((at) => [`{"at":${at}}`, BATCH]))
    expect(kept.length * BATCH).toBe(MOST_ON_DISK)
    expect(twokey.lines).toEqual(
      [0, 1].map(() => `cloudtrail: ${String(BATCH)} events are lost that could not be delivered: ${id}`),
    )
    await twokey.stop()
  })
})
