import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { contextOf } from '../../emulator/access/context.ts'
import { compileGlob, globMatches } from '../../emulator/access/match/glob.ts'
import { explain, type Explanation } from '../../emulator/access/explain.ts'
import { prettyPolicy } from '../../emulator/access/pretty.ts'
import { denialMessage } from '../../emulator/access/render.ts'
import type {
  AuthorizationRequest,
  Decision,
  Grant,
  Layer,
  PolicySet,
  PolicySource,
} from '../../emulator/access/types.ts'
import { ALLOW_ALL, decide, federated, grant, KEY, MEMBER, OWNER, policy, root, session, user } from './support.ts'

const principals = fc.constantFrom<AuthorizationRequest['principal'][]>(
  root(),
  user(),
  session(),
  federated(),
  session(MEMBER),
  root(MEMBER),
  { kind: 'service', service: 'logs.amazonaws.com' },
  { kind: 'anonymous' },
)
const named = fc.constantFrom<unknown[]>(
  '*',
  { AWS: OWNER },
  { AWS: MEMBER },
  { AWS: user().arn },
  { AWS: 'AROAREADER' },
  { AWS: session().arn },
  { AWS: federated().arn },
  { Service: 'logs.amazonaws.com' },
)
const conditions = fc.constantFrom<(object | undefined)[]>(
  undefined,
  undefined,
  { StringEquals: { 'aws:x': 'a' } },
  { StringNotEquals: { 'aws:x': 'a' } },
  { 'ForAllValues:StringLike': { 'aws:list': ['a*'] } },
  { ArnLike: { 'aws:arn': 'not-an-arn' } },
  { Null: { 'aws:x': 'true' } },
  { NoSuchOperator: { 'aws:x': 'a' } },
)
const statement = (withPrincipal: boolean) =>
  fc
    .record({
      Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
      Action: fc.constantFrom('*', 'kms:*', 'kms:Encrypt', 's3:*'),
      Resource: fc.constantFrom('*', KEY, 'arn:aws:kms:*', 'arn:aws:s3:::b'),
      Principal: withPrincipal ? named : fc.constant(undefined),
      Condition: conditions,
    })
    .map((each) => each as object)
const source = (layer: Layer): fc.Arbitrary<PolicySource> =>
  fc
    .array(statement(layer === 'resource' || layer === 'rcp' || layer === 'endpoint'), { maxLength: 3 })
    .map((statements) => policy(layer, ...statements))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const grants: fc.Arbitrary<Grant> = fc
  .record({
    grantee: fc.constantFrom<Grant['grantee'][]>(
      { kind: 'session', id: 'AROAREADER:target' },
      { kind: 'role', id: 'AROAREADER' },
      { kind: 'user', id: 'AIDAALICE' },
      { kind: 'account', account: OWNER },
    ),
    issuingAccount: fc.constantFrom(OWNER, MEMBER),
  })
  .map(({ grantee, issuingAccount }) => grant(grantee, { issuingAccount }))

const policySets: fc.Arbitrary<PolicySet> = fc.record({
  identity: fc.array(source('identity'), { maxLength: 2 }),
  boundary: maybe(source('boundary')),
  session: maybe(fc.array(source('session'), { maxLength: 2 })),
  scp: maybe(fc.array(fc.array(source('scp'), { maxLength: 2 }), { maxLength: 2 })),
  rcp: maybe(fc.array(fc.array(source('rcp'), { maxLength: 2 }), { maxLength: 1 })),
  endpoint: maybe(source('endpoint')),
  resource: maybe(source('resource')),
  grants: maybe(fc.array(grants, { maxLength: 2 })),
})
const requests: fc.Arbitrary<AuthorizationRequest> = fc
  .record({
    principal: principals,
    guard: fc.constantFrom<AuthorizationRequest['guard'][]>('key', 'ordinary', 'none', 'trust'),
    resourceAccount: fc.constantFrom(OWNER, MEMBER),
    x: maybe(fc.constantFrom('a', 'b')),
    list: maybe(fc.constantFrom(['a'], ['a', 'b'], [])),
  })
  .map(({ x, list, ...rest }) => ({
    ...rest,
    action: 'kms:Encrypt',
    resource: KEY,
    grantOperation: 'Encrypt',
    encryptionContext: {},
    context: contextOf({ 'aws:x': x, 'aws:list': list, 'aws:arn': KEY }),
  }))

const RUNS = { numRuns: 400 }
const forAll = (check: (request: AuthorizationRequest, policies: PolicySet) => void) => {
  fc.assert(fc.property(requests, policySets, check), RUNS)
}
const LAYERS = ['identity', 'boundary', 'session', 'scp', 'rcp', 'endpoint', 'resource'] as const

/** The same policies with a statement more in one layer that is in force. */
function withStatement(policies: PolicySet, layer: (typeof LAYERS)[number], extra: object): PolicySet | undefined {
  const more = policy(
    layer,
    layer === 'resource' || layer === 'rcp' || layer === 'endpoint' ? { ...extra, Principal: '*' } : extra,
  )
  const join = (one: PolicySource) => policy(layer, ...statementsOf(one), ...statementsOf(more))
  switch (layer) {
    case 'identity':
      return { ...policies, identity: [...policies.identity, more] }
    case 'session':
      return policies.session && { ...policies, session: [...policies.session, more] }
    case 'scp':
    case 'rcp': {
      const [first, ...rest] = policies[layer] ?? []
      return first && { ...policies, [layer]: [[...first, more], ...rest] }
    }
    case 'boundary':
    case 'endpoint':
      return policies[layer] && { ...policies, [layer]: join(policies[layer]) }
    case 'resource':
      return { ...policies, resource: policies.resource ? join(policies.resource) : more }
  }
}
const statementsOf = ({ text }: PolicySource) => (JSON.parse(text) as { Statement: object[] }).Statement

/** Layers that AWS asks for this caller and this resource. */
function bears(layer: Layer, { principal, guard }: AuthorizationRequest): boolean {
  if (layer === 'resource') return guard !== 'none'
  const hasAccount = principal.kind !== 'anonymous' && principal.kind !== 'service'
  return hasAccount || layer === 'rcp' || layer === 'endpoint'
}

describe('evaluate', () => {
  it('an explicit deny always wins', () => {
    forAll((request, policies) => {
      for (const layer of LAYERS) {
        if (!bears(layer, request)) continue
        const denied = withStatement(policies, layer, { ...ALLOW_ALL, Effect: 'Deny' })
        if (denied) expect(decide(request, denied).effect).toBe('explicit-deny')
      }
    })
  })

  it('an Allow more never turns an allow into a deny', () => {
    forAll((request, policies) => {
      if (!decide(request, policies).allowed) return
      for (const layer of LAYERS) {
        const wider = withStatement(policies, layer, ALLOW_ALL)
        if (wider) expect(decide(request, wider).allowed).toBe(true)
      }
    })
  })

  it('a grant more never turns an allow into a deny', () => {
    fc.assert(
      fc.property(requests, policySets, grants, (request, policies, extra) => {
        if (!decide(request, policies).allowed) return
        expect(decide(request, { ...policies, grants: [...(policies.grants ?? []), extra] }).allowed).toBe(true)
      }),
      RUNS,
    )
  })

  it('a limit more never turns a deny into an allow', () => {
    fc.assert(
      fc.property(requests, policySets, source('boundary'), (request, policies, boundary) => {
        if (policies.boundary || decide(request, policies).allowed) return
        expect(decide(request, { ...policies, boundary }).allowed).toBe(false)
      }),
      RUNS,
    )
  })

  it('nothing allows nothing, but to the root user on its own', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { allowed } = decide(request, {})
        const own = request.principal.kind === 'root' && request.principal.account === request.resourceAccount
        const open = request.guard === 'none' || (request.guard === 'ordinary' && own)
        expect(allowed).toBe(request.principal.kind === 'root' && open)
      }),
    )
  })

  it('agrees with explain', () => {
    forAll((request, policies) => {
      const decision = decide(request, policies)
      agree(decision, explain(decision))
    })
  })

  it('every denial has a sentence', () => {
    forAll((request, policies) => {
      const decision = decide(request, policies)
      if (decision.allowed) return
      expect(denialMessage(decision, { form: 'kms' })).toMatch(
        /^User: \S+ is not authorized to perform: kms:Encrypt on (resource: \S+|this resource) (because|with an explicit deny in) /,
      )
    })
  })
})

/** The trace, computed apart, bears the decision out. */
function agree(decision: Decision, view: Explanation): void {
  const deciding = view.layers.filter(({ layer }) => layer === decision.layer)
  switch (decision.effect) {
    case 'explicit-deny':
      expect(deciding.map(({ answer }) => answer)).toContain('denies')
      return
    case 'implicit-deny':
      // The root user's identity layer, and the layers without policies, are empty.
      if (deciding.length > 0 && decision.layer !== 'resource' && decision.layer !== 'trust')
        expect(deciding.map(({ answer }) => answer)).toContain('silent')
      break
    case 'allow':
      if (decision.statement) expect(deciding.map(({ answer }) => answer)).toContain('allows')
      if (decision.grant) expect(view.layers.find(({ layer }) => layer === 'grant')?.answer).toBe('allows')
  }
  expect(view.layers.map(({ answer }) => answer)).not.toContain('denies')
}

describe('patterns', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), maxLength: 12 })
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 8 })
  it('mean what the same regular expression means', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`)
        expect(globMatches(compileGlob(pattern), text)).toBe(expression.test(text))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('prettyPolicy', () => {
  it('changes the layout only', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), null, indent)
        expect(JSON.parse(prettyPolicy(written))).toEqual(JSON.parse(written))
        expect(prettyPolicy(prettyPolicy(written))).toBe(prettyPolicy(written))
      }),
    )
  })
})
