import type { Event } from '@aws-sdk/client-cloudtrail'
import type { CloudTrailRecord } from '../../operation/trail.ts'
import { resourcesOf } from './lookupResources.ts'

/** A record as LookupEvents answers it (facts: kms-iam.md F5). */
export function eventOf(record: CloudTrailRecord): Event {
  const { accessKeyId } = identityOf(record)
  return {
    EventId: String(record['eventID']),
    EventName: String(record['eventName']),
    ReadOnly: String(record['readOnly']),
    AccessKeyId: accessKeyId,
    EventTime: new Date(String(record['eventTime'])),
    EventSource: String(record['eventSource']),
    Username: userName(record),
    Resources: resourcesOf(record),
    CloudTrailEvent: JSON.stringify(record),
  }
}

interface Identity {
  readonly type?: string
  readonly userName?: string
  readonly principalId?: string
  readonly accessKeyId?: string
}

const identityOf = ({ userIdentity }: CloudTrailRecord) => (userIdentity ?? {}) as Identity

/** A user's name; of a session its own name, which the principal's id ends with. */
function userName(record: CloudTrailRecord): string | undefined {
  const { type, userName: name, principalId } = identityOf(record)
  if (type === 'Root') return 'root'
  if (type === 'AssumedRole' || type === 'FederatedUser') return principalId?.slice(principalId.indexOf(':') + 1)
  return name
}

/** What a lookup asks for. */
export type Attribute =
  'EventId' | 'EventName' | 'ReadOnly' | 'Username' | 'ResourceType' | 'ResourceName' | 'EventSource' | 'AccessKeyId'

const MATCHES: Readonly<Record<Attribute, (record: CloudTrailRecord, value: string) => boolean>> = {
  EventId: ({ eventID }, value) => eventID === value,
  EventName: ({ eventName }, value) => eventName === value,
  ReadOnly: ({ readOnly }, value) => String(readOnly) === value,
  EventSource: ({ eventSource }, value) => eventSource === value,
  AccessKeyId: (record, value) => identityOf(record).accessKeyId === value,
  Username: (record, value) => userName(record) === value,
  ResourceType: (record, value) => resourcesOf(record).some(({ ResourceType }) => ResourceType === value),
  ResourceName: (record, value) => resourcesOf(record).some(({ ResourceName }) => ResourceName === value),
}

export const isAttribute = (key: string): key is Attribute => Object.hasOwn(MATCHES, key)

export const matches = (record: CloudTrailRecord, attribute: Attribute, value: string): boolean =>
  MATCHES[attribute](record, value)
