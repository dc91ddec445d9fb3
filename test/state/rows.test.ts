import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { GONE, MapRows, TreeRows } from '../../emulator/state/rows.ts'

const filled = (count: number) => {
  const rows = new MapRows<number>()
  for (let n = 0; n < count; n++) rows.set(`k${String(n).padStart(5, '0')}`, n)
  return rows
}
const move = fc.record({ at: fc.nat(6000), what: fc.constantFrom('put', 'add', 'delete'), steps: fc.nat(40) })

describe('walking rows with pauses', () => {
  it('of a tree shows what was there when the walk began, and the tree goes on unharmed', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 10, 200, 5000), fc.array(move, { maxLength: 400 }), (count, moves) => {
        const rows = new TreeRows(filled(count))
        const before = [...rows.entries()]
        const model = new Map(before)
        const walk = rows.walk()
        const seen: [string, number][] = []
        const step = () => {
          const next = walk.next()
          if (next.done !== true) seen.push([...next.value])
          return next.done !== true
        }
        step()
        for (const { at, what, steps } of moves) {
          const id = `k${String(at).padStart(5, '0')}${what === 'add' ? '+' : ''}`
          if (what !== 'delete') {
            rows.set(id, -at)
            model.set(id, -at)
          } else if (model.delete(id)) {
            rows.delete(id)
          }
          for (let n = 0; n < steps && step(); n++);
        }
        while (step());
        expect(seen).toEqual(before)
        expect([...rows.entries()]).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)))
        expect(rows.size).toBe(model.size)
      }),
      { numRuns: 60 },
    )
  })

  it('of a map shows every row that stays, and ends though rows keep coming', () => {
    const rows = filled(1000)
    const seen = new Map<string, number>()
    let added = 0
    for (const [id, value] of rows.walk()) {
      seen.set(id, value)
      rows.set(`new${String(added++)}`, 1)
      const gone = `k${String(added * 3).padStart(5, '0')}`
      if (rows.get(gone) !== undefined) {
        rows.delete(gone)
        rows.settle(gone)
      }
    }
    expect(added).toBeLessThanOrEqual(1000)
    for (const [id, value] of rows.entries()) if (id.startsWith('k')) expect([id, seen.get(id)]).toEqual([id, value])
  })
})

describe('a deleted row of a map', () => {
  it('keeps its place until the deletion is settled', () => {
    const rows = filled(3)
    const place = rows.peek('k00001')
    rows.delete('k00001')
    expect([rows.size, rows.get('k00001'), rows.peek('k00001')]).toEqual([2, undefined, GONE])
    rows.restore('k00001', place)
    expect([...rows.entries()].map(([id]) => id)).toEqual(['k00000', 'k00001', 'k00002'])
    rows.delete('k00001')
    rows.settle('k00001')
    rows.settle('k00002')
    expect([rows.size, rows.peek('k00001')]).toEqual([2, undefined])
  })
})

describe('a tree', () => {
  it('orders what it takes over', () => {
    const rows = new MapRows<number>()
    for (const id of ['b', 'a', 'c']) rows.set(id, 1)
    expect([...new TreeRows(rows).entries()].map(([id]) => id)).toEqual(['a', 'b', 'c'])
  })
})
