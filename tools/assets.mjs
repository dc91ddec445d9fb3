// What the compiler leaves where it is: the files of the console's page, and the plugin's entries for CommonJS.
import { cpSync, existsSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PAGE = 'emulator/server/console/page'
const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} dist where the compiler put the programs */
export function copyAssets(dist) {
  const to = join(dist, PAGE)
  rmSync(to, { recursive: true, force: true })
  cpSync(join(root, PAGE), to, { recursive: true, filter: (from) => basename(from) !== 'tsconfig.json' })
  // The image is built without it.
  const plugin = join(root, 'plugin')
  const isEntry = (/** @type {string} */ from) =>
    from.endsWith('.cjs') || from.endsWith('.d.cts') || statSync(from).isDirectory()
  if (existsSync(plugin)) cpSync(plugin, join(dist, 'plugin'), { recursive: true, filter: isEntry })
}
