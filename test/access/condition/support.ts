import { contextOf } from '../../../emulator/access/context.ts'
import type { ContextValue } from '../../../emulator/access/types.ts'
import { ALLOW_ALL, decide, objectRequest, policy, user } from '../support.ts'

type Block = Readonly<Record<string, Readonly<Record<string, unknown>>>>
type Keys = Readonly<Record<string, ContextValue | undefined>>

/** Whether an Allow with this condition allows. */
export function allows(condition: Block, keys: Keys): boolean {
  const identity = [policy('identity', { ...ALLOW_ALL, Condition: condition })]
  return decide(objectRequest(user(), { context: contextOf(keys) }), { identity }).allowed
}

/** Whether a Deny with this condition, next to a plain Allow, denies. */
export function denies(condition: Block, keys: Keys): boolean {
  const identity = [policy('identity', ALLOW_ALL, { ...ALLOW_ALL, Effect: 'Deny', Condition: condition })]
  return decide(objectRequest(user(), { context: contextOf(keys) }), { identity }).effect === 'explicit-deny'
}

/** Whether the condition holds: the same in an Allow and in a Deny, or `poison` when only the Deny applies. */
export function holds(operator: string, operand: unknown, keys: Keys, key = 'aws:RequestTag/x'): boolean | 'poison' {
  const condition = { [operator]: { [key]: operand } }
  const [allowed, denied] = [allows(condition, keys), denies(condition, keys)]
  if (allowed === denied) return allowed
  if (denied) return 'poison'
  throw new Error('an Allow applied where a Deny did not')
}

/** For one request value. */
export const matches = (operator: string, operand: unknown, value: string): boolean | 'poison' =>
  holds(operator, operand, { 'aws:RequestTag/x': value })
