import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { envelop } from '../../emulator/crypto/cms.ts'

const dir = mkdtempSync(join(tmpdir(), 'twokey-cms-'))
const keyFile = join(dir, 'key.pem')
let publicKey: KeyObject

beforeAll(() => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  publicKey = pair.publicKey
  writeFileSync(keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
})

const openssl =
  (...args: readonly string[]) =>
  (input: Buffer) =>
    execFileSync('openssl', args, { input, stdio: 'pipe' })
const opened = openssl('cms', '-decrypt', '-binary', '-inform', 'DER', '-inkey', keyFile)

/** What KMS answered to an enclave on 2025-01-02 (github.com/yawn/ned, README): 28 bytes for a key of 2048 bits. */
const RECORDED = Buffer.from(
  '308006092a864886f70d010703a08030800201023182016b308201670201028020a5281703e7f074991fdabdc30b83edc8c3a131eecafb5ed2' +
    '1c15f9c7fc1a23f9303c06092a864886f70d010107302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d' +
    '06096086480165030402010500048201009f974f1e780788b9d30ca9cad9c1d8ec580c1eb13447bd26cd35654102d48a36dbea92e22a611920' +
    'b391a0706b0e2dfe7250d4a304301398bff3531b5a49bb0164e8aec196a7aac3ac0ae7d9bed042b632f33bc4e1718abdcf5df7a73da6003fb6' +
    'e14ae35169a444138977b3ec9b138d9bf22d834c0f37d5e63aa3fafbb88f11ffde750859dbf7cd973fb91df384fa81ea14f188f76f52b235b9' +
    '60a8bb749e0d3bfec0d43c6c0334937509e8e5183d4523bbb30f0c098578a3204fffc5d3c9830ab9409dc7aa4f675596290401c65295352232' +
    '6c7a07004e83c534be4154f7095342a445901289ecbeef8ff1b695fb0b800a2a03e5331eac38d0c4a5b284f604308006092a864886f70d0107' +
    '01301d060960864801650304012a04105aab36bcfa098ce7cde7ea47f3f51957a0800420469d82fa4b12cf68a18be23bd1ef737f1e2d15f0c8' +
    'f171477afb6c4e4000e41b00000000000000000000',
  'hex',
)

/** With zeros for what differs from message to message: recipient, encrypted key, initialization vector, contents. */
function skeleton(message: Buffer): string {
  const copy = Buffer.from(message)
  for (const [start, length] of [
    [33, 32],
    [131, 256],
    [415, 16],
    [435, 32],
  ] as const) {
    copy.fill(0, start, start + length)
  }
  return copy.toString('hex')
}

describe('CMS EnvelopedData', () => {
  it('has the recorded form, byte for byte', () => {
    expect(RECORDED).toHaveLength(477)
    expect(skeleton(RECORDED)).not.toBe(RECORDED.toString('hex'))
    expect(skeleton(envelop(publicKey, Buffer.from('hello world - goodbye world!')))).toBe(skeleton(RECORDED))
  })

  it('is opened by OpenSSL, whatever its length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const plaintext = Buffer.from(bytes)
        return opened(envelop(publicKey, plaintext)).equals(plaintext)
      }),
      { numRuns: 10 },
    )
    for (const length of [0, 15, 16, 983, 984, 999, 1000, 1001, 4096]) {
      const plaintext = Buffer.alloc(length, 7)
      expect(opened(envelop(publicKey, plaintext)).equals(plaintext)).toBe(true)
    }
  })

  it('reads as what it is', () => {
    const text = openssl('cms', '-cmsout', '-print', '-noout', '-inform', 'DER')(envelop(publicKey, Buffer.from('x')))
    expect(text.toString()).toMatch(
      /pkcs7-envelopedData[^]*ktri[^]*version: 2[^]*subjectKeyIdentifier[^]*rsaesOaep[^]*sha256[^]*mgf1[^]*sha256[^]*pkcs7-data[^]*aes-256-cbc/,
    )
  })

  it('never uses a key or vector twice', () => {
    const [one, other] = [envelop(publicKey, Buffer.alloc(16)), envelop(publicKey, Buffer.alloc(16))]
    for (const [start, end] of [
      [131, 387],
      [415, 431],
      [435, 467],
    ] as const) {
      expect(one.subarray(start, end).equals(other.subarray(start, end))).toBe(false)
    }
  })
})
