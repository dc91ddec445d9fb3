import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { auditFacts, requestKeys, tagKeys } from '../access.ts'
import { invalidRequest, notEmulated } from '../errors.ts'
import { wholeSeconds } from '../data/objects.ts'
import { bucketArn, invalidBucketName, isBucketName } from '../names.ts'
import { s3 } from '../service.ts'
import { DEFAULT_ENCRYPTION } from '../encryption/defaults.ts'
import { BLOCK_ALL } from '../policy/defaults.ts'
import type { BucketRecord, S3State } from '../state.ts'
import { readBucketTags } from '../tags.ts'

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/

/** Where a new bucket goes: the endpoint's Region, which the location constraint must name everywhere but in us-east-1. */
function placeBucket(
  endpoint: string,
  constraint: string | undefined,
): Pick<BucketRecord, 'region' | 'locationConstraint'> {
  if (constraint === undefined || constraint === '') {
    if (endpoint !== 'us-east-1') throw illegalLocation('unspecified')
    return { region: endpoint }
  }
  const region = constraint === 'EU' ? 'eu-west-1' : constraint
  if (region === 'us-east-1' || !REGION.test(region)) {
    throw new AwsError('InvalidLocationConstraint', 400, 'The specified location-constraint is not valid', {
      fields: { LocationConstraint: constraint },
    })
  }
  // us-east-1 also stands for AWS's global endpoint, which creates buckets anywhere.
  if (endpoint !== 'us-east-1' && endpoint !== region) throw illegalLocation(constraint)
  return { region, locationConstraint: constraint }
}

const illegalLocation = (constraint: string) =>
  new AwsError(
    'IllegalLocationConstraintException',
    400,
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )

function refuseTaken(existing: BucketRecord, call: Call<S3State>): void {
  if (existing.account !== call.account) {
    throw new AwsError(
      'BucketAlreadyExists',
      409,
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
      { fields: { BucketName: existing.name } },
    )
  }
  // Re-creating one's own bucket succeeds in us-east-1, for old times' sake.
  if (existing.region === 'us-east-1' && call.region === 'us-east-1') return
  throw new AwsError(
    'BucketAlreadyOwnedByYou',
    409,
    'Your previous request to create the named bucket succeeded and you already own it.',
    { fields: { BucketName: existing.name } },
  )
}

function refuseUnsupported(input: {
  readonly ACL?: string | undefined
  readonly ObjectOwnership?: string | undefined
  readonly ObjectLockEnabledForBucket?: boolean | undefined
  readonly BucketNamespace?: string | undefined
}): void {
  const { ACL, ObjectOwnership, ObjectLockEnabledForBucket, BucketNamespace } = input
  if (ObjectOwnership !== undefined && ObjectOwnership !== 'BucketOwnerEnforced') {
    if (ObjectOwnership !== 'BucketOwnerPreferred' && ObjectOwnership !== 'ObjectWriter') {
      throw new AwsError('InvalidArgument', 400, `Invalid x-amz-object-ownership header: ${ObjectOwnership}`)
    }
    throw notEmulated(`s3 object ownership ${ObjectOwnership} (access control lists)`)
  }
  if (ACL !== undefined && ACL !== 'private') {
    throw new AwsError(
      'InvalidBucketAclWithObjectOwnership',
      400,
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
  }
  if (ObjectLockEnabledForBucket) throw notEmulated('s3 object lock')
  if (BucketNamespace !== undefined && BucketNamespace !== 'global') throw notEmulated('s3 account regional namespaces')
}

const createBucket = s3.row('CreateBucket', {
  action: 's3:CreateBucket',
  subject({ Bucket: name = '' }) {
    if (!isBucketName(name)) throw invalidBucketName(name)
    return undefined
  },
  resource: ({ Bucket = '' }, { account }) => ({ arn: bucketArn(Bucket), account, guard: 'none' }),
  context: (input, call) => ({
    ...requestKeys(input, call),
    's3:LocationConstraint': input.CreateBucketConfiguration?.LocationConstraint,
  }),
  also(input, call) {
    const tags = readBucketTags(input.CreateBucketConfiguration?.Tags)
    if (Object.keys(tags).length === 0) return []
    return [
      {
        action: 's3:TagResource',
        resource: { arn: bucketArn(input.Bucket ?? ''), account: call.account, guard: 'none' },
        context: {
          ...requestKeys(input, call),
          ...tagKeys('aws:RequestTag', tags),
          'aws:TagKeys': Object.keys(tags),
        },
      },
    ]
  },
  run(input, call) {
    const { Bucket: name = '', CreateBucketConfiguration: configuration } = input
    refuseUnsupported(input)
    if (configuration?.Bucket ?? configuration?.Location) {
      throw invalidRequest('This bucket type is not supported: directory buckets are not part of this emulator')
    }
    const place = placeBucket(call.region, configuration?.LocationConstraint)
    const tags = readBucketTags(configuration?.Tags)
    const table = call.state.buckets.in()
    call.env.store.transaction(() => {
      const existing = table.get(name)
      if (existing) {
        refuseTaken(existing, call)
        return
      }
      table.put(name, {
        name,
        account: call.account,
        ...place,
        createdAt: wholeSeconds(call.time),
        encryption: DEFAULT_ENCRYPTION,
        publicAccessBlock: BLOCK_ALL,
        ownershipControls: true,
        tags,
      })
    })
    return {
      Location: place.region === 'us-east-1' ? `/${name}` : `http://${name}.s3.amazonaws.com/`,
      BucketArn: bucketArn(name),
    }
  },
  audit: (input, _output, _subject, call) => auditFacts(input, call.state.buckets.in().get(input.Bucket ?? '')),
})

export const createBucketRows = [createBucket]
