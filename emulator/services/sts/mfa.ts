import { accessDenied } from './denied.ts'

/**
 * MFA codes: no devices are emulated, so no code can be right.
 * @throws AwsError AccessDenied, in AWS's words for a device that is not the caller's
 */
export function refuseMfa(input: {
  readonly SerialNumber?: string | undefined
  readonly TokenCode?: string | undefined
}): void {
  if (input.SerialNumber === undefined && input.TokenCode === undefined) return
  throw accessDenied(
    'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
  )
}
