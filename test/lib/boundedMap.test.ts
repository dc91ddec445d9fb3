import { describe, expect, it } from '@jest/globals'
import { BoundedMap } from '../../emulator/lib/boundedMap.ts'

describe('a bounded map', () => {
  it('lets go of what was put first, and of nothing when a value is replaced', () => {
    const map = new BoundedMap<number>(2)
    map.put('a', 1)
    map.put('b', 2)
    map.put('a', 3)
    expect([map.get('a'), map.get('b')]).toEqual([3, 2])
    map.put('c', 4)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 2, 4])
  })

  it('has room again for what is deleted', () => {
    const map = new BoundedMap<number>(1)
    map.put('a', 1)
    expect([map.delete('a'), map.delete('a')]).toEqual([true, false])
    map.put('b', 2)
    expect(map.get('b')).toBe(2)
    map.clear()
    expect(map.get('b')).toBeUndefined()
  })
})
