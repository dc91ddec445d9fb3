import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { generateMaterial, publicKeyOf } from '../../emulator/crypto/keyMaterial.ts'
import { revealBytes } from '../../emulator/crypto/material.ts'
import type { SecretBytes } from '../../emulator/crypto/types.ts'
import { unwrapMaterial, type WrapAlgorithm } from '../../emulator/crypto/wrap.ts'

let privateKey: SecretBytes
let publicKey: Buffer
beforeAll(async () => {
  privateKey = await generateMaterial('RSA_2048')
  publicKey = publicKeyOf('RSA_2048', privateKey)
})

const oaep = (bytes: Buffer, oaepHash: 'sha1' | 'sha256') => {
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes)
}

/** One block of AES-256, on which RFC 3394 and RFC 5649 are built. */
function aes(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

/** AES key wrap with padding, written from RFC 5649. */
function wrapPadded(key: Buffer, bytes: Buffer): Buffer {
  let a: Buffer = Buffer.alloc(8)
  a.write('a65959a6', 'hex')
  a.writeUInt32BE(bytes.length, 4)
  const padded = Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
  if (padded.length === 8) return aes(key, Buffer.concat([a, padded]))
  const registers: Buffer[] = Array.from({ length: padded.length / 8 }, (_, i) => padded.subarray(8 * i, 8 * i + 8))
  for (let round = 0; round < 6; round++) {
    for (const [i, register] of registers.entries()) {
      const block = aes(key, Buffer.concat([a, register]))
      a = block.subarray(0, 8)
      a.writeBigUInt64BE(a.readBigUInt64BE() ^ BigInt(registers.length * round + i + 1))
      registers[i] = block.subarray(8)
    }
  }
  return Buffer.concat([a, ...registers])
}

const open = (spec: Parameters<typeof unwrapMaterial>[0], algorithm: WrapAlgorithm, wrapped: Buffer) => {
  const material = unwrapMaterial(spec, { algorithm, keySpec: 'RSA_2048', privateKey }, wrapped)
  return material && Buffer.from(revealBytes(material)).toString('hex')
}

describe('material under RSA', () => {
  it.each([
    ['RSAES_OAEP_SHA_1', 'sha1'],
    ['RSAES_OAEP_SHA_256', 'sha256'],
  ] as const)('comes in %s', (algorithm, hash) => {
    const bytes = randomBytes(32)
    expect(open('SYMMETRIC_DEFAULT', algorithm, oaep(bytes, hash))).toBe(bytes.toString('hex'))
    expect(open('SYMMETRIC_DEFAULT', algorithm, oaep(bytes, hash === 'sha1' ? 'sha256' : 'sha1'))).toBeUndefined()
  })

  it('must be what the key spec takes', () => {
    for (const length of [31, 33]) {
      expect(open('SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256', oaep(randomBytes(length), 'sha256'))).toBeUndefined()
    }
    expect(open('RSA_2048', 'RSAES_OAEP_SHA_256', oaep(randomBytes(32), 'sha256'))).toBeUndefined()
  })

  it.each([0, 1, 255, 257, 512])('is nothing in %i bytes', (length) => {
    for (const algorithm of ['RSAES_OAEP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256'] as const) {
      expect(open('SYMMETRIC_DEFAULT', algorithm, randomBytes(length))).toBeUndefined()
    }
  })
})

describe('material under an AES key under RSA', () => {
  it.each([28, 29, 32, 33, 64, 127, 128])('comes whole, %i bytes of it', (length) => {
    const key = randomBytes(32)
    const bytes = randomBytes(length)
    const wrapped = wrapPadded(key, bytes)
    expect(open('HMAC_224', 'RSA_AES_KEY_WRAP_SHA_256', Buffer.concat([oaep(key, 'sha256'), wrapped]))).toBe(
      bytes.toString('hex'),
    )
    expect(open('HMAC_224', 'RSA_AES_KEY_WRAP_SHA_1', Buffer.concat([oaep(key, 'sha1'), wrapped]))).toBe(
      bytes.toString('hex'),
    )
  })

  it('is nothing when any bit of it was changed, or some of it is missing', () => {
    const key = randomBytes(32)
    const whole = Buffer.concat([oaep(key, 'sha256'), wrapPadded(key, randomBytes(32))])
    expect(open('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', whole)).toBeDefined()
    for (const at of [0, 255, 256, 263, whole.length - 1]) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(open('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', changed)).toBeUndefined()
    }
    for (const end of [0, 255, 256, 257, 264, whole.length - 8, whole.length - 1]) {
      expect(open('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', whole.subarray(0, end))).toBeUndefined()
    }
    const longer = Buffer.concat([whole, Buffer.alloc(8)])
    expect(open('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', longer)).toBeUndefined()
  })

  it.each([16, 24, 31, 33])('is nothing under a key of %i bytes', (length) => {
    const wrapped = Buffer.concat([oaep(randomBytes(length), 'sha256'), randomBytes(40)])
    expect(open('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', wrapped)).toBeUndefined()
  })
})
