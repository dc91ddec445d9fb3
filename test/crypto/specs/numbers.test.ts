import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { bigintOf, bytesOf, derInteger, readDerInteger } from '../../../emulator/crypto/specs/numbers.ts'
import { hex } from '../keys.ts'

const number = fc.bigInt(0n, 2n ** 256n - 1n)
const read = (digits: string) => readDerInteger(hex(digits), 0, digits.length / 2)?.value

describe('big-endian numbers', () => {
  it('are read as hexadecimal digits are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), (bytes) => {
        expect(bigintOf(Buffer.from(bytes))).toBe(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
      }),
    )
    expect(bigintOf(Buffer.alloc(0))).toBe(0n)
  })

  it('are written as hexadecimal digits are', () => {
    fc.assert(
      fc.property(number, (value) => {
        expect(bytesOf(value, 32).toString('hex')).toBe(value.toString(16).padStart(64, '0'))
      }),
    )
  })

  it('are the same after DER', () => {
    fc.assert(
      fc.property(number, (value) => {
        const bytes = derInteger(value, 32)
        expect(readDerInteger(bytes, 0, bytes.length)).toEqual({ start: 2, end: bytes.length, value })
      }),
    )
  })

  it.each([
    [0n, '020100'],
    [1n, '020101'],
    [127n, '02017f'],
    [128n, '02020080'],
    [256n, '02020100'],
    [2n ** 256n - 1n, '022100' + 'ff'.repeat(32)],
  ])('%d is DER %s', (value, digits) => {
    expect(derInteger(value, 32).toString('hex')).toBe(digits)
    expect(read(digits)).toBe(value)
  })

  it.each([
    ['negative', '0201ff'],
    ['longer than it need be', '02020001'],
    ['zero in two bytes', '02020000'],
    ['empty', '0200'],
    ['cut short', '020201'],
    ['no INTEGER', '040101'],
  ])('are not read when %s', (_, digits) => {
    expect(read(digits)).toBeUndefined()
  })
})
