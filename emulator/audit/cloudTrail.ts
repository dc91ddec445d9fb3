import type { AuditFacts, ForwardedTrace, ServiceEvent } from '../operation/trace.ts'
import type { CloudTrailRecord, TrailEntry, TrailPlace } from '../operation/trail.ts'
import { eventKind, trailRegion } from './cloudTrailEvents.ts'
import { createTrailHistory, type TrailHistory } from './cloudTrailHistory.ts'
import { accountsOf, recordsOf, serviceRecord, type RecordedRequest } from './cloudTrailRecord.ts'
import type { Listener, Outcome } from './recorder.ts'
import { createRing } from './ring.ts'
import { roughSize } from './weight.ts'

export type { CloudTrailRecord } from '../operation/trail.ts'
export { eventId } from './cloudTrailIds.ts'

export interface AuditTrail {
  readonly listener: Listener
  /** Takes up what a service did by itself. */
  readonly announce: (event: ServiceEvent) => void
  /** The latest first, of all accounts. */
  list(limit: number): CloudTrailRecord[]
  /** By account and Region, for CloudTrail's service. */
  readonly history: TrailHistory
  clear(): void
}

/** How many requests are remembered, reads and writes of objects included. */
const RECENT = 1000
/** How many are remembered that have management events, in all accounts and Regions: instead of AWS's 90 days. */
export const HISTORY = 10_000
/** How much those may weigh that are listed, and those that are looked up: bytes, by estimate. */
const RECENT_BUDGET = 32 * 1024 * 1024
const HISTORY_BUDGET = 64 * 1024 * 1024

/** The latest calls as CloudTrail would record them. Only what records are made of is kept; they are written when somebody reads them. */
export function createAuditTrail(historySize = HISTORY): AuditTrail {
  const recent = createRing<TrailEntry>(RECENT)
  const history = createTrailHistory(historySize, ({ isManagement }) => isManagement, HISTORY_BUDGET)
  const add = (make: (place: number) => TrailEntry) => {
    history.add((place) => {
      const entry = make(place)
      recent.add(entry, entry.weight)
      while (recent.weight > RECENT_BUDGET && recent.size > 1) recent.drop()
      return entry
    })
  }
  return {
    history,
    listener(outcome) {
      // Refused before it reached an operation: CloudTrail does not see such requests.
      if (outcome.trace && outcome.operation !== undefined) add((place) => new RequestEntry(outcome, place))
    },
    announce(event) {
      add((place) => new ServiceEntry(event, place))
    },
    list(limit) {
      const records: CloudTrailRecord[] = []
      for (const entry of recent.newest()) {
        if (records.length >= limit) break
        records.push(...entry.records())
      }
      return records.slice(0, limit)
    },
    clear() {
      recent.clear()
      history.clear()
    },
  }
}

/** A request, without what its records do not tell: its decisions, above all, hold policies and their contexts. */
class RequestEntry implements TrailEntry, RecordedRequest {
  readonly place: number
  readonly requestId: string
  readonly time: number
  readonly serviceName: string
  readonly operation: string
  readonly region: string
  readonly caller: Outcome['caller']
  readonly http: Outcome['http']
  readonly error: RecordedRequest['error']
  readonly audit: AuditFacts | undefined
  readonly readOnly: boolean
  readonly forwarded: RecordedRequest['forwarded']
  readonly later: boolean
  readonly weight: number

  constructor(
    { requestId, time, service, operation, region, caller, http, error, trace, later, size = 0 }: Outcome,
    place: number,
  ) {
    this.place = place
    this.requestId = requestId
    this.time = time
    this.serviceName = service
    this.operation = operation ?? ''
    this.region = trailRegion(service, region)
    this.caller = caller
    this.http = http
    // Without the stack.
    this.error = error && { code: error.code, text: error.text }
    this.audit = trace?.audit
    this.readOnly = trace?.readOnly ?? false
    this.forwarded = trace && trace.forwarded.length > 0 ? asked(trace.forwarded) : NOTHING
    this.later = later ?? false
    this.weight = ENTRY + (size < SHORT ? size : factsSize(this)) + (error?.text.length ?? 0) + http.userAgent.length
  }

  get isManagement(): boolean {
    return this.forwarded.length > 0 || eventKind(this.serviceName, this.operation).category === 'Management'
  }

  get service(): string | undefined {
    const { principal } = this.caller
    return principal.kind === 'service' ? principal.service : undefined
  }

  records(): CloudTrailRecord[] {
    return recordsOf(this)
  }

  places(): TrailPlace[] {
    const { region } = this
    const places: TrailPlace[] = []
    if (!this.later) {
      addPlaces(places, region, accountsOf(this.serviceName, this.caller, this.audit, this.error))
      for (const other of this.audit?.elsewhere ?? []) {
        addPlaces(places, other.region, accountsOf(this.serviceName, this.caller, other.facts, this.error))
      }
      const { inside } = this.audit ?? {}
      if (inside) addPlaces(places, inside.region, accountsOf(this.serviceName, this.caller, inside.facts, undefined))
    }
    for (const { service, caller = this.caller, region: elsewhere = region, audit, error } of this.forwarded) {
      addPlaces(places, elsewhere, accountsOf(service, caller, audit, error))
    }
    return places
  }
}

const NOTHING: readonly never[] = []

/** What AWS's service would not have asked leaves no record there, either; a refusal shows that it has been asked. */
function asked(forwarded: readonly ForwardedTrace[]): RecordedRequest['forwarded'] {
  // `map` makes a list without room to spare: ten thousand are kept.
  return (forwarded.some(isSpared) ? forwarded.filter((call) => !isSpared(call)) : forwarded).map(
    ({ service, operation, requestId, trace, invokedBy, caller, region, error }) => ({
      service,
      operation,
      requestId,
      audit: trace.audit,
      readOnly: trace.readOnly,
      invokedBy,
      caller,
      region,
      error: error && { code: error.code, text: error.text },
    }),
  )
}

const isSpared = ({ spared, error }: ForwardedTrace) => spared && error === undefined

function addPlaces(places: TrailPlace[], region: string, accounts: readonly string[]): void {
  for (const account of accounts) {
    if (!places.some((place) => place.account === account && place.region === region)) places.push({ account, region })
  }
}

/** What an entry takes, if not much was sent. */
const ENTRY = 1536
/** Below this, what was sent need not be told apart from what records tell of it. */
const SHORT = 4096

function factsSize({ audit, forwarded }: RequestEntry): number {
  let size = roughSize(audit)
  for (const call of forwarded) size += roughSize(call.audit)
  return size
}

/** What a service did by itself. */
class ServiceEntry implements TrailEntry {
  readonly place: number
  readonly time: number
  readonly isManagement = true
  readonly service = undefined
  readonly weight = ENTRY
  readonly #event: ServiceEvent

  constructor(event: ServiceEvent, place: number) {
    this.place = place
    this.time = event.time
    this.#event = event
  }

  records(): CloudTrailRecord[] {
    return [serviceRecord(this.#event)]
  }

  places(): TrailPlace[] {
    const { account, region } = this.#event
    return [{ account, region }]
  }
}
