import type { Grantee } from '../../../access/types.ts'
import { parseArn, rootArn } from '../../../lib/arn.ts'
import { infrastructureArn, infrastructureId, readInfrastructure } from '../../../lib/infrastructure.ts'
import type { Directory } from '../../../operation/call.ts'
import { invalidArn } from '../errors.ts'

/** Why a text is nobody: not in the form of a principal's ARN, no such principal, or an id that nobody has. */
export type NoPrincipal = 'malformed' | 'unknown' | 'unknown-id'

/**
 * Whom a text names, bound to the unique id where AWS binds it (facts: E1, captures 4.2). A session need not have begun, but its role
 * must exist. Accounts exist as soon as they are named.
 */
export function readPrincipal(text: string, directory: Directory): Grantee | NoPrincipal {
  if (!text.startsWith('arn:')) return byId(text, directory)
  const arn = parseArn(text)
  if (arn?.region !== '' || !/^\d{12}$/.test(arn.account)) return 'malformed'
  const { service, account, resource } = arn
  if (service === 'iam') {
    if (resource === 'root') return { kind: 'account', account }
    const kind = resource.startsWith('user/') ? 'user' : resource.startsWith('role/') ? 'role' : undefined
    if (!kind) return 'malformed'
    const id = directory.principalId(text)
    return id === undefined ? 'unknown' : { kind, id }
  }
  return service === 'sts' ? bySession(text, account, resource, directory) : 'malformed'
}

const SESSION = /^assumed-role\/([^/]+)\/([\w+=,.@-]{2,64})$/
const FEDERATED = /^federated-user\/[\w+=,.@-]{2,32}$/

function bySession(text: string, account: string, resource: string, directory: Directory): Grantee | NoPrincipal {
  const host = readInfrastructure(text)
  if (host) return { kind: 'session', id: infrastructureId(host) }
  if (FEDERATED.test(resource)) return { kind: 'federated', arn: text }
  const [, roleName, session] = SESSION.exec(resource) ?? []
  if (roleName === undefined || session === undefined) return 'malformed'
  const role = directory.roleNamed(account, roleName)
  return role ? { kind: 'session', id: `${role.id}:${session}` } : 'unknown'
}

function byId(text: string, directory: Directory): Grantee | NoPrincipal {
  const [, id, session] = /^(A(?:IDA|ROA)[A-Z0-9]+)(?::([\w+=,.@-]{2,64}))?$/.exec(text) ?? []
  if (id === undefined) return 'malformed'
  const arn = directory.principalArn(id)
  if (arn === undefined) return 'unknown-id'
  const isRole = parseArn(arn)?.resource.startsWith('role/') === true
  if (session !== undefined) return isRole ? { kind: 'session', id: text } : 'unknown-id'
  return { kind: isRole ? 'role' : 'user', id }
}

/**
 * The same, refusing in AWS's words (facts: E1, captures 4.2 and 4.4).
 * @param subject what an unknown id is called: `GranteePrincipal`, `Input`
 */
export function requirePrincipal(text: string, subject: string, stop: '.' | '', directory: Directory): Grantee {
  const found = readPrincipal(text, directory)
  if (typeof found !== 'string') return found
  if (found === 'unknown-id') throw invalidArn(`${subject} does not refer to a valid principal${stop}`)
  if (found === 'unknown') throw invalidArn(`ARN does not refer to a valid principal: ${text}`)
  throw invalidArn(`ARN is not valid: ${text}`)
}

/** A principal as lists show it: the ARN, or the unique id of somebody deleted (facts: E5). */
export function principalText(grantee: Grantee, directory: Directory): string {
  switch (grantee.kind) {
    case 'account':
      return rootArn(grantee.account)
    case 'federated':
      return grantee.arn
    case 'service':
      return grantee.service
    case 'session':
      return sessionArn(grantee.id, directory) ?? grantee.id
    default:
      return directory.principalArn(grantee.id) ?? grantee.id
  }
}

function sessionArn(id: string, directory: Directory): string | undefined {
  const host = readInfrastructure(id)
  if (host) return infrastructureArn(host)
  const colon = id.indexOf(':')
  const role = parseArn(directory.principalArn(id.slice(0, colon)) ?? '')
  if (!role) return undefined
  const name = role.resource.slice(role.resource.lastIndexOf('/') + 1)
  return `arn:${role.partition}:sts::${role.account}:assumed-role/${name}/${id.slice(colon + 1)}`
}

/** The account a grantee belongs to; undefined for services and deleted principals. */
export function accountOf(grantee: Grantee, directory: Directory): string | undefined {
  return grantee.kind === 'service' ? undefined : parseArn(principalText(grantee, directory))?.account
}
