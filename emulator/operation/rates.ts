/** Quotas that are enforced (TWOKEY_QUOTAS). */
export interface Quotas {
  /** The value in force in a Region; undefined where nothing limits. */
  limit(quota: string, region: string): number | undefined
  /**
   * Counts one request against a rate. False when the account has asked for too many: then nothing is counted.
   * @param time milliseconds since the epoch, by the emulator's clock
   */
  admits(account: string, region: string, quota: string, time: number): boolean
  /** Forgets what was counted. */
  clear(): void
}

interface Bucket {
  tokens: number
  /** When the tokens were counted. */
  at: number
  readonly full: number
  readonly perSecond: number
}

/** Callers choose Regions and so make buckets, but none may make another's forget what was counted. */
const MOST_BUCKETS = 10_000

/**
 * A token bucket for each account, Region and quota: a second's worth of requests at once (at least one), refilled at the quota's
 * rate. AWS says only that it counts per second.
 * @param limit requests per second; see `Quotas.limit`
 */
export function createQuotas(limit: Quotas['limit']): Quotas {
  const buckets = new Map<string, Bucket>()
  return {
    limit,
    admits(account, region, quota, time) {
      const perSecond = limit(quota, region)
      if (perSecond === undefined) return true
      const name = `${account}/${region}/${quota}`
      const bucket = buckets.get(name) ?? added(buckets, name, newBucket(perSecond, time))
      bucket.tokens = tokensOf(bucket, time)
      bucket.at = time
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    },
    clear() {
      buckets.clear()
    },
  }
}

function newBucket(perSecond: number, at: number): Bucket {
  const full = Math.max(perSecond, 1)
  return { tokens: full, at, full, perSecond }
}

/** A clock that was moved back refills nothing. */
const tokensOf = ({ tokens, at, full, perSecond }: Bucket, time: number): number =>
  Math.min(full, tokens + (Math.max(time - at, 0) / 1000) * perSecond)

/** Full buckets are as good as none and go; only where all are in use goes the oldest. */
function added(buckets: Map<string, Bucket>, name: string, bucket: Bucket): Bucket {
  if (buckets.size >= MOST_BUCKETS) makeRoom(buckets, bucket.at)
  buckets.set(name, bucket)
  return bucket
}

function makeRoom(buckets: Map<string, Bucket>, time: number): void {
  let oldest: string | undefined
  for (const [name, bucket] of buckets) {
    oldest ??= name
    if (tokensOf(bucket, time) >= bucket.full) buckets.delete(name)
  }
  if (buckets.size >= MOST_BUCKETS && oldest !== undefined) buckets.delete(oldest)
}
