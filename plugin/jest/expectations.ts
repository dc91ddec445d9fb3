import type { Explanation } from '../../emulator/access/explain.ts'
import type { Layer } from '../../emulator/access/types.ts'
import type { KeyUse } from './matchers.ts'

/** What a denial must have been, besides its action. */
export interface DenialOptions {
  /** Which kind of policy decided. A key policy, a bucket policy is `resource`. */
  readonly layer?: Layer
  /** On what: the ARN. */
  readonly resource?: string
  /** Whether a statement said Deny (true), or none said Allow (false). */
  readonly explicit?: boolean
}

/** What the use of a key must have been. */
export interface KeyUseOptions {
  /** KMS's operation: `Decrypt`. */
  readonly operation?: string
  /** The service that asked for the caller: `s3`. */
  readonly via?: string
}

interface Expected<T> {
  readonly fits: (found: T) => boolean
  /** The expectation in words. */
  readonly says: string
}

const LAYERS: readonly Layer[] = [
  'identity',
  'boundary',
  'session',
  'scp',
  'rcp',
  'endpoint',
  'resource',
  'acl',
  'trust',
  'grant',
]

/** Throws TypeError for what could never be: such a test would tell nothing. */
export function readDenial(action: unknown, options: DenialOptions): Expected<Explanation> {
  const { layer, resource, explicit } = known(options, ['layer', 'resource', 'explicit'])
  if (typeof action !== 'string' || !/^[a-z0-9-]+:\w+$/i.test(action))
    throw new TypeError(`\`${String(action)}\` is no action; write \`kms:Decrypt\``)
  if (layer !== undefined && !LAYERS.includes(layer))
    throw new TypeError(`\`${layer as string}\` is no layer; the layers are ${LAYERS.join(', ')}`)
  return {
    fits: (found) =>
      found.action.toLowerCase() === action.toLowerCase() &&
      (layer === undefined || found.decidedBy.layer === layer) &&
      (resource === undefined || found.resource === resource) &&
      (explicit === undefined || (found.effect === 'explicit-deny') === explicit),
    says:
      action +
      (layer === undefined ? '' : ` (layer ${layer})`) +
      (resource === undefined ? '' : ` on ${resource}`) +
      (explicit === undefined ? '' : explicit ? ', explicitly' : ', for want of an Allow'),
  }
}

/** Throws TypeError as `readDenial` does. @param key an ARN or a key id */
export function readKeyUse(key: unknown, options: KeyUseOptions): Expected<KeyUse> {
  const { operation, via } = known(options, ['operation', 'via'])
  if (typeof key !== 'string' || !/^(?:arn:aws[a-z-]*:kms:\S+:key\/)?(?:mrk-)?[\da-f-]{32,}$/.test(key))
    throw new TypeError(`\`${String(key)}\` is neither the ARN of a KMS key nor a key id`)
  const wanted = operation?.replace(/^kms:/, '')
  const service = via?.split('.')[0]
  return {
    fits: (use) =>
      (use.key === key || use.key.endsWith(`:key/${key}`)) &&
      (wanted === undefined || use.operation === wanted) &&
      (service === undefined || use.via === service),
    says: key + (wanted === undefined ? '' : ` for ${wanted}`) + (service === undefined ? '' : ` via ${service}`),
  }
}

function known<T extends object>(options: T, names: readonly (keyof T & string)[]): T {
  const stray = Object.keys(options).find((name) => !(names as readonly string[]).includes(name))
  if (stray === undefined) return options
  throw new TypeError(`there is no option \`${stray}\`; the options are ${names.join(', ')}`)
}
