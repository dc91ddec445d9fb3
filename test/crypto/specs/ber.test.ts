import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { endOfBer } from '../../../emulator/crypto/specs/ber.ts'
import { hex, indefinite, tlv } from '../keys.ts'

describe('the end of a BER element', () => {
  it.each([
    ['of a definite length', '3003020101', 5],
    ['of a long form for a short length', '308103020101', 6],
    ['of an open length', '30800201010000', 7],
    ['of an open length within another', '3080308002010100000000', 11],
    ['of nothing', '3000', 2],
    ['of an open length with nothing inside', '30800000', 4],
  ])('%s', (_, bytes, end) => {
    expect(endOfBer(hex(bytes))).toBe(end)
    expect(endOfBer(hex(bytes + 'ff'))).toBe(end)
    for (let length = 0; length < end; length++) expect(endOfBer(hex(bytes).subarray(0, length))).toBeUndefined()
  })

  it.each([
    ['a primitive element of an open length', '0480000000'],
    ['a tag of more than one byte', '1f0100'],
    ['a length of five bytes', '30850000000001ff'],
    ['a length beyond the end', '308400ffffff00'],
  ])('is not found for %s', (_, bytes) => {
    expect(endOfBer(hex(bytes))).toBeUndefined()
  })

  it('is not looked for in endless depths', () => {
    expect(endOfBer(Buffer.concat([Buffer.alloc(12, hex('3080')), Buffer.alloc(12)]))).toBe(24)
    expect(endOfBer(Buffer.concat([Buffer.alloc(20000, hex('3080')), Buffer.alloc(20000)]))).toBeUndefined()
  })

  it('is where DER ends, and two bytes after what an open length holds', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (contents) => {
        const der = tlv(0x30, ...contents.map((content) => tlv(0x04, Buffer.from(content))))
        expect(endOfBer(der)).toBe(der.length)
        const open = indefinite(der)
        expect(endOfBer(open)).toBe(open.length)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const end = endOfBer(Buffer.from(bytes))
        expect(end === undefined || end <= bytes.length).toBe(true)
      }),
    )
  })
})
