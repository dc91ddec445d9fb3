import { policySource } from '../../../access/document.ts'
import type { PolicySource } from '../../../access/types.ts'
import type { Call } from '../../../operation/call.ts'
import { canonicalId } from '../names.ts'
import type { AclGrant, AclPermission, BucketRecord, ObjectDescription } from '../state.ts'
import { ALL_USERS, AUTHENTICATED_USERS, isPublicGrant, toOwner } from './grants.ts'
import { aclsEnabled, ANONYMOUS, ANONYMOUS_ID } from './ownership.ts'

/** What an ACL is asked about; `missing`: an object that does not exist, which is its bucket's matter. */
type Kind = 'bucket' | 'object' | 'missing'
type Asking = Pick<Call, 'account'>

/**
 * Which actions a permission allows (S3 User Guide, "Mapping of ACL permissions and access policy permissions"). Whoever may write
 * to a bucket may set the ACL of what it writes, and delete its own (`writeAcl`).
 */
const ACTIONS: Readonly<Record<Kind, Readonly<Record<Exclude<AclPermission, 'FULL_CONTROL'>, readonly string[]>>>> = {
  bucket: {
    READ: ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'],
    WRITE: ['s3:PutObject', 's3:PutObjectAcl', 's3:DeleteObject'],
    READ_ACP: ['s3:GetBucketAcl'],
    WRITE_ACP: ['s3:PutBucketAcl'],
  },
  object: {
    READ: ['s3:GetObject', 's3:GetObjectVersion'],
    WRITE: [],
    READ_ACP: ['s3:GetObjectAcl', 's3:GetObjectVersionAcl'],
    WRITE_ACP: ['s3:PutObjectAcl', 's3:PutObjectVersionAcl'],
  },
  missing: { READ: ['s3:GetObject', 's3:GetObjectVersion'], WRITE: [], READ_ACP: [], WRITE_ACP: [] },
}

function actionsOf(kind: Kind, permission: AclPermission): readonly string[] {
  return permission === 'FULL_CONTROL' ? Object.values(ACTIONS[kind]).flat() : ACTIONS[kind][permission]
}

/** What the bucket's ACL allows, as a policy; undefined when that is nothing beyond its owner's rights. */
export function bucketAcl(bucket: BucketRecord, call: Asking): PolicySource | undefined {
  return bucket.acl && aclsEnabled(bucket) ? sourceOf(bucket.acl, 'bucket', bucket, call) : undefined
}

/**
 * The same of an object's ACL. Where there is no object, whoever may list the bucket by its ACL may find that out, so that anonymous
 * readers of a public bucket are told 404.
 */
export function objectAcl(
  bucket: BucketRecord,
  object: Pick<ObjectDescription, 'owner' | 'acl'> | undefined,
  call: Asking,
): PolicySource | undefined {
  if (!object) return bucket.acl && sourceOf(bucket.acl, 'missing', bucket, call)
  const acl = object.acl ?? (object.owner === ANONYMOUS ? NOBODYS : undefined)
  return acl && sourceOf(acl, 'object', bucket, call)
}

/** What an anonymous writer's object has: the owner alone is anybody without credentials. */
const NOBODYS: readonly AclGrant[] = [toOwner(ANONYMOUS_ID)]

const made = new WeakMap<readonly AclGrant[], Map<string, PolicySource>>()

/** One policy per ACL and account that it names: the others are all the same to it. IgnorePublicAcls takes effect here. */
function sourceOf(
  acl: readonly AclGrant[],
  kind: Kind,
  { publicAccessBlock }: BucketRecord,
  { account }: Asking,
): PolicySource | undefined {
  const grants = publicAccessBlock?.ignorePublicAcls ? acl.filter((grant) => !isPublicGrant(grant)) : acl
  const own = account === '' ? undefined : canonicalId(account)
  const named = grants.some(({ grantee }) => 'id' in grantee && grantee.id === own) ? account : ''
  if (grants.length === 0) return undefined
  let sources = made.get(acl)
  if (!sources) made.set(acl, (sources = new Map<string, PolicySource>()))
  const id = `${named} ${kind} ${String(grants.length)}`
  let source = sources.get(id)
  if (!source) {
    source = policySource({
      layer: 'acl',
      name: kind === 'object' ? 'object ACL' : 'bucket ACL',
      text: textOf(grants, kind, named, own),
    })
    sources.set(id, source)
  }
  return source
}

function textOf(grants: readonly AclGrant[], kind: Kind, account: string, own: string | undefined): string {
  const statements = grants.map(({ grantee, permission }) => ({
    Sid: permission,
    Effect: 'Allow',
    ...principalOf(grantee, account, own),
    Action: actionsOf(kind, permission).length > 0 ? actionsOf(kind, permission) : ['s3:none'],
    Resource: '*',
  }))
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

function principalOf(grantee: AclGrant['grantee'], account: string, own: string | undefined): object {
  if ('id' in grantee) {
    if (grantee.id === own) return { Principal: { AWS: account } }
    if (grantee.id === ANONYMOUS_ID) return { Principal: '*', Condition: { StringEquals: ANONYMOUS_TYPE } }
    return { Principal: { CanonicalUser: grantee.id } }
  }
  switch (grantee.group) {
    case ALL_USERS:
      return { Principal: '*' }
    case AUTHENTICATED_USERS:
      return { Principal: '*', Condition: { StringNotEquals: ANONYMOUS_TYPE } }
    default:
      return { Principal: { Service: 'logging.s3.amazonaws.com' } }
  }
}

const ANONYMOUS_TYPE = { 'aws:PrincipalType': 'Anonymous' }
