import type { AuthorizationRequest, Layer, PolicySource } from '../types.ts'
import { principalArn } from './statement.ts'
import type { Change } from './types.ts'
import type { Universe } from './without.ts'

/** Where a policy is to be found, and who and what falls under it. */
export interface Place extends Pick<Change, 'kind' | 'target' | 'policy' | 'where'> {
  readonly editable: boolean
  /** Only this caller's requests are judged by it. */
  readonly private: boolean
  readonly universe: Universe
}

/** The place of a policy that is there. */
export function placeOf(source: PolicySource, layer: Layer, request: AuthorizationRequest): Place {
  switch (layer) {
    case 'identity':
    case 'boundary':
    case 'session':
      return ownPlace(source, layer, request)
    case 'scp':
    case 'rcp': {
      const name = layer === 'scp' ? 'service control policy' : 'resource control policy'
      const place = { kind: layer, where: `in the ${name} ${source.name}`, private: false, universe: 'any' } as const
      const editable = source.arn?.startsWith('arn:aws:organizations::aws:') !== true
      return { ...place, target: source.arn ?? null, policy: source.arn ?? source.name, editable }
    }
    case 'endpoint':
      return {
        kind: 'endpoint',
        target: source.holder ?? null,
        where: `in the policy of VPC endpoint ${nameIn(source.holder) ?? ''}`.trimEnd(),
        editable: true,
        private: false,
        universe: 'any',
      }
    default:
      return { ...resourcePlace(request), editable: source.fixed !== true }
  }
}

/** The policy of what is asked for, existing or not. */
export function resourcePlace(request: AuthorizationRequest): Omit<Place, 'editable'> {
  const { guard, resource } = request
  const place = { target: resource, private: false } as const
  if (guard === 'key') return { ...place, kind: 'key-policy', where: 'in the key policy', universe: 'one' }
  if (guard === 'trust')
    return { ...place, kind: 'trust', where: `in the trust policy of role ${nameIn(resource) ?? ''}`, universe: 'one' }
  const bucket = bucketOf(resource) ?? resource
  return {
    kind: 'bucket-policy',
    target: bucket,
    where: `in the policy of bucket ${bucket.slice(bucket.lastIndexOf(':') + 1)}`,
    private: false,
    universe: { bucket },
  }
}

/** The bucket of an object's ARN, or of its own. */
export function bucketOf(resource: string): string | undefined {
  return /^arn:[^:]+:s3:::[^/]+/.exec(resource)?.[0]
}

/** The last part of an ARN. */
export const nameIn = (arn: string | undefined): string | undefined => arn?.replace(/^.*[/:]/, '')

function ownPlace(
  source: PolicySource,
  layer: 'identity' | 'boundary' | 'session',
  request: AuthorizationRequest,
): Place {
  const { name, arn, holder } = source
  const place = { kind: layer, universe: 'any' } as const
  if (arn !== undefined) {
    const editable = !arn.startsWith('arn:aws:iam::aws:')
    const what = layer === 'boundary' ? 'the permissions boundary' : 'the managed policy'
    return { ...place, target: arn, policy: arn, where: `in ${what} ${name}`, editable, private: false }
  }
  if (layer === 'session') return { ...sessionPlace(request), policy: name }
  const self = selfArn(request)
  const owner = holder ?? self
  return {
    ...place,
    target: owner ?? null,
    policy: name,
    where: `in the policy ${name} of ${calledBy(owner)}`,
    editable: source.fixed !== true,
    private: owner !== undefined && owner === principalArn(request.principal),
  }
}

/** A session's own policy is part of the request that makes it. */
export function sessionPlace({ principal }: AuthorizationRequest): Place {
  return {
    kind: 'session',
    target: 'arn' in principal ? principal.arn : null,
    where: 'in the session policy, when the session is made',
    editable: true,
    private: true,
    universe: 'any',
  }
}

/** Whose IAM policies bear on the caller: a session by its role, a federated user by who made it. */
export function selfArn({ principal }: AuthorizationRequest): string | undefined {
  return principal.kind === 'federated' ? principal.issuerArn : principalArn(principal)
}

/** `user reader`, `role app`, as IAM's console would call it. */
export function calledBy(arn: string | undefined): string {
  const [, kind, name] = /:(user|role|group|federated-user)\/(?:.*\/)?([^/]+)$/.exec(arn ?? '') ?? []
  if (kind !== undefined && name !== undefined) return `${kind.replace('-', ' ')} ${name}`
  return arn?.endsWith(':root') === true ? `the root user of ${arn.split(':')[4] ?? ''}` : (arn ?? 'everyone')
}

/** AWS's own policies stay as they are. */
export const uneditable = ({ where }: Pick<Place, 'where'>) =>
  `${where}, which is AWS's and cannot be edited, so in a copy put in its place`
