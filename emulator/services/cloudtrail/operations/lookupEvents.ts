import type { Event, LookupEventsRequest } from '@aws-sdk/client-cloudtrail'
import { setImmediate as yielded } from 'node:timers/promises'
import type { CloudTrailRecord } from '../../../operation/trail.ts'
import { readAudit } from '../audit.ts'
import { notEmulated, refusal } from '../errors.ts'
import { eventOf, isAttribute, matches, type Attribute } from '../lookup.ts'
import { readToken, tokenFor } from '../pages.ts'
import { cloudtrail } from '../service.ts'
import type { CloudTrailCall } from '../state.ts'
import { UNSOURCED } from '../unsourced.ts'

const MOST_RESULTS = 50
const LONGEST_VALUE = 2000
/** Entries between which other requests get their turn. */
const SLICE = 250

/** A lookup as it was understood. */
interface Lookup {
  readonly attribute: Attribute | undefined
  readonly value: string
  readonly from: number
  readonly to: number
  readonly limit: number
  /** The entry to begin with, and how many of its records have been told. */
  readonly at: number | undefined
  readonly skip: number
}

/** Throws CloudTrail's refusals (facts: kms-iam.md F5); their order is not recorded. */
function readLookup(input: LookupEventsRequest): Lookup {
  const { MaxResults: limit = MOST_RESULTS, NextToken } = input
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_RESULTS) {
    throw refusal('InvalidMaxResultsException', UNSOURCED.maxResults)
  }
  const asked = readAttribute(input)
  requireCategory(input.EventCategory)
  const from = input.StartTime?.getTime() ?? -Infinity
  const to = input.EndTime?.getTime() ?? Infinity
  if (!(from <= to)) throw refusal('InvalidTimeRangeException', UNSOURCED.timeRange)
  const [at, skip = 0] = NextToken === undefined ? [] : placeIn(NextToken, input)
  return { ...asked, from, to, limit, at, skip }
}

function readAttribute({ LookupAttributes = [] }: LookupEventsRequest): Pick<Lookup, 'attribute' | 'value'> {
  const [first, second] = LookupAttributes
  if (second) throw invalidAttributes(UNSOURCED.oneAttribute)
  if (!first) return { attribute: undefined, value: '' }
  const { AttributeKey: attribute = '', AttributeValue: value = '' } = first
  if (!isAttribute(attribute)) throw invalidAttributes(UNSOURCED.attributeKey(attribute))
  if (value.length < 1 || value.length > LONGEST_VALUE) throw invalidAttributes(UNSOURCED.attributeValue)
  return { attribute, value }
}

/** The model knows `insight` only. */
function requireCategory(category: string | undefined): void {
  if (category === 'insight') throw notEmulated('insight events of cloudtrail')
  if (category !== undefined) throw refusal('InvalidEventCategoryException', UNSOURCED.eventCategory(category))
}

const invalidAttributes = (text: string) => refusal('InvalidLookupAttributesException', text)

/** A token belongs to the request that it came of, whatever the size of its pages. */
const listOf = ({ LookupAttributes, StartTime, EndTime }: LookupEventsRequest) =>
  JSON.stringify([LookupAttributes, StartTime?.getTime(), EndTime?.getTime()])

function placeIn(token: string, input: LookupEventsRequest): readonly number[] {
  const place = readToken(token, listOf(input))
  if (place?.length !== 2) throw refusal('InvalidNextTokenException', UNSOURCED.nextToken)
  return place
}

const lookupEvents = cloudtrail.row('LookupEvents', {
  action: 'cloudtrail:LookupEvents',
  readOnly: true,
  async run(input, call) {
    const lookup = readLookup(input)
    const events: Event[] = []
    let walked = 0
    for (const entry of call.env.trail.newest(call.account, call.region, lookup.at)) {
      if (++walked % SLICE === 0) await yielded()
      if (entry.time < lookup.from || entry.time > lookup.to) continue
      const skip = entry.place === lookup.at ? lookup.skip : 0
      for (const [index, record] of entry.records().entries()) {
        if (index < skip || !isFound(record, lookup, call)) continue
        if (events.length === lookup.limit) {
          return { Events: events, NextToken: tokenFor(listOf(input), [entry.place, index]) }
        }
        events.push(eventOf(record))
      }
    }
    return { Events: events }
  },
  audit: readAudit,
})

/** A management event of the caller's trail that is asked for. */
function isFound(record: CloudTrailRecord, { attribute, value }: Lookup, { account, region }: CloudTrailCall): boolean {
  return (
    record['recipientAccountId'] === account &&
    record['awsRegion'] === region &&
    record['managementEvent'] === true &&
    (attribute === undefined || matches(record, attribute, value))
  )
}

export const lookupRows = [lookupEvents]
