import { AwsError } from '../../../lib/awsError.ts'

/** EBS direct's refusals (facts: B9, captures 5.1 to 5.4). Texts without a source are marked. */
const refusal = (code: string, status: number, reason: string, text: string): AwsError =>
  new AwsError(code, status, text, { fields: { Reason: reason } })

export const invalid = (reason: string, text: string): AwsError => refusal('ValidationException', 400, reason, text)

export const invalidValue = (text: string): AwsError => invalid('INVALID_PARAMETER_VALUE', text)

/** Not recorded: the text. */
export const snapshotNotFound = (id: string): AwsError =>
  refusal('ResourceNotFoundException', 404, 'SNAPSHOT_NOT_FOUND', `The snapshot '${id}' does not exist.`)

/** Not recorded: the text. */
export const invalidSnapshot = (text: string): AwsError => invalid('INVALID_SNAPSHOT_ID', text)

/** Not recorded: the text. */
export const invalidBlockToken = (): AwsError => invalid('INVALID_BLOCK_TOKEN', 'The block token is invalid')

/** Not recorded: the text. */
export const invalidPageToken = (): AwsError => invalid('INVALID_PAGE_TOKEN', 'The page token is invalid')

/** KMS hides the key from the caller, or has none such (facts: captures 5.3, N). */
export const keyNotFound = (): AwsError =>
  refusal('ResourceNotFoundException', 404, 'DEPENDENCY_RESOURCE_NOT_FOUND', 'KMS key not found.')

/** Not recorded: the text. */
export const tokenConflict = (): AwsError =>
  new AwsError(
    'ConflictException',
    409,
    'The request uses the same client token as a previous, but non-identical request.',
  )

/** The front end's, in its own form (facts: captures 5.2). */
export const checksumMismatch = (computed: string, expected: string): AwsError =>
  new AwsError(
    'InvalidSignatureException',
    403,
    `The value passed in as x-amz-Checksum does not match the computed checksum. Computed checksum: ${computed} expected checksum: ${expected}`,
    { unmodelled: true },
  )
