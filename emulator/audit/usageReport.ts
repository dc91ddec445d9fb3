import { keyCost, type PricedKey, type Prices } from './prices.ts'
import type { UsageMeter, UsageRow } from './usage.ts'

/** Requests, and what they would cost at full price: the free tier is taken off the total. */
interface Counted {
  readonly requests: number
  readonly savedByBucketKeys: number
  readonly throttled: number
  readonly usd: number
  /** What the saved calls would have cost. */
  readonly savedUsd: number
}

export interface KeyUsage {
  /** Null: requests that are about no key. */
  readonly key: string | null
  readonly keySpec: string | null
  readonly requests: Counted
  /** Months that the key was kept, and that its first two rotations were; null for AWS managed keys and without a key: they cost nothing. */
  readonly kept: { readonly months: number; readonly rotationMonths: number; readonly usd: number } | null
  readonly usd: number
}

/** What `GET /_twokey/usage` answers: JSON values only. Money is in US dollars. */
export interface UsageReport {
  /** ISO 8601. */
  readonly since: string
  readonly until: string
  readonly kms: readonly (UsageRow & { readonly usd: number })[]
  /** The dearest first, at most `limit`. */
  readonly keys: readonly KeyUsage[]
  /** How many keys did not fit. */
  readonly moreKeys: number
  /** By the service that called for its caller; `direct` when nobody did. */
  readonly services: readonly (Counted & { readonly service: string })[]
  readonly totals: {
    readonly requests: Counted
    /** Requests that the free tier covers, and what they would have cost. */
    readonly freeTier: { readonly requests: number; readonly usd: number }
    /** Customer managed keys that were kept for some of the time. */
    readonly keys: { readonly count: number; readonly usd: number }
    readonly usd: number
  }
  readonly prices: Prices
}

export interface ReportOptions {
  readonly until: number
  readonly prices: Prices
  /** Requests a month that are free. */
  readonly freeTier: number
  readonly limit: number
}

/** Adds up what was counted, and what it would cost on AWS. */
export function usageReport(
  meter: Pick<UsageMeter, 'rows' | 'months' | 'since'>,
  stored: Iterable<PricedKey>,
  { until, prices, freeTier, limit }: ReportOptions,
): UsageReport {
  const { since } = meter
  const rows = meter.rows().map((row) => ({ ...row, usd: money(costOf(row.requests, row, prices)) }))
  const keys = new Map<string | null, { keySpec: string | null; requests: Sum; kept: KeyUsage['kept'] }>()
  const services = new Map<string, Sum>()
  const all = new Sum()
  for (const row of rows) {
    const usage = entry(keys, row.key, () => ({ keySpec: row.keySpec, requests: new Sum(), kept: null }))
    for (const sum of [usage.requests, entry(services, row.via, () => new Sum()), all]) sum.add(row, prices)
  }
  const storage = { count: 0, usd: 0 }
  for (const key of stored) {
    const kept = keyCost(key, { since, until }, prices)
    if (kept.months === 0) continue
    entry(keys, key.arn, () => ({ keySpec: key.spec, requests: new Sum(), kept: null })).kept = kept
    storage.count++
    storage.usd += kept.usd
  }
  const free = meter.months().reduce((sum, { requests }) => sum + Math.min(requests, freeTier), 0)
  const freeUsd = (free * prices.requests) / PER
  const byCost = [...keys].map(([key, usage]) => keyUsage(key, usage)).sort(dearestFirst)
  return {
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    kms: rows,
    keys: byCost.slice(0, limit),
    moreKeys: Math.max(byCost.length - limit, 0),
    services: [...services].map(([service, sum]) => ({ service, ...sum.counted() })),
    totals: {
      requests: all.counted(),
      freeTier: { requests: free, usd: money(freeUsd) },
      keys: { count: storage.count, usd: money(storage.usd) },
      usd: money(all.usd - freeUsd + storage.usd),
    },
    prices,
  }
}

/** Prices are for so many requests. */
const PER = 10_000

const costOf = (requests: number, { priceClass }: UsageRow, prices: Prices) => (requests * prices[priceClass]) / PER

/** To a hundred-millionth: one request costs three millionths. */
const money = (usd: number) => Math.round(usd * 1e8) / 1e8

class Sum {
  requests = 0
  saved = 0
  throttled = 0
  usd = 0
  savedUsd = 0

  add(row: UsageRow, prices: Prices): void {
    this.requests += row.requests
    this.saved += row.savedByBucketKeys
    this.throttled += row.throttled
    this.usd += costOf(row.requests, row, prices)
    this.savedUsd += costOf(row.savedByBucketKeys, row, prices)
  }

  counted(): Counted {
    return {
      requests: this.requests,
      savedByBucketKeys: this.saved,
      throttled: this.throttled,
      usd: money(this.usd),
      savedUsd: money(this.savedUsd),
    }
  }
}

function keyUsage(
  key: string | null,
  {
    keySpec,
    requests,
    kept,
  }: { readonly keySpec: string | null; readonly requests: Sum; readonly kept: KeyUsage['kept'] },
): KeyUsage {
  return {
    key,
    keySpec,
    requests: requests.counted(),
    kept: kept && { months: money(kept.months), rotationMonths: money(kept.rotationMonths), usd: money(kept.usd) },
    usd: money(requests.usd + (kept?.usd ?? 0)),
  }
}

const dearestFirst = (a: KeyUsage, b: KeyUsage) =>
  b.usd - a.usd || b.requests.requests - a.requests.requests || ((a.key ?? '') < (b.key ?? '') ? -1 : 1)

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
