import {
  appendFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { StateError } from '../../emulator/state/errors.ts'
import { ITEMS, entries, fileStores, journals, lastJournal } from './fileStores.ts'

const { crashed, directory, open, warnings } = fileStores()

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
      warnings.length = 0
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
      warnings.length = 0
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

describe('a full disk', () => {
  it('undoes the transaction that does not fit, and takes no more until the next start', async () => {
    if (!existsSync('/dev/full')) return
    const dir = directory()
    const store = await open(dir)
    const items = store.collection(ITEMS).in()
    items.put('a', { n: 1 })
    symlinkSync('/dev/full', join(dir, 'journal-00000002.jsonl'))
    await store.checkpoint()
    const put = () => {
      items.put('a', { n: 2 })
    }
    expect(put).toThrow('ENOSPC')
    expect([...items.entries()]).toEqual([['a', { n: 1 }]])
    // The device cannot be cut back to what it held, so nobody knows how it ends.
    expect(put).toThrow(`\`${dir}/journal-00000002.jsonl\` could not be written; see to the disk and start again`)
    await store.close()
    rmSync(join(dir, 'journal-00000002.jsonl'))
    writeFileSync(join(dir, 'journal-00000002.jsonl'), '')
    expect(entries(await open(dir))).toEqual([['a', { n: 1 }]])
  })
})
