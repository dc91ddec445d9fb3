import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { der, derElements, derHead, readDer } from '../../emulator/crypto/der.ts'

describe('DER', () => {
  it('writes the shortest length', () => {
    expect(derHead(0x30, 0).toString('hex')).toBe('3000')
    expect(derHead(0x30, 127).toString('hex')).toBe('307f')
    expect(derHead(0x30, 128).toString('hex')).toBe('308180')
    expect(derHead(0x30, 255).toString('hex')).toBe('3081ff')
    expect(derHead(0x30, 256).toString('hex')).toBe('30820100')
    expect(derHead(0x30, 65536).toString('hex')).toBe('3083010000')
    expect(() => derHead(0x30, 2 ** 24)).toThrow(RangeError)
  })

  it('reads what it writes', () => {
    const lengths = fc.oneof(fc.nat(300), fc.constantFrom(127, 128, 255, 256, 65535, 65536, 70000))
    fc.assert(
      fc.property(lengths, fc.nat(5), (length, before) => {
        const element = der(0x04, Buffer.alloc(length))
        const bytes = Buffer.concat([Buffer.alloc(before), element])
        const span = readDer(bytes, before, bytes.length, 0x04)
        expect(span).toEqual({ start: bytes.length - length, end: bytes.length })
        expect(readDer(bytes, before, bytes.length - 1, 0x04)).toBeUndefined()
        expect(readDer(bytes, before, bytes.length, 0x05)).toBeUndefined()
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['a tag alone', '04'],
    ['the indefinite form', '04800000'],
    ['a long form for a short length', '04810100'],
    ['a leading zero in the length', '04820080' + '00'.repeat(128)],
    ['a length that is cut off', '0482'],
    ['a length beyond the end', '040500'],
    ['a length of four bytes', '048400000001ff'],
  ])('refuses %s', (_, hex) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(readDer(bytes, 0, bytes.length, 0x04)).toBeUndefined()
  })

  it('refuses an offset past the end', () => {
    expect(readDer(Buffer.from('0400', 'hex'), Infinity, 2, 0x04)).toBeUndefined()
  })

  it('lists the elements that fill a span', () => {
    const bytes = Buffer.from('ff0201050400ff', 'hex')
    expect(derElements(bytes, { start: 1, end: 6 })).toEqual([
      { tag: 0x02, start: 3, end: 4 },
      { tag: 0x04, start: 6, end: 6 },
    ])
    expect(derElements(bytes, { start: 1, end: 1 })).toEqual([])
    expect(derElements(bytes, { start: 1, end: 5 })).toBeUndefined()
    expect(derElements(bytes, { start: 1, end: 7 })).toBeUndefined()
  })
})
