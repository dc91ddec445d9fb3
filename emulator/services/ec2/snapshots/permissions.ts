import type { ModifySnapshotAttributeRequest } from '@aws-sdk/client-ec2'
import { invalidCombination, invalidValue, missingParameter, refused } from '../errors.ts'

/** What a ModifySnapshotAttribute changes, read from either of its forms (facts: captures 3.2). */
export interface PermissionChange {
  /** Given in the older form. */
  readonly legacy: boolean
  readonly adds: boolean
  /** As given, duplicates and all. */
  readonly users: readonly string[]
  readonly groups: readonly string[]
}

const ATTRIBUTE = 'createVolumePermission'
const MOST_ENTRIES = 500

/** The canonical form wins without a word over the older one. Throws what AWS refuses the form of the request with. */
export function readChange(input: ModifySnapshotAttributeRequest): PermissionChange {
  const { Add, Remove } = input.CreateVolumePermission ?? {}
  const entries = Add ?? Remove
  if (!entries) return readLegacy(input)
  if (Add && Remove) {
    // Not recorded: the text.
    throw invalidCombination('One and only one operation type may be specified for createVolumePermissions')
  }
  const users = entries.flatMap(({ UserId }) => UserId ?? [])
  const groups = entries.flatMap(({ Group }) => Group ?? [])
  if (users.length + groups.length === 0) throw invalidCombination('No attributes specified.')
  return { legacy: false, adds: Add !== undefined, users, groups }
}

function readLegacy(input: ModifySnapshotAttributeRequest): PermissionChange {
  const { Attribute, OperationType, UserIds = [], GroupNames = [] } = input
  const isEmpty = OperationType === undefined && UserIds.length + GroupNames.length === 0
  if (Attribute === undefined && isEmpty) throw invalidCombination('No attributes specified.')
  if (Attribute === undefined) {
    throw missingParameter('Value for parameter attribute is invalid. Parameter may not be null or empty.')
  }
  if (Attribute !== ATTRIBUTE) throw invalidValue('Unrecognized attribute.')
  if (OperationType !== 'add' && OperationType !== 'remove') {
    throw invalidCombination('No operation specified for createVolumePermission attribute.')
  }
  if (UserIds.length + GroupNames.length === 0) throw invalidCombination('No attributes specified.')
  return { legacy: true, adds: OperationType === 'add', users: UserIds, groups: GroupNames }
}

/** Throws what AWS refuses the values with; then nothing has been changed. */
export function requireValues({ legacy, users, groups }: PermissionChange): void {
  if (users.length + groups.length > MOST_ENTRIES) {
    throw invalidValue(`Modification size must not be greater than ${MOST_ENTRIES}.`)
  }
  const user = users.find((id) => !/^\d{12}$/.test(id))
  if (user !== undefined) {
    // Recorded for the canonical form only.
    throw refused('InvalidAMIAttributeItemValue', legacy ? `UserId (${user}) is invalid.` : `UserId ${user}`)
  }
  const group = groups.find((name) => name !== 'all')
  if (group !== undefined) throw refused('InvalidAMIAttributeItemValue', `UserGroup ${group}`)
}

/** Condition keys of a change: several distinct accounts are one key with several values (facts: captures 3.2). */
export function changeKeys({
  adds,
  users,
  groups,
}: PermissionChange): Record<string, string | readonly string[] | undefined> {
  const kind = adds ? 'Add' : 'Remove'
  return { [`ec2:${kind}/userId`]: distinct(users), [`ec2:${kind}/group`]: distinct(groups) }
}

function distinct(values: readonly string[]): string | readonly string[] | undefined {
  const found = [...new Set(values)]
  return found.length > 1 ? found : found[0]
}
