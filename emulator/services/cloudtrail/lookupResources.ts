import type { Resource } from '@aws-sdk/client-cloudtrail'
import type { CloudTrailRecord } from '../../operation/trail.ts'

type Members = Readonly<Record<string, unknown>>

/** What an event is about, as LookupEvents tells it. */
export function resourcesOf(record: CloudTrailRecord): Resource[] {
  return record['eventSource'] === 'kms.amazonaws.com' ? keysOf(record) : namedIn(record)
}

const KEY = 'AWS::KMS::Key'

/**
 * facts: kms-iam.md F5: what changes a key lists its bare id and, unless it was refused, its ARN; what reads lists the key as the
 * request named it, without a type but for GetPublicKey.
 */
function keysOf(record: CloudTrailRecord): Resource[] {
  const { readOnly, eventName, errorCode, resources, requestParameters } = record
  if (readOnly === true) {
    const named = (requestParameters as Members | null)?.['keyId']
    if (typeof named !== 'string') return []
    return [{ ...(eventName === 'GetPublicKey' && { ResourceType: KEY }), ResourceName: named }]
  }
  const arns = ((resources ?? []) as readonly { readonly ARN: string }[]).map(({ ARN }) => ARN)
  return arns.flatMap((arn) => {
    const id = { ResourceType: KEY, ResourceName: arn.slice(arn.indexOf('/') + 1) }
    return errorCode === undefined ? [id, { ResourceType: KEY, ResourceName: arn }] : [id]
  })
}

/** Members of requests and answers that name something, and what it is. Not recorded by anybody; only what the events name is told. */
const NAMES: Readonly<Record<string, string>> = {
  bucketName: 'AWS::S3::Bucket',
  userName: 'AWS::IAM::User',
  groupName: 'AWS::IAM::Group',
  roleName: 'AWS::IAM::Role',
  roleArn: 'AWS::IAM::Role',
  policyArn: 'AWS::IAM::Policy',
  instanceProfileName: 'AWS::IAM::InstanceProfile',
  accessKeyId: 'AWS::IAM::AccessKey',
  volumeId: 'AWS::EC2::Volume',
  snapshotId: 'AWS::EC2::Snapshot',
  sourceSnapshotId: 'AWS::EC2::Snapshot',
  instanceId: 'AWS::EC2::Instance',
  imageId: 'AWS::EC2::Ami',
  trailARN: 'AWS::CloudTrail::Trail',
  trailName: 'AWS::CloudTrail::Trail',
}

/** How deep names lie: `instancesSet.items.0.instanceId`. */
const DEEPEST = 6

function namedIn({ requestParameters, responseElements, eventSource }: CloudTrailRecord): Resource[] {
  const found = new Map<string, Resource>()
  const add = (ResourceType: string, ResourceName: string) => {
    found.set(`${ResourceType} ${ResourceName}`, { ResourceType, ResourceName })
  }
  const walk = (value: unknown, depth: number) => {
    if (typeof value !== 'object' || value === null || depth > DEEPEST) return
    for (const [name, member] of Object.entries(value as Members)) {
      const type = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
      if (type !== undefined && typeof member === 'string') add(type, member)
      else walk(member, depth + 1)
    }
  }
  walk(requestParameters, 0)
  walk(responseElements, 0)
  const name = (requestParameters as Members | null)?.['name']
  if (eventSource === 'cloudtrail.amazonaws.com' && typeof name === 'string') add('AWS::CloudTrail::Trail', name)
  return [...found.values()]
}
