import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { invalidArgument, invalidRequest, methodNotAllowed } from '../errors.ts'
import type { AclGrant, AclPermission } from '../state.ts'
import { cannedAcl, isCanonicalId, isGroup, MOST_GRANTS, type Owners } from './grants.ts'

const HEADERS: readonly (readonly [header: string, permission: AclPermission])[] = [
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
]

export const hasGrantHeaders = ({ http }: Pick<Call, 'http'>): boolean =>
  HEADERS.some(([header]) => http.headers[header] !== undefined)

/**
 * The ACL that headers ask for; undefined when they ask for none. Throws InvalidRequest for a canned ACL beside grants, and
 * InvalidArgument. Which sentence S3 gives an unknown canned ACL is not recorded; it is empty here, as clients report it.
 */
export function headerAcl(
  canned: string | undefined,
  call: Pick<Call, 'http'>,
  owners: Owners,
): readonly AclGrant[] | undefined {
  const granted = hasGrantHeaders(call)
  if (canned === undefined) return granted ? grantsOf(call) : undefined
  if (granted) throw invalidRequest('Specifying both Canned ACLs and Header Grants is not allowed')
  const grants = cannedAcl(canned, owners)
  if (!grants) throw invalidArgument('', 'x-amz-acl', canned)
  return grants
}

function grantsOf({ http }: Pick<Call, 'http'>): AclGrant[] {
  const grants = HEADERS.flatMap(([header, permission]) =>
    granteesOf(header, http.headers[header], http.method).map((grantee): AclGrant => ({ grantee, permission })),
  )
  if (grants.length > MOST_GRANTS) throw malformedAcl()
  return grants
}

/** `id="…", uri="…"`; quotes may be left out. */
function granteesOf(header: string, value: string | undefined, method: string): AclGrant['grantee'][] {
  if (value === undefined || value.trim() === '') return []
  return value.split(',').map((entry) => {
    const [, type = '', name = ''] = /^\s*(\w+)\s*=\s*"?([^"]*?)"?\s*$/.exec(entry) ?? []
    switch (type.toLowerCase()) {
      case 'id':
        return userGrantee(name, 'id')
      case 'uri':
        return groupGrantee(name, 'uri')
      case 'emailaddress':
        throw emailGrantee(method)
      default:
        throw invalidArgument('Argument format not recognized', header, value)
    }
  })
}

function userGrantee(id: string, argument: string): AclGrant['grantee'] {
  // Any account may exist here, so that only the form of an id can be wrong.
  if (!isCanonicalId(id)) throw invalidArgument('Invalid id', argument, id)
  return { id }
}

function groupGrantee(group: string, argument: string): AclGrant['grantee'] {
  if (!isGroup(group)) throw invalidArgument('Invalid group uri', argument, group)
  return { group }
}

/** AWS's own answer since October 2025 (S3 API reference, PutBucketAcl: end of support for email grantees). */
const emailGrantee = (method: string) => methodNotAllowed(method, 'EMAILGRANTEE')

/** S3's refusal of a body that is no ACL (S3 API reference, "Error responses": MalformedACLError). */
export const malformedAcl = (): AwsError =>
  new AwsError(
    'MalformedACLError',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  )

/** AccessControlPolicy. */
export interface AclDocument {
  readonly Grants?:
    | readonly {
        readonly Grantee?:
          | {
              readonly Type?: string | undefined
              readonly ID?: string | undefined
              readonly URI?: string | undefined
              readonly EmailAddress?: string | undefined
            }
          | undefined
        readonly Permission?: string | undefined
      }[]
    | undefined
  readonly Owner?: { readonly ID?: string | undefined } | undefined
}

const PERMISSIONS: ReadonlySet<string> = new Set(HEADERS.map(([, permission]) => permission))

/**
 * The ACL that a body holds, in which the owner must stay who it is.
 * Throws MalformedACLError, InvalidArgument, and AccessDenied for another owner (the last is not recorded).
 */
export function bodyAcl(policy: AclDocument, owner: string, method: string): readonly AclGrant[] {
  const { Grants = [], Owner } = policy
  if (Owner?.ID === undefined || Grants.length > MOST_GRANTS) throw malformedAcl()
  if (Owner.ID !== owner) throw new AwsError('AccessDenied', 403, 'Access Denied')
  return Grants.map(({ Grantee, Permission = '' }): AclGrant => {
    if (!Grantee || !PERMISSIONS.has(Permission)) throw malformedAcl()
    return { grantee: bodyGrantee(Grantee, method), permission: Permission as AclPermission }
  })
}

function bodyGrantee(
  { Type, ID, URI }: NonNullable<NonNullable<AclDocument['Grants']>[number]['Grantee']>,
  method: string,
): AclGrant['grantee'] {
  switch (Type) {
    case 'CanonicalUser':
      if (ID === undefined) throw malformedAcl()
      return userGrantee(ID, 'CanonicalUser/ID')
    case 'Group':
      if (URI === undefined) throw malformedAcl()
      return groupGrantee(URI, 'Group/URI')
    case 'AmazonCustomerByEmail':
      throw emailGrantee(method)
    default:
      throw malformedAcl()
  }
}
