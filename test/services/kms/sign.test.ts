import { constants, createHash, createPublicKey, verify as verifySignature } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { ed25519ph } from '@noble/curves/ed25519.js'
import { shake256 } from '@noble/hashes/sha3.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  SignCommand,
  VerifyCommand,
  type KeySpec,
  type SignCommandInput,
  type SigningAlgorithmSpec,
  type VerifyCommandInput,
} from '@aws-sdk/client-kms'
import {
  ACCOUNT,
  DRY,
  OTHER_ACCOUNT,
  allow,
  allowIf,
  answer,
  bufferOf,
  denied,
  invalid,
  kmsForTests,
  notAllowed,
  refusal,
  refused,
  WITHHELD,
  type Key,
} from './support.ts'

const kms = kmsForTests()
const SPECS = ['RSA_2048', 'ECC_NIST_P256', 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519', 'ML_DSA_44'] as const
type Spec = (typeof SPECS)[number]
const keys = new Map<KeySpec, Key>()
const keyOf = (spec: Spec): Key => keys.get(spec) ?? { KeyId: '', Arn: '' }
const publicKeys = new Map<KeySpec, Buffer>()
beforeAll(async () => {
  for (const KeySpec of SPECS) {
    const key = await kms.createKey({ KeySpec, KeyUsage: 'SIGN_VERIFY' })
    keys.set(KeySpec, key)
    const { PublicKey } = await kms.root.send(new GetPublicKeyCommand({ KeyId: key.KeyId }))
    publicKeys.set(KeySpec, bufferOf(PublicKey))
  }
})

const MESSAGE = Buffer.from('to be signed')
const sha256 = (message: Buffer) => createHash('sha256').update(message).digest()
const sign = (spec: Spec, SigningAlgorithm: SigningAlgorithmSpec, input: Partial<SignCommandInput> = {}) =>
  kms.root.send(new SignCommand({ KeyId: keyOf(spec).KeyId, Message: MESSAGE, SigningAlgorithm, ...input }))
const verify = (
  spec: Spec,
  SigningAlgorithm: SigningAlgorithmSpec,
  Signature: Uint8Array | undefined,
  input: Partial<VerifyCommandInput> = {},
) =>
  kms.root.send(
    new VerifyCommand({ KeyId: keyOf(spec).KeyId, Message: MESSAGE, SigningAlgorithm, Signature, ...input }),
  )
const signatureOf = async (...call: Parameters<typeof sign>) => bufferOf((await sign(...call)).Signature)
const BAD_SIGNATURE = refused('KMSInvalidSignatureException', '')

/** node:crypto's reading of the public key that KMS gave out. */
const spki = (spec: Spec) => createPublicKey({ key: publicKeys.get(spec) ?? Buffer.of(), format: 'der', type: 'spki' })
/** The bare key at the end of the SPKI. */
const rawKey = (spec: Spec, length: number) => (publicKeys.get(spec) ?? Buffer.of()).subarray(-length)
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

describe('Sign', () => {
  it.each<[Spec, SigningAlgorithmSpec, (signature: Buffer) => boolean]>([
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', (it) => verifySignature('sha256', MESSAGE, spki('RSA_2048'), it)],
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', (it) => verifySignature('sha512', MESSAGE, spki('RSA_2048'), it)],
    [
      'RSA_2048',
      'RSASSA_PSS_SHA_384',
      (it) => verifySignature('sha384', MESSAGE, { key: spki('RSA_2048'), ...pss }, it),
    ],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', (it) => verifySignature('sha256', MESSAGE, spki('ECC_NIST_P256'), it)],
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256', (it) => verifySignature('sha256', MESSAGE, spki('ECC_SECG_P256K1'), it)],
    [
      'ECC_NIST_EDWARDS25519',
      'ED25519_SHA_512',
      (it) => verifySignature(null, MESSAGE, spki('ECC_NIST_EDWARDS25519'), it),
    ],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256', (it) => ml_dsa44.verify(it, MESSAGE, rawKey('ML_DSA_44', 1312))],
  ])('of %s with %s is what others verify', async (spec, algorithm, isRight) => {
    const answered = await answer(sign(spec, algorithm))
    expect(answered).toEqual({
      KeyId: keyOf(spec).Arn,
      Signature: expect.any(Uint8Array),
      SigningAlgorithm: algorithm,
    })
    const signature = bufferOf(answered.Signature)
    expect(isRight(signature)).toBe(true)
    signature.writeUInt8(signature.readUInt8(signature.length - 1) ^ 1, signature.length - 1)
    expect(isRight(signature)).toBe(false)
  })

  it('of a digest is that of its message', async () => {
    const digest = sha256(MESSAGE)
    const asDigest = { Message: digest, MessageType: 'DIGEST' } as const
    const plain = await signatureOf('RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256')
    expect(await signatureOf('RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', asDigest)).toEqual(plain)
    const elliptic = await signatureOf('ECC_NIST_P256', 'ECDSA_SHA_256', asDigest)
    expect(verifySignature('sha256', MESSAGE, spki('ECC_NIST_P256'), elliptic)).toBe(true)
    await verify('ECC_NIST_P256', 'ECDSA_SHA_256', elliptic)
  })

  it('of Ed25519ph hashes the digest again', async () => {
    const digest = createHash('sha512').update(MESSAGE).digest()
    const asDigest = { Message: digest, MessageType: 'DIGEST' } as const
    const signature = await signatureOf('ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', asDigest)
    expect(ed25519ph.verify(signature, digest, rawKey('ECC_NIST_EDWARDS25519', 32))).toBe(true)
  })

  it('is random or not, as the algorithm has it', async () => {
    const twice = async (spec: Spec, algorithm: SigningAlgorithmSpec) =>
      (await signatureOf(spec, algorithm)).equals(await signatureOf(spec, algorithm))
    expect(await twice('RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256')).toBe(true)
    expect(await twice('ECC_NIST_EDWARDS25519', 'ED25519_SHA_512')).toBe(true)
    expect(await twice('RSA_2048', 'RSASSA_PSS_SHA_256')).toBe(false)
    expect(await twice('ECC_NIST_P256', 'ECDSA_SHA_256')).toBe(false)
    expect(await twice('ML_DSA_44', 'ML_DSA_SHAKE_256')).toBe(false)
  })

  it('of ML-DSA takes the message or its representative, and either verifies the other', async () => {
    const hash = shake256(rawKey('ML_DSA_44', 1312), { dkLen: 64 })
    const mu = Buffer.from(shake256(Buffer.concat([hash, Buffer.of(0, 0), MESSAGE]), { dkLen: 64 }))
    const external = { Message: mu, MessageType: 'EXTERNAL_MU' } as const
    const ofMessage = await signatureOf('ML_DSA_44', 'ML_DSA_SHAKE_256')
    const ofMu = await signatureOf('ML_DSA_44', 'ML_DSA_SHAKE_256', external)
    expect(ofMessage).toHaveLength(2420)
    expect(ml_dsa44.verify(ofMu, MESSAGE, rawKey('ML_DSA_44', 1312))).toBe(true)
    await verify('ML_DSA_44', 'ML_DSA_SHAKE_256', ofMu)
    await verify('ML_DSA_44', 'ML_DSA_SHAKE_256', ofMessage, external)
  })
})

describe('Sign and Verify with SM2', () => {
  it('agree on messages, and on digests of 32 bytes', async () => {
    const china = kms.of(ACCOUNT, 'cn-north-1')
    const { KeyId } = await kms.createKey({ KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' }, china)
    const SigningAlgorithm = 'SM2DSA'
    const messages = [{ Message: MESSAGE }, { Message: sha256(MESSAGE), MessageType: 'DIGEST' }] as const
    for (const message of messages) {
      const { Signature } = await china.send(new SignCommand({ KeyId, SigningAlgorithm, ...message }))
      await china.send(new VerifyCommand({ KeyId, SigningAlgorithm, ...message, Signature }))
      const other = new VerifyCommand({ KeyId, SigningAlgorithm, Message: Buffer.from('another'), Signature })
      expect(await refusal(china.send(other))).toEqual(BAD_SIGNATURE)
    }
    const short = { KeyId, SigningAlgorithm, Message: Buffer.alloc(31), MessageType: 'DIGEST' } as const
    expect(await refusal(china.send(new SignCommand(short)))).toEqual(
      refused('ValidationException', 'Digest is invalid length for algorithm SM2DSA.'),
    )
  })
})

describe('Verify', () => {
  it('answers true', async () => {
    const signature = await signatureOf('ECC_NIST_P256', 'ECDSA_SHA_256')
    expect(await answer(verify('ECC_NIST_P256', 'ECDSA_SHA_256', signature))).toEqual({
      KeyId: keyOf('ECC_NIST_P256').Arn,
      SignatureValid: true,
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
  })

  it.each<[Spec, SigningAlgorithmSpec, SigningAlgorithmSpec]>([
    ['RSA_2048', 'RSASSA_PSS_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_256'],
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'ECDSA_SHA_256'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 'ED25519_SHA_512'],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'ML_DSA_SHAKE_256'],
  ])('refuses, in a dry run too, what %s did not sign', async (spec, algorithm, other) => {
    const signature = await signatureOf(spec, algorithm)
    for (const DryRun of [false, true]) {
      for (const call of [
        verify(spec, algorithm, signature, { Message: Buffer.from('another message'), DryRun }),
        verify(spec, algorithm, signature.subarray(1), { DryRun }),
        verify(spec, algorithm, Buffer.of(0), { DryRun }),
        ...(other === algorithm ? [] : [verify(spec, other, signature, { DryRun })]),
      ]) {
        expect(await refusal(call)).toEqual(BAD_SIGNATURE)
      }
    }
  })
})

describe('Sign and Verify refuse', () => {
  const both = async (
    spec: Spec,
    algorithm: SigningAlgorithmSpec,
    input: Partial<SignCommandInput>,
    expected: ReturnType<typeof refused>,
  ) => {
    expect(await refusal(sign(spec, algorithm, input))).toEqual(expected)
    expect(await refusal(verify(spec, algorithm, Buffer.of(1), input))).toEqual(expected)
  }

  it.each<[Spec, SigningAlgorithmSpec]>([
    ['ECC_NIST_P256', 'RSASSA_PSS_SHA_256'],
    ['ECC_NIST_P256', 'ECDSA_SHA_384'],
    ['RSA_2048', 'ECDSA_SHA_256'],
    ['ML_DSA_44', 'ECDSA_SHA_256'],
    ['ECC_NIST_EDWARDS25519', 'SM2DSA'],
  ])('%s with %s', async (spec, algorithm) => {
    await both(
      spec,
      algorithm,
      {},
      refused('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`),
    )
  })

  it.each<[Spec, SigningAlgorithmSpec, SignCommandInput['MessageType'], string]>([
    ['RSA_2048', 'RSASSA_PSS_SHA_256', 'EXTERNAL_MU', 'key spec RSA_2048'],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'EXTERNAL_MU', 'key spec ECC_NIST_P256'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 'EXTERNAL_MU', 'key spec ECC_NIST_EDWARDS25519'],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'DIGEST', 'key spec ML_DSA_44'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', 'RAW', 'algorithm ED25519_PH_SHA_512'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', undefined, 'algorithm ED25519_PH_SHA_512'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 'DIGEST', 'algorithm ED25519_SHA_512'],
  ])('%s, %s of message type %s', async (spec, algorithm, MessageType, what) => {
    await both(
      spec,
      algorithm,
      { MessageType },
      refused('ValidationException', `Message type ${MessageType ?? 'RAW'} is incompatible with ${what}.`),
    )
  })

  it.each<[Spec, SigningAlgorithmSpec, 'DIGEST' | 'EXTERNAL_MU', number, string]>([
    ['RSA_2048', 'RSASSA_PSS_SHA_256', 'DIGEST', 31, 'Digest'],
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', 'DIGEST', 32, 'Digest'],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'DIGEST', 33, 'Digest'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', 'DIGEST', 63, 'Digest'],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'EXTERNAL_MU', 63, 'External Mu'],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'EXTERNAL_MU', 65, 'External Mu'],
  ])('%s, %s: a %s of %i bytes', async (spec, algorithm, MessageType, length, what) => {
    await both(
      spec,
      algorithm,
      { MessageType, Message: Buffer.alloc(length), DryRun: true },
      refused('ValidationException', `${what} is invalid length for algorithm ${algorithm}.`),
    )
  })

  it.each<[Partial<SignCommandInput>, string]>([
    [
      { Message: Buffer.of() },
      "Value at 'message' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      { Message: Buffer.alloc(4097) },
      "Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096",
    ],
    [
      { MessageType: 'HASH' as never },
      "Value 'HASH' at 'messageType' failed to satisfy constraint: Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]",
    ],
  ])('what the model does not take: %#', async (input, problem) => {
    await both('ECC_NIST_P256', 'ECDSA_SHA_256', input, invalid(problem))
  })

  it('keys for something else, and disabled keys before that', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const wrong = { KeyId, Message: MESSAGE, SigningAlgorithm: 'ECDSA_SHA_256' } as const
    const calls = () =>
      [
        ['Sign', kms.root.send(new SignCommand(wrong))],
        ['Verify', kms.root.send(new VerifyCommand({ ...wrong, Signature: Buffer.of(1) }))],
      ] as const
    for (const [operation, call] of calls()) {
      expect(await refusal(call)).toEqual(
        refused('InvalidKeyUsageException', `${Arn} key usage is ENCRYPT_DECRYPT which is not valid for ${operation}.`),
      )
    }
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    for (const [, call] of calls()) {
      expect(await refusal(call)).toEqual(refused('DisabledException', `${Arn} is disabled.`))
    }
  })
})

describe('a dry run', () => {
  it('ends where the signature would be made, or has been checked', async () => {
    expect(await refusal(sign('RSA_2048', 'RSASSA_PSS_SHA_256', { DryRun: true }))).toEqual(DRY)
    const signature = await signatureOf('RSA_2048', 'RSASSA_PSS_SHA_256')
    expect(await refusal(verify('RSA_2048', 'RSASSA_PSS_SHA_256', signature, { DryRun: true }))).toEqual(DRY)
  })
})

describe('who may', () => {
  const input = () => ({
    KeyId: keyOf('ECC_NIST_P256').KeyId,
    Message: MESSAGE,
    SigningAlgorithm: 'ECDSA_SHA_256' as const,
  })

  it('Sign and Verify are two permissions', async () => {
    const { Arn } = keyOf('ECC_NIST_P256')
    const signer = await kms.user('signer', allow('kms:Sign'))
    const { Signature } = await signer.kms.send(new SignCommand(input()))
    expect(await refusal(signer.kms.send(new VerifyCommand({ ...input(), Signature })))).toEqual(
      notAllowed(signer.arn, 'kms:Verify', Arn),
    )
  })

  it.each<[string, Readonly<Record<string, string>>, Partial<SignCommandInput>]>([
    ['algorithm', { 'kms:SigningAlgorithm': 'RSASSA_PSS_SHA_256' }, { SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }],
    ['message type', { 'kms:MessageType': 'RAW' }, { Message: sha256(MESSAGE), MessageType: 'DIGEST' }],
    ['key spec', { 'kms:KeySpec': 'RSA_2048', 'kms:KeyUsage': 'SIGN_VERIFY', 'kms:KeyOrigin': 'AWS_KMS' }, {}],
    ['alias', { 'kms:RequestAlias': 'alias/signing' }, {}],
  ])('depends on the %s', async (what, condition, other) => {
    if (what === 'alias') {
      const TargetKeyId = keyOf('RSA_2048').KeyId
      await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/signing', TargetKeyId }))
    }
    const user = await kms.user(`if-${what.replace(' ', '-')}`, allowIf('kms:Sign', condition))
    const rsa = {
      KeyId: what === 'alias' ? 'alias/signing' : keyOf('RSA_2048').KeyId,
      Message: MESSAGE,
      SigningAlgorithm: 'RSASSA_PSS_SHA_256' as const,
    }
    await user.kms.send(new SignCommand(rsa))
    const refusedInput = what === 'key spec' ? input() : { ...rsa, KeyId: keyOf('RSA_2048').KeyId, ...other }
    expect(await refusal(user.kms.send(new SignCommand(refusedInput)))).toEqual(
      notAllowed(user.arn, 'kms:Sign', keyOf(what === 'key spec' ? 'ECC_NIST_P256' : 'RSA_2048').Arn),
    )
  })

  it('may come from a grant, and from another account only with both sides', async () => {
    const { KeyId, Arn } = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const role = await kms.role('grantee')
    const { kms: grantee, arn } = await kms.session(role)
    const call = { KeyId, Message: MESSAGE, SigningAlgorithm: 'ECDSA_SHA_256' as const }
    expect(await refusal(grantee.send(new SignCommand(call)))).toEqual(notAllowed(arn, 'kms:Sign', Arn))
    await kms.root.send(new CreateGrantCommand({ KeyId, GranteePrincipal: role, Operations: ['Sign'] }))
    const { Signature } = await grantee.send(new SignCommand(call))
    await kms.root.send(new VerifyCommand({ ...call, Signature }))

    const stranger = kms.of(OTHER_ACCOUNT).send(new SignCommand({ ...call, KeyId: Arn }))
    expect(await refusal(stranger)).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:Sign on this resource ${WITHHELD}`,
      ),
    )
  })
})
