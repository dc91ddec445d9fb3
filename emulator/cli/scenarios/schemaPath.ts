import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { FIXTURES } from '../../server/world/format.ts'

const NAME = 'scenario.schema.json'
const INSTALLED = `node_modules/twokey/fixtures/${NAME}`

/**
 * How a scenario file names its schema: by the way from where it lies to the checkout that it is in, or to the nearest project above it that
 * has Twokey installed. Elsewhere by the path within such a project, which an editor finds once there is one: never by a path of one machine.
 */
export function schemaFor(file: string): string {
  const folder = dirname(resolve(file))
  for (let above = folder; ; above = dirname(above)) {
    const own = join(above, 'fixtures', NAME)
    if (FIXTURES !== undefined && own === join(FIXTURES, NAME)) return way(folder, own)
    const installed = join(above, ...INSTALLED.split('/'))
    if (existsSync(installed)) return way(folder, installed)
    if (above === dirname(above)) return INSTALLED
  }
}

function way(folder: string, schema: string): string {
  const path = relative(folder, schema).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}
