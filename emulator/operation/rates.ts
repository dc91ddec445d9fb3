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
}

/** Full buckets are as good as none, so the oldest may go. */
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
      const full = Math.max(perSecond, 1)
      const name = `${account}/${region}/${quota}`
      const bucket = buckets.get(name) ?? added(buckets, name, { tokens: full, at: time })
      // A clock that was moved back refills nothing.
      const seconds = Math.max(time - bucket.at, 0) / 1000
      bucket.tokens = Math.min(full, bucket.tokens + seconds * perSecond)
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

function added(buckets: Map<string, Bucket>, name: string, bucket: Bucket): Bucket {
  if (buckets.size >= MOST_BUCKETS) {
    for (const oldest of buckets.keys()) {
      buckets.delete(oldest)
      break
    }
  }
  buckets.set(name, bucket)
  return bucket
}
