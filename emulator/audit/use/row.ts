import { covers, exactly, widened, type Pattern } from '../../access/generate/pattern.ts'
import type { UseCondition } from '../../access/generate/use.ts'
import type { AuthorizationRequest, Decision, Guard } from '../../access/types.ts'
import { detached } from '../../lib/detached.ts'

/** Before every time. */
export const NEVER = -Infinity

/** One resource, or several under one pattern, with one set of conditions: when it was used, and with what result. */
export class Row {
  resource: Pattern
  conditions: readonly UseCondition[]
  readonly guard: Guard
  /** The resource's owner; undefined for `*`. */
  readonly account: string | undefined
  /** At least so many were put together; 1 unless a pattern is open. */
  names = 1
  allowed = 0
  denied = 0
  /** When it was last allowed otherwise than by a grant alone; milliseconds since the epoch, as all of these. */
  lastAllowed = NEVER
  lastGranted = NEVER
  lastDenied = NEVER
  /** When it was last refused by what an identity or resource policy cannot mend: an explicit Deny, an SCP, a boundary. */
  lastBarred = NEVER
  /** When last allowed, the resource's policy left it to the caller's account. */
  delegated = false

  constructor(resource: Pattern, conditions: readonly UseCondition[], guard: Guard, account: string | undefined) {
    this.resource = resource
    this.conditions = conditions
    this.guard = guard
    this.account = account
  }

  count(decision: Decision, time: number): void {
    if (decision.allowed) {
      this.allowed++
      if (decision.grant) {
        this.lastGranted = time
        return
      }
      this.lastAllowed = time
      this.delegated = decision.resourceSide === 'delegated'
      return
    }
    this.denied++
    this.lastDenied = time
    if (decision.effect === 'explicit-deny' || !MENDABLE.has(decision.layer)) this.lastBarred = time
  }

  /** Takes another row's uses over: afterwards this one's pattern stands for both. */
  absorb(other: Row): void {
    this.widen(other.resource, other.conditions)
    this.names += other.names
    this.allowed += other.allowed
    this.denied += other.denied
    this.lastAllowed = Math.max(this.lastAllowed, other.lastAllowed)
    this.lastGranted = Math.max(this.lastGranted, other.lastGranted)
    this.lastDenied = Math.max(this.lastDenied, other.lastDenied)
    this.lastBarred = Math.max(this.lastBarred, other.lastBarred)
    this.delegated &&= other.delegated
  }

  widen(resource: Pattern, conditions: readonly UseCondition[]): void {
    this.resource = widened(this.resource, resource)
    this.conditions = this.conditions.flatMap((condition) => {
      const other = conditions.find(({ key }) => key === condition.key)
      return other ? [{ ...condition, values: valuesOfBoth(condition, other) }] : []
    })
  }

  /** Whether its patterns stand for a request already; false also where that takes longer to find out. */
  standsFor({ resource, encryptionContext }: AuthorizationRequest): boolean {
    if (!covers(this.resource, exactly(resource))) return false
    let names = 0
    for (const name in encryptionContext) {
      const value = encryptionContext[name]
      const condition = this.conditions[names++]
      if (condition?.key.length !== PAIR.length + name.length || !condition.key.endsWith(name)) return false
      const pattern = condition.values[0]
      if (value === undefined || !pattern || !(pattern.open ? value.startsWith(pattern.text) : value === pattern.text))
        return false
    }
    return names === this.conditions.length
  }

  copy(): Row {
    return Object.assign(new Row(this.resource, this.conditions, this.guard, this.account), this)
  }
}

const PAIR = 'kms:EncryptionContext:'

const MENDABLE: ReadonlySet<Decision['layer']> = new Set(['identity', 'resource', 'trust', 'acl', 'grant'])

function valuesOfBoth(a: UseCondition, b: UseCondition): readonly Pattern[] {
  if (a.many) {
    const known = new Set(a.values.map(({ text }) => text))
    const more = b.values.filter(({ text }) => !known.has(text))
    return more.length === 0 ? a.values : [...a.values, ...more.map(({ text }) => exactly(detached(text)))]
  }
  const [first, second] = [a.values[0], b.values[0]]
  return first && second ? [widened(first, second)] : []
}
