import { AwsError } from '../../lib/awsError.ts'

/** KMS answers 400 to everything a client can do wrong, whatever its model says (facts: A2). */
const refusal = (code: string) => (text: string) => new AwsError(code, 400, text)

export const notFound = refusal('NotFoundException')
export const validation = refusal('ValidationException')
export const invalidArn = refusal('InvalidArnException')
export const invalidState = refusal('KMSInvalidStateException')
export const disabled = refusal('DisabledException')
export const invalidKeyUsage = refusal('InvalidKeyUsageException')
export const limitExceeded = refusal('LimitExceededException')
export const alreadyExists = refusal('AlreadyExistsException')
export const malformedPolicy = refusal('MalformedPolicyDocumentException')
export const unsupported = refusal('UnsupportedOperationException')
export const conflict = refusal('ConflictException')
export const tagRefused = refusal('TagException')
export const incorrectKeyMaterial = refusal('IncorrectKeyMaterialException')
export const invalidGrantToken = refusal('InvalidGrantTokenException')

/** These say nothing more than their code (facts: A2). */
export const invalidCiphertext = () => new AwsError('InvalidCiphertextException', 400, '')
export const invalidSignature = () => new AwsError('KMSInvalidSignatureException', 400, '')
export const invalidMac = () => new AwsError('KMSInvalidMacException', 400, '')
/** Operations on a kind of key that has nothing of the sort (facts: A2, B11). */
export const notForThisKey = () => new AwsError('UnsupportedOperationException', 400, '')
export const invalidMarker = () => new AwsError('InvalidMarkerException', 400, '')
export const invalidImportToken = () => new AwsError('InvalidImportTokenException', 400, '')

export const keyMissing = (arn: string) => notFound(`Key '${arn}' does not exist`)
export const aliasMissing = (arn: string) => notFound(`Alias ${arn} is not found.`)
export const noAliases = () => invalidArn('Key Aliases are not supported for this operation.')

/** The ciphertext, or the key named beside it, belongs to another key (facts: B5, B6). */
export const incorrectKey = () =>
  new AwsError(
    'IncorrectKeyException',
    400,
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )

/** More requests than the account's quota (facts: G). */
export const throttled = () =>
  new AwsError(
    'ThrottlingException',
    400,
    'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  )

/** A key whose material comes from elsewhere than the operation demands (facts: B4 notes 6 and 9). */
export const wrongOrigin = ({ arn, origin }: { readonly arn: string; readonly origin: string }) =>
  unsupported(`${arn} origin is ${origin} which is not valid for this operation.`)

/** How a dry run succeeds. */
export const dryRunSucceeded = () =>
  new AwsError('DryRunOperationException', 400, 'The request would have succeeded, but the DryRun option is set.')

/** Of custom key stores. */
export const keyStoreMissing = refusal('CustomKeyStoreNotFoundException')
export const keyStoreInvalidState = refusal('CustomKeyStoreInvalidStateException')

/**
 * A secret that a state came without, because it was exported so. AWS knows no such thing: the code is its own for keys that are not
 * available, the sentence ours.
 */
export const secretNotHere = (what: string) =>
  new AwsError('KeyUnavailableException', 500, `${what} is not in this state, which was exported without --secrets.`)
