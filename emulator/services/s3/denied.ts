import { denialMessage } from '../../access/render.ts'
import type { Decision } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import type { Check } from '../../operation/define.ts'
import type { S3State } from './state.ts'

/**
 * S3's AccessDenied: the reason, with the ARN in double quotes, for callers of the bucket's account or organization; nothing but
 * `Access Denied` for others (facts: A9, denials 1.4). It tells where the bucket is, as AWS does even then.
 */
export function denied(decision: Decision, { resource }: Check, call: Call<S3State>): AwsError {
  const name = /^arn:aws:s3:::([^/]+)/.exec(resource.arn)?.[1]
  const bucket = name === undefined ? undefined : call.state.buckets.in().get(name)
  const text =
    bucket && isStranger(bucket.account, call)
      ? 'Access Denied'
      : denialMessage(decision, { form: 's3', mention: resource.mention })
  return new AwsError('AccessDenied', 403, text, {
    headers: bucket ? { 'x-amz-bucket-region': bucket.region } : {},
  })
}

/** To the bucket, whoever owns the object (`denialMessage` asks for the latter). */
function isStranger(owner: string, { account, env: { directory } }: Call<S3State>): boolean {
  if (account === owner) return false
  const organization = directory.organization(owner)?.id
  return organization === undefined || organization !== directory.organization(account)?.id
}
