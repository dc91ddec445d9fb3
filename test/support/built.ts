import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CACHE = join(ROOT, 'node_modules/.cache/twokey-tests')
const BUILD = join(ROOT, 'tools/build.mjs')
/** Builds of sources that have changed since are thrown away after an hour: another run may still use them. */
const KEEP_MS = 3_600_000

/**
 * The command line program, built from the present sources as `npm start` builds it: what tests start that
 * need a process of their own. Compiled once per state of the sources, whoever asks first.
 * @returns the path of `main.js`
 */
export function builtProgram(): string {
  const home = join(CACHE, fingerprint())
  if (!existsSync(home)) build(home)
  return join(home, 'dist/emulator/cli/main.js')
}

function build(home: string): void {
  forgetOld()
  const making = `${home}.${String(process.pid)}`
  mkdirSync(making, { recursive: true })
  const built = spawnSync(
    process.execPath,
    [BUILD, '--untyped', '--out', join(making, 'dist'), '--stage', join(making, 'stage')],
    { encoding: 'utf8' },
  )
  if (built.status !== 0) throw new Error(`the emulator cannot be built:\n${built.stdout}${built.stderr}`)
  rmSync(join(making, 'stage'), { recursive: true })
  writeFileSync(join(making, 'package.json'), '{"type":"module"}')
  symlinkSync(join(ROOT, 'fixtures'), join(making, 'fixtures'))
  try {
    renameSync(making, home)
  } catch (error) {
    // Another worker was quicker.
    if (!existsSync(home)) throw error
    rmSync(making, { recursive: true })
  }
}

/** Names the present state of everything that the program is made from. */
function fingerprint(): string {
  const hash = createHash('sha256')
  const add = (path: string) => {
    const stat = statSync(join(ROOT, path))
    if (stat.isDirectory()) for (const name of readdirSync(join(ROOT, path)).sort()) add(join(path, name))
    else hash.update(`${path} ${String(stat.mtimeMs)} ${String(stat.size)}\n`)
  }
  for (const path of ['emulator', 'plugin', 'tools', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
    add(path)
  return hash.digest('hex').slice(0, 20)
}

function forgetOld(): void {
  if (!existsSync(CACHE)) return
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name)
    if (Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path, { recursive: true, force: true })
  }
}
