import type { AwsError } from '../lib/awsError.ts'
import { accountOf } from '../operation/perform.ts'
import type { AuditedResource, Trace } from '../operation/trace.ts'
import { classOf, type RequestClass } from './prices.ts'
import type { Listener } from './recorder.ts'

/** How often a KMS operation was called with a key, by whom it was asked for. */
export interface UsageRow {
  /** The account that pays: the caller's (facts: G). */
  readonly account: string
  readonly region: string
  readonly operation: string
  /** The service that called for the caller; `direct` when nobody did. */
  readonly via: string
  /** The key's ARN; null for calls that are about none, or none that exists. ReEncrypt counts with its source key. */
  readonly key: string | null
  /** `SYMMETRIC_DEFAULT`; null without a key. */
  readonly keySpec: string | null
  readonly priceClass: RequestClass
  /**
   * What KMS would have been asked, refusals included: AWS does not say that they are free. Throttled and saved calls are not among
   * them.
   */
  readonly requests: number
  /** What KMS would not have been asked, thanks to Bucket Keys. */
  readonly savedByBucketKeys: number
  readonly throttled: number
}

export interface UsageMeter {
  readonly listener: Listener
  /** When counting began, in milliseconds since the epoch by the emulator's clock: at the start, or the last reset. */
  readonly since: number
  rows(): UsageRow[]
  /** Requests of each account and calendar month (UTC) that the free tier covers. */
  months(): readonly { readonly account: string; readonly requests: number }[]
  clear(): void
}

/** What tells the rows of one key apart. */
interface Named {
  readonly account: string
  readonly region: string
  readonly operation: string
  readonly via: string
  readonly pairSpec: string | undefined
}

/** Distinct rows; what does not fit is counted in one row without names. */
const MOST_ROWS = 10_000
/** Of one key, so that finding a row stays quick. */
const MOST_PER_KEY = 256
const MOST_PAYERS = 10_000

/**
 * Counts KMS requests since the start (or the last reset), in memory only. Memory grows with distinct rows, up to a limit, and not with
 * requests. Every request is heard: finding a row costs one look-up by key, and no text is joined.
 */
export function createUsageMeter(clock: { now(): number } = { now: Date.now }): UsageMeter {
  let since = clock.now()
  const byKey = new Map<string, Tally[]>()
  const payers = new Map<string, Payer>()
  let size = 0
  let others = rest()

  function find(account: string, region: string, operation: string, via: string, trace: Trace): Tally {
    const key = keyIn(trace)
    const pairSpec = pairSpecOf(operation, trace)
    const place = key?.arn ?? account
    const tallies = byKey.get(place)
    if (tallies) for (const tally of tallies) if (tally.is(account, region, operation, via, pairSpec)) return tally
    return add(place, { account, region, operation, via, pairSpec }, key)
  }

  function add(place: string, named: Named, key: AuditedResource | undefined): Tally {
    const tallies = byKey.get(place) ?? []
    if (size >= MOST_ROWS || tallies.length >= MOST_PER_KEY) return others
    const tally = new Tally(named, key, payerOf(named.account))
    if (tallies.length === 0) byKey.set(place, tallies)
    tallies.push(tally)
    size++
    return tally
  }

  function payerOf(account: string): Payer {
    let payer = payers.get(account)
    if (!payer) {
      if (payers.size >= MOST_PAYERS) return others.payer
      payer = new Payer(account)
      payers.set(account, payer)
    }
    return payer
  }

  return {
    get since() {
      return since
    },
    listener({ caller, region, service, operation, trace, time, error }) {
      if (!trace) return
      const account = accountOf(caller.principal)
      if (service === 'kms' && operation !== undefined) {
        find(account, region, operation, 'direct', trace).count(time, error, false)
      }
      for (const call of trace.forwarded) {
        const payer = call.caller ? accountOf(call.caller.principal) : account
        const place = call.region ?? region
        find(payer, place, call.operation, service, call.trace).count(time, call.error, call.spared)
      }
    },
    rows: () => [...[...byKey.values()].flat(), ...(others.isEmpty ? [] : [others])].map((tally) => tally.row()),
    months: () =>
      [...payers.values(), others.payer].flatMap((payer) =>
        payer.months().map((requests) => ({ account: payer.account, requests })),
      ),
    clear() {
      since = clock.now()
      byKey.clear()
      payers.clear()
      size = 0
      others = rest()
    },
  }
}

/** Where everything is counted that found no row of its own. */
const rest = (): Tally =>
  new Tally(
    { account: '', region: '', operation: '(others)', via: '(others)', pairSpec: undefined },
    undefined,
    new Payer(''),
  )

/** One row in the making. */
class Tally {
  readonly #named: Named
  readonly #key: AuditedResource | undefined
  readonly #priceClass: RequestClass
  readonly payer: Payer
  #requests = 0
  #saved = 0
  #throttled = 0

  constructor(named: Named, key: AuditedResource | undefined, payer: Payer) {
    this.#named = named
    this.#key = key
    this.#priceClass = classOf(named.operation, key?.keySpec, named.pairSpec)
    this.payer = payer
  }

  is(account: string, region: string, operation: string, via: string, pairSpec: string | undefined): boolean {
    const named = this.#named
    return (
      named.operation === operation &&
      named.via === via &&
      named.account === account &&
      named.region === region &&
      named.pairSpec === pairSpec
    )
  }

  count(time: number, error: AwsError | undefined, spared: boolean): void {
    if (error?.code === 'ThrottlingException') this.#throttled++
    // A refusal shows that KMS was asked after all.
    else if (spared && !error) this.#saved++
    else {
      this.#requests++
      if (this.#priceClass === 'requests') this.payer.count(time)
    }
  }

  get isEmpty(): boolean {
    return this.#requests + this.#saved + this.#throttled === 0
  }

  row(): UsageRow {
    const { account, region, operation, via } = this.#named
    return {
      account,
      region,
      operation,
      via,
      key: this.#key?.arn ?? null,
      keySpec: this.#key?.keySpec ?? null,
      priceClass: this.#priceClass,
      requests: this.#requests,
      savedByBucketKeys: this.#saved,
      throttled: this.#throttled,
    }
  }
}

/** The first key that a call is about, if it exists. */
function keyIn({ audit }: Trace): AuditedResource | undefined {
  const resource = audit?.resources?.[0]
  return resource?.keySpec === undefined ? undefined : resource
}

/** Data key pairs cost by what they are, not by the key they are sealed under. */
function pairSpecOf(operation: string, { audit }: Trace): string | undefined {
  if (operation !== 'GenerateDataKeyPair' && operation !== 'GenerateDataKeyPairWithoutPlaintext') return undefined
  const spec = audit?.requestParameters?.['keyPairSpec']
  return typeof spec === 'string' ? spec : 'ECC'
}

/** The requests of an account, month by month: the free tier begins anew with each. */
class Payer {
  readonly account: string
  #begins = 0
  #ends = 0
  #requests = 0
  readonly #others = new Map<number, number>()

  constructor(account: string) {
    this.account = account
  }

  count(time: number): void {
    if (time < this.#begins || time >= this.#ends) this.#turnTo(time)
    this.#requests++
  }

  months(): number[] {
    return [...this.#others.values(), this.#requests].filter((requests) => requests > 0)
  }

  /** The clock may have been moved back into a month that was counted before. */
  #turnTo(time: number): void {
    if (this.#requests > 0) this.#others.set(this.#begins, this.#requests)
    const date = new Date(time)
    this.#begins = Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    this.#ends = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
    this.#requests = this.#others.get(this.#begins) ?? 0
    this.#others.delete(this.#begins)
  }
}
