import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  DeleteTrailCommand,
  GetTrailStatusCommand,
  ListPublicKeysCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail'
import { ListKeysCommand, KMSClient } from '@aws-sdk/client-kms'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { ACCOUNT, MINUTE, REGION, refusal, startTrails, type TrailWorld } from './support.ts'

let world: TrailWorld
beforeAll(async () => {
  world = await startTrails()
})
afterAll(() => world.stop())

const digestsIn = async (bucket: string) =>
  (await world.keysIn(bucket)).filter((key) => key.includes('CloudTrail-Digest'))
const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const publicKeys = async () =>
  (await world.trails.send(new ListPublicKeysCommand({ EndTime: new Date(world.emulator.emulator.clock.now()) })))
    .PublicKeyList ?? []

interface Digest extends Record<string, unknown> {
  readonly digestEndTime: string
  readonly previousDigestSignature: string | null
  readonly logFiles: readonly { readonly s3Object: string; readonly hashValue: string }[]
}

/** A digest file, after its signature has been checked as the CloudTrail User Guide tells. */
async function checked(
  bucket: string,
  key: string,
): Promise<Digest & { readonly signature: string; readonly text: string }> {
  const text = await world.read(bucket, key)
  const digest = JSON.parse(text) as Digest
  const { Metadata, ServerSideEncryption } = await world.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
  expect(ServerSideEncryption).toBe('AES256')
  expect(Metadata?.['signature-algorithm']).toBe('SHA256withRSA')
  const [known] = await publicKeys()
  expect(digest['digestPublicKeyFingerprint']).toBe(known?.Fingerprint)
  const publicKey = createPublicKey({ key: Buffer.from(known?.Value ?? ''), format: 'der', type: 'pkcs1' })
  const signed = [digest.digestEndTime, `${bucket}/${key}`, hash(text), digest.previousDigestSignature ?? 'null'].join(
    '\n',
  )
  const signature = Metadata?.['signature'] ?? ''
  expect(verify('sha256', Buffer.from(signed), publicKey, Buffer.from(signature, 'hex'))).toBe(true)
  return { ...digest, signature, text }
}

describe('digest files', () => {
  it('come each hour, signed, with the hashes of the log files, and name the one before', async () => {
    const key = await world.trailKey()
    const bucket = await world.logging('signed', { EnableLogFileValidation: true, KmsKeyId: key, S3KeyPrefix: 'p' })
    await world.advance(5 * MINUTE)
    expect(await digestsIn(bucket)).toEqual([])
    await world.kms.send(new ListKeysCommand({}))
    await world.advance(60 * MINUTE)
    const [first = '', ...none] = await digestsIn(bucket)
    expect(none).toEqual([])
    expect(first).toMatch(
      new RegExp(
        `^p/AWSLogs/${ACCOUNT}/CloudTrail-Digest/${REGION}/\\d{4}/\\d\\d/\\d\\d/${ACCOUNT}_CloudTrail-Digest_${REGION}_signed_${REGION}_\\d{8}T\\d{6}Z\\.json\\.gz$`,
      ),
    )
    const digest = await checked(bucket, first)
    expect(digest).toMatchObject({
      awsAccountId: ACCOUNT,
      digestS3Bucket: bucket,
      digestS3Object: first,
      digestSignatureAlgorithm: 'SHA256withRSA',
      previousDigestS3Bucket: null,
      previousDigestS3Object: null,
      previousDigestHashValue: null,
      previousDigestHashAlgorithm: null,
      previousDigestSignature: null,
      newestEventTime: expect.stringMatching(/Z$/) as unknown,
    })
    const logs = (await world.keysIn(bucket)).filter((name) => name.includes('/CloudTrail/'))
    expect(digest.logFiles.map(({ s3Object }) => s3Object).sort()).toEqual(logs.sort())
    for (const { s3Object, hashValue } of digest.logFiles) {
      expect(hash(await world.read(bucket, s3Object))).toBe(hashValue)
    }
    const status = await world.trails.send(new GetTrailStatusCommand({ Name: 'signed' }))
    expect(status.LatestDigestDeliveryTime?.toISOString().slice(0, 19)).toBe(digest.digestEndTime.slice(0, 19))

    await world.trails.send(new StopLoggingCommand({ Name: 'signed' }))
    await world.advance(60 * MINUTE)
    const second = (await digestsIn(bucket)).find((name) => name !== first) ?? ''
    expect(await checked(bucket, second)).toMatchObject({
      digestStartTime: digest.digestEndTime,
      previousDigestS3Bucket: bucket,
      previousDigestS3Object: first,
      previousDigestHashValue: hash(digest.text),
      previousDigestHashAlgorithm: 'SHA-256',
      previousDigestSignature: digest.signature,
    })
    // It has stopped: no more are to come.
    await world.advance(120 * MINUTE)
    expect(await digestsIn(bucket)).toHaveLength(2)
    await world.trails.send(new DeleteTrailCommand({ Name: 'signed' }))
  })

  it('come without log files, too, and not any more once validation is off', async () => {
    const bucket = await world.logging('quiet', { EnableLogFileValidation: true })
    await world.advance(61 * MINUTE)
    await world.advance(61 * MINUTE)
    expect(await digestsIn(bucket)).toHaveLength(2)
    const last = await checked(bucket, (await digestsIn(bucket)).sort().at(-1) ?? '')
    expect(last).toMatchObject({ logFiles: [], newestEventTime: null, oldestEventTime: null })
    await world.trails.send(new UpdateTrailCommand({ Name: 'quiet', EnableLogFileValidation: false }))
    await world.advance(61 * MINUTE)
    expect(await digestsIn(bucket)).toHaveLength(2)
    await world.trails.send(new DeleteTrailCommand({ Name: 'quiet' }))
  })

  it('of other Regions are signed with their own keys', async () => {
    const bucket = await world.logging('wide', { EnableLogFileValidation: true, IsMultiRegionTrail: true })
    const west = world.emulator.client(KMSClient, { region: 'us-west-2' })
    await west.send(new ListKeysCommand({}))
    await world.advance(5 * MINUTE)
    await world.advance(61 * MINUTE)
    const there = (await digestsIn(bucket)).filter((key) => key.includes('/us-west-2/'))
    expect(there).toHaveLength(1)
    const { digestPublicKeyFingerprint } = JSON.parse(await world.read(bucket, there[0] ?? '')) as Digest
    const keys = await world
      .trailsIn('us-west-2')
      .send(new ListPublicKeysCommand({ EndTime: new Date(world.emulator.emulator.clock.now()) }))
    expect(keys.PublicKeyList?.map(({ Fingerprint }) => Fingerprint)).toEqual([digestPublicKeyFingerprint])
    expect((await publicKeys()).map(({ Fingerprint }) => Fingerprint)).not.toContain(digestPublicKeyFingerprint)
    await world.trails.send(new DeleteTrailCommand({ Name: 'wide' }))
  })
})

describe('ListPublicKeys', () => {
  it('answers the keys that were good in a time, and refuses one that ends before it begins', async () => {
    const early = new Date('2001-01-01T00:00:00Z')
    const found = await world.trails.send(new ListPublicKeysCommand({ StartTime: early, EndTime: early }))
    expect(found.PublicKeyList).toEqual([])
    const backwards = new ListPublicKeysCommand({ StartTime: new Date(), EndTime: early })
    expect(await refusal(world.trails.send(backwards))).toMatchObject({
      status: 400,
      code: 'InvalidTimeRangeException',
    })
  })

  it('keeps the private halves out of exports', async () => {
    const exported = JSON.stringify(world.emulator.emulator.store.export({ secrets: false }))
    expect(exported).not.toContain('cloudtrail.keys')
    expect((await publicKeys()).length).toBeGreaterThan(0)
  })
})
