import { describe, expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { format } from 'prettier'
import { createRegistry } from '../../emulator/operation/registry.ts'
import { SERVICES } from '../../emulator/server/services.ts'
import { openStore } from '../../emulator/state/openStore.ts'

const FILE = new URL('../../fixtures/operations.schema.json', import.meta.url)

/** What editors offer for a step's `do`: each operation that is emulated. */
async function operationsSchema(): Promise<string> {
  const store = await openStore({ dir: ':memory:', fsync: false, log: () => undefined })
  const operations = createRegistry(SERVICES, store).services.flatMap(({ definition }) =>
    [...definition.rows.keys()].map((name) => `${definition.name}:${name}`),
  )
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'operations.schema.json',
    title: 'Operations that Twokey emulates',
    description: 'Generated from the rows by `npm run docs`.',
    enum: operations.sort(),
  }
  return format(JSON.stringify(schema), { parser: 'json', printWidth: 120 })
}

describe('fixtures/operations.schema.json', () => {
  it('lists what there is (npm run docs rewrites it)', async () => {
    const schema = await operationsSchema()
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, schema)
    expect(await readFile(FILE, 'utf8')).toBe(schema)
  })
})
