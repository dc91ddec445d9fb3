import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateKeyCommand,
  GenerateMacCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  type AlgorithmSpec,
  type CreateKeyCommandInput,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'

/*
 * Key material made and wrapped by OpenSSL, with the commands of AWS's guide: nothing of the emulator's own takes part in what it is
 * to unwrap.
 */
const hasOpenssl = canRun('openssl', 'version')
const test = needs(hasOpenssl, 'OpenSSL')
const testCli = needs(hasOpenssl && canRun('aws', '--version'), 'the AWS CLI or OpenSSL')

let twokey: TestEmulator
let folder: string
beforeAll(async () => {
  twokey = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'twokey-import-'))
})
afterAll(async () => {
  await twokey.stop()
  await rm(folder, { recursive: true })
})

async function command(program: string, args: readonly string[]): Promise<string> {
  const ran = await run(program, args, { cwd: folder, env: awsEnvironment(twokey.url, rootOf(ACCOUNT)) })
  expect(`${String(ran.status)} ${ran.status === 0 ? '' : ran.stderr}`.trim()).toBe('0')
  return ran.stdout.trim()
}
const openssl = (...args: readonly string[]) => command('openssl', args)
const file = (name: string) => join(folder, name)

/** OAEP under `public.der`; OpenSSL takes SHA-1 where it is told nothing. */
const encryptOaep = (from: string, to: string, hash: string) =>
  openssl(
    ...['pkeyutl', '-encrypt', '-in', from, '-out', to, '-inkey', 'public.der', '-keyform', 'DER', '-pubin'],
    ...['-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', `rsa_oaep_md:${hash}`, '-pkeyopt', `rsa_mgf1_md:${hash}`],
  )

async function wrapMaterial(algorithm: string): Promise<Buffer> {
  if (algorithm === 'SM2PKE') {
    await openssl('pkey', '-pubin', '-inform', 'DER', '-in', 'public.der', '-out', 'public.pem')
    await openssl('pkeyutl', '-encrypt', '-in', 'material.bin', '-out', 'wrapped.bin', '-inkey', 'public.pem', '-pubin')
    return readFile(file('wrapped.bin'))
  }
  const hash = algorithm.endsWith('256') ? 'sha256' : 'sha1'
  if (!algorithm.startsWith('RSA_AES')) {
    await encryptOaep('material.bin', 'wrapped.bin', hash)
    return readFile(file('wrapped.bin'))
  }
  await openssl('rand', '-out', 'aes.bin', '32')
  const key = (await readFile(file('aes.bin'))).toString('hex')
  await openssl(
    ...['enc', '-id-aes256-wrap-pad', '-iv', 'A65959A6', '-K', key, '-in', 'material.bin', '-out', 'aes-wrapped.bin'],
  )
  await encryptOaep('aes.bin', 'rsa-wrapped.bin', hash)
  return Buffer.concat([await readFile(file('rsa-wrapped.bin')), await readFile(file('aes-wrapped.bin'))])
}

/** Imports `material.bin` into a new key with the SDK. */
async function importWith(
  key: CreateKeyCommandInput,
  WrappingAlgorithm: AlgorithmSpec,
  WrappingKeySpec: WrappingKeySpec = 'RSA_3072',
  region = 'us-east-1',
) {
  const client = twokey.client(KMSClient, { region })
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ ...key, Origin: 'EXTERNAL' }))
  const KeyId = KeyMetadata?.KeyId
  const parameters = await client.send(new GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }))
  await writeFile(file('public.der'), parameters.PublicKey ?? new Uint8Array())
  await client.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: await wrapMaterial(WrappingAlgorithm),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    }),
  )
  return { KeyId, client }
}

describe('material that OpenSSL wrapped', () => {
  test('arrives in an HMAC key by either OAEP', async () => {
    for (const algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const) {
      const bytes = randomBytes(50)
      await writeFile(file('material.bin'), bytes)
      const key = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
      const { KeyId, client } = await importWith(key, algorithm)
      const Message = Buffer.from('message')
      const { Mac } = await client.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }))
      expect(Buffer.from(Mac ?? [])).toEqual(createHmac('sha256', bytes).update(Message).digest())
    }
  })

  test('arrives in an HMAC key of a China Region by SM2', async () => {
    const bytes = randomBytes(32)
    await writeFile(file('material.bin'), bytes)
    const key = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
    const { KeyId, client } = await importWith(key, 'SM2PKE', 'SM2', 'cn-north-1')
    const Message = Buffer.from('message')
    const { Mac } = await client.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }))
    expect(Buffer.from(Mac ?? [])).toEqual(createHmac('sha256', bytes).update(Message).digest())
  })

  test('arrives in RSA and elliptic curve keys by AES key wrap', async () => {
    for (const [KeySpec, algorithm, generate] of [
      ['RSA_2048', 'RSA_AES_KEY_WRAP_SHA_256', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
      ['ECC_NIST_P521', 'RSA_AES_KEY_WRAP_SHA_1', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
      ['ECC_NIST_EDWARDS25519', 'RSA_AES_KEY_WRAP_SHA_256', ['-algorithm', 'ED25519']],
    ] as const) {
      await openssl('genpkey', ...generate, '-out', 'pair.pem')
      await openssl('pkcs8', '-topk8', '-nocrypt', '-outform', 'DER', '-in', 'pair.pem', '-out', 'material.bin')
      await openssl('pkey', '-in', 'pair.pem', '-pubout', '-outform', 'DER', '-out', 'expected.der')
      const { KeyId, client } = await importWith({ KeySpec, KeyUsage: 'SIGN_VERIFY' }, algorithm)
      const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }))
      expect(Buffer.from(PublicKey ?? [])).toEqual(await readFile(file('expected.der')))
    }
  })
})

describe('the AWS CLI', () => {
  const aws = async (...args: readonly string[]) => {
    const printed = await command('aws', ['kms', ...args, '--output', 'json'])
    return (printed === '' ? {} : JSON.parse(printed)) as Record<string, string>
  }

  testCli('brings its own key, loses it, and decrypts again once it is back', async () => {
    const created = await aws('create-key', '--origin', 'EXTERNAL', '--query', '{Id: KeyMetadata.KeyId}')
    const key = ['--key-id', created['Id'] ?? '']
    const parameters = await aws(
      ...['get-parameters-for-import', ...key],
      ...['--wrapping-algorithm', 'RSAES_OAEP_SHA_256', '--wrapping-key-spec', 'RSA_4096'],
    )
    await writeFile(file('public.der'), Buffer.from(parameters['PublicKey'] ?? '', 'base64'))
    await writeFile(file('token.bin'), Buffer.from(parameters['ImportToken'] ?? '', 'base64'))
    await openssl('rand', '-out', 'material.bin', '32')
    await writeFile(file('wrapped.bin'), await wrapMaterial('RSAES_OAEP_SHA_256'))
    const bring = () =>
      aws(
        ...['import-key-material', ...key, '--expiration-model', 'KEY_MATERIAL_DOES_NOT_EXPIRE'],
        ...['--encrypted-key-material', 'fileb://wrapped.bin', '--import-token', 'fileb://token.bin'],
      )
    const { KeyMaterialId } = await bring()

    await writeFile(file('plain.txt'), 'secret')
    const { CiphertextBlob = '' } = await aws('encrypt', ...key, '--plaintext', 'fileb://plain.txt')
    await writeFile(file('sealed.bin'), Buffer.from(CiphertextBlob, 'base64'))
    expect(await aws('delete-imported-key-material', ...key)).toMatchObject({ KeyMaterialId })
    const state = ['describe-key', ...key, '--query', '{State: KeyMetadata.KeyState}']
    expect(await aws(...state)).toEqual({ State: 'PendingImport' })

    expect(await bring()).toMatchObject({ KeyMaterialId })
    const { Plaintext = '' } = await aws('decrypt', '--ciphertext-blob', 'fileb://sealed.bin')
    expect(Buffer.from(Plaintext, 'base64').toString()).toBe('secret')
  })
})
