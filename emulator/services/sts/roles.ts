import type { RoleSession, Tags } from '../../access/types.ts'
import { parseArn } from '../../lib/arn.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { RoleView } from '../../operation/call.ts'
import type { Resource } from '../../operation/define.ts'
import { overlay, resourceTagContext } from './sessionTags.ts'
import type { StsCall } from './sessions.ts'

/** What a request to assume a role names: the ARN, and the role if it exists. */
export interface NamedRole {
  readonly arn: string
  readonly account: string
  readonly role: RoleView | undefined
}

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:.+$/

/** @throws AwsError ValidationError for what is no ARN of IAM's; a role that does not exist is not told (facts: H3). */
export function roleNamed(arn: string | undefined, call: StsCall): NamedRole {
  const parsed = arn !== undefined && ROLE_ARN.test(arn) ? parseArn(arn) : undefined
  if (arn === undefined || !parsed) throw new AwsError('ValidationError', 400, `${arn ?? ''} is invalid`)
  return { arn, account: parsed.account, role: call.env.directory.role(arn) }
}

/** A role as its trust policy guards it. A role that does not exist trusts nobody. */
export const roleResource = ({ arn, account, role }: NamedRole): Resource => ({
  arn,
  account,
  guard: 'trust',
  policy: role?.trust,
  context: resourceTagContext(role?.tags),
})

/** The principal that a session of a role is. */
export function roleSession(
  role: RoleView,
  sessionName: string,
  call: StsCall,
  facts: {
    readonly sessionTags: Tags
    readonly sourceIdentity?: string | undefined
    readonly federatedProvider?: string | undefined
  },
): RoleSession {
  return {
    kind: 'role',
    account: role.account,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
    roleArn: role.arn,
    roleId: role.id,
    roleName: role.name,
    sessionName,
    userId: `${role.id}:${sessionName}`,
    tags: overlay(role.tags, facts.sessionTags),
    // Whether MFA was used is a fact of this call alone, and no devices are emulated.
    session: { issuedAt: call.time, mfa: false },
    sourceIdentity: facts.sourceIdentity,
    federatedProvider: facts.federatedProvider,
    serviceLinked: role.path.startsWith('/aws-service-role/'),
  }
}

const DEFAULT_SECONDS = 3600
const CHAINED_SECONDS = 3600

/** How long the session may last. @throws AwsError ValidationError (facts: H3) */
export function roleSeconds(requested: number | undefined, role: RoleView, call: StsCall): number {
  const seconds = requested ?? DEFAULT_SECONDS
  if (call.caller.principal.kind === 'role' && seconds > CHAINED_SECONDS) {
    throw new AwsError(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
  }
  if (seconds > role.maxSessionSeconds) {
    throw new AwsError(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  }
  return seconds
}
