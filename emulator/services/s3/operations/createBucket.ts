import { AwsError } from '../../../lib/awsError.ts'
import { isRegionName } from '../../../lib/regions.ts'
import type { Call } from '../../../operation/call.ts'
import { requestKeys, tagKeys } from '../access.ts'
import { auditFacts } from '../audit.ts'
import { isPublicAcl } from '../acl/grants.ts'
import { isOwnership } from '../acl/ownership.ts'
import { hasGrantHeaders, headerAcl } from '../acl/requested.ts'
import { invalidRequest, notEmulated } from '../errors.ts'
import { wholeSeconds } from '../data/objects.ts'
import { bucketArn, canonicalId, invalidBucketName, isBucketName } from '../names.ts'
import { s3 } from '../service.ts'
import { DEFAULT_ENCRYPTION } from '../encryption/defaults.ts'
import { BLOCK_ALL } from '../policy/defaults.ts'
import type { BucketRecord, S3State } from '../state.ts'
import { readBucketTags } from '../tags.ts'
import { aclsDisabled } from './ownership.ts'

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
  if (region === 'us-east-1' || !isRegionName(region)) {
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

function refuseUnsupported(input: { readonly BucketNamespace?: string | undefined }): void {
  const { BucketNamespace } = input
  if (BucketNamespace !== undefined && BucketNamespace !== 'global') throw notEmulated('s3 account regional namespaces')
}

/** ACL and object ownership of a new bucket, whose public access block is on from the beginning. */
function newOwnership(
  { ACL, ObjectOwnership }: { readonly ACL?: string | undefined; readonly ObjectOwnership?: string | undefined },
  call: Call<S3State>,
): Pick<BucketRecord, 'objectOwnership' | 'acl'> {
  const ownership = ObjectOwnership ?? 'BucketOwnerEnforced'
  if (!isOwnership(ownership)) {
    throw new AwsError('InvalidArgument', 400, `Invalid x-amz-object-ownership header: ${ownership}`)
  }
  const owner = canonicalId(call.account)
  const acl = headerAcl(ACL, call, { owner, bucketOwner: owner })
  if (ownership === 'BucketOwnerEnforced') {
    if (setsMore(ACL, call)) throw aclsDisabled()
    return {}
  }
  if (acl && isPublicAcl(acl)) {
    throw new AwsError(
      'InvalidBucketAclWithBlockPublicAccessError',
      400,
      'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
    )
  }
  return { objectOwnership: ownership, ...(acl && { acl }) }
}

/** Whether an ACL is asked for that says more than the owner's rights; that takes a permission (AWS: CreateBucket). */
const setsMore = (ACL: string | undefined, call: Call<S3State>) =>
  (ACL !== undefined && ACL !== 'private') || hasGrantHeaders(call)

/** A bucket with Object Lock is one under versioning (AWS: CreateBucket). */
const LOCK_ACTIONS = ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning']

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
    const resource = { arn: bucketArn(input.Bucket ?? ''), account: call.account, guard: 'none' } as const
    const context = requestKeys(input, call)
    return [
      ...(input.ObjectLockEnabledForBucket ? LOCK_ACTIONS.map((action) => ({ action, resource, context })) : []),
      ...(setsMore(input.ACL, call) ? [{ action: 's3:PutBucketAcl', resource, context }] : []),
      ...(input.ObjectOwnership === undefined ? [] : [{ action: 's3:PutBucketOwnershipControls', resource, context }]),
      ...(Object.keys(tags).length === 0
        ? []
        : [
            {
              action: 's3:TagResource',
              resource,
              context: { ...context, ...tagKeys('aws:RequestTag', tags), 'aws:TagKeys': Object.keys(tags) },
            },
          ]),
    ]
  },
  run(input, call) {
    const { Bucket: name = '', CreateBucketConfiguration: configuration } = input
    refuseUnsupported(input)
    if (configuration?.Bucket ?? configuration?.Location) {
      throw invalidRequest('This bucket type is not supported: directory buckets are not part of this emulator')
    }
    const place = placeBucket(call.region, configuration?.LocationConstraint)
    const ownership = newOwnership(input, call)
    const tags = readBucketTags(configuration?.Tags)
    const table = call.state.buckets.in()
    call.env.store.transaction(() => {
      const existing = table.get(name)
      if (existing) {
        refuseTaken(existing, call)
        // The success of old times' sake resets the ACL (AWS: CreateBucket).
        if (existing.acl) table.put(name, { ...existing, acl: undefined })
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
        ...ownership,
        ...(input.ObjectLockEnabledForBucket && { versioning: 'Enabled' as const, objectLock: {} }),
      })
    })
    return {
      Location: place.region === 'us-east-1' ? `/${name}` : `http://${name}.s3.amazonaws.com/`,
      BucketArn: bucketArn(name),
    }
  },
  audit: (input, output, _subject, call) =>
    auditFacts(input, call.state.buckets.in().get(input.Bucket ?? ''), call, output && {}),
})

export const createBucketRows = [createBucket]
