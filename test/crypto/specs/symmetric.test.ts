import { describe, expect, it } from '@jest/globals'
import { acceptMaterial, generateMaterial, mac, publicKeyOf } from '../../../emulator/crypto/keyMaterial.ts'
import { secretOf } from '../../../emulator/crypto/material.ts'
import type { SecretBytes } from '../../../emulator/crypto/types.ts'
import { bytesOf, hex } from '../keys.ts'
import { describeWithOpenssl, openssl } from '../openssl.ts'

const HMACS = [
  { spec: 'HMAC_224', algorithm: 'HMAC_SHA_224', length: 28 },
  { spec: 'HMAC_256', algorithm: 'HMAC_SHA_256', length: 32 },
  { spec: 'HMAC_384', algorithm: 'HMAC_SHA_384', length: 48 },
  { spec: 'HMAC_512', algorithm: 'HMAC_SHA_512', length: 64 },
] as const
const make = (spec: 'SYMMETRIC_DEFAULT' | (typeof HMACS)[number]['spec']) => generateMaterial(spec) as SecretBytes

describe('SYMMETRIC_DEFAULT', () => {
  it('is 32 bytes, at once and never the same', () => {
    expect(make('SYMMETRIC_DEFAULT')).toHaveLength(32)
    expect(make('SYMMETRIC_DEFAULT').equals(make('SYMMETRIC_DEFAULT'))).toBe(false)
  })

  it('comes from outside as exactly 32 bytes', () => {
    const bytes = Buffer.alloc(32, 0x41)
    expect(bytesOf(acceptMaterial('SYMMETRIC_DEFAULT', bytes)!)).toEqual(bytes)
    for (const length of [0, 16, 31, 33, 64]) {
      expect(acceptMaterial('SYMMETRIC_DEFAULT', Buffer.alloc(length))).toBeUndefined()
    }
  })
})

describe.each(HMACS)('$spec', ({ spec, algorithm, length }) => {
  it('is as long as the digest, at once and never the same', () => {
    expect(make(spec)).toHaveLength(length)
    expect(make(spec).equals(make(spec))).toBe(false)
    expect(() => publicKeyOf(spec, make(spec))).toThrow(TypeError)
  })

  it('comes from outside with up to 128 bytes', () => {
    for (const good of [length, length + 1, 127, 128]) {
      expect(acceptMaterial(spec, Buffer.alloc(good, 7))).toHaveLength(good)
    }
    // captures-kms-iam §5.3: one byte less than the digest is refused.
    for (const bad of [0, length - 1, 129]) expect(acceptMaterial(spec, Buffer.alloc(bad, 7))).toBeUndefined()
  })

  it('gives the same MAC of a length of its own', () => {
    const material = make(spec)
    const made = mac(algorithm, material, Buffer.from('m'))
    expect(made).toHaveLength(length)
    expect(mac(algorithm, material, Buffer.from('m'))).toEqual(made)
    expect(mac(algorithm, material, Buffer.from('n'))).not.toEqual(made)
  })
})

describe('HMAC', () => {
  // RFC 4231, test cases 2 and 4.
  it.each([
    [
      Buffer.from('Jefe'),
      Buffer.from('what do ya want for nothing?'),
      [
        'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44',
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
        'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
        '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
          '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
      ],
    ],
    [
      hex('0102030405060708090a0b0c0d0e0f10111213141516171819'),
      Buffer.alloc(50, 0xcd),
      [
        '6c11506874013cac6a2abc1bb382627cec6a90d86efc012de7afec5a',
        '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
        '3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb',
        'b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db' +
          'a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd',
      ],
    ],
  ])('is RFC 4231’s', (key, message, expected) => {
    const material = secretOf(key)
    const made = HMACS.map(({ algorithm }) => mac(algorithm, material, message).toString('hex'))
    expect(made).toEqual(expected)
  })

  it('knows no other algorithm', () => {
    expect(() => mac('HMAC_SHA_1', make('HMAC_256'), Buffer.alloc(1))).toThrow(TypeError)
  })
})

describeWithOpenssl('HMAC and OpenSSL', () => {
  it.each(HMACS)('come to the same $algorithm', ({ spec, algorithm }) => {
    const key = bytesOf(make(spec)).toString('hex')
    const hash = `-${algorithm.slice('HMAC_'.length).replace('_', '').toLowerCase()}`
    const message = Buffer.from('a message of no importance')
    const theirs = openssl('dgst', hash, '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary', message)
    expect(mac(algorithm, secretOf(hex(key)), message)).toEqual(theirs)
  })
})
