import { validatePolicy, type PolicyChecks, type PolicyKind } from '../../access/validate.ts'
import { limitExceeded, malformedPolicy } from './errors.ts'

/** Policy documents travel percent-encoded in answers (RFC 3986), as AWS's do. */
export const encodeDocument = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** What counts against the size quotas: characters without white space (AWS: IAM quotas). */
export const sizeOf = (text: string): number => text.replace(/\s/g, '').length

/** Throws MalformedPolicyDocument unless the text can be a policy of a user, group or role. */
export const checkIdentityPolicy = (text: string): void => {
  checkDocument(text, 'identity')
}

/** Throws MalformedPolicyDocument, with AWS's sentence. */
export function checkDocument(text: string, kind: PolicyKind, checks?: PolicyChecks): void {
  const problem = validatePolicy(text, kind, checks)
  if (problem) throw problem.fault === 'too-long' ? limitExceeded(problem.message) : malformedPolicy(problem.message)
}
