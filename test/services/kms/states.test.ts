import { describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  DecapsulateCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DeleteImportedKeyMaterialCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncapsulateCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GetKeyLastUsageCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyPoliciesCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
  UpdatePrimaryRegionCommand,
  VerifyCommand,
  VerifyMacCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { requireState, STATE_TABLE, type StatefulOperation } from '../../../emulator/services/kms/keyStates.ts'
import type { KeyRecord } from '../../../emulator/services/kms/state.ts'
import { importsFor } from './importing.ts'
import { ACCOUNT, DAY, answer, kmsForTests, refusal, refused } from './support.ts'

const kms = kmsForTests()
const { parametersFor, importInto } = importsFor(kms)

/** A key and what the operations below need of it, made while it was enabled. */
interface Prepared {
  readonly KeyId: string
  readonly Arn: string
  readonly alias: string
  readonly GrantId: string
  /** Made with the key: a ciphertext, signature, MAC or public key, as the operation takes it. */
  readonly CiphertextBlob: Uint8Array | undefined
}

const MESSAGE = Buffer.from('x')
const SIGNS = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const
const AGREES = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' } as const
const MACS = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
const ENCAPSULATES = { KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' } as const

const IMPORTS = { Origin: 'EXTERNAL' } as const

/** The key an operation needs, where it is not a symmetric encryption key. */
const KEYS: Readonly<Partial<Record<StatefulOperation, CreateKeyCommandInput>>> = {
  Sign: SIGNS,
  Verify: SIGNS,
  GetPublicKey: SIGNS,
  DeriveSharedSecret: AGREES,
  GenerateMac: MACS,
  VerifyMac: MACS,
  Encapsulate: ENCAPSULATES,
  Decapsulate: ENCAPSULATES,
  ReplicateKey: { MultiRegion: true },
  UpdatePrimaryRegion: { MultiRegion: true },
  GetParametersForImport: IMPORTS,
  ImportKeyMaterial: IMPORTS,
  DeleteImportedKeyMaterial: IMPORTS,
}

/** What the material of every imported key is; it is imported before anything else is done with the key. */
const BYTES = Buffer.alloc(32, 7)

async function madeWith(KeyId: string, operation: StatefulOperation | undefined): Promise<Uint8Array | undefined> {
  const key = operation && KEYS[operation]
  if (key === IMPORTS) return undefined
  if (!key?.KeySpec) return (await kms.root.send(new EncryptCommand({ KeyId, Plaintext: MESSAGE }))).CiphertextBlob
  if (key === SIGNS) return (await kms.root.send(new SignCommand({ KeyId, ...SIGNED }))).Signature
  if (key === MACS) return (await kms.root.send(new GenerateMacCommand({ KeyId, ...MACED }))).Mac
  if (key === AGREES) return (await kms.root.send(new GetPublicKeyCommand({ KeyId }))).PublicKey
  return (await kms.root.send(new EncapsulateCommand({ KeyId, EncapsulationAlgorithm: 'ML_KEM' })))
    .SharedSecretCiphertextBlob
}

const SIGNED = { Message: MESSAGE, SigningAlgorithm: 'ECDSA_SHA_256' } as const
const MACED = { Message: MESSAGE, MacAlgorithm: 'HMAC_SHA_256' } as const

let made = 0
async function prepare(operation?: StatefulOperation): Promise<Prepared> {
  const input = operation && KEYS[operation]
  const { KeyId, Arn } = await kms.createKey(input)
  if (input === IMPORTS) await importInto(KeyId, BYTES)
  const alias = `alias/state-${String(made++)}`
  await kms.root.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyId }))
  const { GrantId = '' } = await kms.root.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['DescribeKey'] }),
  )
  const CiphertextBlob = await madeWith(KeyId, operation)
  return { KeyId, Arn, alias, GrantId, CiphertextBlob }
}

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' }],
})

const CALLS: Readonly<Record<StatefulOperation, (on: Prepared, client: KMSClient) => Promise<unknown>>> = {
  CancelKeyDeletion: ({ KeyId }, client) => client.send(new CancelKeyDeletionCommand({ KeyId })),
  CreateAlias: ({ KeyId, alias }, client) =>
    client.send(new CreateAliasCommand({ AliasName: `${alias}-2`, TargetKeyId: KeyId })),
  CreateGrant: ({ KeyId }, client) =>
    client.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Encrypt'] }),
    ),
  Decapsulate: ({ KeyId, CiphertextBlob }, client) =>
    client.send(
      new DecapsulateCommand({ KeyId, EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: CiphertextBlob }),
    ),
  Decrypt: ({ CiphertextBlob }, client) => client.send(new DecryptCommand({ CiphertextBlob })),
  DeleteAlias: ({ alias }, client) => client.send(new DeleteAliasCommand({ AliasName: alias })),
  DeleteImportedKeyMaterial: ({ KeyId }, client) => client.send(new DeleteImportedKeyMaterialCommand({ KeyId })),
  DeriveSharedSecret: ({ KeyId, CiphertextBlob }, client) =>
    client.send(new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: CiphertextBlob })),
  DescribeKey: ({ KeyId }, client) => client.send(new DescribeKeyCommand({ KeyId })),
  DisableKey: ({ KeyId }, client) => client.send(new DisableKeyCommand({ KeyId })),
  DisableKeyRotation: ({ KeyId }, client) => client.send(new DisableKeyRotationCommand({ KeyId })),
  EnableKey: ({ KeyId }, client) => client.send(new EnableKeyCommand({ KeyId })),
  EnableKeyRotation: ({ KeyId }, client) => client.send(new EnableKeyRotationCommand({ KeyId })),
  Encapsulate: ({ KeyId }, client) => client.send(new EncapsulateCommand({ KeyId, EncapsulationAlgorithm: 'ML_KEM' })),
  Encrypt: ({ KeyId }, client) => client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })),
  GenerateDataKey: ({ KeyId }, client) => client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
  GenerateDataKeyPair: ({ KeyId }, client) =>
    client.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
  GenerateDataKeyPairWithoutPlaintext: ({ KeyId }, client) =>
    client.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
  GenerateDataKeyWithoutPlaintext: ({ KeyId }, client) =>
    client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' })),
  GenerateMac: ({ KeyId }, client) => client.send(new GenerateMacCommand({ KeyId, ...MACED })),
  GetKeyLastUsage: ({ KeyId }, client) => client.send(new GetKeyLastUsageCommand({ KeyId })),
  GetKeyPolicy: ({ KeyId }, client) => client.send(new GetKeyPolicyCommand({ KeyId })),
  GetKeyRotationStatus: ({ KeyId }, client) => client.send(new GetKeyRotationStatusCommand({ KeyId })),
  GetParametersForImport: ({ KeyId }, client) => parametersFor(KeyId, 'RSAES_OAEP_SHA_1', 'RSA_2048', client),
  GetPublicKey: ({ KeyId }, client) => client.send(new GetPublicKeyCommand({ KeyId })),
  ImportKeyMaterial: ({ KeyId }, client) => importInto(KeyId, BYTES, {}, client),
  ListGrants: ({ KeyId }, client) => client.send(new ListGrantsCommand({ KeyId })),
  ListKeyPolicies: ({ KeyId }, client) => client.send(new ListKeyPoliciesCommand({ KeyId })),
  ListKeyRotations: ({ KeyId }, client) => client.send(new ListKeyRotationsCommand({ KeyId })),
  ListResourceTags: ({ KeyId }, client) => client.send(new ListResourceTagsCommand({ KeyId })),
  PutKeyPolicy: ({ KeyId }, client) => client.send(new PutKeyPolicyCommand({ KeyId, Policy: POLICY })),
  ReEncrypt: ({ KeyId, CiphertextBlob }, client) =>
    client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })),
  ReplicateKey: ({ KeyId }, client) => client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' })),
  RetireGrant: ({ Arn, GrantId }, client) => client.send(new RetireGrantCommand({ KeyId: Arn, GrantId })),
  RevokeGrant: ({ KeyId, GrantId }, client) => client.send(new RevokeGrantCommand({ KeyId, GrantId })),
  RotateKeyOnDemand: ({ KeyId }, client) => client.send(new RotateKeyOnDemandCommand({ KeyId })),
  ScheduleKeyDeletion: ({ KeyId }, client) =>
    client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
  Sign: ({ KeyId }, client) => client.send(new SignCommand({ KeyId, ...SIGNED })),
  TagResource: ({ KeyId }, client) =>
    client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] })),
  UntagResource: ({ KeyId }, client) => client.send(new UntagResourceCommand({ KeyId, TagKeys: ['a'] })),
  UpdateAlias: ({ KeyId, alias }, client) =>
    client.send(new UpdateAliasCommand({ AliasName: alias, TargetKeyId: KeyId })),
  UpdateKeyDescription: ({ KeyId }, client) =>
    client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'new' })),
  // Its own Region: nothing changes, but the key is looked at.
  UpdatePrimaryRegion: ({ KeyId }, client) =>
    client.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'us-east-1' })),
  Verify: ({ KeyId, CiphertextBlob }, client) =>
    client.send(new VerifyCommand({ KeyId, ...SIGNED, Signature: CiphertextBlob })),
  VerifyMac: ({ KeyId, CiphertextBlob }, client) =>
    client.send(new VerifyMacCommand({ KeyId, ...MACED, Mac: CiphertextBlob })),
}

const DISABLED = (arn: string) => refused('DisabledException', `${arn} is disabled.`)
const PENDING = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending deletion.`)
const NOT_PENDING = (arn: string) => refused('KMSInvalidStateException', `${arn} is not pending deletion.`)

const USES: readonly StatefulOperation[] = [
  'CreateGrant',
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'ReplicateKey',
  'Sign',
  'UpdatePrimaryRegion',
  'Verify',
  'VerifyMac',
]
const BRINGS: readonly StatefulOperation[] = ['GetParametersForImport', 'ImportKeyMaterial']
const ROTATIONS: readonly StatefulOperation[] = ['DisableKeyRotation', 'EnableKeyRotation', 'RotateKeyOnDemand']
const CHANGES: readonly StatefulOperation[] = [
  'CreateAlias',
  'DisableKey',
  'EnableKey',
  'ScheduleKeyDeletion',
  'TagResource',
  'UntagResource',
  'UpdateAlias',
  'UpdateKeyDescription',
]
const OPERATIONS = Object.keys(CALLS) as StatefulOperation[]

describe('an enabled key', () => {
  it.each(OPERATIONS)('%s', async (operation) => {
    const on = await prepare(operation)
    if (operation === 'CancelKeyDeletion') {
      expect(await refusal(CALLS[operation](on, kms.root))).toEqual(NOT_PENDING(on.Arn))
    } else await CALLS[operation](on, kms.root)
  })
})

describe('a disabled key', () => {
  it.each(OPERATIONS)('%s', async (operation) => {
    const on = await prepare(operation)
    await kms.root.send(new DisableKeyCommand({ KeyId: on.KeyId }))
    const call = CALLS[operation](on, kms.root)
    if (operation === 'CancelKeyDeletion') expect(await refusal(call)).toEqual(NOT_PENDING(on.Arn))
    else if (USES.includes(operation) || ROTATIONS.includes(operation)) {
      expect(await refusal(call)).toEqual(DISABLED(on.Arn))
    } else await call
  })
})

describe('a key pending deletion', () => {
  it.each(OPERATIONS)('%s', async (operation) => {
    const on = await prepare(operation)
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: on.KeyId }))
    const call = CALLS[operation](on, kms.root)
    if ([...USES, ...ROTATIONS, ...CHANGES, ...BRINGS, 'GetPublicKey'].includes(operation))
      expect(await refusal(call)).toEqual(PENDING(on.Arn))
    else await call
  })
})

/**
 * AWS's table of key states (facts: B4): Enabled, Disabled, PendingDeletion or PendingReplicaDeletion, PendingImport, Unavailable,
 * Creating, Updating. `-`: other checks come first, or there are no such keys. GetPublicKey of a key without material is as recorded.
 */
const STATES_OF_KEYS = `
  CancelKeyDeletion                   not not ok  not not not not
  CreateAlias                         ok  ok  del ok  ok  ok  ok
  CreateGrant                         ok  dis del imp ok  new ok
  Decapsulate                         ok  dis del imp -   new ok
  Decrypt                             ok  dis del imp una new ok
  DeleteAlias                         ok  ok  ok  ok  ok  ok  ok
  DeleteImportedKeyMaterial           ok  ok  ok  ok  -   new upd
  DeriveSharedSecret                  ok  dis del imp -   new ok
  DescribeKey                         ok  ok  ok  ok  ok  ok  ok
  DisableKey                          ok  ok  del imp ok  new upd
  DisableKeyRotation                  ok  dis del -   -   new ok
  EnableKey                           ok  ok  del imp ok  new upd
  EnableKeyRotation                   ok  dis del -   -   new ok
  Encapsulate                         ok  dis del imp -   new ok
  Encrypt                             ok  dis del imp una new ok
  GenerateDataKey                     ok  dis del imp una new ok
  GenerateDataKeyPair                 ok  dis del imp -   new ok
  GenerateDataKeyPairWithoutPlaintext ok  dis del imp -   new ok
  GenerateDataKeyWithoutPlaintext     ok  dis del imp una new ok
  GenerateMac                         ok  dis del imp -   new ok
  GetKeyLastUsage                     ok  ok  ok  ok  ok  ok  ok
  GetKeyPolicy                        ok  ok  ok  ok  ok  ok  ok
  GetKeyRotationStatus                ok  ok  ok  ok  -   ok  ok
  GetParametersForImport              ok  ok  del ok  -   new upd
  GetPublicKey                        ok  ok  del imp -   new ok
  ImportKeyMaterial                   ok  ok  del ok  -   new ok
  ListGrants                          ok  ok  ok  ok  ok  ok  ok
  ListKeyPolicies                     ok  ok  ok  ok  ok  ok  ok
  ListKeyRotations                    ok  ok  ok  ok  -   ok  ok
  ListResourceTags                    ok  ok  ok  ok  ok  ok  ok
  PutKeyPolicy                        ok  ok  ok  ok  ok  ok  ok
  ReEncrypt                           ok  dis del imp una new ok
  ReplicateKey                        ok  dis del imp -   new upd
  RetireGrant                         ok  ok  ok  ok  ok  ok  ok
  RevokeGrant                         ok  ok  ok  ok  ok  ok  ok
  RotateKeyOnDemand                   ok  dis del imp -   new ok
  ScheduleKeyDeletion                 ok  ok  del ok  ok  ok  upd
  Sign                                ok  dis del imp -   new ok
  TagResource                         ok  ok  del ok  ok  ok  ok
  UntagResource                       ok  ok  del ok  ok  ok  ok
  UpdateAlias                         ok  ok  del ok  ok  ok  ok
  UpdateKeyDescription                ok  ok  del ok  ok  ok  ok
  UpdatePrimaryRegion                 ok  dis del imp -   new ok
  Verify                              ok  dis del imp -   new ok
  VerifyMac                           ok  dis del imp -   new ok
`
  .trim()
  .split('\n')
  .map((row) => row.trim().split(/ +/) as [StatefulOperation, ...string[]])

describe('what the state of a key refuses', () => {
  const arn = 'arn:aws:kms:us-east-1:111111111111:key/k'
  const invalidly = (text: string) => `KMSInvalidStateException: ${arn} is ${text}.`
  const TEXTS: Readonly<Record<string, string>> = {
    not: invalidly('not pending deletion'),
    dis: `DisabledException: ${arn} is disabled.`,
    imp: invalidly('pending import'),
    una: invalidly('unavailable'),
    new: invalidly('creating'),
    upd: invalidly('updating'),
  }
  const says = (state: KeyRecord['state'], operation: StatefulOperation) => {
    try {
      requireState({ arn, state } as KeyRecord, operation)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  /** Each column, and how `del` reads in it. */
  const COLUMNS: readonly (readonly [state: KeyRecord['state'], column: number, deleted?: string])[] = [
    ['Enabled', 0],
    ['Disabled', 1],
    ['PendingDeletion', 2, 'pending deletion'],
    ['PendingReplicaDeletion', 2, 'pending replica deletion'],
    ['PendingImport', 3],
    ['Unavailable', 4],
    ['Creating', 5],
    ['Updating', 6],
  ]

  it.each(STATES_OF_KEYS)('%s', (operation, ...cells) => {
    expect(cells).toHaveLength(7)
    for (const [state, column, deleted = ''] of COLUMNS) {
      const cell = cells[column] ?? ''
      const expected = cell === 'del' ? invalidly(deleted) : TEXTS[cell]
      if (cell !== '-') expect([state, says(state, operation)]).toEqual([state, expected])
    }
  })

  it('is written down here for every operation', () => {
    expect(STATES_OF_KEYS.map(([operation]) => operation)).toEqual(Object.keys(STATE_TABLE).sort())
  })

  it('has a call here for each row of the table', () => {
    expect(Object.keys(STATE_TABLE).sort()).toEqual([...OPERATIONS].sort())
  })
})

describe('deletion', () => {
  it('answers with the date, and shows it', async () => {
    const { KeyId, Arn } = await prepare()
    const before = Date.now()
    const scheduled = await answer(kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })))
    expect(scheduled).toEqual({
      KeyId: Arn,
      DeletionDate: expect.any(Date),
      KeyState: 'PendingDeletion',
      PendingWindowInDays: 7,
    })
    const window = (scheduled.DeletionDate?.getTime() ?? 0) - before
    expect(window).toBeGreaterThanOrEqual(7 * DAY)
    expect(window).toBeLessThan(7 * DAY + 60_000)
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({
      Enabled: false,
      KeyState: 'PendingDeletion',
      DeletionDate: scheduled.DeletionDate,
    })
  })

  it('waits 30 days unless told', async () => {
    const { KeyId } = await prepare()
    expect((await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))).PendingWindowInDays).toBe(30)
  })

  it.each([6, 31, 365])('refuses a window of %i days', async (PendingWindowInDays) => {
    const { KeyId } = await prepare()
    const call = kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }))
    expect(await refusal(call)).toEqual(refused('ValidationException', 'PendingWindowInDays must be between 7 and 30'))
  })

  it('can be called off, and leaves the key disabled', async () => {
    const { KeyId, Arn, CiphertextBlob } = await prepare()
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect((await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))).KeyId).toBe(Arn)
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeyState: 'Disabled', Enabled: false })
    expect(KeyMetadata?.DeletionDate).toBeUndefined()

    kms.advance(8 * DAY)
    await kms.root.send(new EnableKeyCommand({ KeyId }))
    expect((await kms.root.send(new DecryptCommand({ CiphertextBlob }))).KeyId).toBe(Arn)
  })

  it('happens when the clock gets there, and takes aliases, grants and material along', async () => {
    const { KeyId, Arn, alias, CiphertextBlob } = await prepare()
    const { emulator } = kms.running
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advance(7 * DAY - 60_000)
    expect((await kms.root.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe('PendingDeletion')
    kms.advance(61_000)

    const missing = refused('NotFoundException', `Key '${Arn}' does not exist`)
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toEqual(missing)
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId: alias })))).toEqual(
      refused('NotFoundException', `Alias arn:aws:kms:us-east-1:${ACCOUNT}:${alias} is not found.`),
    )
    expect(await refusal(kms.root.send(new DecryptCommand({ CiphertextBlob })))).toMatchObject({
      code: 'AccessDeniedException',
    })
    const { Aliases } = await kms.root.send(new ListAliasesCommand({}))
    expect(Aliases?.map(({ AliasName }) => AliasName)).not.toContain(alias)
    const stored = JSON.stringify(emulator.store.export({ secrets: true }))
    expect(stored).not.toContain(KeyId)
  })

  it('is taken up again after a restart', async () => {
    const { KeyId, Arn } = await prepare()
    const { emulator } = kms.running
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    emulator.clock.stop()
    emulator.rearm()
    kms.advance(7 * DAY + 1000)
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toEqual(
      refused('NotFoundException', `Key '${Arn}' does not exist`),
    )
  })
})
