// Builds `dist/`. The compiler translates each file; then each program is put together from its files, since to find and load hundreds of
// them takes more than half of a start (docs/speed.md). What is installed beside it (express, the SDK …) stays where it is.
// `node tools/build.mjs [--out <dist>] [--stage <where the compiler's files go>] [--untyped]`
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { copyAssets } from './assets.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: { out: { type: 'string' }, stage: { type: 'string' }, untyped: { type: 'boolean', default: false } },
})
const out = values.out ?? join(root, 'dist')
const stage = values.stage ?? join(root, 'node_modules/.cache/twokey-build')

/** What is started or imported by its path, as far as it is there: the image is built from the emulator alone. */
const PROGRAMS = [
  'emulator/cli/main',
  'plugin/index',
  'plugin/main',
  'plugin/jest/index',
  'plugin/jest/globalSetup',
  'plugin/jest/matchers',
  'plugin/jest/testFile',
  'plugin/jest/thread',
]
const BENCH = ['test/bench/main', 'test/bench/bare']

mkdirSync(stage, { recursive: true })
// For a program that only tests start, types are the business of `npm run types`, and declarations nobody's.
const options = values.untyped
  ? ['--noCheck', '--declaration', 'false', '--incremental', 'false', '--tsBuildInfoFile', 'null']
  : ['--declarationDir', join(stage, 'types'), '--tsBuildInfoFile', join(stage, '.tsbuildinfo')]
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const compiled = spawnSync(
  process.execPath,
  [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(stage, 'js'), ...options],
  { stdio: 'inherit' },
)
if (compiled.status !== 0) process.exit(1)

rmSync(out, { recursive: true, force: true })
for (const programs of [PROGRAMS, BENCH]) {
  const entryPoints = programs.map((name) => join(stage, 'js', `${name}.js`)).filter((path) => existsSync(path))
  if (entryPoints.length === 0) continue
  await build({
    entryPoints,
    outbase: join(stage, 'js'),
    outdir: out,
    bundle: true,
    // What several programs share, and what is loaded only when it is needed.
    splitting: true,
    chunkNames: 'emulator/chunks/[name]-[hash]',
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    charset: 'utf8',
    sourcemap: true,
    logLevel: 'warning',
  })
}
if (!values.untyped) cpSync(join(stage, 'types'), out, { recursive: true })
copyAssets(out)
