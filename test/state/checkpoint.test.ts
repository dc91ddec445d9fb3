import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ITEMS, SORTED, entries, everything, fileStores, journals } from './fileStores.ts'

const { crashed, directory, open, warnings } = fileStores()

describe('a checkpoint', () => {
  const pad = 'x'.repeat(200)

  it('lets others have their turn, and what they write meanwhile is kept', async () => {
    const dir = directory()
    const store = await open(dir, { checkpoint: { sliceMs: 0 } })
    const items = store.collection(ITEMS).in()
    const sorted = store.collection(SORTED).in('1')
    for (let n = 0; n < 300; n++) {
      items.put(`i${String(n)}`, { n, pad })
      sorted.put(`s${String(n)}`, { n, pad })
    }
    const progress = { done: false }
    const checkpoint = store.checkpoint().then(() => {
      progress.done = true
    })
    let turns = 0
    while (!progress.done) {
      const n = turns++ % 300
      store.transaction(() => {
        items.delete(`i${String(n)}`)
        items.put(`i${String((n * 7) % 300)}`, { n: -turns })
        sorted.delete(`s${String((n * 11) % 300)}`)
        sorted.put(`s${String(n)}.${String(turns)}`, { n: turns })
      })
      await new Promise(setImmediate)
    }
    await checkpoint
    expect(turns).toBeGreaterThan(100)
    expect(JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))).toHaveProperty('journal', 2)
    const expected = [[...items.entries()], [...sorted.entries()]]
    const again = await open(crashed(dir))
    const found = [again.collection(ITEMS).in(), again.collection(SORTED).in('1')].map((table) => [...table.entries()])
    expect(found.map((list) => Object.fromEntries(list))).toEqual(expected.map((list) => Object.fromEntries(list)))
    expect(found[1]).toEqual(expected[1])
  })

  it('that dies at any moment loses nothing', async () => {
    const dir = directory()
    const store = await open(dir, { checkpoint: { sliceMs: 0 } })
    const items = store.collection(ITEMS).in()
    for (let n = 0; n < 40; n++) items.put(String(n), { n, pad })
    const progress = { done: false }
    const checkpoint = store.checkpoint().finally(() => {
      progress.done = true
    })
    const moments: [string, string][] = []
    for (let n = 0; !progress.done; n++) {
      items.put(`new${String(n % 5)}`, { n })
      moments.push([crashed(dir), everything(store)])
      await new Promise(setImmediate)
    }
    await checkpoint
    moments.push([crashed(dir), everything(store)])
    expect(moments.length).toBeGreaterThan(20)
    for (const [copy, expected] of moments) {
      const again = await open(copy)
      expect(JSON.parse(everything(again))).toEqual(JSON.parse(expected))
      await again.close()
    }
  })

  it('comes by itself when the journal has grown, and leaves one journal file', async () => {
    const dir = directory()
    const store = await open(dir, { checkpoint: { minimumBytes: 2000 } })
    const items = store.collection(ITEMS).in()
    items.put('0', { n: 0, pad })
    const first = journals(dir)[0]
    for (let n = 1; n < 20; n++) items.put(String(n), { n, pad })
    // How many writes pass meanwhile is the disk's affair; that the first journal goes without being told to is what counts.
    for (let n = 20; journals(dir).includes(first ?? '') && n < 100_000; n++) {
      items.put(String(n % 20), { n, pad })
      await new Promise(setImmediate)
    }
    expect(journals(dir)).not.toContain(first)
    await store.checkpoint()
    expect(journals(dir)).toHaveLength(1)
    expect(items.size).toBe(20)
  })

  it('without anything to write leaves the files alone', async () => {
    const dir = directory()
    const store = await open(dir)
    store.collection(ITEMS).in().put('a', {})
    await store.checkpoint()
    const before = [journals(dir), statSync(join(dir, 'state.json')).mtimeMs]
    await store.checkpoint()
    await store.close()
    expect([journals(dir), statSync(join(dir, 'state.json')).mtimeMs]).toEqual(before)
  })

  it('that fails says so, and the journal goes on', async () => {
    const dir = directory()
    const store = await open(dir, { checkpoint: { minimumBytes: 500 } })
    const items = store.collection(ITEMS).in()
    mkdirSync(join(dir, 'state.json.tmp'))
    for (let n = 0; warnings.length === 0 && n < 2000; n++) {
      items.put('a', { n, pad })
      await new Promise(setImmediate)
    }
    expect(warnings[0]).toMatch(
      /^checkpoint failed \(.*\); the journal still holds everything, and it will be tried again$/,
    )
    await expect(store.checkpoint()).rejects.toThrow('EISDIR')
    items.put('b', {})
    const copy = directory()
    for (const name of [...journals(dir), 'state.json']) writeFileSync(join(copy, name), readFileSync(join(dir, name)))
    expect(entries(await open(copy)).at(-1)).toEqual(['b', {}])
    rmSync(join(dir, 'state.json.tmp'), { recursive: true })
    await store.checkpoint()
    expect(journals(dir)).toHaveLength(1)
  })

  it.each(['reset', 'import'] as const)('gives way to %s', async (what) => {
    const dir = directory()
    const store = await open(dir, { checkpoint: { sliceMs: 0 } })
    const items = store.collection(ITEMS).in()
    for (let n = 0; n < 100; n++) items.put(String(n), { n, pad })
    const checkpoint = store.checkpoint()
    for (let n = 0; n < 5; n++) await new Promise(setImmediate)
    if (what === 'reset') store.reset()
    else store.import({ format: 'twokey-state', version: 1, collections: {} })
    items.put('new', {})
    await checkpoint
    items.put('newer', {})
    expect(entries(await open(crashed(dir)))).toEqual([
      ['new', {}],
      ['newer', {}],
    ])
    expect(readdirSync(dir)).not.toContain('state.json.tmp')
    await store.checkpoint()
    expect(entries(await open(crashed(dir)))).toHaveLength(2)
  })
})
