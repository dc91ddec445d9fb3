// What `npm start` and `npm test` do first on a fresh clone: install what is missing, build what is stale.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => root + path
const build = process.argv.includes('--build')
/** What the build depends on. */
const SOURCES = [
  'emulator',
  'plugin',
  'test/bench',
  'tools',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node.js 20.19 or newer is needed; this is ${process.versions.node}`)

const STAMP = 'node_modules/.twokey-installed'
const lock = readFileSync(at('package-lock.json'), 'utf8')
if (!existsSync(at(STAMP)) || readFileSync(at(STAMP), 'utf8') !== lock) {
  if (lstatSync(at('node_modules'), { throwIfNoEntry: false })?.isSymbolicLink())
    fail('`node_modules` is a link, and installing would empty what it points to; remove the link first')
  console.log('Installing dependencies (once) …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(at(STAMP), lock)
}

linkCommand()

const BUILT = 'dist/.built'
if (build && (!existsSync(at(BUILT)) || newest(SOURCES) > statSync(at(BUILT)).mtimeMs)) {
  console.log('Building …')
  run(process.execPath, [at('tools/build.mjs')])
  writeFileSync(at(BUILT), '')
}

/** Makes `npx twokey` run this checkout; npm links the commands of dependencies only, and forgets this one with each `npm ci`. */
function linkCommand() {
  const shim = at('node_modules/.bin/twokey')
  if (existsSync(shim)) return
  writeFileSync(shim, "#!/usr/bin/env node\nimport('../../dist/emulator/cli/main.js')\n", { mode: 0o755 })
  if (process.platform === 'win32') writeFileSync(`${shim}.cmd`, '@node "%~dp0\\twokey" %*\r\n')
}

/** The newest modification time below the given paths, in milliseconds. */
function newest(paths) {
  let latest = 0
  for (const path of paths) {
    if (!existsSync(at(path))) continue
    const stat = statSync(at(path))
    latest = Math.max(latest, stat.mtimeMs)
    if (stat.isDirectory()) latest = Math.max(latest, newest(readdirSync(at(path)).map((name) => `${path}/${name}`)))
  }
  return latest
}

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
  })
  if (result.status !== 0) fail(`\`${command} ${args.join(' ')}\` failed; its output above says why`)
}

function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}
