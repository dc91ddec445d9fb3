import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { StateError } from '../../emulator/state/errors.ts'
import { openStore } from '../../emulator/state/openStore.ts'
import type { StoreOptions } from '../../emulator/state/openStore.ts'
import type { CollectionSpec, Store } from '../../emulator/state/store.ts'
import { temporaryDirectories } from './temporary.ts'

interface Item {
  readonly n?: number
  readonly color?: string
  readonly pad?: string
}

const ITEMS: CollectionSpec<Item> = { name: 'test.items', scope: 'global', indexes: { color: (item) => item.color } }
const SORTED: CollectionSpec<Item> = { name: 'test.sorted', scope: 'account', ordered: true }

const directory = temporaryDirectories()
let opened: Store[] = []
let warnings: string[] = []

afterEach(async () => {
  for (const store of opened) await store.close().catch(() => undefined)
  opened = []
  warnings = []
})

async function open(dir: string, more: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ dir, fsync: false, log: (line) => warnings.push(line), ...more })
  opened.push(store)
  return store
}

/** The directory as a crash at this moment would leave it, without the lock of the living process. */
function crashed(dir: string): string {
  const copy = directory()
  for (const name of readdirSync(dir))
    if (name !== 'lock') writeFileSync(join(copy, name), readFileSync(join(dir, name)))
  return copy
}

const journals = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.startsWith('journal-'))
    .sort()
const lastJournal = (dir: string) => join(dir, journals(dir).at(-1) ?? '')
const everything = (store: Store) => JSON.stringify(store.export({ secrets: true }).collections)
const entries = (store: Store) => [...store.collection(ITEMS).in().entries()]

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
    let done = false
    const checkpoint = store.checkpoint().then(() => {
      done = true
    })
    let turns = 0
    while (!done) {
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
    let done = false
    const checkpoint = store.checkpoint().finally(() => {
      done = true
    })
    const moments: [string, string][] = []
    for (let n = 0; !done; n++) {
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
    let largest = 0
    for (let n = 0; n < 400; n++) {
      items.put(String(n % 20), { n, pad })
      await new Promise(setImmediate)
      largest = Math.max(largest, ...journals(dir).map((name) => statSync(join(dir, name)).size))
    }
    expect(largest).toBeLessThan(400 * 200)
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

describe('an unfinished line at the end of the journal', () => {
  it('is dropped with a warning, wherever it breaks off, and the journal goes on after it', async () => {
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    items.put('a', { n: 1 })
    const kept = statSync(lastJournal(dir)).size
    items.put('b', { n: 2, pad: 'é😀' })
    const full = statSync(lastJournal(dir)).size
    for (let length = kept; length < full; length++) {
      const copy = crashed(dir)
      const path = lastJournal(copy)
      truncateSync(path, length)
      warnings = []
      const again = await open(copy)
      expect(warnings).toEqual(
        length === kept
          ? []
          : [
              `\`${path}\` ends in an unfinished line (${String(length - kept)} bytes at offset ${String(kept)}), ` +
                'as a crash leaves behind; it is dropped',
            ],
      )
      const table = again.collection(ITEMS).in()
      expect([...table.entries()]).toEqual([['a', { n: 1 }]])
      table.put('c', { n: 3 })
      warnings = []
      expect(entries(await open(crashed(copy)))).toEqual([
        ['a', { n: 1 }],
        ['c', { n: 3 }],
      ])
      expect(warnings).toEqual([])
      await again.close()
    }
    expect(full - kept).toBeGreaterThan(40)
  })

  it('may be anything, as after a power cut', async () => {
    const dir = directory()
    const store = await open(dir)
    store.collection(ITEMS).in().put('a', {})
    const copy = crashed(dir)
    appendFileSync(lastJournal(copy), Buffer.alloc(5000))
    expect(entries(await open(copy))).toEqual([['a', {}]])
    expect(warnings).toHaveLength(1)
  })
})

describe('damage stops the start', () => {
  const advice =
    'restore the data directory from a copy, or cut this file off before that line and remove later journal files ' +
    'to go back to the state of that moment'

  /** A directory with three transactions in its journal. */
  async function written(): Promise<string> {
    const dir = directory()
    const items = (await open(dir)).collection(ITEMS).in()
    items.put('a', { color: 'red' })
    items.put('b', { color: 'green' })
    items.put('c', { color: 'blue' })
    return crashed(dir)
  }

  it('in the journal, whichever bit of a finished line has changed', async () => {
    const dir = await written()
    const whole = readFileSync(lastJournal(dir))
    const first = whole.indexOf('\n') + 1
    const second = whole.indexOf('\n', first)
    for (let bit = first * 8; bit < second * 8; bit += 3) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(lastJournal(dir), flipped)
      await expect(open(dir)).rejects.toThrow(
        new RegExp(
          `is damaged at line 2 \\(offset ${String(first)}\\): (its checksum does not match|it is not a journal line);`,
        ),
      )
    }
    expect(warnings).toEqual([])
  })

  it('in the journal, with a sentence that quotes no record', async () => {
    const dir = await written()
    const path = lastJournal(dir)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('green', 'gruen'))
    const offset = text.indexOf('\n') + 1
    await expect(open(dir)).rejects.toThrow(
      new StateError(
        `\`${path}\` is damaged at line 2 (offset ${String(offset)}): its checksum does not match; ${advice}`,
      ),
    )
    writeFileSync(path, text.replace('\n', '\n\n'))
    await expect(open(dir)).rejects.toThrow(
      new StateError(
        `\`${path}\` is damaged at line 2 (offset ${String(offset)}): it is not a journal line; ${advice}`,
      ),
    )
  })

  it('when a journal file is missing or broken off before the last', async () => {
    const dir = await written()
    const [name = ''] = journals(dir)
    const path = join(dir, name)
    const next = join(dir, 'journal-00000002.jsonl')
    writeFileSync(next, '')
    const whole = readFileSync(path)
    truncateSync(path, whole.length - 1)
    await expect(open(dir)).rejects.toThrow(
      /is damaged at its end \(offset \d+\): the last line is not finished, though/,
    )
    rmSync(path)
    await expect(open(dir)).rejects.toThrow(
      new StateError(`\`${path}\` is missing, and \`state.json\` needs it; restore the data directory from a copy`),
    )
    rmSync(next)
    await expect(open(dir)).rejects.toThrow(`\`${path}\` is missing`)
  })

  it('when state.json is missing beside a journal', async () => {
    const dir = await written()
    rmSync(join(dir, 'state.json'))
    await expect(open(dir)).rejects.toThrow(
      new StateError(
        `\`${dir}\` has a journal but no \`state.json\`; put that file back from a copy, ` +
          'or move the directory away to begin with an empty state',
      ),
    )
    truncateSync(lastJournal(dir), 0)
    expect(entries(await open(dir))).toEqual([])
  })

  it.each([
    ['a record that is not JSON', '"b":{"color":"green"}', '"b":{"color":"gr', 5, 'it is not JSON'],
    ['a record without an id', '"b":', 'b:', 5, 'it is not a record'],
    ['an id without a record', '"b":', '"b"', 5, 'it is not a record'],
    ['a scope that is none', '"":{', '"":5', 3, 'a collection or scope should begin here'],
    ['bytes that are not UTF-8', 'green', '\xff\xfe', 5, 'it is not UTF-8'],
    ['a missing end', '\n}\n}}\n', '\n', 8, 'the file is cut off'],
    ['a missing last newline', '}}\n', '}}', 9, 'the file is cut off'],
    ['something behind the end', '}}\n', '}}\n}}\n', 10, 'the state ended before'],
  ])('in state.json: %s', async (_, from, to, line, reason) => {
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    for (const [id, color] of [
      ['a', 'red'],
      ['b', 'green'],
      ['c', 'blue'],
    ] as const)
      items.put(id, { color })
    await store.close()
    const path = join(dir, 'state.json')
    const text = readFileSync(path, 'latin1')
    expect(text).toContain(from)
    const broken = text.replace(from, to)
    writeFileSync(path, broken, 'latin1')
    const offset =
      broken
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length + 1
    await expect(open(dir)).rejects.toThrow(
      new StateError(
        `\`${path}\` is damaged at line ${String(line)} (offset ${String(offset)}): ${reason}; ` +
          'mend that line, restore the data directory from a copy, or move it away to begin with an empty state',
      ),
    )
    // The lock is let go of: the user mends the file and starts again.
    writeFileSync(path, text, 'latin1')
    expect(entries(await open(dir))).toHaveLength(3)
  })

  it('when state.json is no state at all', async () => {
    const dir = directory()
    for (const text of ['', '{', '\n', 'nonsense\n', '{"secret":"s3cr3t"\n']) {
      writeFileSync(join(dir, 'state.json'), text)
      await expect(open(dir)).rejects.toThrow(
        new StateError(
          `\`${dir}/state.json\` is not JSON; restore the data directory from a copy, ` +
            'or move it away to begin with an empty state',
        ),
      )
    }
    writeFileSync(join(dir, 'state.json'), '{}')
    await expect(open(dir)).rejects.toThrow('this is no twokey state: `format` must be `twokey-state`')
  })

  it.each([
    '{"format":"twokey-state","version":7,"journal":1,"collections":{\n}}\n',
    '{"format":"twokey-state","version":7}',
  ])('when it was written by a newer twokey: %j', async (text) => {
    const dir = directory()
    writeFileSync(join(dir, 'state.json'), text)
    await expect(open(dir)).rejects.toThrow(
      /was written by a newer twokey \(format 7, this one reads up to 1\); upgrade twokey, or use another data directory$/,
    )
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
    const waits: (Promise<void> | undefined)[] = []
    for (let n = 0; n < 50; n++) {
      items.put(String(n), { n })
      waits.push(store.durable())
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
