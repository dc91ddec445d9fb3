import type { Principal } from '../access/types.ts'

type Json = Record<string, unknown>

/** A caller as other accounts see it. */
export const foreignIdentity = (principal: Principal): Json =>
  'userId' in principal && 'account' in principal
    ? { type: 'AWSAccount', principalId: principal.userId, accountId: principal.account }
    : {}

/** A caller in its own account's trail (facts: kms-iam.md F1). */
export function userIdentity(principal: Principal, accessKeyId: string | undefined): Json {
  const key = accessKeyId === undefined ? {} : { accessKeyId }
  switch (principal.kind) {
    case 'anonymous':
      return { type: 'AWSAccount', principalId: '', accountId: 'anonymous' }
    case 'service':
      return { type: 'AWSService', invokedBy: principal.service }
    case 'root':
      return { type: 'Root', principalId: principal.userId, arn: principal.arn, accountId: principal.account, ...key }
    case 'user':
      return {
        type: 'IAMUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        userName: principal.userName,
        ...(principal.session && sessionContext(principal.session)),
      }
    case 'federated':
      return {
        type: 'FederatedUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        ...sessionContext(principal.session, {
          type: 'IAMUser',
          principalId: principal.issuerId,
          arn: principal.issuerArn,
          accountId: principal.account,
        }),
      }
    case 'role':
      return {
        type: 'AssumedRole',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...key,
        ...sessionContext(principal.session, {
          type: 'Role',
          principalId: principal.roleId,
          arn: principal.roleArn,
          accountId: principal.account,
          userName: principal.roleName,
        }),
      }
  }
}

function sessionContext(session: { readonly issuedAt: number; readonly mfa: boolean }, issuer?: object) {
  return {
    sessionContext: {
      ...(issuer && { sessionIssuer: issuer }),
      attributes: {
        creationDate: new Date(session.issuedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
        mfaAuthenticated: String(session.mfa),
      },
    },
  }
}
