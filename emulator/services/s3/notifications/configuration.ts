import type { Event, NotificationConfiguration, NotificationConfigurationFilter } from '@aws-sdk/client-s3'
import { isAccountId, parseArn } from '../../../lib/arn.ts'
import type { Ids } from '../../../lib/ids.ts'
import { invalidArgument, malformedXml } from '../errors.ts'
import { EVENTS } from './events.ts'

/** A bucket's notifications, as they were put. The emulator sends none: it has no SNS, SQS, Lambda or EventBridge. */
export type NotificationRecord = NotificationConfiguration

interface Destination {
  readonly Id?: string | undefined
  readonly Events: Event[] | undefined
  readonly Filter?: NotificationConfigurationFilter | undefined
}
interface Named {
  readonly arn: string
  readonly service: 'sns' | 'sqs' | 'lambda'
  readonly given: Destination
}

const LONGEST_FILTER = 1024

/** Checks a configuration for a bucket's Region, and names what came without an id. Throws S3's refusals. */
export function readNotifications(given: NotificationConfiguration, region: string, ids: Ids): NotificationRecord {
  const { TopicConfigurations, QueueConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } = given
  const all: Named[] = [
    ...(TopicConfigurations ?? []).map((one) => ({ arn: one.TopicArn ?? '', service: 'sns' as const, given: one })),
    ...(QueueConfigurations ?? []).map((one) => ({ arn: one.QueueArn ?? '', service: 'sqs' as const, given: one })),
    ...(LambdaFunctionConfigurations ?? []).map((one) => ({
      arn: one.LambdaFunctionArn ?? '',
      service: 'lambda' as const,
      given: one,
    })),
  ]
  for (const one of all) validateDestination(one, region)
  const named = new Set<string>()
  for (const { Id } of all.map((one) => one.given)) {
    if (Id !== undefined && named.has(Id)) {
      throw invalidArgument('Same ID used for multiple configurations. IDs must be unique', 'Id', Id)
    }
    if (Id !== undefined) named.add(Id)
  }
  refuseOverlaps(all.map((one) => one.given))
  const withId = <T extends Destination>(one: T): T => ({ ...one, Id: one.Id ?? ids.uuid() })
  return {
    TopicConfigurations: TopicConfigurations?.map(withId),
    QueueConfigurations: QueueConfigurations?.map(withId),
    LambdaFunctionConfigurations: LambdaFunctionConfigurations?.map(withId),
    EventBridgeConfiguration,
  }
}

function validateDestination({ arn, service, given: { Events = [], Filter } }: Named, region: string): void {
  if (Events.length === 0) throw malformedXml()
  for (const event of Events) {
    if (!EVENTS.has(event)) {
      throw invalidArgument('A specified event is not supported for notifications.', 'Event', event)
    }
  }
  const names = new Set<string>()
  for (const { Name = '', Value = '' } of Filter?.Key?.FilterRules ?? []) {
    const name = Name.toLowerCase()
    if (name !== 'prefix' && name !== 'suffix') {
      throw invalidArgument('filter rule name must be either prefix or suffix', 'FilterRule.Name', Name)
    }
    if (names.has(name))
      throw invalidArgument(`Cannot specify more than one ${name} rule in a filter.`, 'FilterRule', Name)
    names.add(name)
    if (Buffer.byteLength(Value) > LONGEST_FILTER) {
      throw invalidArgument(
        'Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation',
        'FilterRule',
        Value,
      )
    }
  }
  validateArn(arn, service, region)
}

/** How S3 words a malformed ARN is not recorded; the sentence about Regions is quoted in many reports of tools. */
function validateArn(text: string, service: Named['service'], region: string): void {
  const arn = parseArn(text)
  const resource = service === 'lambda' ? /^function:[\w-]+(?::[\w$-]+)?$/ : /^[\w-]+(?:\.fifo)?$/
  if (arn?.service !== service || !isAccountId(arn.account) || !resource.test(arn.resource)) {
    throw invalidArgument('The ARN is not well formed', 'arn', text)
  }
  if (arn.region !== region) {
    throw invalidArgument(
      'The notification destination service region is not valid for the bucket location constraint',
      'arn',
      text,
    )
  }
}

/** No object may fit two configurations for the same event (AWS: "Configuring event notifications using object key name filtering"). */
function refuseOverlaps(destinations: readonly Destination[]): void {
  destinations.forEach((one, index) => {
    for (const other of destinations.slice(index + 1)) {
      const sameEvent = one.Events?.some((a) => other.Events?.some((b) => covers(a, b) || covers(b, a)))
      if (!sameEvent) continue
      const [prefix, otherPrefix] = [part(one, 'prefix'), part(other, 'prefix')]
      const [suffix, otherSuffix] = [part(one, 'suffix'), part(other, 'suffix')]
      if (!prefix.startsWith(otherPrefix) && !otherPrefix.startsWith(prefix)) continue
      if (!suffix.endsWith(otherSuffix) && !otherSuffix.endsWith(suffix)) continue
      throw invalidArgument(
        'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
      )
    }
  })
}

const covers = (event: string, other: string): boolean =>
  event === other || (event.endsWith('*') && other.startsWith(event.slice(0, -1)))

const part = ({ Filter }: Destination, name: string): string =>
  Filter?.Key?.FilterRules?.find(({ Name }) => Name?.toLowerCase() === name)?.Value ?? ''
