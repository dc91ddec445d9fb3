import type { KeyState } from '@aws-sdk/client-kms'
import type { AwsError } from '../../lib/awsError.ts'
import { disabled, invalidState } from './errors.ts'
import { notPendingDeletion } from './unsourced.ts'
import type { KeyRecord } from './state.ts'

/** How a key in some state refuses (facts: B4, notes). Always with its full ARN. */
const REFUSALS = {
  disabled: (arn: string) => disabled(`${arn} is disabled.`),
  pendingDeletion: (arn: string) => invalidState(`${arn} is pending deletion.`),
  pendingReplicaDeletion: (arn: string) => invalidState(`${arn} is pending replica deletion.`),
  pendingImport: (arn: string) => invalidState(`${arn} is pending import.`),
  unavailable: (arn: string) => invalidState(`${arn} is unavailable.`),
  creating: (arn: string) => invalidState(`${arn} is creating.`),
  updating: (arn: string) => invalidState(`${arn} is updating.`),
  notPendingDeletion,
} satisfies Record<string, (arn: string) => AwsError>

type Refusal = keyof typeof REFUSALS
type Row = Readonly<Partial<Record<KeyState, Refusal>>>

const PENDING = { PendingDeletion: 'pendingDeletion', PendingReplicaDeletion: 'pendingReplicaDeletion' } as const
const ANY_STATE: Row = {}
const NOT_PENDING: Row = { ...PENDING }
/** Cryptographic operations. */
const USE: Row = {
  Disabled: 'disabled',
  ...PENDING,
  PendingImport: 'pendingImport',
  Unavailable: 'unavailable',
  Creating: 'creating',
}
/** A key whose key store is out of reach can be granted on all the same. */
const GRANT: Row = { Disabled: 'disabled', ...PENDING, PendingImport: 'pendingImport', Creating: 'creating' }
/** Until about 2024 a disabled key refused, which is why AWS's model still has the exception. */
const READ_PUBLIC: Row = { ...PENDING, PendingImport: 'pendingImport', Creating: 'creating' }
const SWITCH: Row = { ...PENDING, PendingImport: 'pendingImport', Creating: 'creating', Updating: 'updating' }
const ROTATION: Row = { Disabled: 'disabled', ...PENDING, PendingImport: 'pendingImport', Creating: 'creating' }

/** Which key states refuse which operation (facts: B4). A state that is not listed lets the operation through. */
export const STATE_TABLE = {
  CancelKeyDeletion: {
    Enabled: 'notPendingDeletion',
    Disabled: 'notPendingDeletion',
    PendingImport: 'notPendingDeletion',
    Unavailable: 'notPendingDeletion',
    Creating: 'notPendingDeletion',
    Updating: 'notPendingDeletion',
  },
  CreateAlias: NOT_PENDING,
  CreateGrant: GRANT,
  Decapsulate: USE,
  Decrypt: USE,
  DeleteAlias: ANY_STATE,
  DeleteImportedKeyMaterial: { Creating: 'creating', Updating: 'updating' },
  DeriveSharedSecret: USE,
  DescribeKey: ANY_STATE,
  DisableKey: SWITCH,
  DisableKeyRotation: ROTATION,
  EnableKey: SWITCH,
  EnableKeyRotation: ROTATION,
  Encapsulate: USE,
  Encrypt: USE,
  GenerateDataKey: USE,
  GenerateDataKeyPair: USE,
  GenerateDataKeyPairWithoutPlaintext: USE,
  GenerateDataKeyWithoutPlaintext: USE,
  GenerateMac: USE,
  GetKeyLastUsage: ANY_STATE,
  GetKeyPolicy: ANY_STATE,
  GetKeyRotationStatus: ANY_STATE,
  GetParametersForImport: { ...PENDING, Unavailable: 'unavailable', Creating: 'creating', Updating: 'updating' },
  GetPublicKey: READ_PUBLIC,
  ImportKeyMaterial: { ...PENDING, Unavailable: 'unavailable', Creating: 'creating' },
  ListGrants: ANY_STATE,
  ListKeyPolicies: ANY_STATE,
  ListKeyRotations: ANY_STATE,
  ListResourceTags: ANY_STATE,
  PutKeyPolicy: ANY_STATE,
  ReEncrypt: USE,
  ReplicateKey: { ...USE, Updating: 'updating' },
  RetireGrant: ANY_STATE,
  RevokeGrant: ANY_STATE,
  RotateKeyOnDemand: ROTATION,
  ScheduleKeyDeletion: { ...PENDING, Updating: 'updating' },
  Sign: USE,
  TagResource: NOT_PENDING,
  UntagResource: NOT_PENDING,
  UpdateAlias: NOT_PENDING,
  UpdateKeyDescription: NOT_PENDING,
  UpdatePrimaryRegion: USE,
  Verify: USE,
  VerifyMac: USE,
} as const satisfies Record<string, Row>

export type StatefulOperation = keyof typeof STATE_TABLE

/** Throws AWS's refusal when a key's state does not admit an operation. */
export function requireState(key: KeyRecord, operation: StatefulOperation): void {
  if (key.state === 'Enabled' && operation !== 'CancelKeyDeletion') return
  const row: Row = STATE_TABLE[operation]
  const refusal = row[key.state]
  if (refusal) throw REFUSALS[refusal](key.arn)
}
