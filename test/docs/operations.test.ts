import { describe, expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { format } from 'prettier'
import { createRegistry } from '../../emulator/operation/registry.ts'
import { SERVICES } from '../../emulator/server/services.ts'
import { openStore } from '../../emulator/state/openStore.ts'

const FILE = new URL('../../docs/operations.md', import.meta.url)

/** What there is, and what AWS has besides, from the rows and AWS's own models. */
async function operationsPage(): Promise<string> {
  const store = await openStore({ dir: ':memory:', fsync: false, log: () => undefined })
  const lines = [
    '# Operations',
    '',
    'Generated from the rows by `npm run docs`; a stale page fails the tests. What is not listed as emulated answers 501',
    '`NotImplemented`, naming the operation. An upload by HTML form (S3’s POST policy) is not in AWS’s models; it is here, as PutObject.',
    '',
  ]
  for (const service of createRegistry(SERVICES, store).services) {
    const { definition } = service
    const all = [...(await service.model()).operations.keys()].sort()
    const here = all.filter((name) => definition.rows.has(name))
    lines.push(
      `## ${definition.name}: ${String(here.length)} of ${String(all.length)}`,
      '',
      '| operation | permission |',
      '| --- | --- |',
    )
    for (const name of here) lines.push(`| ${name} | ${definition.rows.get(name)?.action ?? 'none needed'} |`)
    const missing = all.filter((name) => !definition.rows.has(name))
    if (missing.length > 0) lines.push('', `Not emulated: ${missing.join(', ')}.`)
    lines.push('')
  }
  return format(lines.join('\n'), { parser: 'markdown', printWidth: 120 })
}

describe('docs/operations.md', () => {
  it('lists what there is (npm run docs rewrites it)', async () => {
    const page = await operationsPage()
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, page)
    expect(await readFile(FILE, 'utf8')).toBe(page)
  })
})
