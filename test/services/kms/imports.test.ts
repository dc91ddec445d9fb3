import { createPublicKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  type AlgorithmSpec,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'
import type { KmsState } from '../../../emulator/services/kms/state.ts'
import { importsFor, material, wrap } from './importing.ts'
import {
  ACCOUNT,
  DAY,
  OTHER_ACCOUNT,
  REGION,
  allow,
  answer,
  denied,
  invalid,
  kmsForTests,
  policyOf,
  refusal,
  refused,
} from './support.ts'

const kms = kmsForTests()
const { parametersFor, importInto, createExternal, imported, metadata, history, inSeconds } = importsFor(kms)

const INVALID_CIPHERTEXT = refused('InvalidCiphertextException', '')
const INVALID_TOKEN = refused('InvalidImportTokenException', '')
const pendingImport = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending import.`)
const pendingDeletion = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending deletion.`)
const wrongOrigin = (arn: string, origin: string) =>
  refused('UnsupportedOperationException', `${arn} origin is ${origin} which is not valid for this operation.`)
const validation = (text: string) => refused('ValidationException', text)

const encrypt = (KeyId: string) => kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }))
const decrypt = (CiphertextBlob: Uint8Array | undefined) => kms.root.send(new DecryptCommand({ CiphertextBlob }))
const remove = (KeyId: string, KeyMaterialId?: string) =>
  kms.root.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId }))
const status = (KeyId: string) => answer(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))
const rotate = (KeyId: string) => kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
/** Everything the emulator keeps, secrets too. */
const everything = () => JSON.stringify(kms.running.emulator.store.export({ secrets: true }))

describe('a key that waits for its first material', () => {
  it('shows neither material nor expiry', async () => {
    const key = await createExternal()
    expect(key).toMatchObject({ Enabled: false, KeyState: 'PendingImport', Origin: 'EXTERNAL' })
    for (const member of ['ExpirationModel', 'ValidTo', 'CurrentKeyMaterialId']) expect(key).not.toHaveProperty(member)
    expect(await history(key.KeyId)).toEqual([])
    expect(await status(key.KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: key.Arn })
  })

  it('can be used for nothing yet', async () => {
    const { KeyId, Arn } = await createExternal()
    const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:root`
    for (const call of [
      encrypt(KeyId),
      rotate(KeyId),
      kms.root.send(new EnableKeyCommand({ KeyId })),
      kms.root.send(new DisableKeyCommand({ KeyId })),
      kms.root.send(new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Encrypt'] })),
    ]) {
      expect(await refusal(call)).toEqual(pendingImport(Arn))
    }
  })

  it('has nothing to delete, which is fine', async () => {
    const { KeyId, Arn } = await createExternal()
    expect(await answer(remove(KeyId))).toEqual({ KeyId: Arn })
    const id = 'ab'.repeat(32)
    expect(await refusal(remove(KeyId, id))).toEqual(
      validation(`Key material (id: ${id}) has never been imported into KMS key ${Arn}.`),
    )
  })

  it('can be scheduled for deletion, and waits again afterwards', async () => {
    const { KeyId } = await createExternal()
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
  })

  it.each(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'] as const)('cannot be of spec %s', async (KeySpec) => {
    const call = kms.root.send(new CreateKeyCommand({ Origin: 'EXTERNAL', KeySpec, KeyUsage: 'SIGN_VERIFY' }))
    expect(await refusal(call)).toEqual(validation(`KeySpec ${KeySpec} is not supported for Origin EXTERNAL`))
  })
})

describe('GetParametersForImport', () => {
  it('answers with a public key and a token that are good for a day', async () => {
    const { KeyId, Arn } = await createExternal()
    const before = Date.now()
    const made = await answer(
      kms.root.send(
        new GetParametersForImportCommand({
          KeyId,
          WrappingAlgorithm: 'RSAES_OAEP_SHA_1',
          WrappingKeySpec: 'RSA_3072',
        }),
      ),
    )
    expect(Object.keys(made).sort()).toEqual(['ImportToken', 'KeyId', 'ParametersValidTo', 'PublicKey'])
    expect(made.KeyId).toBe(Arn)
    const publicKey = createPublicKey({ key: Buffer.from(made.PublicKey ?? []), format: 'der', type: 'spki' })
    expect(publicKey.asymmetricKeyDetails).toEqual({ modulusLength: 3072, publicExponent: 65537n })
    const valid = (made.ParametersValidTo?.getTime() ?? 0) - before - kms.running.emulator.clock.offset
    expect(valid).toBeGreaterThanOrEqual(DAY)
    expect(valid).toBeLessThan(DAY + 60_000)
  })

  it.each<[AlgorithmSpec, WrappingKeySpec]>([
    ['RSAES_PKCS1_V1_5', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_4096'],
    ['SM2PKE', 'SM2'],
    ['RSAES_OAEP_SHA_256', 'SM2'],
    ['SM2PKE', 'RSA_2048'],
  ])('takes no %s with %s for a symmetric key', async (WrappingAlgorithm, WrappingKeySpec) => {
    const { KeyId } = await createExternal()
    expect(await refusal(parametersFor(KeyId, WrappingAlgorithm, WrappingKeySpec))).toEqual(
      validation(
        `Wrapping algorithm ${WrappingAlgorithm} and wrapping key spec ${WrappingKeySpec} cannot be used to import a SYMMETRIC_DEFAULT key.`,
      ),
    )
  })

  it('is refused for a key with material of its own, before its state is looked at', async () => {
    const { KeyId, Arn } = await kms.createKey()
    expect(await refusal(parametersFor(KeyId))).toEqual(wrongOrigin(Arn, 'AWS_KMS'))
    expect(await refusal(importInto(KeyId, material()))).toEqual(wrongOrigin(Arn, 'AWS_KMS'))
    expect(await refusal(remove(KeyId))).toEqual(wrongOrigin(Arn, 'AWS_KMS'))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await refusal(parametersFor(KeyId))).toEqual(wrongOrigin(Arn, 'AWS_KMS'))
  })

  it('works for a disabled key, and not for one pending deletion', async () => {
    const { KeyId, Arn } = await imported()
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    await parametersFor(KeyId)
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await refusal(parametersFor(KeyId))).toEqual(pendingDeletion(Arn))
  })

  it('gives no parameters for a key that is scheduled for deletion before they are made', async () => {
    const { KeyId, Arn } = await createExternal()
    const [answered] = await Promise.all([
      refusal(parametersFor(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_4096')),
      kms.root.send(new ScheduleKeyDeletionCommand({ KeyId })),
    ])
    expect(answered).toEqual(pendingDeletion(Arn))
    expect(everything()).not.toContain(`"keyId":"${KeyId}"`)
  })

  it('takes no unknown algorithm, no unknown key, no alias', async () => {
    const { KeyId } = await createExternal()
    expect(await refusal(parametersFor(KeyId, 'ROT13' as never))).toEqual(
      invalid(
        "Value 'ROT13' at 'wrappingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: " +
          '[RSAES_PKCS1_V1_5, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_1, RSA_AES_KEY_WRAP_SHA_256, SM2PKE]',
      ),
    )
    const nobody = '12345678-1234-4234-8234-123456789012'
    expect(await refusal(parametersFor(nobody))).toEqual(
      refused('NotFoundException', `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${nobody}' does not exist`),
    )
    expect(await refusal(parametersFor('alias/x'))).toEqual(
      refused('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    )
  })
})

describe('ImportKeyMaterial', () => {
  it('makes the key usable, and its material known by an id', async () => {
    const { KeyId, Arn } = await createExternal()
    const done = await answer(importInto(KeyId, material(), { KeyMaterialDescription: 'from the vault' }))
    expect(done).toEqual({ KeyId: Arn, KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await metadata(KeyId)).toMatchObject({
      Enabled: true,
      KeyState: 'Enabled',
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      CurrentKeyMaterialId: done.KeyMaterialId,
    })
    expect(await history(KeyId)).toEqual([
      {
        KeyId: Arn,
        KeyMaterialId: done.KeyMaterialId,
        KeyMaterialDescription: 'from the vault',
        ImportState: 'IMPORTED',
        KeyMaterialState: 'CURRENT',
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      },
    ])
    expect((await kms.root.send(new ListKeyRotationsCommand({ KeyId }))).Rotations).toEqual([])
    const { CiphertextBlob } = await encrypt(KeyId)
    const opened = await decrypt(CiphertextBlob)
    expect(opened).toMatchObject({ KeyId: Arn, KeyMaterialId: done.KeyMaterialId })
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('secret')
  })

  it.each<[AlgorithmSpec, WrappingKeySpec]>([
    ['RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'RSA_3072'],
    ['RSAES_OAEP_SHA_256', 'RSA_4096'],
  ])('takes material in %s with %s', async (algorithm, spec) => {
    const { KeyId } = await createExternal()
    const parameters = await parametersFor(KeyId, algorithm, spec)
    await importInto(KeyId, material(), {
      ImportToken: parameters.token,
      EncryptedKeyMaterial: wrap(parameters, material()),
    })
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
  })

  it('takes any token that is still good, any number of times', async () => {
    const { KeyId } = await createExternal()
    const bytes = material()
    const first = await parametersFor(KeyId)
    const second = await parametersFor(KeyId)
    for (const parameters of [first, first, second]) {
      await importInto(KeyId, bytes, { ImportToken: parameters.token, EncryptedKeyMaterial: wrap(parameters, bytes) })
    }
    const crossed = { ImportToken: first.token, EncryptedKeyMaterial: wrap(second, bytes) }
    expect(await refusal(importInto(KeyId, bytes, crossed))).toEqual(INVALID_CIPHERTEXT)
  })

  it.each<[string, () => object, string]>([
    [
      'neither model nor date',
      () => ({ ExpirationModel: undefined }),
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    ],
    [
      'no date for what expires',
      () => ({ ExpirationModel: 'KEY_MATERIAL_EXPIRES' }),
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    ],
    ['a past date', () => ({ ValidTo: inSeconds(-60) }), 'ValidTo must be in the future'],
    [
      'a date too far away',
      () => ({ ValidTo: inSeconds(367 * 86_400) }),
      'ValidTo must be less than 365 days in the future',
    ],
    [
      'a date for what does not expire',
      () => ({ ValidTo: inSeconds(3600), ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }),
      'A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
    ],
  ])('refuses %s', async (_what, options, text) => {
    const { KeyId } = await createExternal()
    expect(await refusal(importInto(KeyId, material(), options()))).toEqual(validation(text))
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
  })

  it.each<[string, Buffer]>([
    ['16 bytes', randomBytes(16)],
    ['33 bytes', randomBytes(33)],
  ])('refuses %s', async (_what, bytes) => {
    const { KeyId } = await createExternal()
    expect(await refusal(importInto(KeyId, bytes))).toEqual(INVALID_CIPHERTEXT)
    expect(await history(KeyId)).toEqual([])
  })

  it.each<[string, Buffer]>([
    ['random bytes', randomBytes(256)],
    ['too few bytes', randomBytes(255)],
    ['too many bytes', randomBytes(257)],
    ['one byte', randomBytes(1)],
  ])('refuses %s in place of a ciphertext', async (_what, EncryptedKeyMaterial) => {
    const { KeyId } = await createExternal()
    expect(await refusal(importInto(KeyId, material(), { EncryptedKeyMaterial }))).toEqual(INVALID_CIPHERTEXT)
  })

  it('refuses tokens that KMS did not make for this key', async () => {
    const { KeyId } = await createExternal()
    const other = await createExternal()
    const own = await parametersFor(KeyId)
    const { token: foreign } = await parametersFor(other.KeyId)
    const flipped = Buffer.from(own.token)
    flipped[10] = (flipped[10] ?? 0) ^ 1
    for (const ImportToken of [foreign, flipped, own.token.slice(1), randomBytes(own.token.length), randomBytes(7)]) {
      const options = { ImportToken, EncryptedKeyMaterial: wrap(own, material()) }
      expect(await refusal(importInto(KeyId, material(), options))).toEqual(INVALID_TOKEN)
    }
  })

  it('refuses a token after a day, and has forgotten the wrapping key by then', async () => {
    const { KeyId } = await createExternal()
    const old = await parametersFor(KeyId)
    const options = { ImportToken: old.token, EncryptedKeyMaterial: wrap(old, material()) }
    const kept = () => everything().split(`"keyId":"${KeyId}"`).length - 1
    expect(kept()).toBe(1)
    kms.advance(DAY - 60_000)
    await importInto(KeyId, material(), options)
    await remove(KeyId)
    kms.advance(61_000)
    expect(await refusal(importInto(KeyId, material(), options))).toEqual(refused('ExpiredImportTokenException', ''))
    const id = (await metadata(KeyId))?.CurrentKeyMaterialId
    // What is left is whose the missing material was.
    expect(kept()).toBe(1)
    expect(everything()).toContain(`"us-east-1/${String(id)}":{"account":"${ACCOUNT}","keyId":"${KeyId}"}`)
  })

  it('looks at dates before the token, and at the token before the ciphertext', async () => {
    const { KeyId } = await createExternal()
    const broken = { ImportToken: randomBytes(60), EncryptedKeyMaterial: randomBytes(256) }
    expect(await refusal(importInto(KeyId, material(), { ...broken, ValidTo: inSeconds(-60) }))).toEqual(
      validation('ValidTo must be in the future'),
    )
    expect(await refusal(importInto(KeyId, material(), broken))).toEqual(INVALID_TOKEN)
  })

  it('gives the same bytes different ids under different keys', async () => {
    const bytes = Buffer.alloc(32, 'A')
    const one = await imported(bytes)
    const other = await imported(bytes)
    expect(one.KeyMaterialId).not.toBe(other.KeyMaterialId)
    const { CiphertextBlob } = await encrypt(one.KeyId)
    const call = kms.root.send(new DecryptCommand({ CiphertextBlob, KeyId: other.KeyId }))
    expect(await refusal(call)).toMatchObject({ code: 'IncorrectKeyException' })
  })

  it('validates members', async () => {
    const { KeyId } = await createExternal()
    expect(await refusal(importInto(KeyId, material(), { KeyMaterialDescription: 'a;b' }))).toEqual(
      invalid(
        "Value 'a;b' at 'keyMaterialDescription' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_\\s.-]+$",
      ),
    )
    const call = importInto(KeyId, material(), {
      ImportToken: randomBytes(6145),
      EncryptedKeyMaterial: randomBytes(1),
    })
    expect(await refusal(call)).toEqual(
      invalid(
        "Value at 'importToken' failed to satisfy constraint: Member must have length less than or equal to 6144",
      ),
    )
  })
})

describe('who may import', () => {
  it('is told by condition keys of the wrapping', async () => {
    const { KeyId, Arn } = await createExternal()
    const user = await kms.user(
      'wrapper',
      policyOf({
        Effect: 'Allow',
        Action: 'kms:GetParametersForImport',
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:WrappingAlgorithm': 'RSAES_OAEP_SHA_256', 'kms:WrappingKeySpec': 'RSA_2048' },
        },
      }),
    )
    await parametersFor(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_2048', user.kms)
    const expected = denied(
      `User: ${user.arn} is not authorized to perform: kms:GetParametersForImport on resource: ${Arn} because no identity-based policy allows the kms:GetParametersForImport action`,
    )
    expect(await refusal(parametersFor(KeyId, 'RSAES_OAEP_SHA_1', 'RSA_2048', user.kms))).toEqual(expected)
    expect(await refusal(parametersFor(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_4096', user.kms))).toEqual(expected)
  })

  it('is told by condition keys of the expiry; a model that is left out is absent', async () => {
    const { KeyId, Arn, bytes } = await imported()
    const limit = inSeconds(7200).getTime() / 1000
    const user = await kms.user(
      'importer',
      policyOf(
        { Effect: 'Allow', Action: 'kms:ImportKeyMaterial', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'kms:ImportKeyMaterial',
          Resource: '*',
          Condition: { StringEquals: { 'kms:ExpirationModel': 'KEY_MATERIAL_DOES_NOT_EXPIRE' } },
        },
        {
          Effect: 'Deny',
          Action: 'kms:ImportKeyMaterial',
          Resource: '*',
          Condition: { NumericGreaterThan: { 'kms:ValidTo': String(limit) } },
        },
        {
          Effect: 'Deny',
          Action: 'kms:ImportKeyMaterial',
          Resource: '*',
          Condition: {
            Null: { 'kms:ExpirationModel': 'true' },
            DateLessThan: { 'kms:ValidTo': '2020-01-01T00:00:00Z' },
          },
        },
      ),
    )
    const expected = denied(
      `User: ${user.arn} is not authorized to perform: kms:ImportKeyMaterial on resource: ${Arn} with an explicit deny in an identity-based policy`,
    )
    await importInto(KeyId, bytes, { ValidTo: inSeconds(3600) }, user.kms)
    expect(await refusal(importInto(KeyId, bytes, {}, user.kms))).toEqual(expected)
    expect(await refusal(importInto(KeyId, bytes, { ValidTo: inSeconds(8000) }, user.kms))).toEqual(expected)
    expect(await refusal(importInto(KeyId, bytes, { ValidTo: new Date(1_000_000) }, user.kms))).toEqual(expected)
    await importInto(KeyId, bytes, { ValidTo: inSeconds(3600), ExpirationModel: 'KEY_MATERIAL_EXPIRES' }, user.kms)
  })

  it('cannot be another account, whatever the key policy says', async () => {
    const open = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }
    const { KeyId, Arn } = await createExternal({ Policy: JSON.stringify(policyOf(open)) })
    const stranger = await kms.user('stranger', allow('kms:*'), OTHER_ACCOUNT)
    expect(KeyId).not.toBe('')
    for (const [action, call] of [
      ['GetParametersForImport', parametersFor(Arn, 'RSAES_OAEP_SHA_1', 'RSA_2048', stranger.kms)],
      ['DeleteImportedKeyMaterial', stranger.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: Arn }))],
      [
        'ImportKeyMaterial',
        stranger.kms.send(
          new ImportKeyMaterialCommand({
            KeyId: Arn,
            ImportToken: randomBytes(60),
            EncryptedKeyMaterial: randomBytes(256),
          }),
        ),
      ],
    ] as const) {
      const answered = await refusal(call)
      expect(answered.code).toBe('AccessDeniedException')
      expect(answered.message).toContain(
        `User: ${stranger.arn} is not authorized to perform: kms:${action} on this resource because`,
      )
    }
  })
})

describe('wrapping keys', () => {
  it('of one key are kept up to a hundred; the oldest go', async () => {
    const { KeyId } = await createExternal()
    const first = await parametersFor(KeyId)
    const { importParameters } = kms.running.emulator.registry.require('kms').state as KmsState
    const table = importParameters.in(ACCOUNT, REGION)
    const [entry] = [...table.find('key', KeyId)]
    if (!entry) throw new Error('none stored')
    kms.running.emulator.store.transaction(() => {
      for (let number = 1; number < 100; number++)
        table.put(`copy-${number}`, { ...entry[1], expiresAt: entry[1].expiresAt + number })
    })
    kms.advance(1000)
    const latest = await parametersFor(KeyId)
    expect(table.count('key', KeyId)).toBe(100)
    const bytes = material()
    const given = ({ token, ...how }: typeof latest) =>
      importInto(KeyId, bytes, { ImportToken: token, EncryptedKeyMaterial: wrap(how, bytes) })
    expect((await refusal(given(first))).code).toBe('ExpiredImportTokenException')
    expect((await given(latest)).KeyMaterialId).toHaveLength(64)
  })
})
