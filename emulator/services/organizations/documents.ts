import { validatePolicy } from '../../access/validate.ts'
import { malformedPolicy, policyTooLong } from './errors.ts'
import { POLICY_KINDS } from './policyTypes.ts'
import type { PolicyType } from './state.ts'

/**
 * A policy document as Organizations keeps it: a resource control policy in compact form, with its version, and with Statement as
 * a list (captures 9.5); a service control policy as it was given.
 * @throws AwsError MalformedPolicyDocumentException, ConstraintViolationException
 */
export function storedDocument(content: string, type: PolicyType): string {
  const problem = validatePolicy(content, POLICY_KINDS[type].layer)
  if (problem) throw problem.fault === 'too-long' ? policyTooLong() : malformedPolicy()
  if (type !== 'RESOURCE_CONTROL_POLICY') return content
  // It has passed as a policy document, so it is an object.
  const { Version = '2008-10-17', Statement, ...rest } = JSON.parse(content) as Readonly<Record<string, unknown>>
  return JSON.stringify({ Version, ...rest, Statement: Array.isArray(Statement) ? Statement : [Statement] })
}
