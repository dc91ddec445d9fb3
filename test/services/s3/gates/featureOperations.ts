import {
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketAclCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  UpdateObjectEncryptionCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { decrypts, generates, objectArn, on, type Gated } from './checks.ts'
import { Bucket, CUSTOMER_KEY, LOCKED } from './world.ts'

/** In a bucket without versioning, every object is its version `null`. */
const version = { Bucket, Key: 'object', VersionId: 'null' }
const locked = { Bucket: LOCKED, Key: 'locked' }
const onLocked = (...actions: readonly string[]) =>
  actions.map((action) => ({ action: `s3:${action}`, resource: objectArn('locked', LOCKED) }))
const bucketCheck = (action: string) => [{ action: `s3:${action}`, resource: `arn:aws:s3:::${Bucket}` }]
const UNTIL = new Date('2999-01-01T00:00:00Z')
const governed = { Mode: 'GOVERNANCE', RetainUntilDate: UNTIL } as const
const TagSet = [{ Key: 'a', Value: 'b' }]

async function read(s3: S3Client, input: { readonly Bucket: string; readonly Key: string }) {
  const answer = await s3.send(new GetObjectCommand(input))
  await answer.Body?.transformToString()
  return answer
}

/** An upload by HTML form, answered as the client would answer it. */
async function post(s3: S3Client, Key: string, Fields: Record<string, string>) {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it brings an S3 client of its own
  const { url, fields } = await createPresignedPost(s3, { Bucket, Key, Fields, Expires: 60 })
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob(['of a form']))
  const answer = await fetch(url, { method: 'POST', body: form })
  const body = await answer.text()
  const $metadata = { requestId: answer.headers.get('x-amz-request-id') ?? '' }
  if (answer.ok) return { $metadata }
  const [, name = '', message = ''] = /<Code>(.*)<\/Code><Message>(.*)<\/Message>/.exec(body) ?? []
  throw Object.assign(new Error(message.replaceAll('&quot;', '"')), { name, $metadata })
}

/** Versions, locks, archives, ACLs, keys of customers, two layers, forms. */
export const FEATURES: readonly Gated[] = [
  {
    name: 'PutObject with SSE-C',
    checks: () => on('new', 'PutObject'),
    run: (s3) => s3.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ...CUSTOMER_KEY })),
  },
  {
    name: 'GetObject with SSE-C',
    checks: () => on('customer', 'GetObject'),
    run: (s3) => read(s3, { Bucket, Key: 'customer', ...CUSTOMER_KEY }),
  },
  {
    name: 'PutObject with DSSE-KMS',
    checks: (world) => [generates(world), ...on('new', 'PutObject')],
    run: (s3, { key }) =>
      s3.send(
        new PutObjectCommand({
          Bucket,
          Key: 'new',
          Body: 'x',
          ServerSideEncryption: 'aws:kms:dsse',
          SSEKMSKeyId: key,
        }),
      ),
  },
  {
    name: 'GetObject with DSSE-KMS',
    checks: (world) => [...on('dual', 'GetObject'), decrypts(world)],
    run: (s3) => read(s3, { Bucket, Key: 'dual' }),
  },
  {
    name: 'UpdateObjectEncryption',
    checks: ({ key, targetKey }) => [
      ...on('object', 'UpdateObjectEncryption', 'PutObject'),
      { action: 'kms:ReEncryptFrom', resource: key },
      { action: 'kms:ReEncryptTo', resource: targetKey },
    ],
    run: (s3, { targetKey }) =>
      s3.send(
        new UpdateObjectEncryptionCommand({
          Bucket,
          Key: 'object',
          ObjectEncryption: { SSEKMS: { KMSKeyArn: targetKey } },
          ChecksumAlgorithm: 'CRC32',
        }),
      ),
  },
  {
    name: 'GetObject of a version',
    checks: (world) => [...on('object', 'GetObjectVersion'), decrypts(world)],
    run: (s3) => read(s3, version),
  },
  {
    name: 'GetObjectTagging of a version',
    checks: () => on('object', 'GetObjectVersionTagging'),
    run: (s3) => s3.send(new GetObjectTaggingCommand(version)),
  },
  {
    name: 'PutObjectTagging of a version',
    checks: () => on('object', 'PutObjectVersionTagging'),
    run: (s3) => s3.send(new PutObjectTaggingCommand({ ...version, Tagging: { TagSet } })),
  },
  {
    name: 'DeleteObjectTagging of a version',
    checks: () => on('object', 'DeleteObjectVersionTagging'),
    run: (s3) => s3.send(new DeleteObjectTaggingCommand(version)),
  },
  {
    name: 'GetObjectAcl of a version',
    checks: () => on('object', 'GetObjectVersionAcl'),
    run: (s3) => s3.send(new GetObjectAclCommand(version)),
  },
  {
    name: 'DeleteObject of a version',
    checks: () => on('object', 'DeleteObjectVersion'),
    run: (s3) => s3.send(new DeleteObjectCommand(version)),
  },
  {
    name: 'ListObjectVersions',
    checks: () => bucketCheck('ListBucketVersions'),
    run: (s3) => s3.send(new ListObjectVersionsCommand({ Bucket })),
  },
  {
    name: 'PutObjectAcl',
    checks: () => on('object', 'PutObjectAcl'),
    run: (s3) => s3.send(new PutObjectAclCommand({ Bucket, Key: 'object', ACL: 'bucket-owner-full-control' })),
  },
  {
    name: 'GetBucketAcl',
    checks: () => bucketCheck('GetBucketAcl'),
    run: (s3) => s3.send(new GetBucketAclCommand({ Bucket })),
  },
  {
    name: 'RestoreObject',
    checks: () => on('archived', 'RestoreObject'),
    run: (s3) => s3.send(new RestoreObjectCommand({ Bucket, Key: 'archived', RestoreRequest: { Days: 1 } })),
  },
  {
    name: 'PutObject with a lock',
    checks: () => onLocked('PutObject', 'PutObjectRetention', 'PutObjectLegalHold'),
    run: (s3) =>
      s3.send(
        new PutObjectCommand({
          ...locked,
          Body: 'x',
          ObjectLockMode: 'GOVERNANCE',
          ObjectLockRetainUntilDate: UNTIL,
          ObjectLockLegalHoldStatus: 'ON',
        }),
      ),
  },
  {
    name: 'GetObjectRetention',
    checks: () => onLocked('GetObjectRetention'),
    run: (s3) => s3.send(new GetObjectRetentionCommand(locked)),
  },
  {
    name: 'PutObjectRetention past governance',
    checks: () => onLocked('PutObjectRetention', 'BypassGovernanceRetention'),
    run: (s3) =>
      s3.send(new PutObjectRetentionCommand({ ...locked, Retention: governed, BypassGovernanceRetention: true })),
  },
  {
    name: 'GetObjectLegalHold',
    checks: () => onLocked('GetObjectLegalHold'),
    run: (s3) => s3.send(new GetObjectLegalHoldCommand(locked)),
  },
  {
    name: 'PutObjectLegalHold',
    checks: () => onLocked('PutObjectLegalHold'),
    run: (s3) => s3.send(new PutObjectLegalHoldCommand({ ...locked, LegalHold: { Status: 'ON' } })),
  },
  {
    name: 'PutObject by form',
    checks: (world) => [generates(world), ...on('new', 'PutObject', 'PutObjectTagging')],
    run: (s3, { key }) =>
      post(s3, 'new', {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': key,
        tagging: '<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>',
      }),
  },
]
