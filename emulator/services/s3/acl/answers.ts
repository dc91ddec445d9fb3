import type { AclGrant } from '../state.ts'
import { toOwner } from './grants.ts'

/** The answer of GetBucketAcl and GetObjectAcl; ids are canonical. */
export function aclAnswer(owner: string, acl: readonly AclGrant[] | undefined) {
  return {
    Owner: { ID: owner },
    Grants: (acl ?? [toOwner(owner)]).map(({ grantee, permission }) => ({
      Grantee:
        'id' in grantee
          ? { ID: grantee.id, Type: 'CanonicalUser' as const }
          : { URI: grantee.group, Type: 'Group' as const },
      Permission: permission,
    })),
  }
}
