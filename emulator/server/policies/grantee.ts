import { principalContext } from '../../access/context.ts'
import { policySource } from '../../access/document.ts'
import { evaluate } from '../../access/evaluate.ts'
import type { Use } from '../../access/generate/use.ts'
import type { ConditionContext, ContextValue, PolicySource, Principal } from '../../access/types.ts'
import { isAccountId, parseArn, rootArn } from '../../lib/arn.ts'
import type { Directory } from '../../operation/call.ts'

/** Whom policies are written for. */
export interface Grantee {
  readonly arn: string
  readonly account: string
  readonly kind: 'user' | 'role' | 'root' | 'federated'
}

/** The principal that an ARN (or an account id: its root user) names; undefined when none can be meant. */
export function granteeOf(text: string): Grantee | undefined {
  if (isAccountId(text)) return { arn: rootArn(text), account: text, kind: 'root' }
  const { service, account = '', resource = '' } = parseArn(text) ?? {}
  if (!isAccountId(account)) return undefined
  const of = (kind: Grantee['kind']): Grantee => ({ arn: text, account, kind })
  if (service === 'iam') {
    if (resource === 'root') return of('root')
    if (/^user\/./.test(resource)) return of('user')
    return /^role\/./.test(resource) ? of('role') : undefined
  }
  return service === 'sts' && /^federated-user\/./.test(resource) ? of('federated') : undefined
}

const SESSION = { issuedAt: 0, mfa: false }

/** The grantee as the policy engine knows it; stored policies name users and roles by their unique ids. */
export function principalFor({ arn, account, kind }: Grantee, directory: Directory): Principal {
  const name = arn.slice(arn.lastIndexOf('/') + 1)
  const id = directory.principalId(arn) ?? ''
  switch (kind) {
    case 'root':
      return { kind, account, arn, userId: account }
    case 'user':
      return { kind, account, arn, userId: id, userName: name, tags: {} }
    case 'federated':
      return {
        kind,
        account,
        arn,
        name,
        userId: `${account}:${name}`,
        issuerArn: '',
        issuerId: '',
        tags: {},
        session: SESSION,
      }
    case 'role': {
      const session = { sessionName: 'session', arn: `arn:aws:sts::${account}:assumed-role/${name}/session` }
      const role = { roleArn: arn, roleId: id, roleName: name, userId: `${id}:session` }
      return { kind, account, ...session, ...role, tags: {}, session: SESSION, serviceLinked: false }
    }
  }
}

/** Somebody of an account whom no policy names. */
export const nobodyOf = (account: string): Principal => ({
  kind: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/`,
  userId: '',
  userName: '',
  tags: {},
})

/**
 * Whether a resource's policy lets a principal in, as far as can be told from what was recorded: conditions about other things than
 * the calling service and the encryption context are taken as not met.
 * @param agreed the principal's own policies allow everything
 */
export function letsIn(policy: PolicySource | undefined, use: Use, principal: Principal, agreed: boolean): boolean {
  return evaluate(
    {
      principal,
      action: use.action,
      resource: use.resource.text,
      resourceAccount: use.account,
      guard: use.guard,
      context: contextFor(use, principal),
    },
    { identity: agreed ? EVERYTHING : [], resource: policy },
  ).allowed
}

const EVERYTHING = [
  policySource({
    layer: 'identity',
    name: 'everything',
    text: JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
  }),
]

function contextFor({ conditions, account }: Use, principal: Principal): ConditionContext {
  const values = new Map<string, ContextValue>([['aws:securetransport', 'true']])
  const set = (name: string, value: ContextValue | undefined) => {
    if (value !== undefined) values.set(name.toLowerCase(), value)
  }
  set('kms:CallerAccount', 'account' in principal ? principal.account : undefined)
  set('aws:ResourceAccount', account)
  set('aws:ViaAWSService', String(conditions.some(({ key }) => key === 'kms:ViaService')))
  for (const { key, values: patterns, many } of conditions) {
    const texts = patterns.map(({ text }) => text)
    set(key, many ? texts : texts[0])
  }
  const pairs = conditions.map(({ key }) => key).filter((key) => key.startsWith(PAIR))
  if (pairs.length > 0)
    set(
      'kms:EncryptionContextKeys',
      pairs.map((key) => key.slice(PAIR.length)),
    )
  const own = principalContext(principal)
  return { get: (name) => values.get(name) ?? own.get(name), names: () => [...values.keys(), ...own.names()] }
}

const PAIR = 'kms:EncryptionContext:'
