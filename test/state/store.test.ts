import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { StateDocument } from '../../emulator/state/store.ts'
import { ITEMS, SECRETS, SORTED, bothStores, ids } from './bothStores.ts'
import type { Item } from './bothStores.ts'

describe.each(bothStores())('a store of %s', (_, fresh) => {
  it('keeps, replaces and forgets records', async () => {
    const store = await fresh()
    const items = store.collection(ITEMS).in('111122223333', 'us-east-1')
    expect(items.get('a')).toBeUndefined()
    expect(items.has('a')).toBe(false)
    expect(items.size).toBe(0)
    items.put('a', { n: 1 })
    items.put('a', { n: 2 })
    items.put('b', { n: 3 })
    expect(items.get('a')).toEqual({ n: 2 })
    expect(items.size).toBe(2)
    items.delete('a')
    items.delete('never')
    expect(items.has('a')).toBe(false)
    expect([...items.entries()]).toEqual([['b', { n: 3 }]])
    await store.close()
  })

  it('keeps accounts and regions apart', async () => {
    const store = await fresh()
    const items = store.collection(ITEMS)
    const secrets = store.collection(SECRETS)
    items.in('111122223333', 'us-east-1').put('a', { n: 1 })
    items.in('111122223333', 'eu-west-1').put('a', { n: 2 })
    items.in('444455556666', 'us-east-1').put('a', { n: 3 })
    secrets.in('111122223333', 'ignored').put('a', 'x')
    expect(items.in('111122223333', 'eu-west-1').get('a')).toEqual({ n: 2 })
    expect(items.in('444455556666', 'eu-west-1').get('a')).toBeUndefined()
    expect(secrets.in('111122223333').get('a')).toBe('x')
    expect([...items.all()]).toEqual([
      { account: '111122223333', region: 'us-east-1', id: 'a', record: { n: 1 } },
      { account: '111122223333', region: 'eu-west-1', id: 'a', record: { n: 2 } },
      { account: '444455556666', region: 'us-east-1', id: 'a', record: { n: 3 } },
    ])
    items.in('444455556666', 'eu-west-1').put('gone', { n: 4 })
    items.in('444455556666', 'eu-west-1').delete('gone')
    expect([...items.scopes()]).toEqual([
      { account: '111122223333', region: 'us-east-1', size: 1 },
      { account: '111122223333', region: 'eu-west-1', size: 1 },
      { account: '444455556666', region: 'us-east-1', size: 1 },
    ])
    expect([...secrets.scopes()]).toEqual([{ account: '111122223333', region: '', size: 1 }])
    expect(() => items.in('111122223333')).toThrow('collection `test.items` is kept per account and region')
    expect(() => secrets.in()).toThrow('collection `test.secrets` is kept per account')
    await store.close()
  })

  it('makes no table by looking for one', async () => {
    const store = await fresh()
    const items = store.collection(ITEMS)
    const early = items.in('111122223333', 'us-east-1')
    expect(early.size + early.count('color', 'red')).toBe(0)
    expect([...early.find('color', 'red'), ...early.entries()]).toEqual([])
    items.in('111122223333', 'us-east-1').put('a', { color: 'red' })
    expect(early.size).toBe(1)
    expect(early.count('color', 'red')).toBe(1)
    await store.close()
  })

  it('refuses what the program got wrong', async () => {
    const store = await fresh()
    const items = store.collection(ITEMS).in('1', 'r')
    expect(() => store.collection(ITEMS)).toThrow('collection `test.items` is declared twice')
    expect(() => {
      items.put('a', undefined as unknown as Item)
    }).toThrow('a record cannot be undefined')
    expect(() => items.entries({ prefix: 'a' })).toThrow('collection `test.items` is not ordered and has no ranges')
    items.put('a', {})
    expect(() => [...items.find('size', 'x')]).toThrow('no index `size` was declared')
    expect(() => store.transaction(() => Promise.resolve())).toThrow('a transaction must be synchronous')
    expect(() => {
      store.transaction(() => {
        store.reset()
      })
    }).toThrow('not within a transaction')
    await store.close()
  })

  it('takes ids that objects know already', async () => {
    const store = await fresh()
    const items = store.collection(ITEMS).in('1', 'r')
    const names = ['__proto__', 'constructor', '', 'a"b\\', 'line\nbreak', '\u2028', '\ud800', '10', '9']
    for (const name of names) items.put(name, { color: name })
    expect(ids(items.entries())).toEqual(names)
    for (const name of names) expect(ids(items.find('color', name))).toEqual([name])
    const copy: unknown = JSON.parse(JSON.stringify(store.export({ secrets: true })))
    store.import(copy as StateDocument)
    expect(ids(items.entries()).sort()).toEqual([...names].sort())
    await store.close()
  })

  describe('order', () => {
    it('is that of insertion, and an overwritten record keeps its place', async () => {
      const store = await fresh()
      const items = store.collection(ITEMS).in('1', 'r')
      for (const id of ['c', 'a', 'b']) items.put(id, {})
      items.put('a', { n: 1 })
      expect(ids(items.entries())).toEqual(['c', 'a', 'b'])
      items.delete('c')
      items.put('c', {})
      expect(ids(items.entries())).toEqual(['a', 'b', 'c'])
      await store.close()
    })

    it('is that of code units when the collection is ordered', async () => {
      const store = await fresh()
      const sorted = store.collection(SORTED).in()
      const names = ['b/2', 'a', 'b/10', 'B', 'é', 'b', 'b0', '😀', '\uffff', 'b/']
      for (const name of names) sorted.put(name, {})
      const inOrder = [...names].sort()
      expect(ids(sorted.entries())).toEqual(inOrder)
      expect(ids(sorted.entries({ prefix: 'b/' }))).toEqual(['b/', 'b/10', 'b/2'])
      expect(ids(sorted.entries({ prefix: 'b/', after: 'b/' }))).toEqual(['b/10', 'b/2'])
      expect(ids(sorted.entries({ prefix: 'b/', from: 'b/11' }))).toEqual(['b/2'])
      expect(ids(sorted.entries({ after: 'b0', from: 'a' }))).toEqual(inOrder.slice(inOrder.indexOf('b0') + 1))
      expect(ids(sorted.entries({ prefix: 'b', after: 'a' }))).toEqual(['b', 'b/', 'b/10', 'b/2', 'b0'])
      expect(ids(sorted.entries({ prefix: 'b', after: 'z' }))).toEqual([])
      expect(ids(sorted.entries({ prefix: 'nothing' }))).toEqual([])
      await store.close()
    })

    it('is kept by an index that says so, whatever is undone', async () => {
      const store = await fresh()
      const sorted = store.collection(SORTED).in()
      for (const name of ['c', 'a', 'd', 'b']) sorted.put(name, { tags: ['t', name], color: 'red' })
      expect(ids(sorted.find('tag', 't'))).toEqual(['a', 'b', 'c', 'd'])
      expect(ids(sorted.find('tag', 't', { after: 'b' }))).toEqual(['c', 'd'])
      expect(ids(sorted.find('tag', 't', { after: 'bb' }))).toEqual(['c', 'd'])
      expect(ids(sorted.find('color', 'red'))).toEqual(['c', 'a', 'd', 'b'])
      expect(() => ids(sorted.find('color', 'red', { after: 'a' }))).toThrow('only an ordered collection has ranges')
      sorted.delete('c')
      sorted.put('a', { color: 'red' })
      expect(() =>
        store.transaction(() => {
          sorted.put('aa', { tags: ['t', 'new'] })
          sorted.delete('b')
          sorted.delete('d')
          throw new Error('undone')
        }),
      ).toThrow('undone')
      expect(ids(sorted.find('tag', 't'))).toEqual(['b', 'd'])
      expect(ids(sorted.find('tag', 'new'))).toEqual([])
      expect(sorted.count('tag', 't')).toBe(2)
      store.transaction(() => {
        sorted.delete('b')
        sorted.delete('d')
      })
      expect(ids(sorted.find('tag', 't'))).toEqual([])
      sorted.put('e', { tags: ['t'] })
      expect(ids(sorted.find('tag', 't'))).toEqual(['e'])
      await store.close()
    })

    it('holds for any ids and any range', async () => {
      const store = await fresh()
      const sorted = store.collection(SORTED).in()
      const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', '😀'), maxLength: 4 })
      fc.assert(
        fc.property(
          fc.uniqueArray(text, { maxLength: 40 }),
          fc.record({ from: text, after: text, prefix: text }, { requiredKeys: [] }),
          (names, range) => {
            store.reset()
            for (const name of names) sorted.put(name, {})
            const { from = '', after, prefix = '' } = range
            const expected = names
              .filter((name) => name >= from && (after === undefined || name > after) && name.startsWith(prefix))
              .sort()
            expect(ids(sorted.entries(range))).toEqual(expected)
          },
        ),
      )
      await store.close()
    })

    it('survives changes made while it is walked', async () => {
      const store = await fresh()
      const sorted = store.collection(SORTED).in()
      const items = store.collection(ITEMS).in('1', 'r')
      for (let n = 100; n < 400; n++) {
        sorted.put(`k${String(n)}`, { n })
        items.put(`k${String(n)}`, { n, color: 'red' })
      }
      const seen: string[] = []
      for (const [id] of sorted.entries()) {
        seen.push(id)
        sorted.delete(id)
        sorted.put(`j${id}`, {})
      }
      expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => `k${String(n + 100)}`))
      for (const [id] of items.entries()) items.delete(id)
      expect(items.size).toBe(0)
      for (const [id] of sorted.entries()) sorted.put(id, { color: 'red' })
      for (const [id] of sorted.find('color', 'red')) sorted.delete(id)
      expect(sorted.size).toBe(0)
      await store.close()
    })
  })

  describe('an index', () => {
    it('lists records under each of their keys, in the order they came there', async () => {
      const store = await fresh()
      const items = store.collection(ITEMS).in('1', 'r')
      items.put('a', { color: 'red', tags: ['x', 'y', 'x'] })
      items.put('b', { color: 'blue', tags: ['y'] })
      items.put('c', {})
      items.put('d', { color: 'red', tags: [] })
      expect(ids(items.find('color', 'red'))).toEqual(['a', 'd'])
      expect(ids(items.find('tag', 'y'))).toEqual(['a', 'b'])
      expect([items.count('tag', 'x'), items.count('tag', 'y'), items.count('tag', 'z')]).toEqual([1, 2, 0])
      items.put('a', { color: 'red', tags: ['y'] })
      expect(ids(items.find('color', 'red'))).toEqual(['a', 'd'])
      expect(items.count('tag', 'x')).toBe(0)
      items.put('a', { color: 'blue' })
      expect(ids(items.find('color', 'blue'))).toEqual(['b', 'a'])
      expect([...items.find('color', 'red')]).toEqual([['d', { color: 'red', tags: [] }]])
      items.delete('b')
      expect(ids(items.find('color', 'blue'))).toEqual(['a'])
      expect(items.count('tag', 'y')).toBe(0)
      await store.close()
    })
  })

  describe('a transaction', () => {
    it('sees its own writes and answers what the work answers', async () => {
      const store = await fresh()
      const items = store.collection(ITEMS).in('1', 'r')
      const answer = store.transaction(() => {
        items.put('a', { color: 'red' })
        items.put('b', { color: 'red' })
        items.delete('a')
        return [items.size, items.count('color', 'red'), items.has('a'), ids(items.entries())]
      })
      expect(answer).toEqual([1, 1, false, ['b']])
      await store.close()
    })

    it('is undone when it throws, and throws the same', async () => {
      const store = await fresh()
      const items = store.collection(ITEMS).in('1', 'r')
      items.put('a', { color: 'red' })
      items.put('b', { color: 'red' })
      const before = JSON.stringify(store.export({ secrets: true }))
      const failure = new Error('no')
      const work = () => {
        items.delete('a')
        items.put('b', { color: 'blue' })
        items.put('c', { color: 'red' })
        items.put('a', { color: 'green' })
        throw failure
      }
      expect(() => {
        store.transaction(work)
      }).toThrow(failure)
      expect(JSON.stringify(store.export({ secrets: true }))).toBe(before)
      expect(ids(items.find('color', 'red'))).toEqual(['a', 'b'])
      expect(items.count('color', 'blue') + items.count('color', 'green')).toBe(0)
      await store.close()
    })

    it('joins the one around it; caught inside, only the inner part is undone', async () => {
      const store = await fresh()
      const items = store.collection(ITEMS).in('1', 'r')
      store.transaction(() => {
        items.put('outer', {})
        expect(() => {
          store.transaction(() => {
            items.put('inner', {})
            items.delete('outer')
            throw new Error('inner')
          })
        }).toThrow('inner')
        store.transaction(() => {
          items.put('second', {})
        })
      })
      expect(ids(items.entries())).toEqual(['outer', 'second'])
      expect(() => {
        store.transaction(() => {
          store.transaction(() => {
            items.put('third', {})
          })
          throw new Error('outer')
        })
      }).toThrow('outer')
      expect(ids(items.entries())).toEqual(['outer', 'second'])
      await store.close()
    })

    it('leaves exactly what a simple model says, whatever it does', async () => {
      const store = await fresh()
      const tables = [store.collection(ITEMS).in('1', 'r'), store.collection(SORTED).in()] as const
      const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
      const item = fc.record(
        {
          color: fc.constantFrom('red', 'blue'),
          tags: fc.subarray(['x', 'y', 'z']),
        },
        { requiredKeys: [] },
      )
      const step = fc.oneof(fc.record({ id, item }), fc.record({ id }))
      const scenario = fc.array(fc.record({ steps: fc.array(step, { maxLength: 6 }), fails: fc.boolean() }), {
        maxLength: 8,
      })
      const look = (n: 0 | 1) => [
        [...tables[n].entries()],
        tables[n].size,
        ['red', 'blue'].map((key) => [ids(tables[n].find('color', key)), tables[n].count('color', key)]),
        ['x', 'y', 'z'].map((key) => [ids(tables[n].find('tag', key)), tables[n].count('tag', key)]),
      ]
      fc.assert(
        fc.property(scenario, (transactions) => {
          store.reset()
          const model = new Map<string, Item>()
          for (const { steps, fails } of transactions) {
            const before = JSON.stringify([look(0), look(1)])
            try {
              store.transaction(() => {
                for (const one of steps) {
                  for (const table of tables) {
                    if ('item' in one) table.put(one.id, one.item)
                    else table.delete(one.id)
                  }
                }
                if (fails) throw new Error('expected')
              })
              for (const one of steps) {
                if ('item' in one) model.set(one.id, one.item)
                else model.delete(one.id)
              }
            } catch (error) {
              if (!(error instanceof Error) || error.message !== 'expected') throw error
              expect(JSON.stringify([look(0), look(1)])).toBe(before)
            }
          }
          const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
          expect([...tables[0].entries()].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(expected)
          expect([...tables[1].entries()]).toEqual(expected)
          for (const table of tables) {
            for (const color of ['red', 'blue']) {
              const listed = expected.filter(([, one]) => one.color === color).map(([one]) => one)
              expect(ids(table.find('color', color)).sort()).toEqual(listed)
              expect(table.count('color', color)).toBe(listed.length)
            }
          }
        }),
        { numRuns: 150 },
      )
      await store.close()
    })
  })

  it('takes no writes once closed', async () => {
    const store = await fresh()
    const items = store.collection(ITEMS).in('1', 'r')
    await store.close()
    await store.close()
    expect(() => {
      items.put('a', {})
    }).toThrow('the store is closed')
    expect(items.size).toBe(0)
    expect(store.durable()).toBeUndefined()
  })
})
