import { bindPrincipals, unbindPrincipals } from '../../../access/bind.ts'
import { validatePolicy } from '../../../access/validate.ts'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call, Directory } from '../../../operation/call.ts'
import { withStatus } from '../../../wire/status.ts'
import { bucketResource } from '../access.ts'
import { callerArn } from '../callers.ts'
import { accessDenied, methodNotAllowed, notConfigured } from '../errors.ts'
import { bucketArn } from '../names.ts'
import { hasPublicPolicy } from '../policy/inForce.ts'
import { isPublicPolicy } from '../../../access/publicPolicy.ts'
import { s3 } from '../service.ts'
import type { BucketPolicyRecord, BucketRecord, S3State } from '../state.ts'
import { changeBucket, onBucket } from './onBucket.ts'

const onPolicy = {
  ...onBucket,
  /** The owner's root user can always repair a policy that locks everyone out (AWS: PutBucketPolicy). */
  resource(_input: object, call: Call<S3State>, bucket: BucketRecord) {
    const { principal } = call.caller
    const owner = principal.kind === 'root' && principal.account === bucket.account
    return { ...bucketResource(bucket, call), ...(owner && { policy: undefined }) }
  },
} as const

/** Other accounts cannot manage a bucket's policy, whatever it allows them (AWS: PutBucketPolicy). */
function requireOwnAccount(call: Call, bucket: BucketRecord): void {
  if (call.account !== bucket.account) throw methodNotAllowed(call.http.method, 'BUCKETPOLICY')
}

function policyOf({ name, policy }: BucketRecord): BucketPolicyRecord {
  if (!policy) throw notConfigured('NoSuchBucketPolicy', 'The bucket policy does not exist', name)
  return policy
}

const getBucketPolicy = s3.row('GetBucketPolicy', {
  ...onPolicy,
  readOnly: true,
  action: 's3:GetBucketPolicy',
  run(_input, call, bucket) {
    requireOwnAccount(call, bucket)
    return { Policy: unbindPrincipals(policyOf(bucket).text, (id) => call.env.directory.principalArn(id)) }
  },
})

const getBucketPolicyStatus = s3.row('GetBucketPolicyStatus', {
  ...onPolicy,
  readOnly: true,
  action: 's3:GetBucketPolicyStatus',
  run(_input, _call, bucket) {
    policyOf(bucket)
    return { PolicyStatus: { IsPublic: hasPublicPolicy(bucket) } }
  },
})

const putBucketPolicy = s3.row('PutBucketPolicy', {
  ...onPolicy,
  action: 's3:PutBucketPolicy',
  run(input, call, bucket) {
    requireOwnAccount(call, bucket)
    const { directory } = call.env
    const text = input.Policy ?? ''
    requireValid(text, bucket, call)
    refusePublic(text, bucket, call)
    changeBucket(call, bucket, { policy: { text: bindPrincipals(text, (arn) => directory.principalId(arn)) } })
    return withStatus({}, 204)
  },
})

function requireValid(text: string, { name }: BucketRecord, { env: { directory } }: Call): void {
  const problem = validatePolicy(text, 'bucket', {
    bucketArn: bucketArn(name),
    principalExists: (principal) => exists(principal, directory),
  })
  if (problem) throw malformedPolicy(problem.message)
}

/** Users and roles must exist, under their ARN or their unique id; sessions and accounts are not looked up. */
function exists(principal: string, directory: Directory): boolean {
  if (/^A(?:IDA|ROA)[A-Z0-9]+$/.test(principal)) return directory.principalArn(principal) !== undefined
  return !/^arn:[^:]+:iam::\d{12}:(?:user|role)\//.test(principal) || directory.principalId(principal) !== undefined
}

const malformedPolicy = (text: string) => new AwsError('MalformedPolicy', 400, text)

/** BlockPublicPolicy, in S3's words. */
function refusePublic(text: string, bucket: BucketRecord, call: Call): void {
  if (!bucket.publicAccessBlock?.blockPublicPolicy || !isPublicPolicy(text)) return
  const arn = callerArn(call)
  throw accessDenied(
    arn === undefined
      ? undefined
      : `User: ${arn} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(bucket.name)}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
  )
}

const deleteBucketPolicy = s3.row('DeleteBucketPolicy', {
  ...onPolicy,
  action: 's3:DeleteBucketPolicy',
  run(_input, call, bucket) {
    requireOwnAccount(call, bucket)
    changeBucket(call, bucket, { policy: undefined })
    return {}
  },
})

export const bucketPolicyRows = [getBucketPolicy, getBucketPolicyStatus, putBucketPolicy, deleteBucketPolicy]
