import { AwsError } from '../../lib/awsError.ts'
import { UNSOURCED } from './unsourced.ts'

/** Every exception of Organizations is a client's fault with status 400, and spells its text `Message` on the wire. */
function refusal(code: string, text: string, reason?: string): AwsError {
  return new AwsError(code, 400, text, {
    unmodelled: true,
    ...(reason !== undefined && { fields: { Reason: reason } }),
  })
}

/** One text for every denial, whatever the reason: no policy, not the management account (seen in the field). */
export const accessDenied = (): AwsError =>
  refusal('AccessDeniedException', "You don't have permissions to access this resource.")

export const notInUse = (): AwsError =>
  refusal('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.')

/** captures 9.5 */
export const malformedPolicy = (): AwsError =>
  refusal(
    'MalformedPolicyDocumentException',
    'The provided policy document does not meet the requirements of the specified policy type.',
  )

type Wording = keyof typeof UNSOURCED

const plain = (code: string, wording: Wording) => () => refusal(code, UNSOURCED[wording])
const constraint = (reason: string, wording: Wording) => () =>
  refusal('ConstraintViolationException', UNSOURCED[wording], reason)
const handshakeConstraint = (reason: string, wording: Wording) => () =>
  refusal('HandshakeConstraintViolationException', UNSOURCED[wording], reason)

export const alreadyInOrganization = plain('AlreadyInOrganizationException', 'alreadyInOrganization')
export const organizationNotEmpty = plain('OrganizationNotEmptyException', 'organizationNotEmpty')
export const managementCannotLeave = plain('MasterCannotLeaveOrganizationException', 'managementCannotLeave')

export const noAccount = plain('AccountNotFoundException', 'noAccount')
export const noRoot = plain('RootNotFoundException', 'noRoot')
export const noUnit = plain('OrganizationalUnitNotFoundException', 'noUnit')
export const noParent = plain('ParentNotFoundException', 'noParent')
export const noSourceParent = plain('SourceParentNotFoundException', 'noSourceParent')
export const noDestinationParent = plain('DestinationParentNotFoundException', 'noDestinationParent')
export const noChild = plain('ChildNotFoundException', 'noChild')
export const noTarget = plain('TargetNotFoundException', 'noTarget')
export const noPolicy = plain('PolicyNotFoundException', 'noPolicy')
export const noHandshake = plain('HandshakeNotFoundException', 'noHandshake')
export const noCreation = plain('CreateAccountStatusNotFoundException', 'noCreation')

export const duplicateUnit = plain('DuplicateOrganizationalUnitException', 'duplicateUnit')
export const duplicateAccount = plain('DuplicateAccountException', 'duplicateAccount')
export const unitNotEmpty = plain('OrganizationalUnitNotEmptyException', 'unitNotEmpty')
export const tooDeep = constraint('OU_DEPTH_LIMIT_EXCEEDED', 'tooDeep')

export const duplicatePolicy = plain('DuplicatePolicyException', 'duplicatePolicy')
export const policyInUse = plain('PolicyInUseException', 'policyInUse')
export const policyTooLong = constraint('POLICY_CONTENT_LIMIT_EXCEEDED', 'policyTooLong')
export const duplicateAttachment = plain('DuplicatePolicyAttachmentException', 'duplicateAttachment')
export const notAttached = plain('PolicyNotAttachedException', 'notAttached')
export const lastPolicy = constraint('MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED', 'lastPolicy')
export const tooManyAttached = constraint('MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED', 'tooManyAttached')
export const typeAlreadyEnabled = plain('PolicyTypeAlreadyEnabledException', 'typeAlreadyEnabled')
export const typeNotEnabled = plain('PolicyTypeNotEnabledException', 'typeNotEnabled')
export const typeNotAvailable = plain('PolicyTypeNotAvailableForOrganizationException', 'typeNotAvailable')
export const tooManyTags = constraint('MAX_TAG_LIMIT_EXCEEDED', 'tooManyTags')

export const duplicateHandshake = plain('DuplicateHandshakeException', 'duplicateHandshake')
export const alreadyMember = handshakeConstraint('ALREADY_IN_AN_ORGANIZATION', 'alreadyMember')
export const handshakeInState = plain('HandshakeAlreadyInStateException', 'handshakeInState')
export const handshakeTransition = plain('InvalidHandshakeTransitionException', 'handshakeTransition')

const INPUT = {
  INVALID_ENUM: 'invalidValue',
  INVALID_ENUM_POLICY_TYPE: 'invalidValue',
  INVALID_PATTERN: 'pattern',
  INVALID_PATTERN_TARGET_ID: 'pattern',
  MAX_LENGTH_EXCEEDED: 'tooLong',
  MIN_LENGTH_EXCEEDED: 'tooShort',
  MAX_VALUE_EXCEEDED: 'tooLarge',
  MIN_VALUE_EXCEEDED: 'tooSmall',
  DUPLICATE_TAG_KEY: 'duplicateTag',
  INVALID_SYSTEM_TAGS_PARAMETER: 'systemTag',
  INVALID_NEXT_TOKEN: 'pageToken',
  IMMUTABLE_POLICY: 'immutablePolicy',
  INVALID_PARTY_EMAIL_TARGET: 'emailTarget',
} as const satisfies Record<string, Wording>

/** InvalidInputException with AWS's reason code. */
export const invalidInput = (reason: keyof typeof INPUT): AwsError =>
  refusal('InvalidInputException', UNSOURCED[INPUT[reason]], reason)

/** A policy type of AWS's that is not emulated: an honest answer, not an empty one. */
export const unknownType = (type: string): AwsError =>
  new AwsError('NotImplemented', 501, `twokey does not emulate organizations policies of type ${type}`)
