import type { AccountSpec } from '../../../server/world/world.ts'
import type { Actor } from '../../../server/world/scenario.ts'
import { CliError } from '../../cliError.ts'
import { CANNOT, parsed, policiesIn, tagsIn, unlessEmpty, type Facts } from './facts.ts'

/** Who called, and what its account needs for that. */
export interface CallerPart {
  readonly as: Actor
  /** Undefined for anonymous callers. */
  readonly account: string | undefined
  readonly parts: readonly (readonly [account: string, part: AccountSpec])[]
}

/** Inline policies of a user may have 2,048 characters in all (IAM quotas); more become managed ones. */
const INLINE = 2048

/** @param opener the account of the user that assumes the caller's role */
export function callerOf({ checks, refused, view }: Facts, opener: (account: string) => string): CallerPart {
  const { kind, account, name, named } = refused.principal
  if (kind === 'anonymous') return { as: 'anonymous', account: undefined, parts: [] }
  const [, path = '/', own = ''] = /^arn:aws:iam::\d{12}:(?:user|role)(\/(?:.*\/)?)([^/]+)$/.exec(named ?? '') ?? []
  if (account !== null && kind === 'root') return { as: account, account, parts: [] }
  if (account === null || own === '' || (kind !== 'user' && kind !== 'role'))
    throw new CliError(`${CANNOT}: ${view.principal} is no user, no session of a role, no root and not anonymous`)

  const { spec, managed } = permissionsOf(checks)
  const tags = tagsIn(refused, 'aws:PrincipalTag/')
  const principal = { ...(path !== '/' && { path }), ...unlessEmpty('tags', tags), ...spec }
  const policies = unlessEmpty('policies', managed)
  if (kind === 'user')
    return { as: `${account}/${own}`, account, parts: [[account, { ...policies, users: { [own]: principal } }]] }

  const other = opener(account)
  const by = `arn:aws:iam::${other}:user/${OPENER}`
  const role = named ?? ''
  const assume = (extra: object) =>
    document([{ Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], ...extra }])
  const session = policiesIn(checks, 'session').flatMap((each) => parsed(each).Statement)
  return {
    as: {
      role,
      by: `${other}/${OPENER}`,
      session: name.slice(name.lastIndexOf('/') + 1),
      ...(session.length > 0 && { policy: document(session) }),
    },
    account,
    parts: [
      // Before the role, whose trust policy names it.
      [other, { users: { [OPENER]: { policies: { Open: assume({ Resource: role }) } } } }],
      [account, { ...policies, roles: { [own]: { trust: assume({ Principal: { AWS: by } }), ...principal } } }],
    ],
  }
}

/** The user that assumes the caller's role. */
const OPENER = 'opens-the-session'

const document = (Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })

/** The caller's identity policies and boundary, those of its groups as its own. */
function permissionsOf(checks: Facts['checks']) {
  const identity = policiesIn(checks, 'identity')
  const managed: Record<string, object> = {}
  const inline: Record<string, object> = {}
  const attached: string[] = []
  const tooLong = identity.reduce((sum, { document: text, arn }) => sum + (arn === null ? text.length : 0), 0) > INLINE
  for (const policy of identity) {
    if (policy.arn?.startsWith('arn:aws:iam::aws:') === true) attached.push(policy.arn)
    else {
      const name = freeName(policy.name, { ...managed, ...inline })
      if (policy.arn === null && !tooLong) inline[name] = parsed(policy)
      else {
        managed[name] = parsed(policy)
        attached.push(name)
      }
    }
  }
  const [limit] = policiesIn(checks, 'boundary')
  const boundary =
    limit?.arn?.startsWith('arn:aws:iam::aws:') === true ? limit.arn : limit && freeName('Boundary', managed)
  if (limit && boundary !== undefined && boundary !== limit.arn) managed[boundary] = parsed(limit)
  return {
    managed,
    spec: {
      ...unlessEmpty('policies', inline),
      ...(attached.length > 0 && { attached }),
      ...(boundary !== undefined && { boundary }),
    },
  }
}

function freeName(name: string, taken: object): string {
  const plain = name.replace(/[^\w+=,.@-]+/g, '-').slice(0, 120)
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? plain : `${plain}-${String(count)}`
    if (!(candidate in taken)) return candidate
  }
}
