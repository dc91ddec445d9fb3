import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { StateError } from '../../emulator/state/errors.ts'
import { ITEMS, SORTED, entries, fileStores, journals, lastJournal } from './fileStores.ts'

const { crashed, directory, open } = fileStores()

describe('what is on disk', () => {
  it('is one line of JSON per transaction, there when the transaction returns', async () => {
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    store.transaction(() => {
      items.put('a', { n: 1 })
      items.put('b', { n: 2 })
      items.delete('a')
    })
    items.put('c', {})
    store.transaction(() => items.get('c'))
    const lines = readFileSync(lastJournal(dir), 'utf8').split('\n')
    expect(lines).toHaveLength(3)
    expect(JSON.parse(lines[0] ?? '')).toEqual([
      expect.stringMatching(/^[0-9a-f]{8}$/),
      [
        ['test.items', '', 'a', { n: 1 }],
        ['test.items', '', 'b', { n: 2 }],
        ['test.items', '', 'a'],
      ],
    ])
    expect(lines[2]).toBe('')
  })

  it('is, after a checkpoint, JSON with one record per line', async () => {
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    const sorted = store.collection(SORTED)
    store.collection({ name: 'test.empty', scope: 'global' })
    items.put('x', { n: 1 })
    items.put('a', { color: 'red' })
    sorted.in('111122223333').put('b', {})
    sorted.in('111122223333').put('a', {})
    sorted.in('444455556666').put('gone', {})
    sorted.in('444455556666').delete('gone')
    await store.checkpoint()
    expect(readFileSync(join(dir, 'state.json'), 'utf8')).toBe(
      [
        '{"format":"twokey-state","version":1,"journal":2,"collections":{',
        '"test.items":{',
        '"":{',
        '"x":{"n":1},',
        '"a":{"color":"red"}',
        '}',
        '},',
        '"test.sorted":{',
        '"111122223333":{',
        '"a":{},',
        '"b":{}',
        '}',
        '}',
        '}}',
        '',
      ].join('\n'),
    )
    expect(journals(dir)).toEqual(['journal-00000002.jsonl'])
    expect(statSync(lastJournal(dir)).size).toBe(0)
  })

  it('is readable by its owner only', async () => {
    const dir = join(directory(), 'data')
    const store = await open(dir)
    store.collection(ITEMS).in().put('a', {})
    await store.checkpoint()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(dir)) expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600])
  })

  it('comes back in the same order, from the journal as from the state', async () => {
    const id = fc.constantFrom('a', 'b', '10', '9', '__proto__', 'é\n"\\')
    const step = fc.oneof(fc.record({ id, n: fc.nat(9) }), fc.record({ id }))
    const scenario = fc.array(fc.oneof(fc.array(step, { maxLength: 5 }), fc.constant('checkpoint' as const)), {
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(scenario, async (moves) => {
        const dir = directory()
        const store = await open(dir)
        const tables = [store.collection(ITEMS).in(), store.collection(SORTED).in('1')]
        for (const move of moves) {
          if (move === 'checkpoint') {
            await store.checkpoint()
            continue
          }
          store.transaction(() => {
            for (const one of move) {
              for (const table of tables) {
                if ('n' in one) table.put(one.id, { n: one.n })
                else table.delete(one.id)
              }
            }
          })
        }
        const expected = tables.map((table) => [...table.entries()])
        const look = async (where: string) => {
          const again = await open(where)
          const found = [again.collection(ITEMS).in(), again.collection(SORTED).in('1')].map((table) => [
            ...table.entries(),
          ])
          await again.close()
          return found
        }
        expect(await look(crashed(dir))).toEqual(expected)
        await store.close()
        expect(await look(dir)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps collections that this run does not declare', async () => {
    const dir = directory()
    const first = await open(dir)
    first.collection(ITEMS).in().put('a', { n: 1 })
    await first.close()
    const second = await open(dir)
    second.collection(SORTED).in('1').put('b', {})
    await second.close()
    expect(entries(await open(dir))).toEqual([['a', { n: 1 }]])
  })

  it('is written by nobody else: a second emulator is refused', async () => {
    const dir = directory()
    const store = await open(dir)
    await expect(open(dir)).rejects.toThrow(
      new StateError(
        `\`${dir}\` is in use by another twokey (process ${String(process.pid)}); ` +
          'stop that one, or choose another data directory with TWOKEY_DATA_DIR',
      ),
    )
    await store.close()
    await (await open(dir)).close()
    expect(readdirSync(dir).sort()).toEqual([...journals(dir), 'state.json'])
  })

  it('needs a directory, and says which cannot be made', async () => {
    const file = join(directory(), 'file')
    writeFileSync(file, '')
    const dir = join(file, 'data')
    const opening = open(dir)
    await expect(opening).rejects.toThrow(StateError)
    await expect(opening).rejects.toThrow(
      `ENOTDIR: not a directory, mkdir '${dir}'); choose another that can be written to with TWOKEY_DATA_DIR`,
    )
    await expect(opening).rejects.toThrow(`the data directory \`${dir}\` cannot be made (`)
  })

  it('does not change when a record is not JSON', async () => {
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    expect(() => {
      items.put('a', { n: 1n as unknown as number })
    }).toThrow(TypeError)
    expect(items.size).toBe(0)
    expect(statSync(lastJournal(dir)).size).toBe(0)
  })
})

describe('a state.json that somebody else wrote', () => {
  const collections = { 'test.items': { '': { a: { color: 'red' }, b: {} } } }

  it('may be laid out by an editor', async () => {
    const dir = directory()
    const store = await open(dir)
    store.import({ format: 'twokey-state', version: 1, collections })
    await store.close()
    const path = join(dir, 'state.json')
    writeFileSync(path, JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), undefined, 2))
    const second = await open(dir)
    const items = second.collection(ITEMS).in()
    items.put('c', {})
    expect(items.count('color', 'red')).toBe(1)
    expect(entries(await open(crashed(dir)))).toHaveLength(3)
  })

  it('may be an export, which stands for itself, whatever journal lay there', async () => {
    const dir = directory()
    const store = await open(dir)
    store.collection(ITEMS).in().put('old', {})
    const copy = crashed(dir)
    writeFileSync(join(copy, 'state.json'), JSON.stringify({ format: 'twokey-state', version: 1, collections }))
    const second = await open(copy)
    const items = second.collection(ITEMS).in()
    expect([...items.entries()]).toEqual([
      ['a', { color: 'red' }],
      ['b', {}],
    ])
    items.put('c', {})
    expect(entries(await open(crashed(copy)))).toHaveLength(3)
    expect(journals(copy)).toHaveLength(1)
  })
})

describe('with fsync', () => {
  it('tells when what was written is on the platter', async () => {
    const dir = directory()
    const store = await open(dir, { fsync: true })
    const items = store.collection(ITEMS).in()
    expect(store.durable()).toBeUndefined()
    items.put('a', {})
    const first = store.durable()
    expect(first).toBeInstanceOf(Promise)
    expect(store.durable()).toBe(first)
    await first
    expect(store.durable()).toBeUndefined()
    const waits: Promise<void>[] = []
    for (let n = 0; n < 50; n++) {
      items.put(String(n), { n })
      waits.push(store.durable() ?? Promise.resolve())
      if (n % 10 === 0) await new Promise(setImmediate)
      if (n === 25) void store.checkpoint()
    }
    // Group commit: far fewer syncs than transactions.
    expect(new Set(waits).size).toBeLessThan(waits.length)
    await Promise.all(waits)
    expect(store.durable()).toBeUndefined()
    await store.checkpoint()
    store.reset()
    items.put('z', {})
    await store.close()
    expect(entries(await open(dir))).toEqual([['z', {}]])
  })

  it('is not asked for without it', async () => {
    const store = await open(directory())
    store.collection(ITEMS).in().put('a', {})
    expect(store.durable()).toBeUndefined()
  })
})

describe('cost', () => {
  it('of a transaction in bytes does not grow with the state', async () => {
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    const grown = () => {
      const before = statSync(lastJournal(dir)).size
      items.put('one', { n: 1 })
      return statSync(lastJournal(dir)).size - before
    }
    const empty = grown()
    for (let n = 0; n < 5000; n++) items.put(String(n), { n })
    expect(grown()).toBe(empty)
  })
})
