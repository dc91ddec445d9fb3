import type { EventSelector as SelectorInput } from '@aws-sdk/client-cloudtrail'
import { auditOf, readAudit } from '../audit.ts'
import { invalidDataValue, invalidSelectors, notEmulated, unknownTrail } from '../errors.ts'
import { findOwnTrail, findTrail, trailNamed, trailPath, trailResource } from '../names.ts'
import { DEFAULT_SELECTOR } from '../select.ts'
import { cloudtrail } from '../service.ts'
import type { EventSelector } from '../state.ts'
import { UNSOURCED } from '../unsourced.ts'

const MOST_SELECTORS = 5
const MOST_VALUES = 250
const OBJECTS = 'AWS::S3::Object'
/** All objects of all buckets, of one bucket, or those with a prefix (CloudTrail API reference, DataResource). */
const OBJECT_ARN = /^arn:aws:s3(?:$|:::$|:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/)/
const EXCLUDABLE: ReadonlySet<string> = new Set(['kms.amazonaws.com', 'rdsdata.amazonaws.com'])

/** Throws InvalidEventSelectorsException. */
function readSelectors(given: readonly SelectorInput[]): EventSelector[] {
  if (given.length === 0) throw invalidSelectors(UNSOURCED.noSelectors)
  if (given.length > MOST_SELECTORS) throw invalidSelectors(UNSOURCED.tooManySelectors)
  const selectors = given.map(readSelector)
  const values = selectors.flatMap(({ data }) => data.flatMap((resource) => resource.values))
  if (values.length > MOST_VALUES) throw invalidSelectors(UNSOURCED.tooManyValues)
  return selectors
}

function readSelector(given: SelectorInput): EventSelector {
  const { ReadWriteType: readWrite = 'All', IncludeManagementEvents: management = true } = given
  if (!isReadWrite(readWrite)) throw invalidSelectors(UNSOURCED.readWriteType(readWrite))
  const excluded = given.ExcludeManagementEventSources ?? []
  for (const source of excluded) if (!EXCLUDABLE.has(source)) throw invalidSelectors(UNSOURCED.excludedSource(source))
  const data = (given.DataResources ?? []).map(({ Type = '', Values = [] }) => {
    if (Type === 'AWS::Lambda::Function' || Type === 'AWS::DynamoDB::Table') {
      throw notEmulated(`cloudtrail data events of ${Type}`)
    }
    if (Type !== OBJECTS) throw invalidSelectors(UNSOURCED.dataType(Type))
    for (const value of Values) if (!OBJECT_ARN.test(value)) throw invalidDataValue(value)
    return { type: Type, values: Values }
  })
  if (!management && data.length === 0) throw invalidSelectors(UNSOURCED.nothingSelected)
  return { readWrite, management, excluded, data }
}

const isReadWrite = (value: string): value is EventSelector['readWrite'] =>
  value === 'All' || value === 'ReadOnly' || value === 'WriteOnly'

const view = ({ readWrite, management, excluded, data }: EventSelector) => ({
  ReadWriteType: readWrite,
  IncludeManagementEvents: management,
  DataResources: data.map(({ type, values }) => ({ Type: type, Values: [...values] })),
  ExcludeManagementEventSources: [...excluded],
})

const isDefault = (selectors: readonly EventSelector[]) =>
  JSON.stringify(selectors) === JSON.stringify([DEFAULT_SELECTOR])

const putEventSelectors = cloudtrail.row('PutEventSelectors', {
  action: 'cloudtrail:PutEventSelectors',
  subject: ({ TrailName }, call) => findOwnTrail(TrailName, call),
  resource: ({ TrailName }, call) => trailResource(TrailName, call),
  run({ EventSelectors, AdvancedEventSelectors }, call, { name, homeRegion: region, arn }) {
    if (AdvancedEventSelectors) throw notEmulated('advanced event selectors of cloudtrail')
    const selectors = readSelectors(EventSelectors ?? [])
    const { account } = call
    call.env.store.transaction(() => {
      const trail = trailNamed({ account, region, name }, call)
      if (!trail) throw unknownTrail(arn, account)
      const changed = { ...trail, selectors: isDefault(selectors) ? undefined : selectors }
      call.state.trails.in(account).put(trailPath(region, name), changed)
    })
    call.state.deliveries.changed(account)
    return { TrailARN: arn, EventSelectors: selectors.map(view) }
  },
  audit: auditOf,
})

const getEventSelectors = cloudtrail.row('GetEventSelectors', {
  action: 'cloudtrail:GetEventSelectors',
  readOnly: true,
  subject: ({ TrailName }, call) => findTrail(TrailName, call),
  resource: ({ TrailName }, call) => trailResource(TrailName, call),
  run: (_input, _call, { arn, selectors = [DEFAULT_SELECTOR] }) => ({
    TrailARN: arn,
    EventSelectors: selectors.map(view),
  }),
  audit: readAudit,
})

export const selectorRows = [putEventSelectors, getEventSelectors]
