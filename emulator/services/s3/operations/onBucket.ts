import type { Call } from '../../../operation/call.ts'
import { bucketResource, requestKeys } from '../access.ts'
import { auditFacts } from '../audit.ts'
import { requireBucket } from '../buckets.ts'
import { requireStill } from '../data/objects.ts'
import type { BucketRecord, S3State } from '../state.ts'

interface BucketInput {
  readonly Bucket?: string | undefined
}

/** What rows about a bucket have in common. */
export const onBucket = {
  anonymous: true,
  subject: requireBucket,
  resource: (_input: object, call: Call<S3State>, bucket: BucketRecord) => bucketResource(bucket, call),
  context: requestKeys,
  audit: (input: BucketInput, output: object | undefined, bucket: BucketRecord | undefined, call: Call<S3State>) =>
    auditFacts(input, bucket, call, output),
} as const

export const readsBucket = { ...onBucket, readOnly: true } as const

/** Replaces parts of a bucket's record as it is now, not as it was when the request came in. */
export function changeBucket(call: Call<S3State>, bucket: BucketRecord, change: Partial<BucketRecord>): void {
  const table = call.state.buckets.in()
  call.env.store.transaction(() => {
    requireStill(call, bucket)
    table.put(bucket.name, { ...(table.get(bucket.name) ?? bucket), ...change })
  })
}
