import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeContext } from '../../emulator/crypto/context.ts'

const contexts = fc.dictionary(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 6 }))
const samePairs = (a: Record<string, string>, b: Record<string, string>) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())

describe('the canonical encryption context', () => {
  it('tells apart pairs that look alike when glued together', () => {
    const alike: Record<string, string>[] = [
      { a: 'bc' },
      { ab: 'c' },
      { abc: '' },
      { '': 'abc' },
      { a: 'b', c: '' },
      { a: 'b', '': 'c' },
      {},
      { '': '' },
    ]
    const encoded = alike.map((context) => encodeContext(context).toString('hex'))
    expect(new Set(encoded).size).toBe(alike.length)
  })

  it('does not depend on the order of the pairs', () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const reversed = Object.fromEntries(Object.entries(context).reverse())
        expect(encodeContext(reversed)).toEqual(encodeContext(context))
      }),
    )
  })

  it('is the same for the same pairs only', () => {
    const short = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'A', '\u0000', '\u0001', '\u0000a')
    const small = fc.dictionary(short, short, { maxKeys: 3 })
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(encodeContext(a).equals(encodeContext(b))).toBe(samePairs(a, b))
      }),
      { numRuns: 2000 },
    )
  })

  it('tells lone surrogates apart, which UTF-8 would not', () => {
    expect(encodeContext({ k: '\ud800' })).not.toEqual(encodeContext({ k: '\ud801' }))
    expect(encodeContext({ k: '\ud800' })).not.toEqual(encodeContext({ k: '\ufffd' }))
  })

  it('takes names that objects already know', () => {
    const context = Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(encodeContext(context)).not.toEqual(encodeContext({ constructor: 'y' }))
  })

  it('has a fixed form: every blob ever written depends on it', () => {
    expect(encodeContext({ b: 'é', a: '' }).toString('hex')).toBe(
      '00000200' + '00000100' + '6100' + '00000000' + '00000100' + '6200' + '00000100' + 'e900',
    )
  })
})
