/**
 * Wordings for which no recording of AWS was found. Codes and reasons are AWS's; the sentences are ours and may be wrong.
 * Whoever sees the real ones: correct them in errors.ts, with their source.
 */
export const UNSOURCED = {
  alreadyInOrganization: 'The AWS account is already a member of an organization.',
  organizationNotEmpty:
    'To delete an organization, you must first remove all member accounts except the management account.',
  managementCannotLeave: 'You cannot remove the management account from the organization.',

  noAccount: "You specified an account that doesn't exist.",
  noRoot: "You specified a root that doesn't exist.",
  noUnit: "You specified an organizational unit that doesn't exist.",
  noParent: "You specified a parent that doesn't exist.",
  noSourceParent: "You specified a source parent that doesn't exist.",
  noDestinationParent: "You specified a destination parent that doesn't exist.",
  noChild: "You specified a child that doesn't exist.",
  noTarget: "You specified a target that doesn't exist.",
  noPolicy: "You specified a policy that doesn't exist.",
  noHandshake: "You specified a handshake that doesn't exist.",
  noCreation: "You specified a create account request that doesn't exist.",

  duplicateUnit: 'An OU with the same name already exists.',
  duplicateAccount: 'The account is already present in the destination.',
  unitNotEmpty: 'To delete an OU, you must first move or remove all of its accounts and child OUs.',
  tooDeep: 'You have reached the maximum nesting of organizational units.',

  duplicatePolicy: 'A policy with the specified name and type already exists.',
  policyInUse: 'This operation can be performed only on a policy that is not attached to any target.',
  immutablePolicy: 'You cannot modify a policy that AWS manages.',
  policyTooLong: 'You have exceeded the maximum size of a policy document.',
  duplicateAttachment: 'A policy with the specified id is already attached to the target.',
  notAttached: 'The policy is not attached to the specified target.',
  lastPolicy:
    'You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.',
  tooManyAttached: 'You have attached the maximum number of policies to the specified target.',
  typeAlreadyEnabled: 'The specified policy type is already enabled.',
  typeNotEnabled: 'This operation can be performed only for enabled policy types.',
  typeNotAvailable: 'This policy type is available only to organizations with all features enabled.',

  duplicateHandshake: 'A handshake with the same action and target already exists.',
  alreadyMember: 'The account that you invited is already a member of an organization.',
  handshakeInState: 'The handshake is already in the requested state.',
  handshakeTransition: "You can't perform the operation on the handshake in its current state.",
  emailTarget: 'You specified an email address that belongs to no account.',

  invalidValue: 'You specified an invalid value.',
  pattern: 'You provided a value that does not match the required pattern.',
  tooLong: 'You provided a value that exceeds the maximum length.',
  tooShort: 'You provided a value that is shorter than the minimum length.',
  tooLarge: 'You provided a number that is greater than the maximum.',
  tooSmall: 'You provided a number that is less than the minimum.',
  duplicateTag: 'You provided the same tag key more than once.',
  systemTag: "You can't add, edit, or delete tags whose keys begin with aws:.",
  tooManyTags: 'You have exceeded the maximum number of tags for this resource.',
  pageToken: 'You provided an invalid pagination token.',
} as const
