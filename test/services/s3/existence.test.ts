import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectTaggingCommand,
  GetObjectAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  UpdateObjectEncryptionCommand,
  UploadPartCopyCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, deny, refusal, startWorld, type Person, type World } from './support.ts'

/** Versioned and with Object Lock, so that every operation applies. */
const Bucket = 'existence'
const Key = 'missing'
const VERSION = '7'.repeat(32)

let world: World
let reader: Person
let UploadId: string
beforeAll(async () => {
  world = await startWorld()
  await world.s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
  await world.s3.send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'x' }))
  const upload = await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
  UploadId = upload.UploadId ?? ''
  reader = await world.user('reader', allow('*'))
})
afterAll(() => world.stop())

interface Asked {
  readonly Bucket: string
  readonly Key: string
  readonly VersionId?: string | undefined
}
const sourceOf = ({ Bucket: bucket, Key: key, VersionId }: Asked) =>
  `${bucket}/${key}${VersionId === undefined ? '' : `?versionId=${VersionId}`}`
const KMSKeyArn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/00000000-0000-0000-0000-000000000000`

type Question = readonly [name: string, ask: (s3: S3Client, input: Asked) => Promise<unknown>]
const QUESTIONS: readonly Question[] = [
  ['GetObject', (s3, input) => s3.send(new GetObjectCommand(input))],
  [
    'GetObjectAttributes',
    (s3, input) => s3.send(new GetObjectAttributesCommand({ ...input, ObjectAttributes: ['ETag'] })),
  ],
  ['GetObjectTagging', (s3, input) => s3.send(new GetObjectTaggingCommand(input))],
  ['GetObjectAcl', (s3, input) => s3.send(new GetObjectAclCommand(input))],
  ['GetObjectRetention', (s3, input) => s3.send(new GetObjectRetentionCommand(input))],
  ['GetObjectLegalHold', (s3, input) => s3.send(new GetObjectLegalHoldCommand(input))],
  ['PutObjectTagging', (s3, input) => s3.send(new PutObjectTaggingCommand({ ...input, Tagging: { TagSet: [] } }))],
  ['DeleteObjectTagging', (s3, input) => s3.send(new DeleteObjectTaggingCommand(input))],
  ['PutObjectAcl', (s3, input) => s3.send(new PutObjectAclCommand({ ...input, ACL: 'bucket-owner-full-control' }))],
  ['PutObjectRetention', (s3, input) => s3.send(new PutObjectRetentionCommand({ ...input, Retention: {} }))],
  [
    'PutObjectLegalHold',
    (s3, input) => s3.send(new PutObjectLegalHoldCommand({ ...input, LegalHold: { Status: 'ON' } })),
  ],
  ['RestoreObject', (s3, input) => s3.send(new RestoreObjectCommand({ ...input, RestoreRequest: { Days: 1 } }))],
  [
    'UpdateObjectEncryption',
    (s3, input) =>
      s3.send(
        new UpdateObjectEncryptionCommand({
          ...input,
          ObjectEncryption: { SSEKMS: { KMSKeyArn } },
          ChecksumAlgorithm: 'CRC32',
        }),
      ),
  ],
  ['CopyObject', (s3, input) => s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: sourceOf(input) }))],
  [
    'UploadPartCopy',
    (s3, input) =>
      s3.send(
        new UploadPartCopyCommand({ Bucket, Key: 'parts', UploadId, PartNumber: 1, CopySource: sourceOf(input) }),
      ),
  ],
]

const WHAT = [
  ['key', undefined, { status: 404, code: 'NoSuchKey', message: 'The specified key does not exist.' }],
  ['version', VERSION, { status: 404, code: 'NoSuchVersion', message: 'The specified version does not exist.' }],
] as const

const cannotList = (cause: string) =>
  denied(
    `User: ${reader.arn} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::${Bucket}" ${cause}`,
  )

describe.each(WHAT)('whether a %s exists', (_, VersionId, missing) => {
  const input = { Bucket, Key, VersionId }

  describe.each(QUESTIONS)('%s', (_name, ask) => {
    it('tells those who may list the bucket', async () => {
      await world.allow('reader', allow('*'))
      expect(await refusal(ask(reader.s3, input))).toEqual(missing)
    })

    it('does not tell those who may not', async () => {
      await world.allow('reader', { Effect: 'Allow', NotAction: 's3:ListBucket', Resource: '*' })
      const cause = 'because no identity-based policy allows the s3:ListBucket action'
      expect(await refusal(ask(reader.s3, input))).toEqual(cannotList(cause))
      await world.allow('reader', allow('*'), deny('s3:ListBucket', `arn:aws:s3:::${Bucket}`))
      expect(await refusal(ask(reader.s3, input))).toEqual(
        cannotList('with an explicit deny in an identity-based policy'),
      )
    })

    it('does not tell those who may list but not do it', async () => {
      await world.allow('reader', allow('*'), deny('*', `arn:aws:s3:::${Bucket}/${Key}`))
      const { status, code, message } = await refusal(ask(reader.s3, input))
      expect([status, code]).toEqual([403, 'AccessDenied'])
      expect(message).toContain(
        `on resource: "arn:aws:s3:::${Bucket}/${Key}" with an explicit deny in an identity-based policy`,
      )
    })
  })

  it('HeadObject says it in its status alone', async () => {
    const head = async () => (await refusal(reader.s3.send(new HeadObjectCommand(input)))).status
    await world.allow('reader', allow('*'))
    expect(await head()).toBe(404)
    await world.allow('reader', allow(['s3:GetObject', 's3:GetObjectVersion']))
    expect(await head()).toBe(403)
  })
})

const OWNER = 'x-amz-expected-bucket-owner'
const BOTH = 'Expected bucket owner must be provided as either a header or parameter, not both'
const REQUESTS = [
  ['GET', '/there'],
  ['GET', '/there?tagging'],
  ['GET', '/there?acl'],
  ['GET', '/there?attributes'],
  ['GET', ''],
  ['GET', '?list-type=2'],
  ['GET', '?versions'],
  ['GET', '?encryption'],
  ['GET', '?versioning'],
  ['PUT', '/written'],
  ['DELETE', '/written'],
] as const

describe.each(REQUESTS)('the expected owner of %s /bucket%s', (method, path) => {
  const ask = async (given: { readonly header?: string; readonly query?: string }) => {
    const query = given.query === undefined ? '' : `${path.includes('?') ? '&' : '?'}${OWNER}=${given.query}`
    const headers = {
      ...(path.endsWith('?attributes') && { 'x-amz-object-attributes': 'ETag' }),
      ...(given.header !== undefined && { [OWNER]: given.header }),
    }
    const raw = { method, path: `/${Bucket}${path}${query}`, headers }
    const { status, body } = await send(world.emulator.url, signed(world.emulator.url, 's3', raw))
    return [status, ...(/<Code>(.*)<\/Code><Message>(.*)<\/Message>/.exec(body)?.slice(1) ?? [])]
  }

  it('is told by header or by query, not by both', async () => {
    const fine = [method === 'DELETE' ? 204 : 200]
    expect(await ask({ header: ACCOUNT })).toEqual(fine)
    expect(await ask({ query: ACCOUNT })).toEqual(fine)
    expect(await ask({ header: OTHER_ACCOUNT })).toEqual([403, 'AccessDenied', 'Access Denied'])
    expect(await ask({ query: OTHER_ACCOUNT })).toEqual([403, 'AccessDenied', 'Access Denied'])
    expect(await ask({ header: ACCOUNT, query: ACCOUNT })).toEqual([400, 'InvalidBucketOwnerAWSAccountID', BOTH])
    expect(await ask({ header: ACCOUNT, query: OTHER_ACCOUNT })).toEqual([400, 'InvalidBucketOwnerAWSAccountID', BOTH])
  })
})

describe('the expected owner of the source of a copy', () => {
  const CopySource = `${Bucket}/there`
  it.each([
    [
      'CopyObject',
      (ExpectedSourceBucketOwner: string) =>
        world.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ExpectedSourceBucketOwner })),
    ],
    [
      'UploadPartCopy',
      (ExpectedSourceBucketOwner: string) =>
        world.s3.send(
          new UploadPartCopyCommand({
            Bucket,
            Key: 'parts',
            UploadId,
            PartNumber: 1,
            CopySource,
            ExpectedSourceBucketOwner,
          }),
        ),
    ],
  ])('%s', async (_, copy) => {
    await expect(copy(ACCOUNT)).resolves.toBeDefined()
    expect(await refusal(copy(OTHER_ACCOUNT))).toEqual(denied('Access Denied'))
    expect(await refusal(copy('me'))).toMatchObject({ status: 400, code: 'InvalidBucketOwnerAWSAccountID' })
  })
})
