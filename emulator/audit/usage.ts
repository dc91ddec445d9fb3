import type { AwsError } from '../lib/awsError.ts'
import type { Trace } from '../operation/trace.ts'
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

type Tally = { -readonly [K in keyof UsageRow]: UsageRow[K] } & {
  readonly pairSpec: string | undefined
  readonly payer: Payer
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
    const resource = trace.audit?.resources?.[0]
    const key = resource?.keySpec === undefined ? undefined : resource.arn
    const pairSpec = pairSpecOf(operation, trace)
    const place = key ?? account
    let tallies = byKey.get(place)
    if (tallies) {
      for (const tally of tallies) {
        if (
          tally.operation === operation &&
          tally.via === via &&
          tally.account === account &&
          tally.region === region &&
          tally.pairSpec === pairSpec
        )
          return tally
      }
    }
    if (size >= MOST_ROWS || (tallies && tallies.length >= MOST_PER_KEY)) return others
    if (!tallies) byKey.set(place, (tallies = []))
    const tally: Tally = {
      account,
      region,
      operation,
      via,
      key: key ?? null,
      keySpec: resource?.keySpec ?? null,
      priceClass: classOf(operation, resource?.keySpec, pairSpec),
      requests: 0,
      savedByBucketKeys: 0,
      throttled: 0,
      pairSpec,
      payer: payerOf(account),
    }
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

  function count(tally: Tally, time: number, error: AwsError | undefined, spared: boolean): void {
    if (error?.code === 'ThrottlingException') tally.throttled++
    // A refusal shows that KMS was asked after all.
    else if (spared && !error) tally.savedByBucketKeys++
    else {
      tally.requests++
      if (tally.priceClass === 'requests') tally.payer.count(time)
    }
  }

  return {
    get since() {
      return since
    },
    listener({ caller, region, service, operation, trace, time, error }) {
      if (!trace) return
      const { principal } = caller
      const account = 'account' in principal ? principal.account : ''
      if (service === 'kms' && operation !== undefined) {
        count(find(account, region, operation, 'direct', trace), time, error, false)
      }
      for (const call of trace.forwarded) {
        count(find(account, region, call.operation, service, call.trace), time, call.error, call.spared)
      }
    },
    rows: () => [...[...byKey.values()].flat(), ...(isEmpty(others) ? [] : [others])].map(shown),
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
const rest = (): Tally => ({
  account: '',
  region: '',
  operation: '(others)',
  via: '(others)',
  key: null,
  keySpec: null,
  priceClass: 'requests',
  requests: 0,
  savedByBucketKeys: 0,
  throttled: 0,
  pairSpec: undefined,
  payer: new Payer(''),
})

const isEmpty = ({ requests, savedByBucketKeys, throttled }: UsageRow) => requests + savedByBucketKeys + throttled === 0

function shown({ pairSpec: _spec, payer: _payer, ...row }: Tally): UsageRow {
  return row
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
