import { policySource } from '../../access/document.ts'
import type { Use } from '../../access/generate/use.ts'
import type { PolicySource } from '../../access/types.ts'
import { parseArn } from '../../lib/arn.ts'
import { keyPolicy } from '../../services/kms/keys/resource.ts'
import type { KmsState } from '../../services/kms/state.ts'
import type { S3State } from '../../services/s3/state.ts'
import type { Emulator } from '../app.ts'

export type GuardKind = 'key-policy' | 'bucket-policy' | 'trust-policy'

/** The policy that guards a resource: a key's, a bucket's, a role's. */
export interface ResourceGuard {
  readonly kind: GuardKind
  /** The ARN of the key, the bucket, the role. */
  readonly target: string
  /** What the policy says at present; undefined when there is none, or the resource is gone. */
  readonly policy: PolicySource | undefined
  /** AWS's own: nobody can change it. */
  readonly fixed: boolean
}

/** The policy that guards what a use is about; undefined where none does, or where the use is about many resources. */
export function guardOf(
  { guard, resource }: Pick<Use, 'guard' | 'resource'>,
  { registry, env }: Pick<Emulator, 'registry' | 'env'>,
): ResourceGuard | undefined {
  const arn = parseArn(resource.text)
  if (!arn) return undefined
  if (guard === 'ordinary') {
    if (arn.service !== 's3') return undefined
    const [name = ''] = arn.resource.split('/')
    // Of a bucket whose name is not all there, nothing is known.
    if (resource.open && !arn.resource.includes('/')) return undefined
    const text = (registry.require('s3').state as S3State).buckets.in().get(name)?.policy?.text
    const policy = text === undefined ? undefined : policySource({ layer: 'resource', name: 'bucket policy', text })
    return { kind: 'bucket-policy', target: `arn:aws:s3:::${name}`, policy, fixed: false }
  }
  if (resource.open) return undefined
  if (guard === 'trust') {
    const policy = env.directory.role(resource.text)?.trust
    return { kind: 'trust-policy', target: resource.text, policy, fixed: false }
  }
  if (guard !== 'key') return undefined
  const { keys } = registry.require('kms').state as KmsState
  const key = keys.in(arn.account, arn.region).get(arn.resource.replace(/^key\//, ''))
  return {
    kind: 'key-policy',
    target: resource.text,
    policy: key && keyPolicy(key),
    fixed: key?.manager === 'AWS',
  }
}
