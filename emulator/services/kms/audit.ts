import type { AuditedResource, AuditFacts } from '../../operation/trace.ts'
import type { Target } from './keys/resolve.ts'
import { aliasArn } from './keys/names.ts'
import type { KeyRecord, KmsCall } from './state.ts'

type Parameters = Record<string, unknown>

/**
 * Members of an input as CloudTrail writes them: lower camel case, what was not sent left out (facts: F2).
 * Only named ones get here: never plaintext, ciphertext or tokens.
 */
export function said<In extends object>(input: In, ...names: readonly (keyof In & string)[]): Parameters {
  const parameters: Parameters = {}
  for (const name of names) {
    const value = input[name]
    if (value !== undefined) parameters[lowerCamel(name)] = typeof value === 'string' ? value : lowered(value)
  }
  return parameters
}

/** Members have few names, and every request asks for them. */
const lowerNames = new Map<string, string>()

function lowerCamel(name: string): string {
  let lower = lowerNames.get(name)
  if (lower === undefined) {
    lower = name.charAt(0).toLowerCase() + name.slice(1)
    lowerNames.set(name, lower)
  }
  return lower
}

/** The members of tags, constraints and metadata, too; keys of encryption contexts are the caller's own and stay. */
function lowered(value: unknown): unknown {
  if (value instanceof Date) return isoTime(value.getTime())
  if (Array.isArray(value)) return value.map(lowered)
  if (typeof value !== 'object' || value === null) return value
  const structure = value as Parameters
  if ('TagKey' in structure) return { tagKey: structure['TagKey'], tagValue: structure['TagValue'] }
  if (!('EncryptionContextEquals' in structure || 'EncryptionContextSubset' in structure || 'SourceArn' in structure)) {
    return value
  }
  const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = structure
  return {
    ...(EncryptionContextEquals !== undefined && { encryptionContextEquals: EncryptionContextEquals }),
    ...(EncryptionContextSubset !== undefined && { encryptionContextSubset: EncryptionContextSubset }),
    ...(SourceArn !== undefined && { sourceArn: SourceArn }),
  }
}

/** `2026-09-12T06:21:24Z` */
export const isoTime = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

export function keyResources(...targets: readonly (Target | undefined)[]): NonNullable<AuditFacts['resources']> {
  const [target] = targets
  if (targets.length === 1 && target?.key) return resourcesOf(target.key)
  return targets.flatMap((one) => (one?.key ? resourcesOf(one.key) : one ? [audited(one)] : []))
}

const audited = ({ arn, account, key }: Target): AuditedResource => ({
  arn,
  account,
  type: 'AWS::KMS::Key',
  keySpec: key?.spec,
})

const resources = new WeakMap<KeyRecord, readonly AuditedResource[]>()

/** The same for the same record: calls are remembered with it, and most are about few keys. */
function resourcesOf(key: KeyRecord): readonly AuditedResource[] {
  let known = resources.get(key)
  if (!known)
    resources.set(key, (known = [{ arn: key.arn, account: key.account, type: 'AWS::KMS::Key', keySpec: key.spec }]))
  return known
}

/** What is recorded beside a cryptographic operation on a key, and of a key in a custom key store where that is. */
export function usedKeyData(target: Target | undefined, data: KeyData): KeyData {
  const key = target?.key
  if (key?.customKeyStoreId === undefined) return data
  return {
    additionalEventData: {
      customKeyStoreId: key.customKeyStoreId,
      ...(key.xksKeyId !== undefined && { xksKeyId: key.xksKeyId }),
      ...data.additionalEventData,
    },
  }
}

type KeyData = Pick<AuditFacts, 'additionalEventData'>

/** Alias operations record the key and the alias, as if both were keys (AWS: "ct-createalias", facts: F2). */
export const aliasResources = (
  target: Target | undefined,
  aliasName: string,
  call: KmsCall,
): NonNullable<AuditFacts['resources']> => [
  ...keyResources(target),
  { arn: aliasArn(call.region, call.account, aliasName), account: call.account, type: 'AWS::KMS::Key' },
]
