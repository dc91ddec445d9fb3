import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { ACCOUNT, rootOf } from '../../support/emulator.ts'
import { allow, denied, refusal, startWorld, type Person, type World } from './support.ts'

let world: World
let irelandKms: KMSClient
let source: string
let target: string
let user: Person
beforeAll(async () => {
  world = await startWorld('here')
  const ireland = world.as(rootOf(ACCOUNT), 'eu-west-1')
  irelandKms = world.emulator.client(KMSClient, { region: 'eu-west-1' })
  source = (await irelandKms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  target = await world.key()
  await ireland.send(
    new CreateBucketCommand({ Bucket: 'ireland', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
  )
  for (const [Key, BucketKeyEnabled] of [
    ['report', false],
    ['bucket-key', true],
  ] as const) {
    await ireland.send(
      new PutObjectCommand({
        Bucket: 'ireland',
        Key,
        Body: `of ${Key}`,
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: source,
        BucketKeyEnabled,
      }),
    )
  }
  user = await world.user('copier', ...permissions('s3.eu-west-1.amazonaws.com'))
})
afterAll(() => world.stop())

/** Each key through S3 of its own Region only. */
const permissions = (sourceService: string) => [
  allow('s3:*'),
  { ...allow('kms:Decrypt', source), Condition: { StringEquals: { 'kms:ViaService': sourceService } } },
  {
    ...allow(['kms:GenerateDataKey', 'kms:Decrypt'], target),
    Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
  },
]
const underTarget = () => ({ Bucket: 'here', ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: target })
const copy = (name: string) =>
  user.s3.send(new CopyObjectCommand({ ...underTarget(), Key: name, CopySource: `ireland/${name}` }))
const read = async (Key: string) =>
  (await user.s3.send(new GetObjectCommand({ Bucket: 'here', Key }))).Body?.transformToString()

describe('a copy from a bucket in another Region', () => {
  it.each(['report', 'bucket-key'])(
    'decrypts under the key there and encrypts under the one here: %s',
    async (name) => {
      expect(await copy(name)).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: target })
      expect(await read(name)).toBe(`of ${name}`)
    },
  )

  it('takes parts from there', async () => {
    const place = { Bucket: 'here', Key: 'parts' }
    const { UploadId } = await user.s3.send(new CreateMultipartUploadCommand({ ...underTarget(), ...place }))
    const { CopyPartResult } = await user.s3.send(
      new UploadPartCopyCommand({ ...place, UploadId, PartNumber: 1, CopySource: 'ireland/report' }),
    )
    expect(CopyPartResult?.ETag).toMatch(/^"[0-9a-f]{32}"$/)
  })

  it('is recorded where each key is', async () => {
    world.emulator.emulator.trail.clear()
    await copy('report')
    const calls = world.emulator.emulator.trail.list(100).reverse()
    expect(calls.slice(0, 2)).toMatchObject([
      { eventName: 'GenerateDataKey', awsRegion: 'us-east-1', resources: [{ ARN: target }] },
      { eventName: 'Decrypt', awsRegion: 'eu-west-1', resources: [{ ARN: source }] },
    ])
  })

  it('is refused where the policy allows the key through S3 of the wrong Region', async () => {
    await world.allow('copier', ...permissions('s3.us-east-1.amazonaws.com'))
    const message = denied(
      `User: ${user.arn} is not authorized to perform: kms:Decrypt on resource: ${source} because no identity-based policy allows the kms:Decrypt action`,
    )
    expect(await refusal(copy('report'))).toEqual(message)
    await world.allow('copier', ...permissions('s3.eu-west-1.amazonaws.com'))
  })

  it('ends with the key there', async () => {
    await irelandKms.send(new DisableKeyCommand({ KeyId: source }))
    expect(await refusal(copy('report'))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${source} is disabled.`,
    })
  })
})
