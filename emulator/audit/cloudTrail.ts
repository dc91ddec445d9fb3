import { createHash } from 'node:crypto'
import type { AwsError } from '../lib/awsError.ts'
import type { Principal } from '../access/types.ts'
import type { AuditFacts, ForwardedTrace, ServiceEvent, Trace } from '../operation/trace.ts'
import type { Listener, Outcome } from './recorder.ts'
import { createRing } from './ring.ts'

/** A CloudTrail record (facts: kms-iam.md F1): JSON values, in the order in which CloudTrail writes them. */
export type CloudTrailRecord = Readonly<Record<string, unknown>>

export interface AuditTrail {
  readonly listener: Listener
  /** Takes up what a service did by itself. */
  readonly announce: (event: ServiceEvent) => void
  /** The latest first. */
  list(limit: number): CloudTrailRecord[]
  clear(): void
}

/** How many requests are remembered. */
const RECENT = 1000

/** The latest calls as CloudTrail would record them. Only references are kept; records are written when somebody reads them. */
export function createAuditTrail(): AuditTrail {
  const recent = createRing<Outcome | ServiceEvent>(RECENT)
  return {
    listener(outcome) {
      // Refused before it reached an operation: CloudTrail does not see such requests.
      if (outcome.trace && outcome.operation !== undefined) recent.add(outcome)
    },
    announce(event) {
      recent.add(event)
    },
    list(limit) {
      const records: CloudTrailRecord[] = []
      for (const outcome of recent.newest()) {
        if (records.length >= limit) break
        records.push(...('eventType' in outcome ? [serviceRecord(outcome)] : recordsOf(outcome)))
      }
      return records.slice(0, limit)
    },
    clear() {
      recent.clear()
    },
  }
}

/** The records of a call, preceded by those of the calls its service made for the caller. */
export function recordsOf(outcome: Outcome): CloudTrailRecord[] {
  const { trace, operation } = outcome
  if (!trace || operation === undefined) return []
  const own: RecordedCall = {
    service: outcome.service,
    operation,
    requestId: outcome.requestId,
    trace,
    error: outcome.error,
  }
  // Each Region has a trail of its own; the events have ids of their own, the request has one.
  const elsewhere = (trace.audit?.elsewhere ?? []).map(({ operation: other, region, facts }) => ({
    ...record({ ...outcome, region }, { ...own, operation: other, trace: { ...trace, audit: facts } }),
    // Made of the other end of the request's id than the first record's.
    eventID: eventId(outcome.requestId.slice(0, 16)),
  }))
  // What AWS's service would not have asked leaves no record there, either; a refusal shows that it has been asked.
  const forwarded = trace.forwarded
    .filter((call) => !call.spared || call.error !== undefined)
    .map((call) => inAllTrails(madeAs(outcome, call), { ...call, error: call.error }))
    .reverse()
    .flat()
  return outcome.later ? forwarded : [...inAllTrails(outcome, own), ...elsewhere, ...forwarded]
}

/**
 * The record in the caller's trail and, for keys that other accounts own, in theirs: there the caller is but an account and an id.
 * What was denied is the caller's affair alone (facts: F3; CloudTrail user guide, "sharedEventID", "userIdentity").
 */
function inAllTrails(outcome: Outcome, call: RecordedCall): CloudTrailRecord[] {
  const { principal } = outcome.caller
  const { resources = [] } = call.trace.audit ?? {}
  if (call.service !== 'kms' || isWithheld(call.error) || !('account' in principal)) return [record(outcome, call)]
  const owners = new Set(resources.map(({ account }) => account).filter((account) => account !== principal.account))
  if (owners.size === 0) return [record(outcome, call)]
  const sharedEventID = relatedId(call.requestId, 'shared')
  const copies = [...owners].map((owner) => record(outcome, { ...call, sharedEventID, owner }))
  return [record(outcome, { ...call, sharedEventID }), ...copies]
}

/** The request, as a call that was made for it has it. */
const madeAs = (outcome: Outcome, { caller = outcome.caller, region = outcome.region }: ForwardedTrace): Outcome =>
  caller === outcome.caller && region === outcome.region ? outcome : { ...outcome, caller, region }

interface RecordedCall {
  readonly service: string
  readonly operation: string
  readonly requestId: string
  readonly trace: Trace
  readonly error: AwsError | undefined
  readonly invokedBy?: string
  /** Of a call that is in several accounts' trails. */
  readonly sharedEventID?: string
  /** In whose trail the record is, if not in the caller's. */
  readonly owner?: string
}

/** facts: F3: denials, unknown keys and throttled calls are recorded without parameters and resources. */
const isWithheld = (error: AwsError | undefined): boolean =>
  error !== undefined && (isDenial(error) || /NotFoundException$|^ThrottlingException$/.test(error.code))

function record(outcome: Outcome, call: RecordedCall): CloudTrailRecord {
  const { error, invokedBy, trace, sharedEventID, owner } = call
  const facts = trace.audit ?? {}
  const withheld = isWithheld(error)
  const { principal, accessKeyId } = outcome.caller
  const resources = withheld ? undefined : resourcesOf(facts)
  return {
    eventVersion: '1.11',
    userIdentity: {
      ...(owner === undefined ? userIdentity(principal, accessKeyId) : foreignIdentity(principal)),
      ...(invokedBy !== undefined && { invokedBy }),
    },
    eventTime: new Date(outcome.time).toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.operation,
    awsRegion: outcome.region,
    sourceIPAddress: invokedBy ?? outcome.http.sourceIp,
    userAgent: invokedBy ?? outcome.http.userAgent,
    ...errorFields(error),
    requestParameters: withheld ? null : parametersOf(facts),
    responseElements: error ? null : (facts.responseElements ?? null),
    ...(facts.additionalEventData && { additionalEventData: facts.additionalEventData }),
    requestID: call.requestId,
    eventID: owner === undefined ? eventId(call.requestId) : relatedId(call.requestId, owner),
    readOnly: trace.readOnly,
    ...(resources && { resources }),
    eventType: 'AwsApiCall',
    managementEvent: call.service !== 's3',
    recipientAccountId: owner ?? recipientOf(principal, facts),
    ...(sharedEventID !== undefined && { sharedEventID }),
    eventCategory: call.service === 's3' ? 'Data' : 'Management',
    ...(invokedBy === undefined && endpointFields(outcome)),
    ...(invokedBy === undefined && { tlsDetails: { clientProvidedHostHeader: outcome.http.host } }),
  }
}

/** What a service does in its own name is in the trail of whose key it is. */
const recipientOf = (principal: Principal, { resources }: AuditFacts): string =>
  'account' in principal ? principal.account : (resources?.[0]?.account ?? '')

const endpointFields = ({ http: { endpoint } }: Outcome) =>
  endpoint && { vpcEndpointId: endpoint.id, vpcEndpointAccountId: endpoint.account }

/** A request that says nothing has no parameters. */
const parametersOf = ({ requestParameters }: AuditFacts) =>
  requestParameters && Object.keys(requestParameters).length > 0 ? requestParameters : null

const resourcesOf = ({ resources }: AuditFacts) =>
  resources?.map(({ arn, account, type }) => ({ accountId: account, type, ARN: arn }))

/** AWS's own doings, in whose name nobody called (facts: F2; AWS: "ct-rotatekey", "ct-synchronize-multi-region-key"). */
function serviceRecord(event: ServiceEvent): CloudTrailRecord {
  const { facts, eventType } = event
  return {
    eventVersion: '1.11',
    userIdentity: { accountId: event.account, invokedBy: INTERNAL },
    eventTime: new Date(event.time).toISOString().replace(/\.\d+Z$/, 'Z'),
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
function errorFields(error: AwsError | undefined): CloudTrailRecord {
  if (!error) return {}
  const errorCode = isDenial(error) ? 'AccessDenied' : error.code
  return { errorCode, ...(error.text !== '' && { errorMessage: error.text }) }
}

const isDenial = ({ code }: AwsError) => code === 'AccessDeniedException' || code === 'AccessDenied'

/** The id of a request's record: stable, so that a record read twice is the same record. */
export function eventId(requestId: string): string {
  const digits = Buffer.from(requestId).toString('hex').padEnd(32, '0').slice(-32)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`
}

/** The id of another record of the same request, or of what they share: as stable. */
function relatedId(requestId: string, of: string): string {
  return eventId(createHash('sha256').update(`${of}/${requestId}`).digest('hex').slice(0, 16))
}

/** A caller as other accounts see it. */
const foreignIdentity = (principal: Principal): Record<string, unknown> =>
  'userId' in principal && 'account' in principal
    ? { type: 'AWSAccount', principalId: principal.userId, accountId: principal.account }
    : {}

function userIdentity(principal: Principal, accessKeyId: string | undefined): Record<string, unknown> {
  const key = accessKeyId === undefined ? {} : { accessKeyId }
  switch (principal.kind) {
    case 'anonymous':
      return { type: 'AWSAccount', principalId: '', accountId: 'anonymous' }
    case 'service':
      return { type: 'AWSService', invokedBy: principal.service }
    case 'root':
      return { type: 'Root', principalId: principal.userId, arn: principal.arn, accountId: principal.account, ...key }
    case 'user':
      return {
        type: 'IAMUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        userName: principal.userName,
        ...(principal.session && sessionContext(principal.session)),
      }
    case 'federated':
      return {
        type: 'FederatedUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        ...sessionContext(principal.session, {
          type: 'IAMUser',
          principalId: principal.issuerId,
          arn: principal.issuerArn,
          accountId: principal.account,
        }),
      }
    case 'role':
      return {
        type: 'AssumedRole',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        ...sessionContext(principal.session, {
          type: 'Role',
          principalId: principal.roleId,
          arn: principal.roleArn,
          accountId: principal.account,
          userName: principal.roleName,
        }),
      }
  }
}

function sessionContext(session: { readonly issuedAt: number; readonly mfa: boolean }, issuer?: object) {
  return {
    sessionContext: {
      ...(issuer && { sessionIssuer: issuer }),
      attributes: {
        creationDate: new Date(session.issuedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
        mfaAuthenticated: String(session.mfa),
      },
    },
  }
}
