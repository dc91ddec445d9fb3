import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  DeleteTrailCommand,
  GetTrailStatusCommand,
  PutEventSelectorsCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail'
import {
  CreateAliasCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  ACCOUNT,
  MINUTE,
  OTHER_ACCOUNT,
  REGION,
  arnOf,
  bucketPolicy,
  refusal,
  rootOf,
  startTrails,
  type TrailWorld,
} from './support.ts'

let world: TrailWorld
beforeAll(async () => {
  world = await startTrails()
})
afterAll(() => world.stop())

const status = (Name: string) => world.trails.send(new GetTrailStatusCommand({ Name }))
const names = async (bucket: string) => (await world.delivered(bucket)).map(({ eventName }) => eventName)
const end = (Name: string) => world.trails.send(new DeleteTrailCommand({ Name }))

describe('a trail that is logging', () => {
  it('delivers what has happened, every five minutes, and nothing when nothing has', async () => {
    const bucket = await world.logging('plain')
    await world.kms.send(new ListKeysCommand({}))
    await world.advance(5 * MINUTE)
    const [folder, file, ...more] = await world.keysIn(bucket)
    expect([folder, more]).toEqual([`AWSLogs/${ACCOUNT}/`, []])
    const day = new Date(world.emulator.emulator.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/')
    expect(file).toMatch(
      new RegExp(
        `^AWSLogs/${ACCOUNT}/CloudTrail/${REGION}/${day}/${ACCOUNT}_CloudTrail_${REGION}_\\d{8}T\\d{4}Z_[A-Z2-7]{16}\\.json\\.gz$`,
      ),
    )
    expect(await names(bucket)).toEqual(['StartLogging', 'ListKeys'])
    const object = await world.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: file }))
    expect(object).toMatchObject({
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
      ServerSideEncryption: 'AES256',
    })
    const { LatestDeliveryTime, LatestDeliveryError, LatestDeliveryAttemptTime } = await status('plain')
    expect([LatestDeliveryError, LatestDeliveryAttemptTime]).toEqual([
      undefined,
      LatestDeliveryTime?.toISOString().replace(/\.\d+Z$/, 'Z'),
    ])
    // GetTrailStatus has happened since; after it, nothing has.
    await world.advance(5 * MINUTE)
    await world.advance(60 * MINUTE)
    expect((await world.keysIn(bucket)).filter((key) => key.endsWith('.gz'))).toHaveLength(2)
    await end('plain')
  })

  it('encrypts under its key, in the context of trail and object, and readers need that key', async () => {
    const key = await world.trailKey()
    const bucket = await world.logging('sealed', { KmsKeyId: key })
    await world.advance(5 * MINUTE)
    const file = (await world.keysIn(bucket)).at(-1) ?? ''
    const { ServerSideEncryption, SSEKMSKeyId } = await world.s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key: file }),
    )
    expect([ServerSideEncryption, SSEKMSKeyId]).toEqual(['aws:kms', key])
    world.emulator.emulator.trail.clear()
    await world.read(bucket, file)
    const [, decrypt] = world.emulator.emulator.trail.list(2)
    expect(decrypt).toMatchObject({
      eventName: 'Decrypt',
      requestParameters: {
        encryptionContext: { 'aws:cloudtrail:arn': arnOf('sealed'), 'aws:s3:arn': `arn:aws:s3:::${bucket}/${file}` },
      },
    })
    const reader = await world.user('reader', { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' })
    expect(await refusal(reader.s3.send(new GetObjectCommand({ Bucket: bucket, Key: file })))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${reader.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
    })
    await end('sealed')
  })

  it('keeps what a bucket or a key does not take until it does, under the key of then', async () => {
    const key = await world.trailKey()
    const bucket = await world.logging('repaired', { KmsKeyId: key })
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    await world.advance(5 * MINUTE)
    expect(await status('repaired')).toMatchObject({
      IsLogging: true,
      LatestDeliveryError: 'KMS.DisabledException',
      LatestDeliveryAttemptSucceeded: '',
    })
    await world.kms.send(new EnableKeyCommand({ KeyId: key }))
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }))
    await world.advance(5 * MINUTE)
    expect((await status('repaired')).LatestDeliveryError).toBe('AccessDenied')
    expect(await world.keysIn(bucket)).toEqual([`AWSLogs/${ACCOUNT}/`])

    await world.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: bucketPolicy(bucket, 'repaired') }))
    const current = await world.trailKey()
    await world.trails.send(new UpdateTrailCommand({ Name: 'repaired', KmsKeyId: current }))
    await world.advance(5 * MINUTE)
    expect((await status('repaired')).LatestDeliveryError).toBeUndefined()
    const told = await names(bucket)
    expect(told).toEqual(
      expect.arrayContaining(['StartLogging', 'DisableKey', 'EnableKey', 'DeleteBucketPolicy', 'UpdateTrail']),
    )
    // None is lost, and none comes twice.
    expect(told.filter((name) => name === 'DisableKey')).toHaveLength(1)
    for (const Key of (await world.keysIn(bucket)).filter((name) => name.endsWith('.gz'))) {
      expect((await world.s3.send(new HeadObjectCommand({ Bucket: bucket, Key }))).SSEKMSKeyId).toBe(current)
    }
    await end('repaired')
  })

  it('hears nothing before it starts and after it stops, and delivers the rest when it is deleted', async () => {
    const bucket = await world.logging('stopped')
    await world.kms.send(new ListKeysCommand({}))
    await world.trails.send(new StopLoggingCommand({ Name: 'stopped' }))
    await world.kms.send(new EncryptCommand({ KeyId: await world.key(), Plaintext: Buffer.from('x') }))
    await end('stopped')
    await world.advance(0)
    expect(await names(bucket)).toEqual(['StartLogging', 'ListKeys'])
  })

  it('is of one Region, or of all: each has files of its own, and IAM is in us-east-1', async () => {
    const [one, all] = [await world.logging('one'), await world.logging('all', { IsMultiRegionTrail: true })]
    const west = world.emulator.client(KMSClient, { region: 'eu-west-1' })
    await west.send(new ListKeysCommand({}))
    const iam = world.emulator.client(IAMClient, { region: 'eu-west-1' })
    await iam.send(new CreateUserCommand({ UserName: 'somebody' }))
    await world.advance(5 * MINUTE)
    const where = async (bucket: string) =>
      (await world.delivered(bucket))
        .filter(({ eventName }) => /ListKeys|CreateUser/.test(eventName))
        .map(({ eventName, awsRegion }) => `${eventName} ${String(awsRegion)}`)
        .sort()
    expect(await where(one)).toEqual(['CreateUser us-east-1'])
    expect(await where(all)).toEqual(['CreateUser us-east-1', 'ListKeys eu-west-1'])
    expect((await world.keysIn(all)).some((key) => key.includes('/CloudTrail/eu-west-1/'))).toBe(true)
    await Promise.all(['one', 'all'].map(end))
  })

  it('leaves global events out if it is told to', async () => {
    const bucket = await world.logging('local', { IncludeGlobalServiceEvents: false })
    await world.emulator.client(IAMClient).send(new CreateUserCommand({ UserName: 'nobody' }))
    await world.advance(5 * MINUTE)
    expect(await names(bucket)).toEqual(['StartLogging'])
    await end('local')
  })

  it('is told of its own account alone', async () => {
    const bucket = await world.logging('mine')
    await world.emulator.client(KMSClient, { credentials: rootOf(OTHER_ACCOUNT) }).send(new ListKeysCommand({}))
    await world.advance(5 * MINUTE)
    expect(await names(bucket)).toEqual(['StartLogging'])
    await end('mine')
  })
})

describe('event selectors', () => {
  it('choose reads or writes, leave out KMS, and add the objects that they name', async () => {
    await world.bucket('data')
    await world.bucket('other')
    const bucket = await world.logging('choosing')
    const selected = {
      TrailName: 'choosing',
      EventSelectors: [
        { ReadWriteType: 'WriteOnly' as const, ExcludeManagementEventSources: ['kms.amazonaws.com'] },
        {
          IncludeManagementEvents: false,
          DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::data/in/'] }],
        },
      ],
    }
    await world.trails.send(new PutEventSelectorsCommand(selected))
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/chosen', TargetKeyId: await world.key() }))
    for (const [Bucket, Key] of [
      ['data', 'in/a'],
      ['data', 'out/a'],
      ['other', 'in/a'],
    ] as const) {
      await world.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    }
    await status('choosing')
    await world.emulator.client(IAMClient).send(new CreateUserCommand({ UserName: 'chosen' }))
    await world.advance(5 * MINUTE)
    const events = await world.delivered(bucket)
    expect(
      events.map(({ eventName, requestParameters }) => [eventName, (requestParameters as { key?: string }).key]),
    ).toEqual([
      ['StartLogging', undefined],
      ['PutEventSelectors', undefined],
      ['PutObject', 'in/a'],
      ['CreateUser', undefined],
    ])
    expect(events[2]).toMatchObject({ eventCategory: 'Data', managementEvent: false })
    await end('choosing')
  })
})

describe('a trail of one account with a bucket of another', () => {
  it('writes where that account lets it', async () => {
    const theirs = world.trailsIn(REGION, OTHER_ACCOUNT)
    await world.bucket('central')
    const Policy = bucketPolicy('central', '*', undefined, OTHER_ACCOUNT)
    await world.s3.send(new PutBucketPolicyCommand({ Bucket: 'central', Policy }))
    const { CreateTrailCommand, StartLoggingCommand } = await import('@aws-sdk/client-cloudtrail')
    await theirs.send(new CreateTrailCommand({ Name: 'remote', S3BucketName: 'central' }))
    await theirs.send(new StartLoggingCommand({ Name: 'remote' }))
    await world.advance(5 * MINUTE)
    expect(await names('central')).toEqual(['StartLogging'])
    expect(await world.keysIn('central')).toContain(`AWSLogs/${OTHER_ACCOUNT}/`)
    await theirs.send(new DeleteTrailCommand({ Name: 'remote' }))
  })
})
