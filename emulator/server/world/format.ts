import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AnySchema } from 'ajv'
import { misfitOf, type Misfit } from './misfit.ts'
import { WorldError } from './world.ts'

/** `fixtures/`, as far from the built program (`dist/emulator/chunks/`) as from this file; undefined where it is not installed. */
export const FIXTURES = [fileURLToPath(new URL('../../../fixtures/', import.meta.url))].find((path) =>
  existsSync(`${path}scenario.schema.json`),
)

type Check = (value: unknown) => Misfit | undefined

let check: Promise<Check> | undefined

/** ajv is loaded when the first file is read: nobody else waits for it. */
async function load(folder: string): Promise<Check> {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const ajv = new Ajv2020({ allowUnionTypes: true, verbose: true })
  for (const name of ['world', 'scenario', 'operations'])
    ajv.addSchema(JSON.parse(await readFile(`${folder}${name}.schema.json`, 'utf8')) as AnySchema)
  const fits = ajv.compile({ $ref: 'scenario.schema.json' })
  return (value) => (fits(value) ? undefined : misfitOf(value, fits.errors ?? []))
}

/**
 * Checks a scenario, its world included, against the same schema that editors use. Where the program came without its fixtures, the
 * services' own checks have to do. Throws WorldError: where, and what to write there.
 */
export async function checkFormat(scenario: unknown): Promise<void> {
  if (FIXTURES === undefined) return
  check ??= load(FIXTURES)
  const found = (await check)(scenario)
  if (!found) return
  const where = found.path === '' ? 'the scenario' : `\`${found.path}\``
  throw new WorldError(`${where} ${found.problem}; see docs/worlds.md`)
}
