import { AwsError } from '../../../lib/awsError.ts'
import type { BucketLocationConstraint } from '@aws-sdk/client-s3'
import type { Call } from '../../../operation/call.ts'
import { requestKeys } from '../access.ts'
import { existingBucket, requireOwner, requirePayer, type BucketRequest } from '../buckets.ts'
import { requireStill } from '../data/objects.ts'
import { invalidArgument } from '../errors.ts'
import { bucketArn, canonicalId } from '../names.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, S3State } from '../state.ts'
import { onBucket, readsBucket } from './onBucket.ts'

const headBucket = s3.row('HeadBucket', {
  ...readsBucket,
  action: 's3:ListBucket',
  run: (_input, _call, bucket) => ({
    BucketArn: bucketArn(bucket.name),
    BucketRegion: bucket.region,
    AccessPointAlias: false,
  }),
})

const deleteBucket = s3.row('DeleteBucket', {
  ...onBucket,
  action: 's3:DeleteBucket',
  run(_input, call, bucket) {
    const { state, env } = call
    const { name } = bucket
    const blobs: string[] = []
    env.store.transaction(() => {
      requireEmpty(state, requireStill(call, bucket))
      // Uploads that were never completed go with it.
      for (const [id, { uploadId }] of [...state.uploads.in().entries({ prefix: `${name}/` })]) {
        for (const [partId, { blob }] of [...state.parts.in().entries({ prefix: `${uploadId}/` })]) {
          state.parts.in().delete(partId)
          blobs.push(blob)
        }
        state.uploads.in().delete(id)
      }
      state.buckets.in().delete(name)
    })
    state.leases.discard(env.blobs, blobs)
    return {}
  },
})

/** Throws BucketNotEmpty. */
function requireEmpty(state: S3State, { name, versioning }: BucketRecord): void {
  const range = { prefix: `${name}/` }
  const [object] = state.objects.in().entries(range)
  const [version] = state.versions.in().entries(range)
  if (!object && !version) return
  const more = versioning === undefined ? '' : '. You must delete all versions in the bucket.'
  throw new AwsError('BucketNotEmpty', 409, `The bucket you tried to delete is not empty${more}`, {
    fields: { BucketName: name },
  })
}

/** The one question about a bucket that every Region's endpoint answers. */
function locateBucket(input: BucketRequest, call: Call<S3State>): BucketRecord {
  const bucket = existingBucket(input.Bucket ?? '', call)
  requireOwner(bucket, input.ExpectedBucketOwner, call)
  if (bucket.requesterPays) requirePayer(bucket, call)
  return bucket
}

const getBucketLocation = s3.row('GetBucketLocation', {
  ...readsBucket,
  subject: locateBucket,
  action: 's3:GetBucketLocation',
  run: (_input, _call, { locationConstraint }) =>
    // us-east-1 answers with an empty element.
    locationConstraint === undefined ? {} : { LocationConstraint: locationConstraint as BucketLocationConstraint },
})

const MOST_BUCKETS = 10_000

const listBuckets = s3.row('ListBuckets', {
  action: 's3:ListAllMyBuckets',
  readOnly: true,
  resource: () => ({ arn: '*', guard: 'none', mention: 'nothing' }),
  context: requestKeys,
  run({ Prefix, MaxBuckets, BucketRegion, ContinuationToken }, { state, account }) {
    if (MaxBuckets !== undefined && (MaxBuckets < 1 || MaxBuckets > MOST_BUCKETS)) {
      throw invalidArgument(
        'Argument max-buckets must be an integer between 1 and 10000',
        'max-buckets',
        String(MaxBuckets),
      )
    }
    const after = ContinuationToken === undefined ? '' : readToken(ContinuationToken)
    const found = [...state.buckets.in().find('account', account)]
      .map(([, bucket]) => bucket)
      .filter(
        ({ name, region }) => name > after && name.startsWith(Prefix ?? '') && (BucketRegion ?? region) === region,
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const page = found.slice(0, MaxBuckets ?? MOST_BUCKETS)
    const asked = [Prefix, MaxBuckets, BucketRegion, ContinuationToken].some((parameter) => parameter !== undefined)
    const last = page.at(-1)
    return {
      Buckets: page.map(({ name, createdAt, region }) => ({
        Name: name,
        CreationDate: new Date(createdAt),
        // Told to callers that know of paging.
        ...(asked && { BucketRegion: region, BucketArn: bucketArn(name) }),
      })),
      Owner: { ID: canonicalId(account) },
      ...(Prefix !== undefined && { Prefix }),
      ...(last && found.length > page.length && { ContinuationToken: Buffer.from(last.name).toString('base64') }),
    }
  },
  audit: () => ({ requestParameters: null, responseElements: null }),
})

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64').toString('utf8')
  if (name !== '' && Buffer.from(name).toString('base64') === token) return name
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token')
}

export const bucketRows = [headBucket, deleteBucket, getBucketLocation, listBuckets]
