import { afterAll, beforeAll, expect } from '@jest/globals'
import { createPublicKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attest, pem, pki } from '../support/attestation.ts'
import { canRun, needs } from '../support/commands.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'
import { openShell, type Shell } from '../support/shell.ts'

/** A Nitro enclave's part, with the AWS CLI and OpenSSL: the plaintext is for the enclave alone. */
const test = needs(canRun('aws', '--version') && canRun('openssl', 'version'), 'the AWS CLI or OpenSSL')

const nitro = pki()
let folder: string
let twokey: TestEmulator
let sh: Shell
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twokey-enclave-'))
  await writeFile(join(folder, 'root.pem'), pem(nitro.root.der))
  twokey = await startEmulator({ nitroRoot: join(folder, 'root.pem') })
  sh = await openShell(twokey)
})
afterAll(async () => {
  await twokey.stop()
  await sh.leave()
  await rm(folder, { recursive: true })
})

test('an attested enclave opens the data key, and nobody else sees it', async () => {
  await sh.ok('openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'enclave.pem')
  await sh.write('document.bin', attest(nitro, createPublicKey(await sh.read('enclave.pem'))))
  // Without the `@` the CLI would send the file's name.
  const recipient = [
    '--recipient',
    'KeyEncryptionAlgorithm=RSAES_OAEP_SHA_256,AttestationDocument@=fileb://document.bin',
  ] as const
  const id = await sh.text('KeyMetadata.KeyId', 'create-key')

  const made = await sh.kms('generate-data-key', '--key-id', id, '--key-spec', 'AES_256', ...recipient)
  expect(made['Plaintext'] ?? '').toBe('')
  await sh.write('sealed.bin', Buffer.from(made['CiphertextBlob'] as string, 'base64'))
  await sh.write('envelope.der', Buffer.from(made['CiphertextForRecipient'] as string, 'base64'))
  const open = ['cms', '-decrypt', '-binary', '-inform', 'DER', '-inkey', 'enclave.pem', '-in', 'envelope.der'] as const
  await sh.ok('openssl', ...open, '-out', 'inside.bin')
  await sh.blob('outside.bin', 'Plaintext', 'decrypt', '--ciphertext-blob', 'fileb://sealed.bin')
  expect(await sh.read('inside.bin')).toEqual(await sh.read('outside.bin'))
  expect(await sh.read('inside.bin')).toHaveLength(32)

  const document = await sh.read('document.bin')
  document[document.length - 1] = (document[document.length - 1] ?? 0) ^ 1
  await sh.write('document.bin', document)
  expect(await sh.refusal('decrypt', '--ciphertext-blob', 'fileb://sealed.bin', ...recipient)).toContain(
    'An error occurred (ValidationException) when calling the Decrypt operation: ',
  )
}, 120_000)
