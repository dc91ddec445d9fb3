import { isPublicPolicy } from '../publicPolicy.ts'
import type { AuthorizationRequest, PolicySet } from '../types.ts'
import { editedText } from './apply.ts'
import { bucketOf } from './places.ts'
import type { Change } from './types.ts'

/** Lets outsiders in by a bucket policy that lets everyone in; undefined where no setting is in the way of that. */
export const unrestrict = (request: AuthorizationRequest): Change | undefined => unblock(request, false, true)

/**
 * The changes, and what S3 needs before it takes the bucket policy that they make: it refuses one that lets everyone in, whichever of
 * its statements does.
 */
export function untilAccepted(
  changes: readonly Change[],
  request: AuthorizationRequest,
  { resource }: PolicySet,
): readonly Change[] {
  const edits = changes.filter(({ kind }) => kind === 'bucket-policy')
  if (!request.publicAccessBlock || edits.length === 0) return changes
  const before = resource && !resource.fixed ? resource.text : '{"Version":"2012-10-17","Statement":[]}'
  // The setting that stands in for the bucket policy is in force because that is public.
  if (resource?.fixed !== true && !isPublicPolicy(edits.reduce(editedText, before))) return changes
  const lifted = unblock(request, true, isOutsider(request))
  return lifted ? [lifted, ...changes.filter(({ publicAccessBlock }) => !publicAccessBlock)] : changes
}

/** Whom RestrictPublicBuckets keeps out. */
const isOutsider = ({ principal, resourceAccount }: AuthorizationRequest) =>
  principal.kind !== 'service' && ('account' in principal ? principal.account : undefined) !== resourceAccount

/** Takes settings away; the others stay as they are. */
function unblock(request: AuthorizationRequest, policy: boolean, restrict: boolean): Change | undefined {
  const { publicAccessBlock: now, resource } = request
  const bucket = bucketOf(resource)
  const opens = restrict && now?.restrictPublicBuckets === true
  if (!now || bucket === undefined || !(opens || (policy && now.blockPublicPolicy))) return undefined
  const Bucket = bucket.replace(/^.*:/, '')
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: now.blockPublicAcls,
    IgnorePublicAcls: now.ignorePublicAcls,
    BlockPublicPolicy: now.blockPublicPolicy && !policy,
    RestrictPublicBuckets: now.restrictPublicBuckets && !restrict,
  }
  const settings = Object.entries(PublicAccessBlockConfiguration).map(([name, value]) => `${name}=${String(value)}`)
  const command = `aws s3api put-public-access-block --bucket ${Bucket} --public-access-block-configuration ${settings.join(',')}`
  return {
    kind: 'acl-or-other',
    target: bucket,
    where: `in the public access block of bucket ${Bucket}`,
    what: command,
    command,
    publicAccessBlock: { Bucket, PublicAccessBlockConfiguration },
    ...(opens && { alsoOpens: 'what else the bucket policy allows to other accounts and anonymous callers' }),
  }
}
