/** Small random worlds of policies, and what it means to make a suggested change in one. */
import fc from 'fast-check'
import { contextOf, principalContext } from '../../../emulator/access/context.ts'
import { policySource } from '../../../emulator/access/document.ts'
import { evaluate } from '../../../emulator/access/evaluate.ts'
import type { Change, GrantToMake, PolicyStatement } from '../../../emulator/access/suggest/types.ts'
import type {
  AuthorizationRequest,
  Decision,
  Grant,
  Grantee,
  Layer,
  PolicySet,
  PolicySource,
  Principal,
} from '../../../emulator/access/types.ts'
import { federated, MEMBER, OWNER, root, session, user, type Context } from '../support.ts'

const KEYS = ['1', '2'].map((n) => `arn:aws:kms:us-east-1:${OWNER}:key/${n}234abcd-12ab-34cd-56ef-1234567890ab`)
const [KEY = '', OTHER_KEY = ''] = KEYS
const BUCKET = 'arn:aws:s3:::bucket'
/** Names may hold what patterns are made of. */
const OBJECTS = [`${BUCKET}/item`, `${BUCKET}/it*m`, `${BUCKET}/other`]

const alice = user('alice')
const SERVICE: Principal = { kind: 'service', service: 'cloudtrail.amazonaws.com' }
export const PRINCIPALS: readonly Principal[] = [
  alice,
  user('carol'),
  session(OWNER, 'first', 'reader'),
  session(OWNER, 'second', 'reader'),
  session(OWNER, 'first', 'writer'),
  federated(),
  root(),
  user('bob', MEMBER),
  session(MEMBER, 'first', 'visitor'),
  root(MEMBER),
  SERVICE,
  { kind: 'service', service: 'logs.amazonaws.com' },
  { kind: 'anonymous' },
]

/** What the sessions with session policies are called, which is also where these policies are. */
const LIMITED_SESSIONS = [session(OWNER, 'second', 'reader').arn, federated().arn]

const ON_KEYS = ['Encrypt', 'Decrypt', 'DescribeKey']
const CONTEXTS: readonly { readonly keys: Context; readonly pairs: Readonly<Record<string, string>> }[] = [
  { keys: {}, pairs: {} },
  { keys: { 'aws:x': 'a' }, pairs: { purpose: 'test', 'odd${aws:x}*': '*' } },
  { keys: { 'aws:x': 'b', 'kms:ViaService': 's3.us-east-1.amazonaws.com' }, pairs: { 'aws:s3:arn': OBJECTS[1]! } },
  { keys: { 'aws:x': 'a', 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' }, pairs: { 'aws:ebs:id': 'vol-1' } },
]

export interface Ask {
  readonly principal: Principal
  readonly action: string
  readonly resource: string
  readonly context: number
}
const TARGETS: readonly (readonly [action: string, resource: string])[] = [
  ...KEYS.flatMap((key) => ON_KEYS.map((action) => [`kms:${action}`, key] as const)),
  ...OBJECTS.flatMap((object) => ['s3:GetObject', 's3:PutObject'].map((action) => [action, object] as const)),
  ['s3:ListBucket', BUCKET],
  ['s3:ListAllMyBuckets', '*'],
  ['kms:CreateKey', '*'],
]
export const PROBES: readonly Ask[] = PRINCIPALS.flatMap((principal) =>
  TARGETS.flatMap(([action, resource]) => CONTEXTS.map((_, context) => ({ principal, action, resource, context }))),
)
export const asks: fc.Arbitrary<Ask> = fc
  .record({
    principal: fc.constantFrom(...PRINCIPALS),
    target: fc.constantFrom(...TARGETS),
    context: fc.nat(CONTEXTS.length - 1),
  })
  .map(({ principal, target: [action, resource], context }) => ({ principal, action, resource, context }))

/** A document by where it is: its text, or none. */
export interface World {
  readonly documents: Readonly<Record<string, string>>
  readonly grants: readonly (Grant & { readonly key: string })[]
  /** Control policies are attached: node, to documents. */
  readonly nodes: Readonly<Record<string, readonly string[]>>
  readonly viaEndpoint: boolean
}

const SHARED = `arn:aws:iam::${OWNER}:policy/shared`
const BOUNDARY = `arn:aws:iam::${OWNER}:policy/limit`
const GROUP = `arn:aws:iam::${OWNER}:group/team`
const ENDPOINT = `arn:aws:ec2:us-east-1:${OWNER}:vpc-endpoint/vpce-1`
const control = (kind: string, name: string) => `arn:aws:organizations::999999999999:policy/o-1/${kind}/${name}`
const SCPS = ['p-1', 'p-2'].map((name) => control('service_control_policy', name))
const RCP = control('resource_control_policy', 'p-3')
const FULL = 'arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess'
const LEVELS: Readonly<Record<string, readonly string[]>> = {
  [OWNER]: ['r-1', 'ou-1', OWNER],
  [MEMBER]: ['r-1', MEMBER],
}
const named = (principal: Principal) =>
  principal.kind === 'role'
    ? principal.roleArn
    : principal.kind === 'federated'
      ? principal.issuerArn
      : 'arn' in principal
        ? principal.arn
        : ''

// ---- random documents ----------------------------------------------------------------------------------------------------

const list = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const actions = list<object>(
  { Action: '*' },
  { Action: 'kms:*' },
  { Action: 's3:*' },
  { Action: ['kms:Encrypt', 'kms:Decrypt'] },
  { Action: 'kms:Decrypt' },
  { Action: ['kms:*', 's3:*'] },
  { Action: 's3:GetObject' },
  { Action: ['s3:Get*', 'kms:Describe*'] },
  { NotAction: 'kms:Encrypt' },
  { NotAction: ['s3:*'] },
)
const resources = list<object>(
  { Resource: '*' },
  { Resource: '*' },
  { Resource: KEY },
  { Resource: [KEY, OTHER_KEY] },
  { Resource: `arn:aws:kms:*:${OWNER}:key/*` },
  { Resource: `${BUCKET}/*` },
  { Resource: [BUCKET, `${BUCKET}/*`] },
  { Resource: `${BUCKET}/item` },
  { Resource: [`${BUCKET}/it\${*}m`, '*'] },
  { NotResource: KEY },
  { NotResource: `${BUCKET}/o*` },
)
const conditions = list<object>(
  {},
  {},
  {},
  { Condition: { StringEquals: { 'aws:x': 'a' } } },
  { Condition: { StringNotEquals: { 'aws:x': 'a' } } },
  { Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } } },
  { Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': `${BUCKET}/o*` } } },
  { Condition: { ArnNotEquals: { 'aws:PrincipalArn': alice.arn } } },
  { Condition: { ArnLike: { 'aws:PrincipalArn': 'no-arn' } } },
  { Condition: { Bool: { 'aws:PrincipalIsAWSService': 'false' } } },
)
const principals = list<object>(
  { Principal: '*' },
  { Principal: '*' },
  { Principal: { AWS: `arn:aws:iam::${OWNER}:root` } },
  { Principal: { AWS: MEMBER } },
  { Principal: { AWS: alice.arn } },
  { Principal: { AWS: ['AROAREADER', 'AIDACAROL'] } },
  { Principal: { Service: 'cloudtrail.amazonaws.com' } },
  { Principal: { AWS: session(MEMBER, 'first', 'visitor').roleArn } },
  { NotPrincipal: { AWS: [alice.arn, `arn:aws:iam::${OWNER}:root`] } },
)
/** Documents of the older version have no variables, and resource policies of it are still about. */
const documents = (withPrincipal: boolean, effects: readonly string[]) =>
  fc
    .record({
      version: list('2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17'),
      statements: fc.array(
        fc
          .tuple(
            list(...effects),
            withPrincipal ? principals : fc.constant({}),
            actions,
            resources,
            conditions,
            list({}, { Sid: 'It' }),
          )
          .map(([Effect, who, what, where, when, sid]) => ({ ...sid, Effect, ...who, ...what, ...where, ...when })),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map(({ version, statements }) => textOf(statements, version))
const textOf = (statements: readonly object[], Version = '2012-10-17') =>
  JSON.stringify({ Version, Statement: statements })
const EITHER = ['Allow', 'Allow', 'Deny']
/** Most limits let nearly everything through, else nothing ever gets far enough. */
const limits = (withPrincipal: boolean) =>
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.constant(
        textOf([{ Effect: 'Allow', ...(withPrincipal && { Principal: '*' }), Action: '*', Resource: '*' }]),
      ),
    },
    { weight: 3, arbitrary: documents(withPrincipal, EITHER) },
  )
const sometimes = (text: fc.Arbitrary<string>) => fc.option(text, { nil: '', freq: 1 })

const grants = fc
  .record({
    key: list(...KEYS),
    grantee: list<Grantee>(
      { kind: 'role', id: 'AROAREADER' },
      { kind: 'user', id: 'AIDAALICE' },
      { kind: 'account', account: MEMBER },
    ),
    constraints: list<Grant['constraints']>(undefined, { subset: { purpose: 'test' } }),
  })
  .map((some) => ({ ...some, id: 'g', operations: ['Encrypt', 'DescribeKey'], issuingAccount: OWNER }))

export const worlds: fc.Arbitrary<World> = fc
  .record({
    own: fc.array(
      fc.tuple(list(...PRINCIPALS.map(named).filter((arn) => arn && !arn.endsWith(':root'))), documents(false, EITHER)),
      { maxLength: 4 },
    ),
    shared: sometimes(documents(false, EITHER)),
    team: sometimes(documents(false, EITHER)),
    boundary: sometimes(limits(false)),
    session: fc.tuple(sometimes(limits(false)), sometimes(limits(false))),
    scps: fc.tuple(limits(false), limits(false)),
    rcp: limits(true),
    endpoint: limits(true),
    keyPolicies: fc.tuple(...KEYS.map(() => documents(true, EITHER))),
    bucket: sometimes(documents(true, EITHER)),
    grants: fc.array(grants, { maxLength: 2 }),
    viaEndpoint: fc.boolean(),
    nodes: fc.record({
      'r-1': fc.constant([FULL]),
      'ou-1': list([FULL], [SCPS[0]!, SCPS[1]!], [SCPS[0]!]),
      [OWNER]: list([FULL], [SCPS[0]!]),
      [MEMBER]: list([FULL], [SCPS[1]!]),
    }),
  })
  .map(({ own, shared, team, boundary, session, scps, rcp, endpoint, keyPolicies, bucket, ...rest }) => ({
    ...rest,
    documents: {
      ...Object.fromEntries(own.map(([arn, text]) => [`${arn} own`, text])),
      ...Object.fromEntries(KEYS.map((key, i) => [key, keyPolicies[i] ?? ''])),
      [SHARED]: shared,
      [`${GROUP} team`]: team,
      [BOUNDARY]: boundary,
      ...Object.fromEntries(LIMITED_SESSIONS.map((arn, i) => [arn, session[i] ?? ''])),
      [SCPS[0]!]: scps[0],
      [SCPS[1]!]: scps[1],
      [FULL]: textOf([{ Effect: 'Allow', Action: '*', Resource: '*' }]),
      [RCP]: rcp,
      [ENDPOINT]: endpoint,
      [BUCKET]: bucket,
    },
  }))

// ---- asking ----------------------------------------------------------------------------------------------------------------

export const decide = (world: World, ask: Ask): Decision => evaluate(requestOf(ask), policiesOf(world, ask))

function requestOf({ principal, action, resource, context }: Ask): AuthorizationRequest {
  const { keys, pairs } = CONTEXTS[context] ?? { keys: {}, pairs: {} }
  const own = principalContext(principal)
  if (!KEYS.includes(resource)) {
    const owner = resource === '*' ? undefined : OWNER
    const guard = resource === '*' ? 'none' : 'ordinary'
    return { principal, action, resource, resourceAccount: owner, guard, context: joined(contextOf(keys), own) }
  }
  const constrained = action !== 'kms:DescribeKey'
  const named = Object.entries(constrained ? pairs : {}).map(([name, value]) => [
    `kms:EncryptionContext:${name}`,
    value,
  ])
  return {
    principal,
    action,
    resource,
    resourceAccount: OWNER,
    guard: 'key',
    context: joined(contextOf(keys, Object.fromEntries(named) as Context), own),
    grantOperation: action.slice(4),
    ...(constrained && { encryptionContext: pairs }),
  }
}

function policiesOf(world: World, { principal, resource }: Ask): PolicySet {
  const onKey = KEYS.includes(resource)
  const source = (layer: Layer, name: string, id: string, more: object = {}): PolicySource[] => {
    const text = world.documents[id] ?? ''
    return text === '' ? [] : [policySource({ layer, name, text, ...more })]
  }
  const account = 'account' in principal ? principal.account : ''
  const self = named(principal)
  const inTeam = self.includes(':user/') && account === OWNER
  const limited = account === OWNER && principal.kind !== 'root' && !self.endsWith('writer')
  const session = 'arn' in principal ? source('session', 'session policy', principal.arn) : []
  return {
    identity: [
      ...source('identity', 'own', `${self} own`, { holder: self }),
      ...source('identity', 'new', `${self} new`, { holder: self }),
      ...(inTeam ? source('identity', 'team', `${GROUP} team`, { holder: GROUP }) : []),
      ...(limited ? source('identity', 'shared', SHARED, { arn: SHARED }) : []),
    ],
    boundary: limited ? source('boundary', 'limit', BOUNDARY, { arn: BOUNDARY })[0] : undefined,
    session: session.length > 0 ? session : undefined,
    scp: LEVELS[account]?.map((node) =>
      (world.nodes[node] ?? []).flatMap((arn) => source('scp', arn, arn, { arn, holder: node })),
    ),
    rcp: resource === '*' ? undefined : [source('rcp', 'rcp', RCP, { arn: RCP })],
    endpoint: world.viaEndpoint ? source('endpoint', 'endpoint policy', ENDPOINT, { holder: ENDPOINT })[0] : undefined,
    resource: source('resource', 'resource policy', onKey ? resource : BUCKET)[0],
    grants: onKey ? world.grants.filter(({ key }) => key === resource) : undefined,
  }
}

const joined = (
  a: AuthorizationRequest['context'],
  b: AuthorizationRequest['context'],
): AuthorizationRequest['context'] => ({
  get: (name) => a.get(name) ?? b.get(name),
  names: () => [...a.names(), ...b.names()],
})

// ---- changing --------------------------------------------------------------------------------------------------------------

/** Makes a change as somebody would who has nothing but the change. */
export function change(world: World, made: Change, { principal }: Ask): World {
  const { grant, kind, target, policy } = made
  if (grant) return { ...world, grants: [...world.grants, grantOf(grant, principal)] }
  const id = documentOf(made)
  const known = world.documents[id]
  const documents = { ...world.documents, [id]: edited(known ?? '', made) }
  if (kind === 'scp' && policy === undefined) {
    const node = target ?? ''
    return { ...world, documents, nodes: { ...world.nodes, [node]: [...(world.nodes[node] ?? []), id] } }
  }
  if (kind !== 'identity' && known === undefined) throw new Error(`there is no document ${id}`)
  return { ...world, documents }
}

function documentOf({ kind, target, policy }: Change): string {
  const at = target ?? ''
  if (kind === 'session') return at
  if (policy !== undefined) return policy.startsWith('arn:') ? policy : `${at} ${policy}`
  return kind === 'identity' || kind === 'scp' ? `${at} new` : at
}

function grantOf({ KeyId, GranteePrincipal, Operations, Constraints }: GrantToMake, principal: Principal) {
  const grantee: Grantee =
    principal.kind === 'role'
      ? { kind: 'role', id: principal.roleId }
      : principal.kind === 'user'
        ? { kind: 'user', id: principal.userId }
        : { kind: 'federated', arn: GranteePrincipal }
  const constraints = Constraints && { equals: Constraints.EncryptionContextEquals }
  return { key: KeyId, grantee, id: 'new', operations: Operations, issuingAccount: OWNER, constraints }
}

function edited(text: string, { add, remove, replace }: Change): string {
  const document = (text === '' ? { Version: '2012-10-17', Statement: [] } : JSON.parse(text)) as {
    Statement: PolicyStatement[]
  }
  const statements = document.Statement
  if (add) statements.push(add)
  if (remove) statements.splice(remove.statement, 1)
  if (replace) statements.splice(replace.statement, 1, ...replace.with)
  return JSON.stringify({ ...document, Statement: statements })
}

/** A session stands for its role, and what a user's federated sessions may is the user's. */
export const family = (principal: Principal): string =>
  principal.kind === 'anonymous' ? 'anonymous' : principal.kind === 'service' ? principal.service : named(principal)
