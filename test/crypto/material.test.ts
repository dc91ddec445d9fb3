import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fromStored, generateSecret, revealBytes, secretOf, toStored } from '../../emulator/crypto/material.ts'

const BYTES = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex')

describe('secret bytes', () => {
  it('show their length and nothing else, however they are printed', () => {
    const secret = secretOf(BYTES)
    const printed = [
      inspect(secret),
      inspect(secret, { showHidden: true, depth: Infinity, customInspect: false }),
      inspect({ nested: [secret] }, { depth: 9 }),
      JSON.stringify(secret),
      JSON.stringify({ ...secret }),
      // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what it prints is the question
      String(secret),
      String(Reflect.ownKeys(secret)),
    ]
    for (const text of printed) {
      for (const form of ['hex', 'base64', 'latin1'] as const) {
        expect(text).not.toContain(BYTES.toString(form).slice(0, 8))
      }
      expect(text).not.toMatch(/17, ?34, ?51|11 22 33/)
    }
    expect(inspect(secret)).toBe('SecretBytes(32)')
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what it prints is the question
    expect(String(secret)).toBe('SecretBytes(32)')
    expect(JSON.stringify(secret)).toBe('{}')
  })

  it('are equal exactly when their bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const same = Buffer.from(a).equals(Buffer.from(b))
        expect(secretOf(Buffer.from(a)).equals(secretOf(Buffer.from(b)))).toBe(same)
        expect(secretOf(Buffer.from(a)).equals(secretOf(Buffer.from(a)))).toBe(true)
      }),
    )
  })

  it('keep a copy, so that the source can be cleared', () => {
    const source = Buffer.from(BYTES)
    const secret = secretOf(source)
    source.fill(0)
    expect(revealBytes(secret)).toEqual(BYTES)
    expect(secret.length).toBe(32)
  })

  it('survive the state file', () => {
    const secret = generateSecret(32)
    expect(fromStored(toStored(secret)).equals(secret)).toBe(true)
  })

  it('refuse a damaged stored form without quoting it', () => {
    expect(() => fromStored('c2VjcmV0!')).toThrow(new RangeError('stored secret is not base64'))
  })

  it('are drawn anew each time', () => {
    expect(generateSecret(32).equals(generateSecret(32))).toBe(false)
    expect(generateSecret(24).length).toBe(24)
  })

  it('cannot be imitated', () => {
    const fake = { length: 32, equals: () => true }
    expect(() => revealBytes(fake)).toThrow(TypeError)
    expect(() => secretOf(BYTES).equals(fake)).toThrow(TypeError)
  })
})
