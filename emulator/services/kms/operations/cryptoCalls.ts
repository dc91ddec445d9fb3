import type { ContextValue } from '../../../access/types.ts'
import type { EncryptionContext } from '../../../crypto/types.ts'
import { encryptionContextKeys, NO_CONTEXT } from '../encryptionContext.ts'
import { checkGrantTokens } from '../grants/tokens.ts'
import { resolveKey, type Target } from '../keys/resolve.ts'
import { sharedKey } from '../keys/resource.ts'
import type { KmsCall } from '../state.ts'
import { given } from './onKey.ts'

/** Members that most cryptographic operations share. */
interface CryptoInput {
  readonly KeyId?: string | undefined
  readonly GrantTokens?: string[] | undefined
}

/** The key a cryptographic operation names: by id, ARN, alias or alias ARN. */
export function namedKey(input: CryptoInput, call: KmsCall): Target {
  const target = resolveKey(given(input.KeyId), call)
  checkGrantTokens(input.GrantTokens, call)
  return target
}

/** Rows of cryptographic operations on a key that the request names, which its account may open to others (facts: B3). */
export const onNamedKey = { readOnly: true, subject: namedKey, resource: sharedKey } as const

/** Condition keys of a symmetric cryptographic operation; the default algorithm counts (facts: C6). */
export function cryptoContext(
  context: EncryptionContext | undefined,
  algorithm: string | undefined,
  target: Target,
): Record<string, ContextValue | undefined> {
  const keys: Record<string, ContextValue | undefined> = encryptionContextKeys(context)
  keys['kms:EncryptionAlgorithm'] = algorithm ?? 'SYMMETRIC_DEFAULT'
  keys['kms:RequestAlias'] = target.alias
  return keys
}

/** Under which name grants list the operation, and what their constraints are compared with. */
export const granted = (grantOperation: string, context?: EncryptionContext) => ({
  grantOperation,
  encryptionContext: context ?? NO_CONTEXT,
})
