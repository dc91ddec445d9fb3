import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { misfit, type JsonSchema } from '../../lib/jsonSchema.ts'
import { WorldError } from './world.ts'

/** `fixtures/`, beside the program, which runs as it was built (`dist/emulator/…`) or as it is written; undefined where it is not installed. */
export const FIXTURES = ['../../../../fixtures/', '../../../fixtures/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(`${path}scenario.schema.json`))

let schemas: Readonly<Record<string, JsonSchema>> | undefined

/**
 * Checks a world or a scenario against the same schema that editors use. Where the program came without its fixtures, the services' own
 * checks have to do. Throws WorldError: where, and what to write there.
 */
export function checkFormat(value: unknown, kind: 'world' | 'scenario'): void {
  const folder = FIXTURES
  if (folder === undefined) return
  schemas ??= Object.fromEntries(
    ['world', 'scenario', 'operations'].map((name) => [
      `${name}.schema.json`,
      JSON.parse(readFileSync(`${folder}${name}.schema.json`, 'utf8')) as JsonSchema,
    ]),
  )
  const found = misfit(value, schemas, `${kind}.schema.json`)
  if (!found) return
  const where = found.path === '' ? `the ${kind}` : `\`${found.path}\``
  throw new WorldError(`${where} ${found.problem}; see docs/worlds.md`)
}
