import type { AuthorizationRequest } from '../types.ts'
import { bucketOf } from './places.ts'
import type { Change } from './types.ts'

/**
 * Lets a bucket's policy let everyone in; undefined where nothing is in the way of that. The other settings stay as they are.
 * @param also BlockPublicPolicy, too: a policy is to be put that lets everyone in
 */
export function unblock(request: AuthorizationRequest, also: boolean): Change | undefined {
  const { publicAccessBlock: now, resource } = request
  const bucket = bucketOf(resource)
  if (!now || bucket === undefined || !(now.restrictPublicBuckets || (also && now.blockPublicPolicy))) return undefined
  const Bucket = bucket.replace(/^.*:/, '')
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: now.blockPublicAcls,
    IgnorePublicAcls: now.ignorePublicAcls,
    BlockPublicPolicy: now.blockPublicPolicy && !also,
    RestrictPublicBuckets: false,
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
    alsoOpens: 'what else the bucket policy allows to other accounts and anonymous callers',
  }
}
