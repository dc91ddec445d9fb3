import type { LifecycleRule, LifecycleRuleFilter, Tag } from '@aws-sdk/client-s3'
import { invalidArgument, invalidRequest, malformedXml } from '../errors.ts'
import { prefixOf, validateExpirations, validateTransitions } from './actions.ts'

const MOST_RULES = 1000
const LONGEST_ID = 255

/**
 * What S3 demands of lifecycle rules (AWS: "Lifecycle configuration elements"). Throws its refusals; the sentences about days and
 * actions are quoted in bug reports of S3-compatible servers, the others are its user guide's rules in words of the same kind.
 */
export function validateRules(rules: readonly LifecycleRule[]): void {
  if (rules.length === 0 || rules.length > MOST_RULES) throw malformedXml()
  const ids = new Set<string>()
  for (const rule of rules) {
    if (rule.ID !== undefined && rule.ID.length > LONGEST_ID) {
      throw invalidArgument('ID length should not exceed allowed limit of 255')
    }
    if (rule.ID !== undefined && ids.has(rule.ID)) {
      throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule')
    }
    if (rule.ID !== undefined) ids.add(rule.ID)
    validateRule(rule)
  }
}

function validateRule(rule: LifecycleRule): void {
  if (rule.Status !== 'Enabled' && rule.Status !== 'Disabled') throw malformedXml()
  // Whether by a filter or by a prefix, as of old: one of the two.
  if ((rule.Filter === undefined) === (prefixOf(rule) === undefined)) throw malformedXml()
  if (rule.Filter) validateFilter(rule.Filter)
  const { Transitions, NoncurrentVersionTransitions, Expiration, NoncurrentVersionExpiration } = rule
  const actions = [...(Transitions ?? []), ...(NoncurrentVersionTransitions ?? [])]
  if (actions.length === 0 && !(Expiration ?? NoncurrentVersionExpiration ?? rule.AbortIncompleteMultipartUpload)) {
    throw invalidRequest('At least one action needs to be specified in a rule')
  }
  validateAbort(rule)
  validateExpirations(rule)
  validateTransitions(rule)
}

/** One predicate, or several in an `And`. */
function validateFilter(filter: LifecycleRuleFilter): void {
  const { Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And } = filter
  if ([Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And].filter((given) => given !== undefined).length > 1) {
    throw malformedXml()
  }
  if (Tag) validateTags([Tag])
  validateSizes(ObjectSizeGreaterThan, ObjectSizeLessThan)
  if (!And) return
  const { Tags = [] } = And
  const predicates = [And.Prefix, And.ObjectSizeGreaterThan, And.ObjectSizeLessThan, ...Tags]
  if (predicates.filter((given) => given !== undefined).length < 2) throw malformedXml()
  validateTags(Tags)
  validateSizes(And.ObjectSizeGreaterThan, And.ObjectSizeLessThan)
}

function validateTags(tags: readonly Tag[]): void {
  const keys = new Set(tags.map(({ Key }) => Key))
  if (keys.size < tags.length) throw invalidRequest('Duplicate Tag Keys are not allowed.')
  for (const { Key = '', Value = '' } of tags) {
    if (Key === '' || Key.length > 128) throw invalidRequest('The TagKey you have provided is invalid')
    if (Value.length > 256) throw invalidRequest('The TagValue you have provided is invalid')
  }
}

function validateSizes(greater: number | undefined, less: number | undefined): void {
  if (greater !== undefined && greater < 0) throw invalidRequest("'ObjectSizeGreaterThan' should not be negative")
  if (less !== undefined && less < 1) throw invalidRequest("'ObjectSizeLessThan' must be a positive integer")
  if (greater !== undefined && less !== undefined && less <= greater) {
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'")
  }
}

function validateAbort({ AbortIncompleteMultipartUpload: abort, Filter }: LifecycleRule): void {
  if (!abort) return
  if (Filter?.Tag ?? Filter?.And?.Tags?.[0]) {
    throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with Tags.')
  }
  if (abort.DaysAfterInitiation === undefined) throw malformedXml()
  if (abort.DaysAfterInitiation < 1) {
    throw invalidArgument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
  }
}
