import type { KeyUsageType } from '@aws-sdk/client-kms'
import { dryRunSucceeded, invalidKeyUsage, keyMissing } from '../errors.ts'
import { algorithmsOf } from '../keySpecs.ts'
import { requireState, type StatefulOperation } from '../keyStates.ts'
import type { KeyRecord } from '../state.ts'
import type { Target } from './resolve.ts'

/**
 * The key of a request that was let through, in a state that admits the operation. A key of another account that does not exist gets
 * here only where denials are not enforced.
 */
export function usable({ key, arn }: Target, operation: StatefulOperation): KeyRecord {
  if (!key) throw keyMissing(arn)
  requireState(key, operation)
  return key
}

/** Throws InvalidKeyUsageException (facts: B5). */
export function requireUsage(key: KeyRecord, usage: KeyUsageType, operation: string): void {
  if (key.usage === usage) return
  throw invalidKeyUsage(`${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`)
}

/** Throws InvalidKeyUsageException for an algorithm that is not among the key's (facts: B5). */
export function requireAlgorithm(key: KeyRecord, algorithm: string): void {
  if (algorithmsOf(key).includes(algorithm)) return
  throw invalidKeyUsage(`Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
}

/** The last check of every operation that can be tried out: any failure comes first (facts: A6). */
export function endDryRun({ DryRun }: { readonly DryRun?: boolean | undefined }): void {
  if (DryRun === true) throw dryRunSucceeded()
}
