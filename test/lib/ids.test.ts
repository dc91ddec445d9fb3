import { describe, expect, it } from '@jest/globals'
import { createIds } from '../../emulator/lib/ids.ts'

describe('ids', () => {
  it('gives the same identifiers in the same order for the same seed', () => {
    const take = (seed: string) => {
      const ids = createIds(seed)
      return [ids.uuid(), ids.hex(7), ids.base32(17), ids.bytes(40).toString('hex')]
    }
    expect(take('a')).toEqual(take('a'))
    expect(take('a')).not.toEqual(take('b'))
  })

  it.each([[undefined], ['seed']])('has the shapes that AWS uses (seed %s)', (seed) => {
    const ids = createIds(seed)
    for (let round = 0; round < 1000; round++) {
      expect(ids.uuid()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    }
    expect(ids.hex(63)).toMatch(/^[\da-f]{63}$/)
    expect(ids.base32(17)).toMatch(/^[A-Z2-7]{17}$/)
    expect(ids.bytes(10_000)).toHaveLength(10_000)
  })

  it('does not hand out the same bytes twice', () => {
    const ids = createIds()
    const seen = new Set(Array.from({ length: 5000 }, () => ids.uuid()))
    expect(seen.size).toBe(5000)
  })

  it('keeps what it handed out unchanged', () => {
    const ids = createIds()
    const first = ids.bytes(16)
    const copy = Buffer.from(first)
    for (let round = 0; round < 1000; round++) ids.bytes(16)
    expect(first).toEqual(copy)
  })
})
