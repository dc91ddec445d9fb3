import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  ScheduleKeyDeletionCommand,
  type CreateKeyCommandInput,
  type GetPublicKeyCommandOutput,
} from '@aws-sdk/client-kms'
import {
  OTHER_ACCOUNT,
  allow,
  answer,
  bufferOf,
  denied,
  kmsForTests,
  notAllowed,
  refusal,
  refused,
  WITHHELD,
} from './support.ts'

const kms = kmsForTests()
const get = (KeyId: string, client = kms.root) => client.send(new GetPublicKeyCommand({ KeyId }))
const CURVE = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const

describe('GetPublicKey', () => {
  it.each<[CreateKeyCommandInput, Partial<GetPublicKeyCommandOutput>, object]>([
    [
      { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
      { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
      { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048, publicExponent: 65537n } },
    ],
    [
      CURVE,
      { SigningAlgorithms: ['ECDSA_SHA_256'] },
      { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } },
    ],
    [
      { KeySpec: 'ECC_NIST_P521', KeyUsage: 'KEY_AGREEMENT' },
      { KeyAgreementAlgorithms: ['ECDH'] },
      { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp521r1' } },
    ],
    [
      { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' },
      { SigningAlgorithms: ['ECDSA_SHA_256'] },
      { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp256k1' } },
    ],
    [
      { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' },
      { SigningAlgorithms: ['ED25519_PH_SHA_512', 'ED25519_SHA_512'] },
      { asymmetricKeyType: 'ed25519' },
    ],
  ])('of %j is SPKI, with what it is for', async (input, algorithms, read) => {
    const { KeyId, Arn } = await kms.createKey(input)
    const got = await answer(get(KeyId))
    expect(got).toEqual({
      KeyId: Arn,
      PublicKey: expect.any(Uint8Array),
      CustomerMasterKeySpec: input.KeySpec,
      KeySpec: input.KeySpec,
      KeyUsage: input.KeyUsage,
      ...algorithms,
    })
    expect(createPublicKey({ key: bufferOf(got.PublicKey), format: 'der', type: 'spki' })).toMatchObject(read)
    expect(bufferOf((await get(Arn)).PublicKey)).toEqual(bufferOf(got.PublicKey))
  })

  it.each<[CreateKeyCommandInput, string, number]>([
    [{ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }, '0609608648016503040311', 1334],
    [{ KeySpec: 'ML_DSA_65', KeyUsage: 'SIGN_VERIFY' }, '0609608648016503040312', 1974],
    [{ KeySpec: 'ML_DSA_87', KeyUsage: 'SIGN_VERIFY' }, '0609608648016503040313', 2614],
    [{ KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' }, '0609608648016503040401', 822],
  ])('of %j is SPKI too', async (input, oid, length) => {
    const { KeyId } = await kms.createKey(input)
    const bytes = bufferOf((await get(KeyId)).PublicKey)
    expect(bytes).toHaveLength(length)
    expect(bytes.toString('hex')).toContain(oid)
  })

  it.each<CreateKeyCommandInput>([{}, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }])(
    'is not there for %j',
    async (input) => {
      const { KeyId } = await kms.createKey(input)
      expect(await refusal(get(KeyId))).toEqual(refused('UnsupportedOperationException', ''))
    },
  )

  it('is given out by disabled keys, but not by keys pending deletion', async () => {
    const { KeyId, Arn } = await kms.createKey(CURVE)
    const { PublicKey } = await get(KeyId)
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    expect(bufferOf((await get(KeyId)).PublicKey)).toEqual(bufferOf(PublicKey))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await refusal(get(KeyId))).toEqual(refused('KMSInvalidStateException', `${Arn} is pending deletion.`))
  })

  it('takes aliases, and needs permission: a policy or a grant', async () => {
    const { KeyId, Arn } = await kms.createKey(CURVE)
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/public', TargetKeyId: KeyId }))
    const reader = await kms.user('reader', allow('kms:GetPublicKey'))
    expect((await get('alias/public', reader.kms)).KeyId).toBe(Arn)
    const role = await kms.role('public-grantee')
    const { kms: grantee, arn } = await kms.session(role)
    expect(await refusal(get(KeyId, grantee))).toEqual(notAllowed(arn, 'kms:GetPublicKey', Arn))
    await kms.root.send(new CreateGrantCommand({ KeyId, GranteePrincipal: role, Operations: ['GetPublicKey'] }))
    expect((await get(KeyId, grantee)).KeyId).toBe(Arn)
    expect(await refusal(get(Arn, kms.of(OTHER_ACCOUNT)))).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:GetPublicKey on this resource ${WITHHELD}`,
      ),
    )
  })
})
