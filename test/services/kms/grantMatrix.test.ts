import { beforeAll, describe, expect, it } from '@jest/globals'
import { CreateGrantCommand, EncryptCommand, RetireGrantCommand, type KMSClient } from '@aws-sdk/client-kms'
import { GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  WITHHELD,
  allow,
  denied,
  kmsForTests,
  policyOf,
  refusal,
  rootOf,
  type Refusal,
} from './support.ts'

/*
 * Which limits bear on permission that comes from a grant: the recorded table (captures-kms-iam 4.1, 4.6), row by row. Roles are in the
 * path /probe/ and have no permissions unless the row says so.
 */
const kms = kmsForTests()
const LIMITED = allow('s3:ListAllMyBuckets')
const DENIED = policyOf(
  { Effect: 'Allow', Action: '*', Resource: '*' },
  { Effect: 'Deny', Action: 'kms:*', Resource: '*' },
)
let roles = 0
const newRole = (policy?: object, account = ACCOUNT, boundary?: object) =>
  kms.role(`probe-${String(roles++)}`, policy, account, boundary)
const sessionArn = (roleArn: string, name = 'target') =>
  roleArn.replace(':iam:', ':sts:').replace(/role\/probe\/(.*)$/, `assumed-role/$1/${name}`)
const encryptOn = (KeyId: string, client: KMSClient) =>
  client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))

/** What the caller hears: nothing when it is let in. */
async function outcome(call: Promise<unknown>): Promise<Refusal | 'allowed'> {
  try {
    await call
    return 'allowed'
  } catch {
    return refusal(call)
  }
}

type Tail =
  | 'allowed'
  | 'because no identity-based policy allows the kms:Encrypt action'
  | 'because no session policy allows the kms:Encrypt action'
  | 'because no permissions boundary allows the kms:Encrypt action'
  | 'with an explicit deny in a session policy'
const NO_IDENTITY: Tail = 'because no identity-based policy allows the kms:Encrypt action'
const NO_SESSION: Tail = 'because no session policy allows the kms:Encrypt action'
const NO_BOUNDARY: Tail = 'because no permissions boundary allows the kms:Encrypt action'
const SESSION_DENY: Tail = 'with an explicit deny in a session policy'

describe('in the key’s account', () => {
  interface Row {
    readonly grantTo: 'session' | 'role'
    readonly as?: string
    readonly sessionPolicy?: object
    readonly boundary?: object
    readonly says: Tail
  }
  it.each<[string, Row]>([
    ['session_no_identity_allow', { grantTo: 'session', says: 'allowed' }],
    ['role_no_identity_allow', { grantTo: 'role', says: 'allowed' }],
    ['session_implicit_session_deny', { grantTo: 'session', sessionPolicy: LIMITED, says: 'allowed' }],
    ['role_implicit_session_deny', { grantTo: 'role', sessionPolicy: LIMITED, says: NO_SESSION }],
    ['session_implicit_boundary_deny', { grantTo: 'session', boundary: LIMITED, says: 'allowed' }],
    ['role_implicit_boundary_deny', { grantTo: 'role', boundary: LIMITED, says: NO_BOUNDARY }],
    ['session_explicit_session_deny', { grantTo: 'session', sessionPolicy: DENIED, says: SESSION_DENY }],
    ['role_explicit_session_deny', { grantTo: 'role', sessionPolicy: DENIED, says: SESSION_DENY }],
    ['session_sibling', { grantTo: 'session', as: 'sibling', says: NO_IDENTITY }],
    ['role_sibling', { grantTo: 'role', as: 'sibling', says: 'allowed' }],
  ])('%s', async (_name, { grantTo, as, sessionPolicy, boundary, says }) => {
    const { Arn } = await kms.createKey()
    const role = await newRole(undefined, ACCOUNT, boundary)
    const GranteePrincipal = grantTo === 'role' ? role : sessionArn(role)
    await kms.root.send(new CreateGrantCommand({ KeyId: Arn, GranteePrincipal, Operations: ['Encrypt'] }))
    const session = await kms.session(role, as, sessionPolicy)
    expect(await outcome(encryptOn(Arn, session.kms))).toEqual(
      says === 'allowed'
        ? 'allowed'
        : denied(`User: ${session.arn} is not authorized to perform: kms:Encrypt on resource: ${Arn} ${says}`),
    )
  })

  it('session_repeated_name', async () => {
    const { Arn } = await kms.createKey()
    const role = await newRole()
    const first = await kms.session(role)
    await kms.root.send(new CreateGrantCommand({ KeyId: Arn, GranteePrincipal: first.arn, Operations: ['Encrypt'] }))
    const second = await kms.session(role)
    expect(await outcome(encryptOn(Arn, second.kms))).toBe('allowed')
  })

  it('federated_implicit_session_deny, federated_retire', async () => {
    const { Arn } = await kms.createKey()
    const sts = kms.running.client(STSClient, { credentials: rootOf(ACCOUNT) })
    const { Credentials, FederatedUser } = await sts.send(
      new GetFederationTokenCommand({ Name: 'federated', Policy: JSON.stringify(LIMITED) }),
    )
    const client = kms.client({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    })
    const { GrantId } = await kms.root.send(
      new CreateGrantCommand({
        KeyId: Arn,
        GranteePrincipal: FederatedUser?.Arn,
        RetiringPrincipal: FederatedUser?.Arn,
        Operations: ['Encrypt'],
      }),
    )
    expect(await outcome(encryptOn(Arn, client))).toBe('allowed')
    expect(await outcome(client.send(new RetireGrantCommand({ KeyId: Arn, GrantId })))).toBe('allowed')
  })
})

describe('across accounts', () => {
  /** The key policy gives the member's root only kms:CreateGrant. */
  let Arn = ''
  beforeAll(async () => {
    const policy = policyOf(
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
        Action: 'kms:CreateGrant',
        Resource: '*',
      },
    )
    Arn = (await kms.createKey({ Policy: JSON.stringify(policy) })).Arn
  })

  interface Row {
    readonly issuer: 'owner' | 'trusted'
    readonly grantTo: 'session' | 'role'
    readonly identity?: object
    readonly sessionPolicy?: object
    readonly says: Tail
  }
  const IDENTITY = allow('kms:Encrypt')
  it.each<[string, Row]>([
    ['cross_owner_session_no_identity_allow', { issuer: 'owner', grantTo: 'session', says: NO_IDENTITY }],
    [
      'cross_owner_session_implicit_session_deny',
      { issuer: 'owner', grantTo: 'session', sessionPolicy: LIMITED, says: NO_IDENTITY },
    ],
    ['cross_owner_identity_allowed', { issuer: 'owner', grantTo: 'session', identity: IDENTITY, says: 'allowed' }],
    [
      'cross_owner_identity_allowed_limited',
      { issuer: 'owner', grantTo: 'session', identity: IDENTITY, sessionPolicy: LIMITED, says: NO_SESSION },
    ],
    ['cross_owner_role_no_identity_allow', { issuer: 'owner', grantTo: 'role', says: NO_IDENTITY }],
    [
      'cross_owner_role_implicit_session_deny',
      { issuer: 'owner', grantTo: 'role', sessionPolicy: LIMITED, says: NO_SESSION },
    ],
    ['cross_trusted_session_no_identity_allow', { issuer: 'trusted', grantTo: 'session', says: 'allowed' }],
    [
      'cross_trusted_session_implicit_session_deny',
      { issuer: 'trusted', grantTo: 'session', sessionPolicy: LIMITED, says: 'allowed' },
    ],
    [
      'cross_trusted_identity_allowed_limited',
      { issuer: 'trusted', grantTo: 'session', identity: IDENTITY, sessionPolicy: LIMITED, says: 'allowed' },
    ],
    ['cross_trusted_role_no_identity_allow', { issuer: 'trusted', grantTo: 'role', says: 'allowed' }],
    [
      'cross_trusted_role_implicit_session_deny',
      { issuer: 'trusted', grantTo: 'role', sessionPolicy: LIMITED, says: NO_SESSION },
    ],
  ])('%s', async (_name, { issuer, grantTo, identity, sessionPolicy, says }) => {
    const role = await newRole(identity, OTHER_ACCOUNT)
    const GranteePrincipal = grantTo === 'role' ? role : sessionArn(role)
    const client = kms.of(issuer === 'owner' ? ACCOUNT : OTHER_ACCOUNT)
    await client.send(new CreateGrantCommand({ KeyId: Arn, GranteePrincipal, Operations: ['Encrypt'] }))
    const session = await kms.session(role, 'target', sessionPolicy)
    expect(await outcome(encryptOn(Arn, session.kms))).toEqual(
      says === 'allowed'
        ? 'allowed'
        : denied(`User: ${session.arn} is not authorized to perform: kms:Encrypt on this resource ${says}`),
    )
  })

  describe('retiring what the key’s owner issued needs an identity permission', () => {
    it.each<['session' | 'role', 'retiring principal' | 'grantee', object | undefined, string]>([
      ['session', 'retiring principal', undefined, 'identity-based'],
      ['session', 'retiring principal', LIMITED, 'identity-based'],
      ['session', 'grantee', undefined, 'identity-based'],
      ['session', 'grantee', LIMITED, 'identity-based'],
      ['role', 'retiring principal', undefined, 'identity-based'],
      ['role', 'retiring principal', LIMITED, 'session'],
      ['role', 'grantee', undefined, 'identity-based'],
      ['role', 'grantee', LIMITED, 'session'],
    ])('%s as %s, session policy %j', async (to, part, sessionPolicy, missing) => {
      const role = await newRole(undefined, OTHER_ACCOUNT)
      const principal = to === 'role' ? role : sessionArn(role)
      const { GrantId } = await kms.root.send(
        new CreateGrantCommand({
          KeyId: Arn,
          GranteePrincipal: part === 'grantee' ? principal : `arn:aws:iam::${ACCOUNT}:root`,
          ...(part === 'retiring principal' && { RetiringPrincipal: principal }),
          Operations: part === 'grantee' ? ['Encrypt', 'RetireGrant'] : ['Encrypt'],
        }),
      )
      const session = await kms.session(role, 'target', sessionPolicy)
      expect(await refusal(session.kms.send(new RetireGrantCommand({ KeyId: Arn, GrantId })))).toEqual(
        denied(
          `User: ${session.arn} is not authorized to perform: kms:RetireGrant on this resource because no ${missing} policy allows the kms:RetireGrant action`,
        ),
      )
    })

    it('and tells nobody whether a key or a grant of another account exists', async () => {
      const GrantId = 'f'.repeat(64)
      const nobody = Arn.replace(/[^/]+$/, '12345678-1234-4234-8234-123456789012')
      for (const KeyId of [Arn, nobody]) {
        expect(await refusal(kms.of(OTHER_ACCOUNT).send(new RetireGrantCommand({ KeyId, GrantId })))).toEqual(
          denied(
            `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:RetireGrant on this resource ${WITHHELD}`,
          ),
        )
      }
    })

    it('and succeeds with it', async () => {
      const role = await newRole(allow('kms:RetireGrant'), OTHER_ACCOUNT)
      const { GrantId } = await kms.root.send(
        new CreateGrantCommand({
          KeyId: Arn,
          GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
          RetiringPrincipal: role,
          Operations: ['Encrypt'],
        }),
      )
      const session = await kms.session(role)
      expect(await outcome(session.kms.send(new RetireGrantCommand({ KeyId: Arn, GrantId })))).toBe('allowed')
    })
  })
})
