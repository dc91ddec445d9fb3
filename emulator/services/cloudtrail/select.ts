import type { CloudTrailRecord } from '../../operation/trail.ts'
import type { EventSelector, TrailRecord } from './state.ts'

/** What a trail without selectors of its own records. */
export const DEFAULT_SELECTOR: EventSelector = { readWrite: 'All', management: true, excluded: [], data: [] }

/** Whether a trail records anything of what happens to data. */
export const recordsData = ({ selectors = [] }: TrailRecord): boolean => selectors.some(({ data }) => data.length > 0)

/** Services whose events of us-east-1 are those of all Regions (CloudTrail User Guide, "global service events"). */
const GLOBAL: ReadonlySet<unknown> = new Set(['iam.amazonaws.com', 'sts.amazonaws.com'])

/** Whether a trail takes an event of its account. */
export function isSelected(record: CloudTrailRecord, trail: TrailRecord): boolean {
  const { eventSource, awsRegion, managementEvent, readOnly } = record
  if (!trail.globalEvents && awsRegion === 'us-east-1' && GLOBAL.has(eventSource)) return false
  return (trail.selectors ?? [DEFAULT_SELECTOR]).some(({ readWrite, management, excluded, data }) => {
    if (readWrite !== 'All' && (readWrite === 'ReadOnly') !== (readOnly === true)) return false
    if (managementEvent === true) return management && !excluded.includes(String(eventSource))
    const arns = objectArns(record)
    return data.some(({ values }) => values.some((value) => arns.some((arn) => arn.startsWith(value))))
  })
}

/** The object of an event, or everything in its bucket. */
function objectArns({ resources }: CloudTrailRecord): readonly string[] {
  const named = (resources ?? []) as readonly { readonly type?: string; readonly ARN?: string }[]
  const objects = named.flatMap(({ type, ARN = '' }) => (type === 'AWS::S3::Object' ? [ARN] : []))
  if (objects.length > 0) return objects
  return named.flatMap(({ type, ARN = '' }) => (type === 'AWS::S3::Bucket' ? [`${ARN}/`] : []))
}
