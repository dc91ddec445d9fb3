import type { Tag } from '@aws-sdk/client-sts'
import type { ContextValue, Tags } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import { callingSession, type StsCall } from './sessions.ts'
import { UNSOURCED } from './unsourced.ts'

const invalidParameter = (text: string) => new AwsError('InvalidParameterValue', 400, text)
const lower = (key: string) => key.toLowerCase()

/** Tags laid over others: keys are compared without regard to case, the upper spelling stays (AWS: session tags). */
export function overlay(under: Tags, over: Tags): Tags {
  const covered = new Set(Object.keys(over).map(lower))
  return { ...Object.fromEntries(Object.entries(under).filter(([key]) => !covered.has(lower(key)))), ...over }
}

/** A later value wins, as in `aws:RequestTag` (facts: captures 9.2). */
export const tagsOf = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))

/** The transitive tags of the calling session, which every role in the chain inherits. */
export function inheritedTags(call: StsCall): Tags {
  const session = callingSession(call)
  if (!session || session.transitiveTagKeys.length === 0) return {}
  const transitive = new Set(session.transitiveTagKeys.map(lower))
  return Object.fromEntries(Object.entries(session.sessionTags).filter(([key]) => transitive.has(lower(key))))
}

/** Condition keys for the tags a request gives to a session. */
export function tagContext(tags: readonly Tag[] | undefined): Record<string, ContextValue> {
  if (!tags || tags.length === 0) return {}
  const context: Record<string, ContextValue> = { 'aws:TagKeys': tags.map(({ Key = '' }) => Key) }
  for (const [key, value] of Object.entries(tagsOf(tags))) context[`aws:RequestTag/${key}`] = value
  return context
}

/** The condition keys that come from an IAM entity's own tags. */
export const resourceTagContext = (tags: Tags | undefined): Record<string, ContextValue> =>
  Object.fromEntries(
    Object.entries(tags ?? {}).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`iam:ResourceTag/${key}`, value],
    ]),
  )

/** What a new session carries on. */
export interface CarriedTags {
  readonly sessionTags: Tags
  readonly transitiveTagKeys: readonly string[]
}

/**
 * The tags of the session that a request begins: its own and what it inherits (facts: H3, H4).
 * @throws AwsError InvalidParameterValue
 */
export function sessionTagsFor(
  tags: readonly Tag[] | undefined,
  transitiveKeys: readonly string[] | undefined,
  inherited: Tags,
): CarriedTags {
  const requested = new Set<string>()
  for (const { Key = '' } of tags ?? []) {
    if (lower(Key).startsWith('aws:')) throw invalidParameter(UNSOURCED.reservedTag)
    if (requested.has(lower(Key))) throw invalidParameter(DUPLICATE)
    requested.add(lower(Key))
  }
  const taken = new Set(Object.keys(inherited).map(lower))
  for (const key of [...(transitiveKeys ?? []), ...requested])
    if (taken.has(lower(key))) throw invalidParameter(CONFLICT)
  for (const key of transitiveKeys ?? []) if (!requested.has(lower(key))) throw invalidParameter(NOT_INCLUDED)
  return {
    sessionTags: overlay(tagsOf(tags), inherited),
    transitiveTagKeys: [...Object.keys(inherited), ...(transitiveKeys ?? [])],
  }
}

const DUPLICATE = 'Duplicate tag keys found. Please note that Tag keys are case insensitive.'
const NOT_INCLUDED = 'The specified transitive tag key must be included in the requested tags.'
const CONFLICT =
  "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
