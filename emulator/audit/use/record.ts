import { conditionsOf, detachedConditions, identityOf, keysOf } from './conditions.ts'
import { kinOf } from './kin.ts'
import { exactly } from '../../access/generate/pattern.ts'
import type { AuthorizationRequest, Decision, Principal } from '../../access/types.ts'
import { detached } from '../../lib/detached.ts'
import type { Listener } from '../recorder.ts'
import { Row } from './row.ts'

/** Somebody who did something. Sessions of a role are the role; a session with another account's id in it has that account's. */
export interface Person {
  /** Of the user, the role, the root user or the federated user. */
  readonly arn: string
  readonly kind: 'user' | 'role' | 'root' | 'federated'
  readonly account: string
  /** Of a role; empty otherwise. */
  readonly roleName: string
}

/** What one person did: the same action in the same way. */
export interface Doing {
  readonly action: string
  /** The service that called for the caller; undefined for the caller's own calls. */
  readonly via: string | undefined
  /** The Region of a call that a service made; empty otherwise. */
  readonly region: string
  rows(): Iterable<Row>
}

/** What every principal has done, as far as policies are concerned: for `twokey policy generate`. */
export interface UseRecord {
  readonly listener: Listener
  /** When recording began, in milliseconds since the epoch by the emulator's clock. */
  readonly since: number
  people(): Iterable<Person & { readonly allowed: number; readonly denied: number }>
  /** Undefined when nothing is known of the principal. */
  doings(arn: string): readonly Doing[] | undefined
  /** Decisions that found no room: what is told of principals may be incomplete. */
  readonly unrecorded: number
  /** What is kept, for whoever wants to know that it is little. */
  readonly kept: { readonly people: number; readonly rows: number; readonly characters: number }
  clear(): void
}

export interface Bounds {
  /** Resources under one parent, or encryption contexts with one key, that are kept by name. */
  readonly names: number
  readonly rows: number
  /** Of names and condition values. */
  readonly characters: number
  /** What cannot be made fewer by putting names together: parents, ways, principals. */
  readonly groups: number
}

export const USUAL_BOUNDS: Bounds = { names: 1000, rows: 20_000, characters: 4_000_000, groups: 5000 }

/**
 * Aggregates every decision by principal, action, way, resource and conditions, in bounded memory. Where names become too many they
 * are put together to what they begin with; where even that is too much, decisions are only counted. A request whose like was seen
 * before costs three look-ups and keeps nothing alive.
 */
export function createUseRecord(clock: { now(): number } = { now: Date.now }, bounds = USUAL_BOUNDS): UseRecord {
  const people = new Map<string, Someone>()
  const kept = { people: 0, rows: 0, groups: 0, characters: 0 }
  let since = clock.now()
  let unrecorded = 0

  function note(decision: Decision, via: string | undefined, region: string, time: number): void {
    const { principal, action } = decision.request
    const name = nameOf(principal)
    if (name === undefined) return
    const doing = people.get(name)?.doing(action, via, region)
    if (doing?.latest && doing.keys.length === 0 && doing.latest.standsFor(decision.request)) {
      doing.latest.count(decision, time)
      return
    }
    const identity = identityOf(decision.request, doing ? doing.keys : keysOf(action))
    const row = doing?.byIdentity.get(identity)
    if (row) row.count(decision, time)
    else if (!add(decision, { name, via, region, identity, time })) unrecorded++
  }

  /** @returns false when there is no room */
  function add(
    decision: Decision,
    { name, via, region, identity, time }: Way & { readonly identity: string; readonly time: number },
  ): boolean {
    const { request } = decision
    const known = people.get(name)?.doing(request.action, via, region)
    const keys = known ? known.keys : keysOf(request.action)
    const conditions = conditionsOf(request, keys)
    const groupName = kinOf(request.resource, conditions)
    let group = known?.groups.get(groupName)
    if (!group) {
      if (kept.groups >= bounds.groups || kept.characters >= bounds.characters) return false
      group = new Group()
      doingOf(request, { name, via, region }).groups.set(detached(groupName), group)
      kept.groups++
      kept.characters += groupName.length
    }
    const doing = doingOf(request, { name, via, region })
    if (!group.whole && isFull(group)) putTogether(doing, group)
    if (group.whole) {
      group.whole.widen(exactly(request.resource), conditions)
      group.whole.count(decision, time)
      doing.latest = group.whole
      return true
    }
    const resource = exactly(detached(request.resource))
    const row = new Row(resource, detachedConditions(conditions), request.guard, request.resourceAccount)
    row.count(decision, time)
    const key = identity === request.resource ? resource.text : detached(identity)
    doing.byIdentity.set(key, row)
    group.identities.push(key)
    kept.rows++
    kept.characters += key.length
    return true
  }

  const isFull = ({ identities }: Group) =>
    identities.length > 0 &&
    (identities.length >= bounds.names || kept.rows >= bounds.rows || kept.characters >= bounds.characters)

  /** From now on one row stands for all of the group. */
  function putTogether({ byIdentity }: Deeds, group: Group): void {
    for (const identity of group.identities) {
      const row = byIdentity.get(identity)
      byIdentity.delete(identity)
      kept.characters -= identity.length
      kept.rows--
      if (!row) continue
      if (group.whole) group.whole.absorb(row)
      else group.whole = row
    }
    group.identities.length = 0
    // The one that found no room of its own.
    if (group.whole) group.whole.names++
  }

  function doingOf({ principal, action }: AuthorizationRequest, { name, via, region }: Way): Deeds {
    let someone = people.get(name)
    if (!someone) {
      someone = new Someone(principal)
      people.set(someone.arn, someone)
      kept.people++
    }
    return someone.doing(action, via, region) ?? someone.add(action, via, region)
  }

  return {
    listener({ service, region, time, trace }) {
      if (!trace) return
      for (const decision of trace.decisions) note(decision, undefined, '', time)
      for (const { trace: inner, caller, region: elsewhere } of trace.forwarded) {
        // What a service does as itself is done on nobody's behalf.
        const via = caller ? undefined : service
        for (const decision of inner.decisions) note(decision, via, caller ? '' : (elsewhere ?? region), time)
      }
    },
    get since() {
      return since
    },
    *people() {
      for (const someone of people.values()) {
        let [allowed, denied] = [0, 0]
        for (const doing of someone.doings) {
          for (const row of doing.rows()) {
            allowed += row.allowed
            denied += row.denied
          }
        }
        const { arn, kind, account, roleName } = someone
        yield { arn, kind, account, roleName, allowed, denied }
      }
    },
    doings: (arn) => people.get(arn)?.doings,
    get unrecorded() {
      return unrecorded
    },
    get kept() {
      return { ...kept }
    },
    clear() {
      people.clear()
      Object.assign(kept, { people: 0, rows: 0, groups: 0, characters: 0 })
      since = clock.now()
      unrecorded = 0
    },
  }
}

interface Way {
  readonly name: string
  readonly via: string | undefined
  readonly region: string
}

function nameOf(principal: Principal): string | undefined {
  if (principal.kind === 'role') return principal.roleArn
  return principal.kind === 'anonymous' || principal.kind === 'service' ? undefined : principal.arn
}

/** Rows that may be put together. */
class Group {
  identities: string[] = []
  whole: Row | undefined
}

class Deeds implements Doing {
  readonly action: string
  readonly via: string | undefined
  readonly region: string
  readonly keys: readonly string[]
  readonly byIdentity = new Map<string, Row>()
  readonly groups = new Map<string, Group>()
  /** Of the rows that stand for many, the one that was used last: the next request is likely one of the many. */
  latest: Row | undefined

  constructor(action: string, via: string | undefined, region: string) {
    this.action = action
    this.via = via
    this.region = region
    this.keys = keysOf(action)
  }

  *rows(): Generator<Row> {
    yield* this.byIdentity.values()
    for (const { whole } of this.groups.values()) if (whole) yield whole
  }
}

class Someone implements Person {
  readonly arn: string
  readonly kind: Person['kind']
  readonly account: string
  readonly roleName: string
  /** By action, few ways each. */
  readonly #byAction = new Map<string, Deeds[]>()

  constructor(principal: Principal) {
    const name = nameOf(principal)
    if (name === undefined || !('account' in principal))
      throw new Error('INVARIANT: services and anonymous callers are not recorded')
    this.arn = detached(name)
    this.kind = principal.kind
    this.account = detached(principal.account)
    this.roleName = principal.kind === 'role' ? detached(principal.roleName) : ''
  }

  doing(action: string, via: string | undefined, region: string): Deeds | undefined {
    const ways = this.#byAction.get(action)
    if (ways) for (const way of ways) if (way.via === via && way.region === region) return way
    return undefined
  }

  add(action: string, via: string | undefined, region: string): Deeds {
    const way = new Deeds(action, via, detached(region))
    const ways = this.#byAction.get(action)
    if (ways) ways.push(way)
    else this.#byAction.set(action, [way])
    return way
  }

  get doings(): readonly Deeds[] {
    return [...this.#byAction.values()].flat()
  }
}
