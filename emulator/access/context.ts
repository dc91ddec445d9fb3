import type { ConditionContext, ContextValue, Principal, Tags } from './types.ts'

type Layer = Readonly<Record<string, ContextValue | undefined>>

/**
 * A context from plain objects with names in AWS's spelling. Earlier layers win; nothing is copied until a key is asked for.
 */
export function contextOf(...layers: readonly Layer[]): ConditionContext {
  return new LayeredContext(layers)
}

class LayeredContext implements ConditionContext {
  readonly #layers: readonly Layer[]
  #values: Map<string, ContextValue> | undefined

  constructor(layers: readonly Layer[]) {
    this.#layers = layers
  }

  get(name: string): ContextValue | undefined {
    return this.#all().get(name)
  }

  names(): Iterable<string> {
    return this.#all().keys()
  }

  #all(): Map<string, ContextValue> {
    if (this.#values) return this.#values
    const values = new Map<string, ContextValue>()
    for (const layer of this.#layers) {
      for (const [written, value] of Object.entries(layer)) {
        const name = written.toLowerCase()
        if (value !== undefined && !values.has(name)) values.set(name, value)
      }
    }
    this.#values = values
    return values
  }
}

/** The aws: keys that come from who the caller is (facts: C7). */
export function principalContext(principal: Principal): ConditionContext {
  return new PrincipalContext(principal)
}

class PrincipalContext implements ConditionContext {
  readonly #principal: Principal

  constructor(principal: Principal) {
    this.#principal = principal
  }

  get(name: string): ContextValue | undefined {
    if (!name.startsWith('aws:')) return undefined
    return name.startsWith(TAG) ? tagOf(this.#principal, name.slice(TAG.length)) : KEYS[name]?.(this.#principal)
  }

  *names(): Iterable<string> {
    for (const name of Object.keys(KEYS)) if (this.get(name) !== undefined) yield name
    for (const key of Object.keys(tagsOf(this.#principal))) yield TAG + key.toLowerCase()
  }
}

const TAG = 'aws:principaltag/'

const tagsOf = (principal: Principal): Tags => ('tags' in principal ? principal.tags : {})

function tagOf(principal: Principal, lowerCaseKey: string): string | undefined {
  for (const [key, value] of Object.entries(tagsOf(principal))) if (key.toLowerCase() === lowerCaseKey) return value
  return undefined
}

const TYPES: Readonly<Record<Principal['kind'], string | undefined>> = {
  anonymous: 'Anonymous',
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  service: undefined,
}

const sessionOf = (principal: Principal) => ('session' in principal ? principal.session : undefined)

type KeyOf = (principal: Principal) => ContextValue | undefined

/** A null prototype, because names come from policies. */
const KEYS: Readonly<Record<string, KeyOf>> = Object.assign(Object.create(null) as Record<string, KeyOf>, {
  // A session's is its role's (facts: C7).
  'aws:principalarn': (p) =>
    p.kind === 'role' ? p.roleArn : p.kind === 'anonymous' || p.kind === 'service' ? undefined : p.arn,
  'aws:principalaccount': (p) => (p.kind === 'service' ? undefined : p.kind === 'anonymous' ? 'anonymous' : p.account),
  'aws:userid': (p) => (p.kind === 'service' ? undefined : p.kind === 'anonymous' ? 'anonymous' : p.userId),
  'aws:username': (p) => (p.kind === 'user' ? p.userName : undefined),
  'aws:principaltype': (p) => TYPES[p.kind],
  'aws:principalisawsservice': (p) => String(p.kind === 'service'),
  'aws:principalservicename': (p) => (p.kind === 'service' ? p.service : undefined),
  'aws:principalservicenameslist': (p) => (p.kind === 'service' ? [p.service] : undefined),
  // Only temporary credentials have these (facts: C7).
  'aws:tokenissuetime': (p) => {
    const session = sessionOf(p)
    return session && new Date(session.issuedAt).toISOString()
  },
  'aws:multifactorauthpresent': (p) => {
    const session = sessionOf(p)
    return session && String(session.mfa)
  },
  'aws:sourceidentity': (p) => (p.kind === 'role' ? p.sourceIdentity : undefined),
  'aws:federatedprovider': (p) => (p.kind === 'role' ? p.federatedProvider : undefined),
} satisfies Record<string, KeyOf>)
