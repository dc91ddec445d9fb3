import { contextOf } from '../../emulator/access/context.ts'
import { policySource } from '../../emulator/access/document.ts'
import { evaluate } from '../../emulator/access/evaluate.ts'
import { denialMessage, type DenialStyle } from '../../emulator/access/render.ts'
import type {
  AuthorizationRequest,
  ContextValue,
  Decision,
  FederatedUser,
  Grant,
  Grantee,
  Layer,
  PolicySet,
  PolicySource,
  RoleSession,
  Root,
  User,
} from '../../emulator/access/types.ts'

export const OWNER = '111111111111'
export const MEMBER = '222222222222'
export const KEY = `arn:aws:kms:us-east-1:${OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
export const OBJECT = 'arn:aws:s3:::bucket/item'

export const root = (account = OWNER): Root => ({
  kind: 'root',
  account,
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
})
export const user = (name = 'alice', account = OWNER, tags: Record<string, string> = {}): User => ({
  kind: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/team/${name}`,
  userId: `AIDA${name.toUpperCase()}`,
  userName: name,
  tags,
})
export const session = (account = OWNER, sessionName = 'target', role = 'reader'): RoleSession => ({
  kind: 'role',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/${role}/${sessionName}`,
  roleArn: `arn:aws:iam::${account}:role/probe/${role}`,
  roleId: `AROA${role.toUpperCase()}`,
  roleName: role,
  sessionName,
  userId: `AROA${role.toUpperCase()}:${sessionName}`,
  tags: {},
  session: { issuedAt: 0, mfa: false },
  serviceLinked: false,
})
export const federated = (account = OWNER): FederatedUser => ({
  kind: 'federated',
  account,
  arn: `arn:aws:sts::${account}:federated-user/bob`,
  name: 'bob',
  userId: `${account}:bob`,
  issuerArn: `arn:aws:iam::${account}:user/team/alice`,
  issuerId: 'AIDAALICE',
  tags: {},
  session: { issuedAt: 0, mfa: false },
})

/** A policy of one or more statements, given as objects. */
export function policy(layer: Layer, ...statements: readonly object[]): PolicySource {
  return policySource({
    layer,
    name: `${layer} policy`,
    arn: layer === 'resource' ? undefined : `arn:aws:iam::${OWNER}:policy/${layer}`,
    text: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  })
}

export const ALLOW_ALL = { Effect: 'Allow', Action: '*', Resource: '*' }
export const DENY_KMS = { Effect: 'Deny', Action: 'kms:*', Resource: '*' }
export const LIST_BUCKETS = { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }

/** A key policy that leaves an account to its own policies. */
export const delegating = (account = OWNER) => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
})
export const naming = (principal: string) => ({
  Effect: 'Allow',
  Principal: { AWS: principal },
  Action: 'kms:*',
  Resource: '*',
})

export const grant = (grantee: Grantee, more: Partial<Grant> = {}): Grant => ({
  id: 'f'.repeat(64),
  grantee,
  operations: ['Encrypt', 'Decrypt'],
  issuingAccount: OWNER,
  ...more,
})

export type Context = Readonly<Record<string, ContextValue | undefined>>

/** One use of the key. */
export const keyRequest = (
  principal: AuthorizationRequest['principal'],
  more: Partial<AuthorizationRequest> = {},
): AuthorizationRequest => ({
  principal,
  action: 'kms:Encrypt',
  resource: KEY,
  resourceAccount: OWNER,
  guard: 'key',
  context: contextOf({}),
  grantOperation: 'Encrypt',
  encryptionContext: {},
  ...more,
})

export const objectRequest = (
  principal: AuthorizationRequest['principal'],
  more: Partial<AuthorizationRequest> = {},
): AuthorizationRequest => ({
  principal,
  action: 's3:GetObject',
  resource: OBJECT,
  resourceAccount: OWNER,
  guard: 'ordinary',
  context: contextOf({}),
  ...more,
})

/** The verdict in one line: `allow by grant`, or AWS's words after the action and resource. */
export function outcome(
  request: AuthorizationRequest,
  policies: Partial<PolicySet>,
  style: DenialStyle = { form: request.action.startsWith('kms:') ? 'kms' : 'generic' },
): string {
  const decision = decide(request, policies)
  return decision.allowed ? `allow by ${decision.layer}` : `${decision.layer}: ${denialMessage(decision, style)}`
}

export const decide = (request: AuthorizationRequest, policies: Partial<PolicySet>): Decision =>
  evaluate(request, { identity: [], ...policies })

/** The deciding layer and the cause, without the part that every denial shares. */
export function cause(request: AuthorizationRequest, policies: Partial<PolicySet>): string {
  const text = outcome(request, policies)
  return text.replace(/User: .* is not authorized to perform: \S+ on (?:resource: \S+|this resource) /, '')
}

export const no = (layer: string, what: string, action = 'kms:Encrypt') =>
  `${layer}: because no ${what} allows the ${action} action`
