import type { AclGrant, AclPermission } from '../state.ts'
import { ANONYMOUS_ID } from './ownership.ts'

/** S3's predefined groups. */
export const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
export const AUTHENTICATED_USERS = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'
export const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery'
const GROUPS: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY])
const PUBLIC: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS])

export const isGroup = (uri: string): boolean => GROUPS.has(uri)

/** An account's canonical user id, or that of anonymous callers. */
export const isCanonicalId = (id: string): boolean => /^(?:[\da-f]{64}|[\da-f]{32})$/.test(id)

/** The most grants that an ACL may hold. */
export const MOST_GRANTS = 100

/**
 * A grant to everyone, or to everyone with credentials (S3 User Guide, "The meaning of public"). Anonymous callers are anybody: that
 * their canonical id counts as public is our decision, for no source speaks of it.
 */
export const isPublicGrant = ({ grantee }: AclGrant): boolean =>
  'group' in grantee ? PUBLIC.has(grantee.group) : grantee.id === ANONYMOUS_ID
export const isPublicAcl = (grants: readonly AclGrant[]): boolean => grants.some(isPublicGrant)

const toGroup = (group: string, permission: AclPermission): AclGrant => ({ grantee: { group }, permission })
export const toOwner = (id: string, permission: AclPermission = 'FULL_CONTROL'): AclGrant => ({
  grantee: { id },
  permission,
})

/** EC2, which fetches AMI bundles (S3 User Guide, "Canned ACL": aws-exec-read). */
const EC2 = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c'

/** Whose ACL: canonical ids. */
export interface Owners {
  readonly owner: string
  /** The same for a bucket's own ACL. */
  readonly bucketOwner: string
}

/** Grants beyond the owner's FULL_CONTROL (S3 User Guide, "Canned ACL"). A bucket ignores those that speak of its owner. */
const CANNED: Readonly<Record<string, (owners: Owners) => readonly AclGrant[]>> = {
  private: () => [],
  'public-read': () => [toGroup(ALL_USERS, 'READ')],
  'public-read-write': () => [toGroup(ALL_USERS, 'READ'), toGroup(ALL_USERS, 'WRITE')],
  'authenticated-read': () => [toGroup(AUTHENTICATED_USERS, 'READ')],
  'aws-exec-read': () => [toOwner(EC2, 'READ')],
  'bucket-owner-read': ({ owner, bucketOwner }) => (owner === bucketOwner ? [] : [toOwner(bucketOwner, 'READ')]),
  'bucket-owner-full-control': ({ owner, bucketOwner }) => (owner === bucketOwner ? [] : [toOwner(bucketOwner)]),
  'log-delivery-write': () => [toGroup(LOG_DELIVERY, 'WRITE'), toGroup(LOG_DELIVERY, 'READ_ACP')],
}

/** What a canned ACL stands for; undefined when there is none of this name. */
export function cannedAcl(name: string, owners: Owners): readonly AclGrant[] | undefined {
  const more = Object.hasOwn(CANNED, name) ? CANNED[name] : undefined
  return more && [toOwner(owners.owner), ...more(owners)]
}
