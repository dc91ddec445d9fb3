import { AwsError } from '../../../lib/awsError.ts'
import { UNSOURCED } from '../unsourced.ts'

export const invalidToken = (text: string): AwsError => new AwsError('InvalidIdentityToken', 400, text)

export const notAJwt = (): AwsError =>
  invalidToken('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)')

/** Seen in many threads about EKS and GitHub Actions; `iss` as in the token. */
export const noProvider = (issuer: string): AwsError =>
  invalidToken(`No OpenIDConnect provider found in your account for ${issuer}`)

export const noKey = (): AwsError =>
  invalidToken(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  )

export const wrongAudience = (): AwsError => invalidToken('Incorrect token audience')

/** Seconds since the epoch (seen 2024: aws-sdk-java-v2 issue 5709). */
export const expired = (now: number, expiry: number): AwsError =>
  new AwsError(
    'ExpiredTokenException',
    400,
    `Token expired: current date/time ${now} must be before the expiration date/time ${expiry}`,
  )

export const badSignature = (): AwsError => invalidToken(UNSOURCED.badSignature)
export const missingClaim = (claim: string): AwsError => invalidToken(UNSOURCED.missingClaim(claim))
export const rejectedClaim = (text: string): AwsError => new AwsError('IDPRejectedClaim', 403, text)
