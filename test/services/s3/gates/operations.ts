import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetObjectAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { decrypts, generates, on, type Gated, type Keys } from './checks.ts'
import { FEATURES } from './featureOperations.ts'
import { Bucket, type Check, type Upload } from './world.ts'

export type { Gated } from './checks.ts'

const decryptsSource = ({ sourceKey }: Keys): Check => ({ action: 'kms:Decrypt', resource: sourceKey })

const object = { Bucket, Key: 'object' }
const CopySource = `${Bucket}/source`
const tagged = { Tagging: 'team=red' }
const underKey = ({ key }: Keys) => ({ ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key })

async function read(s3: S3Client, more: object = {}) {
  const answer = await s3.send(new GetObjectCommand({ ...object, ...more }))
  await answer.Body?.transformToString()
  return answer
}

const part = ({ Key, UploadId }: Upload, s3: S3Client) =>
  s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 2, Body: 'another', ChecksumAlgorithm: 'SHA256' }))
const parts = ({ Key, UploadId }: Upload, s3: S3Client) => s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))
const complete = ({ Key, UploadId, ETag, ChecksumSHA256 }: Upload, s3: S3Client) =>
  s3.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256 }] },
    }),
  )

/** Those of every S3 client. */
export const CORE_OPERATIONS: readonly Gated[] = [
  {
    name: 'PutObject',
    checks: (world) => [generates(world), ...on('new', 'PutObject')],
    run: (s3, world) => s3.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ...underKey(world) })),
  },
  {
    name: 'PutObject over another, with tags',
    checks: (world) => [generates(world), ...on('object', 'PutObject', 'PutObjectTagging')],
    run: (s3, world) => s3.send(new PutObjectCommand({ ...object, Body: 'x', ...tagged, ...underKey(world) })),
  },
  {
    name: 'GetObject',
    checks: (world) => [...on('object', 'GetObject'), decrypts(world)],
    run: (s3) => read(s3),
  },
  {
    name: 'GetObject of a range',
    checks: (world) => [...on('object', 'GetObject'), decrypts(world)],
    run: (s3) => read(s3, { Range: 'bytes=2-5' }),
  },
  {
    name: 'GetObject of a part',
    checks: (world) => [...on('object', 'GetObject'), decrypts(world)],
    run: (s3) => read(s3, { PartNumber: 1 }),
  },
  {
    name: 'HeadObject',
    checks: () => on('object', 'GetObject'),
    run: (s3) => s3.send(new HeadObjectCommand(object)),
  },
  {
    name: 'GetObjectAttributes',
    checks: (world) => [...on('object', 'GetObjectAttributes', 'GetObject'), decrypts(world)],
    run: (s3) => s3.send(new GetObjectAttributesCommand({ ...object, ObjectAttributes: ['ETag'] })),
  },
  {
    name: 'GetObjectAcl',
    checks: () => on('object', 'GetObjectAcl'),
    run: (s3) => s3.send(new GetObjectAclCommand(object)),
  },
  {
    name: 'CopyObject',
    checks: (world) => [
      generates(world),
      ...on('source', 'GetObject', 'GetObjectTagging'),
      decryptsSource(world),
      ...on('copy', 'PutObject', 'PutObjectTagging'),
    ],
    run: (s3, world) => s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...underKey(world) })),
  },
  {
    name: 'CopyObject to SSE-S3, without the tags',
    checks: (world) => [...on('source', 'GetObject'), decryptsSource(world), ...on('object', 'PutObject')],
    run: (s3) =>
      s3.send(
        new CopyObjectCommand({ ...object, CopySource, TaggingDirective: 'REPLACE', ServerSideEncryption: 'AES256' }),
      ),
  },
  {
    name: 'CreateMultipartUpload',
    checks: (world) => [generates(world), ...on('begun', 'PutObject', 'PutObjectTagging')],
    run: (s3, world) =>
      s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'begun', ...tagged, ...underKey(world) })),
  },
  {
    name: 'UploadPart',
    checks: (world) => [...on('checked', 'PutObject'), decrypts(world)],
    run: (s3, { checked }) => part(checked, s3),
  },
  {
    name: 'UploadPartCopy',
    checks: (world) => [
      ...on('plain', 'PutObject'),
      ...on('source', 'GetObject'),
      decryptsSource(world),
      decrypts(world),
    ],
    run: (s3, { plain: { Key, UploadId } }) =>
      s3.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 1, CopySource })),
  },
  {
    name: 'ListParts',
    checks: () => on('plain', 'ListMultipartUploadParts'),
    run: (s3, { plain }) => parts(plain, s3),
  },
  {
    name: 'ListParts with checksums',
    checks: (world) => [...on('checked', 'ListMultipartUploadParts'), decrypts(world)],
    run: (s3, { checked }) => parts(checked, s3),
  },
  {
    name: 'CompleteMultipartUpload',
    checks: () => on('plain', 'PutObject'),
    run: (s3, { plain }) => complete(plain, s3),
  },
  {
    name: 'CompleteMultipartUpload with checksums',
    checks: (world) => [...on('checked', 'PutObject'), decrypts(world)],
    run: (s3, { checked }) => complete(checked, s3),
  },
  {
    name: 'AbortMultipartUpload',
    checks: () => on('checked', 'AbortMultipartUpload'),
    run: (s3, { checked: { Key, UploadId } }) => s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
  },
  {
    name: 'DeleteObject',
    checks: () => on('object', 'DeleteObject'),
    run: (s3) => s3.send(new DeleteObjectCommand(object)),
  },
  {
    name: 'GetObjectTagging',
    checks: () => on('object', 'GetObjectTagging'),
    run: (s3) => s3.send(new GetObjectTaggingCommand(object)),
  },
  {
    name: 'PutObjectTagging',
    checks: () => on('object', 'PutObjectTagging'),
    run: (s3) => s3.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } })),
  },
  {
    name: 'DeleteObjectTagging',
    checks: () => on('object', 'DeleteObjectTagging'),
    run: (s3) => s3.send(new DeleteObjectTaggingCommand(object)),
  },
  {
    name: 'ListObjects',
    checks: () => [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${Bucket}` }],
    run: (s3) => s3.send(new ListObjectsCommand({ Bucket })),
  },
  {
    name: 'ListObjectsV2',
    checks: () => [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${Bucket}` }],
    run: (s3) => s3.send(new ListObjectsV2Command({ Bucket })),
  },
  {
    name: 'ListMultipartUploads',
    checks: () => [{ action: 's3:ListBucketMultipartUploads', resource: `arn:aws:s3:::${Bucket}` }],
    run: (s3) => s3.send(new ListMultipartUploadsCommand({ Bucket })),
  },
]

export const OPERATIONS: readonly Gated[] = [...CORE_OPERATIONS, ...FEATURES]

/** Every check of every operation, for `it.each`; the place is among the operation's checks. */
export const questions = (which: (check: Check) => boolean): readonly (readonly [string, Gated, number])[] =>
  OPERATIONS.flatMap((operation) =>
    operation
      .checks(UNKNOWN)
      .flatMap((check, place) =>
        which(check) ? [[`${operation.name}: ${check.action} #${place + 1}`, operation, place] as const] : [],
      ),
  )

/** Before the world is there, only actions and their places are known. */
const UNKNOWN: Keys = { key: '', sourceKey: '', targetKey: '' }
