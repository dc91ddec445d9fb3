import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { ACCOUNT, rootOf } from '../../support/emulator.ts'
import { allow, denied, refusal, startWorld, type Person, type World } from './support.ts'

const Bucket = 'at-home'
const AWAY = 'eu-west-1'
let world: World
let away: S3Client
let awayKms: KMSClient
let home: string
let key: string
let copier: Person
beforeAll(async () => {
  world = await startWorld(Bucket)
  away = world.as(rootOf(ACCOUNT), AWAY)
  awayKms = world.emulator.client(KMSClient, { region: AWAY })
  home = await world.key()
  key = (await awayKms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  const CreateBucketConfiguration = { LocationConstraint: AWAY } as const
  await away.send(new CreateBucketCommand({ Bucket: 'away', CreateBucketConfiguration }))
  copier = await world.user('copier')
})
beforeEach(() => world.allow('copier', allow('*')))
afterAll(() => world.stop())

const underHome = () => ({ Bucket, ServerSideEncryption: 'aws:kms', SSEKMSKeyId: home }) as const
const copy = (source: string) =>
  copier.s3.send(new CopyObjectCommand({ ...underHome(), Key: 'copy', CopySource: `away/${source}` }))
const read = async () => (await world.s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }))).Body?.transformToString()

describe.each([
  ['without a Bucket Key', false, 'arn:aws:s3:::away/source'],
  ['under a Bucket Key', true, 'arn:aws:s3:::away'],
] as const)('a copy from another Region, of an object %s', (_how, BucketKeyEnabled, context) => {
  beforeEach(async () => {
    const under = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key, BucketKeyEnabled } as const
    await away.send(new PutObjectCommand({ Bucket: 'away', Key: 'source', Body: 'from afar', ...under }))
  })

  it('opens the source there and seals it here, both in the caller’s name', async () => {
    const via = (region: string) => ({ StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` } })
    await world.allow(
      'copier',
      allow('s3:*'),
      { ...allow('kms:Decrypt', key), Condition: via(AWAY) },
      { ...allow('kms:GenerateDataKey', home), Condition: via('us-east-1') },
    )
    world.emulator.emulator.trail.clear()
    expect(await copy('source')).toMatchObject({ SSEKMSKeyId: home })
    expect(await read()).toBe('from afar')
    const uses = world.emulator.emulator.trail.list(10).reverse()
    expect(uses.slice(0, 4)).toMatchObject([
      { eventName: 'GenerateDataKey', awsRegion: 'us-east-1', resources: [{ ARN: home }] },
      {
        eventName: 'Decrypt',
        awsRegion: AWAY,
        userIdentity: { arn: copier.arn, invokedBy: 'fas.s3.amazonaws.com' },
        requestParameters: { encryptionContext: { 'aws:s3:arn': context } },
        resources: [{ ARN: key }],
      },
      { eventName: 'GetObject', awsRegion: AWAY, requestParameters: { bucketName: 'away', key: 'source' } },
      { eventName: 'CopyObject', awsRegion: 'us-east-1' },
    ])
  })

  it('is refused without either key', async () => {
    await world.allow('copier', allow(['s3:*', 'kms:GenerateDataKey']))
    expect(await refusal(copy('source'))).toEqual(
      denied(
        `User: ${copier.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
      ),
    )
    await world.allow('copier', allow('*'))
    await awayKms.send(new DisableKeyCommand({ KeyId: key }))
    const disabled = { status: 400, code: 'KMS.DisabledException', message: `${key} is disabled.` }
    expect(await refusal(copy('source'))).toEqual(disabled)
    await awayKms.send(new EnableKeyCommand({ KeyId: key }))
    await copy('source')
  })
})

it('UploadPartCopy takes parts from another Region', async () => {
  const under = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key } as const
  await away.send(new PutObjectCommand({ Bucket: 'away', Key: 'part', Body: 'a part', ...under }))
  const at = { Bucket, Key: 'copy' }
  const { UploadId } = await copier.s3.send(new CreateMultipartUploadCommand({ ...underHome(), Key: 'copy' }))
  const part = new UploadPartCopyCommand({ ...at, UploadId, PartNumber: 1, CopySource: 'away/part' })
  const { CopyPartResult } = await copier.s3.send(part)
  const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]
  await copier.s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
  expect(await read()).toBe('a part')
})
