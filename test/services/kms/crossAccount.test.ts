import { beforeAll, describe, expect, it } from '@jest/globals'
import { send, signed } from '../../support/raw.ts'
import { ACCOUNT, OTHER_ACCOUNT, WITHHELD, denied, kmsForTests, rootOf } from './support.ts'

/** Which operations another account may be admitted to, one by one (facts: B3). The policies of the keys admit everybody to all. */
const kms = kmsForTests()

const OPEN = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }],
})
const SPECS = {
  symmetric: {},
  hmac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  signing: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  agreement: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  encapsulation: { KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' },
} as const
type Kind = keyof typeof SPECS

const ALICE = `arn:aws:iam::${OTHER_ACCOUNT}:root`
const BYTES = Buffer.from('x').toString('base64')
const MAC = { Message: BYTES, MacAlgorithm: 'HMAC_SHA_256' }
const SIGNED = { Message: BYTES, SigningAlgorithm: 'ECDSA_SHA_256' }
const ECDH = { KeyAgreementAlgorithm: 'ECDH' }
const KEM = { EncapsulationAlgorithm: 'ML_KEM' }

type Json = Readonly<Record<string, unknown>>

async function call(operation: string, input: Json, account = OTHER_ACCOUNT): Promise<{ status: number; body: Json }> {
  const { url } = kms.running
  const { status, body } = await send(
    url,
    signed(
      url,
      'kms',
      {
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
        body: JSON.stringify(input),
      },
      { credentials: rootOf(account) },
    ),
  )
  return { status, body: body === '' ? {} : (JSON.parse(body) as Json) }
}

const arns: Partial<Record<Kind, string>> = {}
/** What the strangers' calls need, made by strangers as well. */
const made: Record<string, Json> = {}
const keyOf = (kind: Kind) => ({ KeyId: arns[kind] })

beforeAll(async () => {
  for (const [kind, spec] of Object.entries(SPECS) as [Kind, Json][]) {
    arns[kind] = (await kms.createKey({ ...spec, Policy: OPEN })).Arn
  }
  const make = async (operation: string, kind: Kind, input: Json) => {
    const { status, body } = await call(operation, { ...keyOf(kind), ...input })
    expect({ operation, status }).toEqual({ operation, status: 200 })
    made[operation] = body
  }
  await make('Encrypt', 'symmetric', { Plaintext: BYTES })
  await make('GenerateMac', 'hmac', MAC)
  await make('Sign', 'signing', SIGNED)
  await make('GetPublicKey', 'agreement', {})
  await make('Encapsulate', 'encapsulation', KEM)
  await make('CreateGrant', 'symmetric', { GranteePrincipal: ALICE, Operations: ['Encrypt'] })
})

describe('the policy of a key admits other accounts', () => {
  it.each<[string, Kind, () => Json]>([
    ['Decrypt', 'symmetric', () => ({ CiphertextBlob: made['Encrypt']?.['CiphertextBlob'] })],
    [
      'ReEncrypt',
      'symmetric',
      () => ({ CiphertextBlob: made['Encrypt']?.['CiphertextBlob'], DestinationKeyId: arns.symmetric }),
    ],
    ['GenerateDataKey', 'symmetric', () => ({ KeySpec: 'AES_256' })],
    ['GenerateDataKeyWithoutPlaintext', 'symmetric', () => ({ KeySpec: 'AES_256' })],
    ['GenerateDataKeyPair', 'symmetric', () => ({ KeyPairSpec: 'ECC_NIST_P256' })],
    ['GenerateDataKeyPairWithoutPlaintext', 'symmetric', () => ({ KeyPairSpec: 'ECC_NIST_P256' })],
    ['VerifyMac', 'hmac', () => ({ ...MAC, Mac: made['GenerateMac']?.['Mac'] })],
    ['Verify', 'signing', () => ({ ...SIGNED, Signature: made['Sign']?.['Signature'] })],
    ['DeriveSharedSecret', 'agreement', () => ({ ...ECDH, PublicKey: made['GetPublicKey']?.['PublicKey'] })],
    [
      'Decapsulate',
      'encapsulation',
      () => ({ ...KEM, SharedSecretCiphertextBlob: made['Encapsulate']?.['SharedSecretCiphertextBlob'] }),
    ],
    ['DescribeKey', 'symmetric', () => ({})],
    ['GetKeyRotationStatus', 'symmetric', () => ({})],
    ['ListGrants', 'symmetric', () => ({})],
    ['RevokeGrant', 'symmetric', () => ({ GrantId: made['CreateGrant']?.['GrantId'] })],
  ])('to %s', async (operation, kind, input) => {
    const { status, body } = await call(operation, { ...keyOf(kind), ...input() })
    expect({ status, refusal: body['__type'] }).toEqual({ status: 200, refusal: undefined })
  })
})

describe('no policy admits other accounts', () => {
  it.each<[string, Json]>([
    ['CancelKeyDeletion', {}],
    ['DeleteImportedKeyMaterial', {}],
    ['DisableKey', {}],
    ['DisableKeyRotation', {}],
    ['EnableKey', {}],
    ['EnableKeyRotation', {}],
    ['GetKeyLastUsage', {}],
    ['GetKeyPolicy', {}],
    ['GetParametersForImport', { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }],
    ['ImportKeyMaterial', { ImportToken: BYTES, EncryptedKeyMaterial: BYTES }],
    ['ListKeyPolicies', {}],
    ['ListKeyRotations', {}],
    ['ListResourceTags', {}],
    ['PutKeyPolicy', { Policy: OPEN }],
    ['ReplicateKey', { ReplicaRegion: 'us-west-2' }],
    ['RotateKeyOnDemand', {}],
    ['ScheduleKeyDeletion', {}],
    ['TagResource', { Tags: [{ TagKey: 'a', TagValue: 'b' }] }],
    ['UntagResource', { TagKeys: ['a'] }],
    ['UpdateKeyDescription', { Description: 'theirs' }],
    ['UpdatePrimaryRegion', { PrimaryRegion: 'us-west-2' }],
  ])('to %s', async (operation, input) => {
    const { status, body } = await call(operation, { ...keyOf('symmetric'), ...input })
    expect({ code: body['__type'], status, message: body['Message'] }).toEqual(
      denied(`User: ${ALICE} is not authorized to perform: kms:${operation} on this resource ${WITHHELD}`),
    )
    const { KeyMetadata } = (await call('DescribeKey', keyOf('symmetric'), ACCOUNT)).body as { KeyMetadata: Json }
    expect(KeyMetadata).toMatchObject({ KeyState: 'Enabled', Description: '' })
  })
})
