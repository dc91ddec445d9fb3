import { matchGrant } from './grants.ts'
import { accountOf, policiesInForce } from './inForce.ts'
import type { Reach } from './match/principal.ts'
import { statementReach, type Question } from './match/statement.ts'
import type {
  AuthorizationRequest,
  CompiledStatement,
  Decision,
  Grant,
  Layer,
  PolicySet,
  PolicySource,
  ResourceSide,
} from './types.ts'

/**
 * Decides one request (facts: C1, C3, C4, E2, E6). Explicit denies first, in AWS's order of layers; then each layer that must
 * allow, in the same order, so that a denial names the first that does not.
 */
export function evaluate(request: AuthorizationRequest, policies: PolicySet): Decision {
  return new Evaluation(request, policies).decide()
}

/** What carried or struck. */
interface Finding {
  readonly source: PolicySource
  readonly statement: CompiledStatement
}

/** How strong the resource's side is: what it names, and whether the caller's account must agree. */
interface Opening {
  readonly reach: Reach
  /** Another account's permission: the caller's own policies must allow as well (facts: C4). */
  readonly foreign: boolean
  readonly finding?: Finding | undefined
  readonly grant?: Grant | undefined
}

const SHUT: Opening = { reach: 'none', foreign: false }
const ORDER: Readonly<Record<Reach, number>> = { none: 0, delegated: 1, limited: 2, free: 3 }

/** A permission from the caller's own account asks for less than any from another account. */
const rank = ({ reach, foreign }: Opening) => (reach === 'none' ? 0 : ORDER[reach] + (foreign ? 0 : 3))
const stronger = (a: Opening, b: Opening) => (rank(b) > rank(a) ? b : a)

class Evaluation {
  readonly #request: AuthorizationRequest
  readonly #given: PolicySet
  /** Of those given, what bears on the request. */
  readonly #policies: PolicySet
  readonly #question: Question
  readonly #crossAccount: boolean
  /** Has an account whose identity policies, SCPs and boundaries bear on it. */
  readonly #hasAccount: boolean
  /** A role's trust policy needs no Resource element and has its own words. */
  readonly #resourceLayer: 'resource' | 'trust'
  /** Found on the way, named when it carried. */
  #identityAllow: Finding | undefined

  constructor(request: AuthorizationRequest, policies: PolicySet) {
    const { principal, resource, context, resourceAccount } = request
    this.#request = request
    this.#given = policies
    this.#policies = policiesInForce(request, policies)
    this.#question = { principal, action: request.action.toLowerCase(), resource, context, simulated: false }
    const account = accountOf(principal)
    this.#hasAccount = account !== undefined
    this.#crossAccount =
      account !== undefined && resourceAccount !== undefined && resourceAccount !== '' && resourceAccount !== account
    this.#resourceLayer = request.guard === 'trust' ? 'trust' : 'resource'
  }

  decide(): Decision {
    // Whoever has credentials may ask whose they are; nothing can deny it (facts: C1 step 0).
    if (this.#question.action === 'sts:getcalleridentity') return this.#decision('allow', 'identity', SHUT)
    const struck = this.#explicitDeny()
    if (struck) {
      const layer = struck.source === this.#policies.resource ? this.#resourceLayer : struck.source.layer
      return this.#decision('explicit-deny', layer, SHUT, struck)
    }
    const opening = this.#opening()
    const lacking = this.#organizationLacking() ?? this.#lacking(opening)
    if (lacking) return this.#decision('implicit-deny', lacking, opening)
    return this.#allowed(opening)
  }

  #explicitDeny(): Finding | undefined {
    const { identity, boundary, session, endpoint, resource } = this.#policies
    for (const level of this.#policies.scp ?? NONE) {
      const found = this.#denyIn(level)
      if (found) return found
    }
    for (const level of this.#policies.rcp ?? NONE) {
      const found = this.#denyIn(level)
      if (found) return found
    }
    return (
      (endpoint && this.#denyOf(endpoint)) ??
      (resource && this.#denyOf(resource, this.#resourceLayer)) ??
      this.#denyIn(identity) ??
      (boundary && this.#denyOf(boundary)) ??
      (session && this.#denyIn(session))
    )
  }

  /** SCPs, RCPs and endpoint policies never grant, but each of their levels must allow. */
  #organizationLacking(): Layer | undefined {
    const { endpoint } = this.#policies
    for (const level of this.#policies.scp ?? NONE) if (!this.#allowIn(level)) return 'scp'
    for (const level of this.#policies.rcp ?? NONE) if (!this.#allowIn(level)) return 'rcp'
    return endpoint && !this.#allowOf(endpoint) ? 'endpoint' : undefined
  }

  /** The strongest way the resource's side lets the caller in. */
  #opening(): Opening {
    const { guard, principal } = this.#request
    if (guard === 'none') return this.#hasAccount ? { reach: 'delegated', foreign: false } : SHUT
    // KMS admits signed requests only (facts: C1).
    if (guard === 'key' && principal.kind === 'anonymous') return SHUT
    let opening = this.#resourceOpening()
    for (const grant of this.#policies.grants ?? NO_GRANTS) {
      const { reach } = matchGrant(grant, this.#request)
      if (reach === 'none') continue
      // A grant that the caller's own account issued on another's key counts as its own (facts: E6).
      const foreign = this.#crossAccount && grant.issuingAccount !== accountOf(principal)
      opening = stronger(opening, { reach, foreign, grant })
    }
    // Ordinary resources trust their account's own policies without saying so.
    if (guard === 'ordinary' && this.#hasAccount && !this.#crossAccount) opening = stronger(opening, OWN_ACCOUNT)
    return opening
  }

  #resourceOpening(): Opening {
    const { resource, acl } = this.#policies
    const opening = resource ? this.#openedBy(resource, SHUT) : SHUT
    return acl ? this.#openedBy(acl, opening) : opening
  }

  /** What a policy's statements let in, if that is more than `opening` does. */
  #openedBy(source: PolicySource, opening: Opening): Opening {
    for (const statement of source.policy.allows) {
      if (opening.reach === 'free') break
      const reach = statementReach(statement, this.#question, this.#resourceLayer)
      if (ORDER[reach] <= ORDER[opening.reach]) continue
      opening = { reach, foreign: this.#crossAccount, finding: { source, statement } }
    }
    return opening
  }

  /** The first layer on the way that does not allow. */
  #lacking({ reach, foreign }: Opening): Layer | undefined {
    if (reach === 'none') return this.#request.guard === 'none' ? 'identity' : this.#resourceLayer
    const limits = reach === 'limited' ? this.#limitLacking() : undefined
    if (limits) return limits
    if (!foreign && reach !== 'delegated') return undefined
    return this.#identityAllows() ? this.#limitLacking() : 'identity'
  }

  #limitLacking(): Layer | undefined {
    const { boundary, session } = this.#policies
    if (boundary && !this.#allowOf(boundary)) return 'boundary'
    return session && !this.#allowIn(session) ? 'session' : undefined
  }

  #identityAllows(): boolean {
    if (this.#isRoot()) return true
    this.#identityAllow = this.#allowIn(this.#policies.identity)
    return this.#identityAllow !== undefined
  }

  /** The root user, and a federated session that it issued, need no identity policy. */
  #isRoot(): boolean {
    const { principal } = this.#request
    return principal.kind === 'root' || (principal.kind === 'federated' && principal.issuerArn.endsWith(':root'))
  }

  #denyIn(sources: readonly PolicySource[]): Finding | undefined {
    for (const source of sources) {
      const found = this.#denyOf(source)
      if (found) return found
    }
    return undefined
  }

  #denyOf(source: PolicySource, layer: Layer = source.layer): Finding | undefined {
    for (const statement of source.policy.denies)
      if (statementReach(statement, this.#question, layer) !== 'none') return { source, statement }
    return undefined
  }

  #allowIn(sources: readonly PolicySource[]): Finding | undefined {
    for (const source of sources) {
      const found = this.#allowOf(source)
      if (found) return found
    }
    return undefined
  }

  #allowOf(source: PolicySource): Finding | undefined {
    for (const statement of source.policy.allows)
      if (statementReach(statement, this.#question, source.layer) !== 'none') return { source, statement }
    return undefined
  }

  #allowed(opening: Opening): Decision {
    const { grant, finding, reach, foreign } = opening
    const byAcl = finding !== undefined && finding.source === this.#policies.acl
    // Another account's ACL names accounts only; that it let this one in is what matters.
    if (reach === 'delegated' && !(byAcl && foreign)) {
      return this.#decision('allow', 'identity', opening, this.#identityAllow)
    }
    return this.#decision('allow', grant ? 'grant' : byAcl ? 'acl' : this.#resourceLayer, opening, finding)
  }

  #decision(effect: Decision['effect'], layer: Layer, opening: Opening, finding?: Finding): Decision {
    return {
      allowed: effect === 'allow',
      effect,
      layer,
      source: finding?.source,
      statement: finding?.statement,
      grant: effect === 'allow' ? opening.grant : undefined,
      resourceSide: sideOf(opening),
      crossAccount: this.#crossAccount,
      request: this.#request,
      policies: this.#given,
    }
  }
}

const NONE: readonly (readonly PolicySource[])[] = []
const NO_GRANTS: readonly Grant[] = []
const OWN_ACCOUNT: Opening = { reach: 'delegated', foreign: false }

function sideOf({ grant, reach, finding }: Opening): ResourceSide {
  if (grant) return 'grant'
  if (reach === 'none') return 'none'
  if (reach === 'delegated') return finding ? 'delegated' : 'none'
  return 'direct'
}
