import type { Credentials } from '@aws-sdk/client-sts'
import type { AuditFacts } from '../../operation/trace.ts'
import type { NamedRole } from './roles.ts'

/** Members as CloudTrail spells them: `roleArn`; times in whole seconds. */
function spelled(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z')
  if (Array.isArray(value)) return value.map(spelled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), spelled(member)]),
  )
}

/** What must not be in the trail although CloudTrail itself shows part of it. */
const WITHHELD: ReadonlySet<string> = new Set(['WebIdentityToken', 'TokenCode', 'EncodedMessage', 'DecodedMessage'])

const told = (members: object): Record<string, unknown> =>
  spelled(Object.fromEntries(Object.entries(members).filter(([name]) => !WITHHELD.has(name)))) as Record<
    string,
    unknown
  >

/** A call for the audit trail: input and output without tokens and secrets. */
export function auditFacts(
  input: object,
  output: { readonly Credentials?: Credentials | undefined } | undefined,
  role?: NamedRole,
): AuditFacts {
  const credentials = output?.Credentials
  return {
    requestParameters: told(input),
    responseElements: output
      ? told({
          ...output,
          ...(credentials && {
            Credentials: { AccessKeyId: credentials.AccessKeyId, Expiration: credentials.Expiration },
          }),
        })
      : null,
    ...(role && { resources: [{ arn: role.arn, account: role.account, type: 'AWS::IAM::Role' }] }),
  }
}
