import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { listPage, urlEncoded, type Position } from '../../../emulator/services/s3/listing.ts'
import { partRecordId, partsOf, UPLOAD_SUFFIX } from '../../../emulator/services/s3/data/uploads.ts'
import type { S3State } from '../../../emulator/services/s3/state.ts'
import { fromSortable, sortable } from '../../../emulator/services/s3/names.ts'
import { openStore } from '../../../emulator/state/openStore.ts'
import type { Table } from '../../../emulator/state/store.ts'

async function tableOf(keys: readonly string[]): Promise<{ table: Table<string>; walked: () => number }> {
  const store = await openStore({ dir: ':memory:', fsync: false, log: () => undefined })
  const table = store.collection<string>({ name: 'test', scope: 'global', ordered: true }).in()
  // Neighbours that must never show up.
  for (const key of ['a', 'z']) table.put(`buckes/${key}`, key)
  for (const key of ['a', 'z']) table.put(`buckeu/${key}`, key)
  for (const key of keys) table.put(`bucket/${sortable(key)}`, key)
  let walked = 0
  const counting: Table<string> = {
    ...table,
    put: (id, record) => {
      table.put(id, record)
    },
    get size() {
      return table.size
    },
    *entries(range) {
      for (const entry of table.entries(range)) {
        walked++
        yield entry
      }
    },
  }
  return { table: counting, walked: () => walked }
}

const list = (table: Table<string>, prefix: string, delimiter: string, max: number, after?: Position) =>
  listPage({ table, base: 'bucket/', prefix, delimiter, after, max })

/** What a listing must say, by looking at every key. */
function expected(keys: readonly string[], prefix: string, delimiter: string) {
  const sorted = [...new Set(keys)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const seen: string[] = []
  for (const key of sorted.filter((name) => name.startsWith(prefix))) {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const entry = at < 0 ? `key ${key}` : `prefix ${key.slice(0, at + delimiter.length)}`
    if (!seen.includes(entry)) seen.push(entry)
  }
  return seen
}

describe('a listing', () => {
  it('is ordered by the bytes of UTF-8, not by UTF-16 code units', async () => {
    const keys = ['\u{1F600}', '\uFFFD', 'é', 'z', 'a/b']
    const { table } = await tableOf(keys)
    const page = list(table, '', '', 10)
    expect(page.rows.map(([, key]) => key)).toEqual(['a/b', 'z', 'é', '\uFFFD', '\u{1F600}'])
  })

  it('jumps over what it rolls up', async () => {
    const keys = Array.from({ length: 5000 }, (_, n) => `a/${String(n)}`)
    const { table, walked } = await tableOf([...keys, 'b', 'c/1', 'c/2'])
    const page = list(table, '', '/', 10)
    expect(page.commonPrefixes).toEqual(['a/', 'c/'])
    expect(page.rows.map(([, key]) => key)).toEqual(['b'])
    expect(walked()).toBeLessThan(10)
  })

  it.each([
    ['first', undefined, ''],
    ['middle', { kind: 'key', text: 'a/50000' } as const, ''],
    ['middle, of common prefixes', { kind: 'prefix', text: 'a/' } as const, '/'],
    ['last', { kind: 'key', text: 'b99990' } as const, ''],
    ['rolled up', undefined, '/'],
  ])('of 100 000 keys costs as much as its page is long: %s', async (_, after, delimiter) => {
    const digits = (n: number) => String(n).padStart(5, '0')
    const keys = Array.from({ length: 100_000 }, (__, n) => (n < 99_000 ? `a/${digits(n)}` : `b${digits(n)}`))
    const { table, walked } = await tableOf(keys)
    const { rows, commonPrefixes } = list(table, '', delimiter, 10, after)
    expect(rows.length + commonPrefixes.length).toBeGreaterThan(8)
    // One more, to know whether there is more; and one for each leap.
    expect(walked()).toBeLessThanOrEqual(12)
  })

  it('of uploads and of parts starts where the page does', async () => {
    const { table, walked } = await tableOf([])
    const id = 'i'.repeat(UPLOAD_SUFFIX - 1)
    for (let n = 0; n < 5000; n++) table.put(`bucket/a/${String(n).padStart(4, '0')}\0${id}`, '')
    for (let n = 1; n <= 10_000; n++) table.put(partRecordId('upload', n), '')
    const request = { table, base: 'bucket/', prefix: '', max: 10, suffixLength: UPLOAD_SUFFIX }
    const after = { kind: 'key', text: `a/2500\0${id}` } as const
    expect(listPage({ ...request, delimiter: '', after }).rows[0]?.[0]).toBe(`bucket/a/2501\0${id}`)
    expect(walked()).toBeLessThanOrEqual(12)
    const before = walked()
    expect(listPage({ ...request, delimiter: '/', after: undefined }).commonPrefixes).toEqual(['a/'])
    // The table's neighbour is looked at, too.
    expect(walked() - before).toBeLessThanOrEqual(3)

    const state = { parts: { in: () => table } } as unknown as S3State
    const middle = partsOf({ state } as Parameters<typeof partsOf>[0], 'upload', 5000)
    const asked = walked()
    expect(middle.next().done).toBe(false)
    expect(walked() - asked).toBe(1)
    middle.return()
  })

  it('does not name a common prefix again that its marker names', async () => {
    const { table } = await tableOf(['a/1', 'a/2', 'b'])
    const page = list(table, '', '/', 10, { kind: 'key', text: 'a/' })
    expect(page.commonPrefixes).toEqual([])
    expect(page.rows.map(([, key]) => key)).toEqual(['b'])
  })

  it('of nothing is not truncated', async () => {
    const { table } = await tableOf(['a'])
    expect(list(table, '', '', 0)).toEqual({ rows: [], commonPrefixes: [], truncated: false, next: undefined })
  })

  it('says the same in pages of any length as at once', async () => {
    const character = fc.constantFrom('a', 'b', '/', '-', 'é', '\u{1F600}', '\uFFFD')
    const key = fc.string({ unit: character, minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(key, { maxLength: 40 }),
        fc.string({ unit: character, maxLength: 2 }),
        fc.constantFrom('', '/', '-', 'b/'),
        fc.integer({ min: 1, max: 7 }),
        async (keys, prefix, delimiter, max) => {
          const { table } = await tableOf(keys)
          const found: string[] = []
          let after: Position | undefined
          do {
            const page = list(table, prefix, delimiter, max, after)
            const size = page.rows.length + page.commonPrefixes.length
            expect(size).toBeLessThanOrEqual(max)
            const entries = [
              ...page.rows.map(([, name]) => ({ name, entry: `key ${name}` })),
              ...page.commonPrefixes.map((name) => ({ name, entry: `prefix ${name}` })),
            ]
            entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
            found.push(...entries.map(({ entry }) => entry))
            after = page.truncated ? page.next : undefined
          } while (after)
          expect(found).toEqual(expected(keys, prefix, delimiter))
        },
      ),
    )
  })
})

describe('sortable', () => {
  it('can be undone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fromSortable(sortable(text))).toBe(text)
      }),
    )
  })
})

describe('encoding-type=url', () => {
  it('leaves slashes and writes spaces as plus signs', () => {
    expect(urlEncoded('a b/ü+*~(1).txt')).toBe('a+b/%C3%BC%2B*%7E%281%29.txt')
  })
})
