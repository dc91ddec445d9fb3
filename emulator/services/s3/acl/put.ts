import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import type { AclGrant, BucketRecord } from '../state.ts'
import { aclsEnabled, canonicalOwner } from './ownership.ts'
import { bodyAcl, headerAcl, malformedAcl, type AclDocument } from './requested.ts'
import { aclsNotSupported, OWNERS_OWN, refusePublicAcl } from './write.ts'

interface PutAclInput {
  readonly ACL?: string | undefined
  readonly AccessControlPolicy?: AclDocument | undefined
}

/**
 * The ACL that PutBucketAcl or PutObjectAcl is given; undefined where ACLs are disabled and it says what holds anyway.
 * Throws what S3 says to one that is missing, given twice, malformed, not supported, or public where that is blocked.
 * @param owner whose bucket or object it is
 */
export function putAcl(
  input: PutAclInput,
  call: Call,
  bucket: BucketRecord,
  owner: string,
  action: string,
  arn: string,
): readonly AclGrant[] | undefined {
  const owners = { owner: canonicalOwner(owner), bucketOwner: canonicalOwner(bucket.account) }
  const document = documentOf(input)
  const fromHeaders = headerAcl(input.ACL, call, owners)
  if (fromHeaders && document) {
    throw new AwsError('UnexpectedContent', 400, 'This request does not support content')
  }
  if (!aclsEnabled(bucket)) {
    if (
      document ? ownersAlone(bodyAcl(document, owners.owner, call.http.method), owners.owner) : input.ACL === OWNERS_OWN
    )
      return undefined
    throw aclsNotSupported()
  }
  const acl = fromHeaders ?? (document && bodyAcl(document, owners.owner, call.http.method))
  if (!acl) {
    throw new AwsError('MissingSecurityHeader', 400, 'Your request was missing a required header', {
      fields: { MissingHeaderName: 'x-amz-acl' },
    })
  }
  refusePublicAcl(acl, bucket, action, arn, call)
  return acl
}

/** The body, which S3 refuses in words of its own. */
function documentOf(input: PutAclInput): AclDocument | undefined {
  try {
    return input.AccessControlPolicy
  } catch (error) {
    if (error instanceof AwsError && error.code === 'MalformedXML') throw malformedAcl()
    throw error
  }
}

/** What `bucket-owner-full-control` says, as XML. */
function ownersAlone(acl: readonly AclGrant[], owner: string): boolean {
  const [grant, ...more] = acl
  return (
    more.length === 0 && grant?.permission === 'FULL_CONTROL' && 'id' in grant.grantee && grant.grantee.id === owner
  )
}
