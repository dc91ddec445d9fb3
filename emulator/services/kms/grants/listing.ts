import type { GrantListEntry, GrantOperation } from '@aws-sdk/client-kms'
import { rootArn } from '../../../lib/arn.ts'
import type { Directory } from '../../../operation/call.ts'
import { keyArn } from '../keys/names.ts'
import type { GrantRecord } from '../state.ts'
import { principalText } from './principals.ts'

/** A grant in AWS's order of members (facts: E5). */
export function grantEntry(grant: GrantRecord, directory: Directory): GrantListEntry {
  const { grantee, retiring, retiringService, constraints, sourceArn } = grant
  return {
    KeyId: keyArn(grant.region, grant.account, grant.keyId),
    GrantId: grant.id,
    Name: grant.name,
    CreationDate: new Date(grant.createdAt),
    ...(isServiceField(grantee)
      ? { GranteeServicePrincipal: grantee.service }
      : { GranteePrincipal: principalText(grantee, directory) }),
    ...(retiring && {
      [retiringService ? 'RetiringServicePrincipal' : 'RetiringPrincipal']: principalText(retiring, directory),
    }),
    IssuingAccount: rootArn(grant.issuingAccount),
    // INVARIANT: only these were stored.
    Operations: [...grant.operations] as GrantOperation[],
    ...((constraints ?? sourceArn !== undefined) && {
      Constraints: {
        EncryptionContextEquals: constraints?.equals,
        EncryptionContextSubset: constraints?.subset,
        SourceArn: sourceArn,
      },
    }),
  }
}

/** Services that were granted to by the new member always have a source ARN; AWS's own calls name them as principals. */
const isServiceField = (
  grantee: GrantRecord['grantee'],
): grantee is Extract<GrantRecord['grantee'], { kind: 'service' }> =>
  grantee.kind === 'service' && grantee.sourceArn !== undefined
