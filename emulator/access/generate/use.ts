import type { Guard } from '../types.ts'
import type { Pattern } from './pattern.ts'

/** A condition key that a use had, and its value. */
export interface UseCondition {
  /** In AWS's spelling: `kms:ViaService`, `kms:EncryptionContext:team`. */
  readonly key: string
  readonly values: readonly Pattern[]
  readonly type: 'String' | 'Bool'
  /** A key with several values at once (kms:GrantOperations): each must be among those listed. */
  readonly many: boolean
}

/** Something that a principal did, or tried to: one action on one resource under one set of conditions. */
export interface Use {
  /** `kms:Decrypt` */
  readonly action: string
  readonly resource: Pattern
  readonly conditions: readonly UseCondition[]
  readonly guard: Guard
  /** The resource's owner; undefined for `*`. */
  readonly account: string | undefined
}
