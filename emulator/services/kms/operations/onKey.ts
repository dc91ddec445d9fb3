import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said } from '../audit.ts'
import { requireState, type StatefulOperation } from '../keyStates.ts'
import { keyMissing } from '../errors.ts'
import { changeKey } from '../keys/create.ts'
import { resolveKeyOnly, type Target } from '../keys/resolve.ts'
import { ownKey, sharedKey } from '../keys/resource.ts'
import { armKey } from '../keys/timers.ts'
import type { KeyRecord, KmsCall } from '../state.ts'

interface KeyInput {
  readonly KeyId?: string | undefined
}

/** A member that AWS's model requires: the validator has seen to it before any row runs. */
export function given<T>(member: T | undefined): T {
  if (member === undefined) throw new Error('INVARIANT: a required member is missing')
  return member
}

const subject = (input: KeyInput, call: KmsCall): Target => resolveKeyOnly(given(input.KeyId), call)

/** Rows about a key of the caller's own account, named by id or ARN. */
export const onOwnKey = { subject, resource: ownKey } as const

/** Rows that the key's account may open to others. */
export const onSharedKey = { subject, resource: sharedKey } as const

/** The stored key, in a state that admits the operation. */
export function admitted({ key, arn }: Target, operation: StatefulOperation): KeyRecord {
  if (!key) throw keyMissing(arn)
  requireState(key, operation)
  return key
}

/** Stores a change and puts what time brings with it on the clock. */
export function changeAndArm(key: KeyRecord, change: Partial<KeyRecord>, call: KmsCall): KeyRecord {
  const changed = changeKey(key, change, call)
  armKey(changed, call)
  return changed
}

/** What CloudTrail writes of a call about one key: the members named, and for changes the key (facts: F2). */
export function keyAudit<In extends object>(...names: readonly (keyof In & string)[]) {
  return (input: In, _output: unknown, target: Target | undefined): AuditFacts => ({
    requestParameters: said(input, ...names),
    responseElements: null,
    resources: keyResources(target),
  })
}

export function changeAudit<In extends object>(...names: readonly (keyof In & string)[]) {
  const audit = keyAudit<In>(...names)
  return (input: In, output: unknown, target: Target | undefined): AuditFacts => ({
    ...audit(input, output, target),
    responseElements: target ? { keyId: target.arn } : null,
  })
}
