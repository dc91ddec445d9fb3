import { describe, expect, it } from '@jest/globals'
import { page, sortedAfter } from '../../../emulator/services/kms/pages.ts'

const SIZE = { usual: 2, most: 3 }
const letters = sortedAfter(['d', 'b', 'a', 'e', 'c'].map((letter) => [letter, letter.toUpperCase()] as const))

describe('page', () => {
  it('walks everything in order', () => {
    const first = page({}, SIZE, 'letters', letters)
    expect(first).toMatchObject({ items: ['A', 'B'], Truncated: true })
    const second = page({ Marker: first.NextMarker }, SIZE, 'letters', letters)
    expect(second).toMatchObject({ items: ['C', 'D'], Truncated: true })
    expect(page({ Marker: second.NextMarker }, SIZE, 'letters', letters)).toEqual({
      items: ['E'],
      Truncated: false,
      NextMarker: undefined,
    })
  })

  it('gives no more than the operation’s greatest page', () => {
    expect(page({ Limit: 1000 }, SIZE, 'letters', letters).items).toEqual(['A', 'B', 'C'])
  })

  it('is not truncated when the last entry ends it', () => {
    expect(page({ Limit: 3, Marker: page({}, SIZE, 'letters', letters).NextMarker }, SIZE, 'letters', letters)).toEqual(
      {
        items: ['C', 'D', 'E'],
        Truncated: false,
        NextMarker: undefined,
      },
    )
  })

  it('goes on where it was, even if that entry is gone', () => {
    const { NextMarker } = page({}, SIZE, 'letters', letters)
    const without = sortedAfter(['d', 'e', 'c'].map((letter) => [letter, letter] as const))
    expect(page({ Marker: NextMarker }, SIZE, 'letters', without).items).toEqual(['c', 'd'])
  })

  it.each(['', 'null', '{}', '{"l":"letters"}', '{"l":"other","a":"b"}', '[1]'])('refuses the marker of %s', (text) => {
    const Marker = Buffer.from(text).toString('base64')
    expect(() => page({ Marker }, SIZE, 'letters', letters)).toThrow(
      expect.objectContaining({ code: 'InvalidMarkerException', text: '' }),
    )
  })
})
