/**
 * Wordings for which no recording of AWS was found. Codes and statuses are AWS's; the sentences are ours and may be wrong.
 * Whoever sees the real ones: correct them here, and move them beside their use with their source.
 */
export const UNSOURCED = {
  missingClaim: (claim: string) => `Missing a required claim: ${claim}`,
  badSignature: 'The token signature is not valid.',
  notYetValid: (now: number, notBefore: number) =>
    `Token is not valid yet: current date/time ${now} must not be before the date/time ${notBefore}`,
  badTagClaim: 'The session tags in the token are not valid.',
  badSourceIdentity: 'The source identity in the token is not valid.',
  invalidMessage: 'Message is not valid',
  invalidKeyId: (id: string) => `Invalid Access Key ID: ${id}`,
  policyNotFound: (arn: string) => `${arn} is invalid`,
  reservedTag: 'Tag keys beginning with aws: are reserved for system use.',
} as const
