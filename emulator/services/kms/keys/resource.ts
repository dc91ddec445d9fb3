import { policySource } from '../../../access/document.ts'
import type { ContextValue, PolicySource } from '../../../access/types.ts'
import type { Resource } from '../../../operation/define.ts'
import { grantsFor } from '../grants/candidates.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { multiRegionType } from './multiRegion.ts'
import type { Target } from './resolve.ts'

/** A key as policies see it, for operations that other accounts may be admitted to (facts: B3). */
export const sharedKey = (_input: unknown, call: KmsCall, target: Target): Resource => keyResource(target, call)

/** For operations of the owner's account only: what the key policy says of other accounts has no effect (facts: B3). */
export const ownKey = (_input: unknown, call: KmsCall, target: Target): Resource =>
  target.account === call.account ? keyResource(target, call) : withheld(target)

export function keyResource(target: Target, call: KmsCall): Resource {
  const { key, arn, account } = target
  if (!key) return withheld(target)
  return {
    arn,
    account,
    guard: 'key',
    policy: keyPolicy(key),
    grants: grantsFor(key, call),
    mention: mentionOf(target, call),
    exemptFromRcp: key.manager === 'AWS',
    context: () => keyContext(key, call),
  }
}

/** Another account's key whose existence and policy are none of the caller's business. */
function withheld({ arn, account, namedBy }: Target): Resource {
  return { arn, account, guard: 'key', mention: namedBy === 'ciphertext' ? 'ciphertext' : 'this resource' }
}

function mentionOf({ account, namedBy }: Target, call: KmsCall): Resource['mention'] {
  if (account === call.account) return 'arn'
  return namedBy === 'ciphertext' ? 'ciphertext' : 'this resource'
}

const policies = new WeakMap<KeyRecord, PolicySource>()

/** Records are replaced, never changed, so a policy that was compiled for one holds as long as the record does. */
export function keyPolicy(key: KeyRecord): PolicySource {
  let policy = policies.get(key)
  if (!policy) {
    policy = keyPolicyOf(key.policy, key.manager === 'AWS')
    policies.set(key, policy)
  }
  return policy
}

/** @param managed the policy of an AWS managed key, which nobody can change */
export const keyPolicyOf = (text: string, managed = false): PolicySource =>
  policySource({ layer: 'resource', name: 'key policy', text, ...(managed && { fixed: true }) })

/** The condition keys that every operation on a key carries (facts: C6). */
export function keyContext(key: KeyRecord, call: KmsCall): Record<string, ContextValue | undefined> {
  const context: Record<string, ContextValue | undefined> = {
    ...specContext(key),
    'kms:CallerAccount': call.account === '' ? undefined : call.account,
    'kms:ResourceAliases': aliasNames(key, call),
    'kms:ViaService': call.via?.viaService,
  }
  for (const [name, value] of Object.entries(key.tags)) context[`aws:ResourceTag/${name}`] = value
  return context
}

/** Also carried by CreateKey, for the key to be. */
export const specContext = (
  key: Pick<KeyRecord, 'region' | 'spec' | 'usage' | 'origin' | 'multiRegion' | 'family'>,
): Record<string, ContextValue | undefined> => ({
  'kms:KeySpec': key.spec,
  'kms:KeyUsage': key.usage,
  'kms:CustomerMasterKeySpec': key.spec,
  'kms:CustomerMasterKeyUsage': key.usage,
  'kms:KeyOrigin': key.origin,
  'kms:MultiRegion': String(key.multiRegion),
  'kms:MultiRegionKeyType': multiRegionType(key),
})

function aliasNames(key: KeyRecord, call: KmsCall): readonly string[] | undefined {
  const names: string[] = []
  for (const [name] of call.state.aliases.in(key.account, key.region).find('key', key.id)) names.push(name)
  return names.length === 0 ? undefined : names
}
