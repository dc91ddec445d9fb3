import type { Principal } from '../../../access/types.ts'
import type { Call } from '../../../operation/call.ts'
import type { DataKey } from './dataKeys.ts'

/*
 * S3 Bucket Keys. S3 asks KMS for one bucket-level key and uses it for the objects of a "time-limited period" (facts: A7); each
 * requester obtains it from KMS once, so that KMS has judged everybody who uses it (AWS: "Reducing the cost of SSE-KMS with Amazon S3
 * Bucket Keys"). Objects written in one such period share their data key, and reads need one Decrypt for each data key and requester.
 *
 * What AWS answers a requester whose permission is withdrawn within the period is not recorded; probably the key S3 has goes on
 * working. Here it does not: KMS is asked at each access, so that denials do not depend on what happened minutes ago. What is saved is
 * the counting: such a call is no request for the quotas, for what KMS would cost, and for CloudTrail (`KeyCallOptions.spared`).
 */

/** How long S3 keeps a bucket-level key. AWS does not publish it; SNS and SQS keep theirs for five minutes (facts: integrations 16). */
const KEPT_MS = 300_000
const MOST_KEPT = 10_000

/** What S3 has got from KMS, in memory only, until its time is over. */
export class BucketKeys {
  readonly #forWriting = new Kept<DataKey>()
  readonly #forReading = new Kept<true>()

  /** The bucket-level key that this requester's writes use. */
  written(id: string, time: number): DataKey | undefined {
    return this.#forWriting.get(id, time)
  }

  keepWritten(id: string, key: DataKey, time: number): void {
    this.#forWriting.put(id, key, time)
  }

  forgetWritten(id: string): void {
    this.#forWriting.delete(id)
  }

  /** Whether this requester has had KMS open this bucket-level key. Whether having made one is enough is not known: it is not here. */
  hasOpened(id: string, time: number): boolean {
    return this.#forReading.get(id, time) === true
  }

  keepOpened(id: string, time: number): void {
    this.#forReading.put(id, true, time)
  }

  forgetOpened(id: string): void {
    this.#forReading.delete(id)
  }

  clear(): void {
    this.#forWriting.clear()
    this.#forReading.clear()
  }
}

/** Values that are good for a while: keys are not kept for longer, even if nobody asks again. When there are too many, the oldest goes. */
class Kept<T> {
  readonly #values = new Map<string, { readonly value: T; readonly since: number }>()

  get(id: string, time: number): T | undefined {
    const kept = this.#values.get(id)
    if (!kept) return undefined
    if (time >= kept.since && time < kept.since + KEPT_MS) return kept.value
    this.#values.delete(id)
    return undefined
  }

  put(id: string, value: T, since: number): void {
    this.#values.delete(id)
    this.#values.set(id, { value, since })
    for (const [oldest, kept] of this.#values) {
      if (this.#values.size <= MOST_KEPT && since < kept.since + KEPT_MS) break
      this.#values.delete(oldest)
    }
  }

  delete(id: string): void {
    this.#values.delete(id)
  }

  clear(): void {
    this.#values.clear()
  }
}

/**
 * Whom S3 takes for one requester: sessions of a role are one, unless their session policies differ (AWS: "different roles or
 * accounts, or the same role with different scoping policies").
 */
export function requesterOf({ caller }: Pick<Call, 'caller'>): string {
  const scope = caller.policies().session?.map(({ text }) => text) ?? []
  return JSON.stringify([identityOf(caller.principal), ...scope])
}

function identityOf(principal: Principal): string {
  switch (principal.kind) {
    case 'role':
      return principal.roleId
    case 'service':
      return principal.service
    case 'anonymous':
      return ''
    default:
      return principal.userId
  }
}
