import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { createHash } from 'node:crypto'
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { canRun, needs } from '../support/commands.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { openShell, type Shell } from '../support/shell.ts'

/*
 * What a person does with the AWS CLI and OpenSSL. Blobs come from files, because versions 1 and 2 of the CLI read a value in other
 * ways. Old clients do not know every key spec; they pass them on.
 */
const test = needs(canRun('aws', '--version') && canRun('openssl', 'version'), 'the AWS CLI or OpenSSL')
const MINUTES = 120_000

let twokey: TestEmulator
let sh: Shell
beforeAll(async () => {
  twokey = await startEmulator()
  sh = await openShell(twokey)
  await sh.write('message.txt', 'a message of no importance')
})
afterAll(async () => {
  await twokey.stop()
  await sh.leave()
})

const createKey = (spec: string, usage: string, ...more: readonly string[]) =>
  sh.text('KeyMetadata.KeyId', 'create-key', '--key-spec', spec, '--key-usage', usage, ...more)
const publicKeyOf = (id: string, file: string) => sh.blob(file, 'PublicKey', 'get-public-key', '--key-id', id)
/** Of a file, as DIGEST if its name says so. */
const signing = (operation: 'sign' | 'verify', id: string, algorithm: string, file: string, type = 'RAW') => [
  ...[operation, '--key-id', id, '--signing-algorithm', algorithm],
  ...['--message', `fileb://${file}`, '--message-type', type],
]
const openssl = (...args: readonly string[]) => sh.ok('openssl', ...args)
const arnOf = (id: string) => `arn:aws:kms:us-east-1:${ACCOUNT}:key/${id}`

describe('signatures', () => {
  test(
    'are verified offline by OpenSSL: of a message, and of a file too large for KMS',
    async () => {
      await sh.write('large.bin', Buffer.alloc(1_000_000, 'large'))
      await openssl('dgst', '-sha384', '-binary', '-out', 'large.sha384', 'large.bin')
      for (const [spec, algorithm, hash, ...options] of [
        ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
        ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384', 'sha384'],
        [
          'RSA_3072',
          'RSASSA_PSS_SHA_384',
          'sha384',
          '-sigopt',
          'rsa_padding_mode:pss',
          '-sigopt',
          'rsa_pss_saltlen:48',
        ],
      ] as const) {
        const id = await createKey(spec, 'SIGN_VERIFY')
        await publicKeyOf(id, 'public.der')
        const verified = (file: string) =>
          openssl(
            ...['dgst', `-${hash}`, '-verify', 'public.der', '-keyform', 'DER', ...options],
            ...['-signature', 'signature.bin', file],
          )
        await sh.blob('signature.bin', 'Signature', ...signing('sign', id, algorithm, 'message.txt'))
        expect(await verified('message.txt')).toBe('Verified OK')
        await sh.blob('signature.bin', 'Signature', ...signing('sign', id, algorithm, 'large.sha384', 'DIGEST'))
        expect(await verified('large.bin')).toBe('Verified OK')
      }
    },
    MINUTES,
  )

  test(
    'of OpenSSL’s kinds come with the newer specs: Ed25519 and ML-DSA',
    async () => {
      const edwards = await createKey('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY')
      await publicKeyOf(edwards, 'public.der')
      await sh.blob('signature.bin', 'Signature', ...signing('sign', edwards, 'ED25519_SHA_512', 'message.txt'))
      const verify = ['pkeyutl', '-verify', '-pubin', '-inkey', 'public.der', '-keyform', 'DER', '-rawin']
      expect(await openssl(...verify, '-in', 'message.txt', '-sigfile', 'signature.bin')).toBe(
        'Signature Verified Successfully',
      )

      // OpenSSL knows ML-DSA from 3.5 on.
      const lattice = await createKey('ML_DSA_65', 'SIGN_VERIFY')
      await publicKeyOf(lattice, 'public.der')
      await sh.blob('signature.bin', 'Signature', ...signing('sign', lattice, 'ML_DSA_SHAKE_256', 'message.txt'))
      const bare = (await sh.read('public.der')).subarray(-1952)
      expect(ml_dsa65.verify(await sh.read('signature.bin'), await sh.read('message.txt'), bare)).toBe(true)
      const mu = createHash('shake256', { outputLength: 64 })
      mu.update(createHash('shake256', { outputLength: 64 }).update(bare).digest()).update(Buffer.alloc(2))
      await sh.write('mu.bin', mu.update(await sh.read('message.txt')).digest())
      const check = signing('verify', lattice, 'ML_DSA_SHAKE_256', 'mu.bin', 'EXTERNAL_MU')
      expect(await sh.kms(...check, '--signature', 'fileb://signature.bin')).toMatchObject({ SignatureValid: true })
    },
    MINUTES,
  )

  test(
    'that are wrong are refused in AWS’s words',
    async () => {
      const id = await createKey('ECC_NIST_P256', 'SIGN_VERIFY')
      await sh.write('other.txt', 'another message')
      await sh.blob('signature.bin', 'Signature', ...signing('sign', id, 'ECDSA_SHA_256', 'message.txt'))
      const verify = (file: string, algorithm = 'ECDSA_SHA_256', type?: string) =>
        [...signing('verify', id, algorithm, file, type), '--signature', 'fileb://signature.bin'] as const
      expect(await sh.kms(...verify('message.txt'))).toEqual({
        KeyId: arnOf(id),
        SignatureValid: true,
        SigningAlgorithm: 'ECDSA_SHA_256',
      })
      expect(await sh.refusal(...verify('other.txt'))).toBe(
        'An error occurred (KMSInvalidSignatureException) when calling the Verify operation: ',
      )
      expect(await sh.refusal(...verify('other.txt', 'ECDSA_SHA_256', 'DIGEST'))).toBe(
        'An error occurred (ValidationException) when calling the Verify operation: Digest is invalid length for algorithm ECDSA_SHA_256.',
      )
      expect(await sh.refusal(...verify('message.txt', 'ECDSA_SHA_384'))).toBe(
        'An error occurred (InvalidKeyUsageException) when calling the Verify operation: Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.',
      )
      expect(await sh.refusal(...verify('message.txt'), '--dry-run')).toBe(
        'An error occurred (DryRunOperationException) when calling the Verify operation: The request would have succeeded, but the DryRun option is set.',
      )
    },
    MINUTES,
  )
})

describe('public keys', () => {
  test(
    'encrypt outside of AWS what KMS decrypts',
    async () => {
      const id = await createKey('RSA_2048', 'ENCRYPT_DECRYPT')
      await sh.kms('create-alias', '--alias-name', 'alias/inbox', '--target-key-id', id)
      await publicKeyOf('alias/inbox', 'public.der')
      const hash = ['-pkeyopt', 'rsa_oaep_md:sha256', '-pkeyopt', 'rsa_mgf1_md:sha256']
      await openssl(
        ...['pkeyutl', '-encrypt', '-pubin', '-inkey', 'public.der', '-keyform', 'DER', '-in', 'message.txt'],
        ...['-out', 'sealed.bin', '-pkeyopt', 'rsa_padding_mode:oaep', ...hash],
      )
      const decrypt = ['decrypt', '--ciphertext-blob', 'fileb://sealed.bin', '--encryption-algorithm']
      await sh.blob('back.txt', 'Plaintext', ...decrypt, 'RSAES_OAEP_SHA_256', '--key-id', 'alias/inbox')
      expect(await sh.read('back.txt')).toEqual(await sh.read('message.txt'))

      expect(await sh.refusal(...decrypt, 'RSAES_OAEP_SHA_1', '--key-id', id)).toBe(
        'An error occurred (InvalidCiphertextException) when calling the Decrypt operation: ',
      )
      expect(await sh.refusal(...decrypt, 'RSAES_OAEP_SHA_256')).toBe(
        'An error occurred (ValidationException) when calling the Decrypt operation: KeyId must not be null',
      )
      await sh.write('long.txt', 'x'.repeat(191))
      const encrypt = ['encrypt', '--key-id', id, '--plaintext', 'fileb://long.txt', '--encryption-algorithm']
      expect(await sh.refusal(...encrypt, 'RSAES_OAEP_SHA_256')).toBe(
        'An error occurred (ValidationException) when calling the Encrypt operation: Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.',
      )
    },
    MINUTES,
  )

  test(
    'agree on a secret with a key pair of OpenSSL',
    async () => {
      const id = await createKey('ECC_NIST_P384', 'KEY_AGREEMENT')
      await publicKeyOf(id, 'kms.der')
      await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384', '-out', 'mine.pem')
      await openssl('pkey', '-in', 'mine.pem', '-pubout', '-outform', 'DER', '-out', 'mine.der')
      const peer = ['-peerkey', 'kms.der', '-peerform', 'DER']
      await openssl('pkeyutl', '-derive', '-inkey', 'mine.pem', ...peer, '-out', 'mine.secret')
      const derive = ['derive-shared-secret', '--key-id', id, '--key-agreement-algorithm', 'ECDH', '--public-key']
      await sh.blob('kms.secret', 'SharedSecret', ...derive, 'fileb://mine.der')
      expect(await sh.read('kms.secret')).toEqual(await sh.read('mine.secret'))
      expect(await sh.read('kms.secret')).toHaveLength(48)
      expect(await sh.refusal(...derive, 'fileb://message.txt')).toBe(
        'An error occurred (ValidationException) when calling the DeriveSharedSecret operation: ',
      )
    },
    MINUTES,
  )
})

test(
  'data key pairs are OpenSSL’s to use, and their private keys come back out of the ciphertext',
  async () => {
    const id = await sh.text('KeyMetadata.KeyId', 'create-key')
    const context = ['--encryption-context', 'purpose=pairs']
    for (const spec of ['RSA_2048', 'ECC_SECG_P256K1']) {
      const pair = await sh.kms('generate-data-key-pair', '--key-id', id, '--key-pair-spec', spec, ...context)
      for (const name of ['PrivateKeyPlaintext', 'PublicKey', 'PrivateKeyCiphertextBlob'])
        await sh.write(name, Buffer.from(pair[name] as string, 'base64'))
      await openssl(
        'dgst',
        '-sha256',
        '-sign',
        'PrivateKeyPlaintext',
        '-keyform',
        'DER',
        '-out',
        'signed',
        'message.txt',
      )
      const verify = [
        'dgst',
        '-sha256',
        '-verify',
        'PublicKey',
        '-keyform',
        'DER',
        '-signature',
        'signed',
        'message.txt',
      ]
      expect(await openssl(...verify)).toBe('Verified OK')
      const decrypt = ['decrypt', '--ciphertext-blob', 'fileb://PrivateKeyCiphertextBlob']
      await sh.blob('again.der', 'Plaintext', ...decrypt, ...context)
      expect(await sh.read('again.der')).toEqual(await sh.read('PrivateKeyPlaintext'))
      expect(await sh.refusal(...decrypt)).toContain('(InvalidCiphertextException)')
    }
  },
  MINUTES,
)

test(
  'MACs under an imported key are the ones that OpenSSL makes',
  async () => {
    const id = await createKey('HMAC_256', 'GENERATE_VERIFY_MAC', '--origin', 'EXTERNAL')
    const wrapping = ['--wrapping-algorithm', 'RSAES_OAEP_SHA_256', '--wrapping-key-spec', 'RSA_3072']
    const parameters = await sh.kms('get-parameters-for-import', '--key-id', id, ...wrapping)
    await sh.write('wrapping.der', Buffer.from(parameters['PublicKey'] as string, 'base64'))
    await sh.write('token.bin', Buffer.from(parameters['ImportToken'] as string, 'base64'))
    await openssl('rand', '-out', 'material.bin', '32')
    const hash = ['-pkeyopt', 'rsa_oaep_md:sha256', '-pkeyopt', 'rsa_mgf1_md:sha256']
    await openssl(
      ...['pkeyutl', '-encrypt', '-in', 'material.bin', '-out', 'wrapped.bin', '-inkey', 'wrapping.der'],
      ...['-keyform', 'DER', '-pubin', '-pkeyopt', 'rsa_padding_mode:oaep', ...hash],
    )
    const mac = ['--key-id', id, '--mac-algorithm', 'HMAC_SHA_256', '--message', 'fileb://message.txt']
    expect(await sh.refusal('generate-mac', ...mac)).toBe(
      `An error occurred (KMSInvalidStateException) when calling the GenerateMac operation: ${arnOf(id)} is pending import.`,
    )
    await sh.kms(
      ...['import-key-material', '--key-id', id, '--expiration-model', 'KEY_MATERIAL_DOES_NOT_EXPIRE'],
      ...['--encrypted-key-material', 'fileb://wrapped.bin', '--import-token', 'fileb://token.bin'],
    )
    await sh.blob('mac.bin', 'Mac', 'generate-mac', ...mac)
    const key = `hexkey:${(await sh.read('material.bin')).toString('hex')}`
    await openssl('dgst', '-sha256', '-mac', 'HMAC', '-macopt', key, '-binary', '-out', 'openssl.mac', 'message.txt')
    expect(await sh.read('mac.bin')).toEqual(await sh.read('openssl.mac'))
    expect(await sh.kms('verify-mac', ...mac, '--mac', 'fileb://openssl.mac')).toMatchObject({ MacValid: true })
    expect(await sh.refusal('verify-mac', ...mac, '--mac', 'fileb://message.txt')).toBe(
      'An error occurred (KMSInvalidMacException) when calling the VerifyMac operation: ',
    )
  },
  MINUTES,
)

const knowsKem = canRun('aws', 'kms', 'encapsulate', '--generate-cli-skeleton')
const testKem = needs(knowsKem, 'an AWS CLI that knows `kms encapsulate`')

test(
  'ML-KEM keys can be made and their public keys read by clients that do not know them',
  async () => {
    const id = await createKey('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE')
    await publicKeyOf(id, 'public.der')
    // FIPS 203: 1184 bytes, after 22 of ASN.1 (RFC 9935).
    expect(await sh.read('public.der')).toHaveLength(1184 + 22)
  },
  MINUTES,
)

testKem(
  'encapsulates and decapsulates',
  async () => {
    const id = await createKey('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE')
    const algorithm = ['--key-id', id, '--encapsulation-algorithm', 'ML_KEM']
    const made = await sh.kms('encapsulate', ...algorithm)
    await sh.write('kem.bin', Buffer.from(made['SharedSecretCiphertextBlob'] as string, 'base64'))
    const opened = ['decapsulate', ...algorithm, '--shared-secret-ciphertext-blob', 'fileb://kem.bin']
    expect(await sh.text('SharedSecret', ...opened)).toBe(made['SharedSecret'])
  },
  MINUTES,
)
