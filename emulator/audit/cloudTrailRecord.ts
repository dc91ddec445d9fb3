import type { Caller } from '../operation/call.ts'
import type { AuditFacts, ServiceEvent } from '../operation/trace.ts'
import type { CloudTrailRecord } from '../operation/trail.ts'
import { eventKind } from './cloudTrailEvents.ts'
import { foreignIdentity, userIdentity } from './cloudTrailIdentity.ts'
import { eventId, innerRequestId, relatedId } from './cloudTrailIds.ts'
import { s3Parameters, transferData } from './cloudTrailS3.ts'
import { hidingTags } from './cloudTrailTags.ts'
import type { Outcome } from './recorder.ts'

/** A refusal, as records tell it. */
export interface RecordedError {
  readonly code: string
  readonly text: string
}

/** A request, as its records are made of it. */
export interface RecordedRequest extends Pick<Outcome, 'requestId' | 'time' | 'region' | 'caller' | 'http'> {
  readonly serviceName: string
  readonly operation: string
  readonly error: RecordedError | undefined
  readonly audit: AuditFacts | undefined
  readonly readOnly: boolean
  /** Calls that the service made for its caller. */
  readonly forwarded: readonly RecordedForward[]
  /** The request itself has been recorded before. */
  readonly later: boolean
}

export interface RecordedForward {
  readonly service: string
  readonly operation: string
  readonly requestId: string
  readonly audit: AuditFacts | undefined
  readonly readOnly: boolean
  readonly invokedBy: string
  readonly caller: Caller | undefined
  readonly region: string | undefined
  readonly error: RecordedError | undefined
}

/** One record in the making. */
interface Recorded {
  readonly service: string
  readonly operation: string
  readonly requestId: string
  readonly region: string
  readonly caller: Caller
  readonly audit: AuditFacts | undefined
  readonly readOnly: boolean
  readonly error: RecordedError | undefined
  /** The service in whose place the call was made. */
  readonly invokedBy: string | undefined
  /** Of a call that is in several accounts' trails. */
  readonly sharedEventID?: string
  /** In whose trail the record is, if not in the caller's. */
  readonly owner?: string
  readonly eventID?: string
  /** The request inside which the call was made: they share S3's extended request id. */
  readonly within?: string
}

/** The records of a request, the latest first: calls that its service made for it were finished before. */
export function recordsOf(request: RecordedRequest): CloudTrailRecord[] {
  const { serviceName: service, operation, requestId, region, caller, audit, readOnly, error } = request
  const { principal } = caller
  // A service that calls in its own name is the one that everything further is done for.
  const inOwnName = principal.kind === 'service' ? principal.service : undefined
  const own: Recorded = { service, operation, requestId, region, caller, audit, readOnly, error, invokedBy: inOwnName }
  // Each Region has a trail of its own; the events have ids of their own, the request has one.
  const elsewhere = (audit?.elsewhere ?? []).map(({ operation: other, region: there, facts }) =>
    record(request, {
      ...own,
      operation: other,
      region: there,
      audit: facts,
      // Made of the other end of the request's id than the first record's.
      eventID: eventId(requestId.slice(0, 16)),
    }),
  )
  const { inside } = audit ?? NO_FACTS
  const internal = inside ? inAllTrails(request, internalCall(own, inside)) : []
  const forwarded = request.forwarded
    .map((call) =>
      inAllTrails(request, {
        ...call,
        region: call.region ?? region,
        caller: call.caller ?? caller,
        invokedBy: call.caller === undefined ? (inOwnName ?? call.invokedBy) : call.invokedBy,
      }),
    )
    .reverse()
    .flat()
  return request.later ? forwarded : [...inAllTrails(request, own), ...elsewhere, ...internal, ...forwarded]
}

/** The read of a copy's source: an event that shares nothing but the extended request id with the copy's (facts: captures-ebs-s3 7.7). */
function internalCall(own: Recorded, { operation, region, facts }: NonNullable<AuditFacts['inside']>): Recorded {
  const { requestId } = own
  return {
    ...own,
    operation,
    region,
    audit: facts,
    readOnly: true,
    invokedBy: INTERNAL,
    requestId: innerRequestId(requestId),
    within: requestId,
  }
}

/** Services whose calls are also in the trail of the account that owns what they are about (CloudTrail User Guide, "sharedEventID"). */
const SHARED: ReadonlySet<string> = new Set(['kms', 's3', 'sts'])

/**
 * In whose trails a call is, the caller's first. What was denied is the caller's affair alone (facts: F3). What a service does in its
 * own name is in the trail of whose resource it is.
 */
export function accountsOf(
  service: string,
  { principal }: Caller,
  audit: AuditFacts | undefined,
  error: RecordedError | undefined,
): readonly string[] {
  const own = 'account' in principal ? principal.account : undefined
  if (own === undefined) return audit?.resources?.slice(0, 1).map(({ account }) => account) ?? NOBODY
  const others = error === undefined ? (audit?.sharedWith ?? NOBODY) : NOBODY
  const resources = SHARED.has(service) && !isWithheld(error) ? audit?.resources : undefined
  // Nearly always everything is the caller's own.
  if (others.length === 0 && !resources?.some(({ account }) => account !== own)) return [own]
  return [...new Set([own, ...(resources ?? []).map(({ account }) => account), ...others])]
}

const NOBODY: readonly string[] = []

/** The record in the caller's trail and in those of others: there the caller is but an account and an id (AWS: "userIdentity"). */
function inAllTrails(request: RecordedRequest, call: Recorded): CloudTrailRecord[] {
  const [, ...owners] = accountsOf(call.service, call.caller, call.audit, call.error)
  if (owners.length === 0) return [record(request, call)]
  const sharedEventID = relatedId(call.requestId, 'shared')
  const copies = owners.map((owner) => record(request, { ...call, sharedEventID, owner }))
  return [record(request, { ...call, sharedEventID }), ...copies]
}

/** facts: F3: denials, unknown keys and throttled calls are recorded without parameters and resources. */
const isWithheld = (error: RecordedError | undefined): boolean =>
  error !== undefined && (isDenial(error) || /NotFoundException$|^ThrottlingException$/.test(error.code))

function record({ time, http }: RecordedRequest, call: Recorded): CloudTrailRecord {
  const { service, error, invokedBy, audit: facts = NO_FACTS, sharedEventID, owner, requestId } = call
  const { name, category } = eventKind(service, call.operation)
  // S3 tells what an object's request was about even when it refuses it (S3 User Guide, "CloudTrail log file entries").
  const withheld = service !== 's3' && isWithheld(error)
  const { principal, accessKeyId } = call.caller
  const resources = withheld ? undefined : resourcesOf(facts)
  const copied = owner !== undefined
  const { parameters, elements, additional } = detailsOf(
    call,
    facts,
    withheld,
    call.within === undefined ? http.host : '',
  )
  return {
    eventVersion: '1.11',
    userIdentity: {
      ...(copied ? foreignIdentity(principal) : userIdentity(principal, accessKeyId)),
      ...(invokedBy !== undefined && { invokedBy }),
    },
    eventTime: isoSeconds(time),
    eventSource: `${service}.amazonaws.com`,
    eventName: name,
    awsRegion: call.region,
    sourceIPAddress: invokedBy ?? http.sourceIp,
    userAgent: invokedBy ?? http.userAgent,
    ...errorFields(error, service),
    requestParameters: copied ? hidingTags(parameters) : parameters,
    responseElements: copied ? hidingTags(elements) : elements,
    ...(additional && { additionalEventData: additional }),
    requestID: requestId,
    eventID: call.eventID ?? (copied ? relatedId(requestId, owner) : eventId(requestId)),
    readOnly: call.readOnly,
    ...(resources && { resources }),
    eventType: 'AwsApiCall',
    managementEvent: category === 'Management',
    recipientAccountId: owner ?? recipientOf(call.caller, facts),
    ...(sharedEventID !== undefined && { sharedEventID }),
    eventCategory: category,
    ...(invokedBy === undefined && connectionFields(http)),
  }
}

const NO_FACTS: AuditFacts = {}

/** What was asked, what came of it, and what there is beside. */
function detailsOf(
  { service, error, requestId, within }: Recorded,
  facts: AuditFacts,
  withheld: boolean,
  host: string,
) {
  const parameters = withheld ? null : parametersOf(facts)
  return {
    parameters: service === 's3' ? s3Parameters(parameters, host, facts.transfer?.query) : parameters,
    elements: error ? null : (facts.responseElements ?? null),
    additional: facts.transfer ? transferData(facts.transfer, within ?? requestId) : facts.additionalEventData,
  }
}

const isoSeconds = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

/** What a service does in its own name is in the trail of whose key it is. */
const recipientOf = ({ principal }: Caller, { resources }: AuditFacts): string =>
  'account' in principal ? principal.account : (resources?.[0]?.account ?? '')

/** Of calls that came over a connection. */
const connectionFields = ({ endpoint, host }: RecordedRequest['http']) => ({
  ...(endpoint && { vpcEndpointId: endpoint.id, vpcEndpointAccountId: endpoint.account }),
  tlsDetails: { clientProvidedHostHeader: host },
})

/** A request that says nothing has no parameters. */
const parametersOf = ({ requestParameters }: AuditFacts) =>
  requestParameters && Object.keys(requestParameters).length > 0 ? requestParameters : null

const resourcesOf = ({ resources }: AuditFacts) =>
  resources?.map(({ arn, account, type }) =>
    // An object is its bucket's (S3 User Guide, "CloudTrail log file entries").
    type === 'AWS::S3::Object' ? { type, ARN: arn } : { accountId: account, type, ARN: arn },
  )

/** AWS's own doings, in whose name nobody called (facts: F2; AWS: "ct-rotatekey", "ct-synchronize-multi-region-key"). */
export function serviceRecord(event: ServiceEvent): CloudTrailRecord {
  const { facts, eventType } = event
  return {
    eventVersion: '1.11',
    userIdentity: { accountId: event.account, invokedBy: INTERNAL },
    eventTime: isoSeconds(event.time),
    eventSource: `${event.service}.amazonaws.com`,
    eventName: event.operation,
    awsRegion: event.region,
    sourceIPAddress: INTERNAL,
    userAgent: INTERNAL,
    requestParameters: facts.requestParameters ?? null,
    responseElements: facts.responseElements ?? null,
    ...(eventType === 'AwsApiCall' && { requestID: event.id }),
    eventID: eventId(event.id),
    readOnly: false,
    resources: resourcesOf(facts),
    eventType,
    managementEvent: true,
    recipientAccountId: event.account,
    ...(event.details && { serviceEventDetails: event.details }),
    eventCategory: 'Management',
  }
}

const INTERNAL = 'AWS Internal'

/** Texts that the API leaves empty are left out. */
function errorFields(error: RecordedError | undefined, service: string): CloudTrailRecord {
  if (!error) return {}
  // EC2 tells whose fault it was (CloudTrail User Guide, "Error code and message log example").
  const code =
    service === 'ec2' ? `${error.code.startsWith('Internal') ? 'Server' : 'Client'}.${error.code}` : error.code
  const errorCode = isDenial(error) ? 'AccessDenied' : code
  return { errorCode, ...(error.text !== '' && { errorMessage: error.text }) }
}

const isDenial = ({ code }: RecordedError) => code === 'AccessDeniedException' || code === 'AccessDenied'
