import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtProgram } from '../support/built.ts'
import { bareEnvironment } from '../support/server.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'twokey-packed-'))
const project = join(home, 'project')

/** The examples of docs/plugin.md, by file name. */
const EXAMPLES = [
  ...readFileSync(join(ROOT, 'docs/plugin.md'), 'utf8').matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms),
].map(([, name = '', text = '']) => ({ name, text }))

/** The package as npm packs it, unpacked in a project beside what it depends on. */
beforeAll(() => {
  const stage = join(home, 'stage')
  mkdirSync(stage)
  symlinkSync(join(dirname(builtProgram()), '../..'), join(home, 'dist'))
  spawnSync('cp', ['-RL', join(home, 'dist'), join(stage, 'dist')])
  for (const name of ['package.json', 'README.md', 'LICENSE']) copyFileSync(join(ROOT, name), join(stage, name))
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: stage, encoding: 'utf8' })
  const modules = join(project, 'node_modules')
  mkdirSync(modules, { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  rmSync(join(modules, 'twokey'), { force: true })
  mkdirSync(join(modules, 'twokey'))
  const file = join(stage, packed.stdout.trim())
  spawnSync('tar', ['-xzf', file, '-C', join(modules, 'twokey'), '--strip-components=1'])
}, 120_000)
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

function jest(settings: object, flags: readonly string[]) {
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', ...settings }))
  const program = join(ROOT, 'node_modules/jest/bin/jest.js')
  const env = bareEnvironment({ AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' })
  return spawnSync(process.execPath, [...flags, program, '--workerThreads', '-w', '2'], {
    cwd: project,
    encoding: 'utf8',
    env,
  })
}

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
}

/** All paths in a value of `exports`. */
const paths = (entry: unknown): string[] =>
  typeof entry === 'string' ? [entry] : Object.values(entry ?? {}).flatMap(paths)

describe('the packed package', () => {
  it('holds all that its entries lead to', () => {
    const at = join(project, 'node_modules/twokey')
    const { exports } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Manifest
    // The build for tests leaves the compiler's declarations out: their sources must be there.
    const isThere = (path: string) =>
      existsSync(
        path.endsWith('.d.ts') ? join(ROOT, path.slice('./dist/'.length, -'.d.ts'.length) + '.ts') : join(at, path),
      )
    expect(Object.keys(exports)).toEqual(expect.arrayContaining(['.', './sdk', './express', './gateway', './jest']))
    expect(paths(exports).filter((path) => !isThere(path))).toEqual([])
  })

  it('gives the same by import and by require, and types for both', () => {
    const names = (program: string, ...flags: string[]) =>
      spawnSync(process.execPath, [...flags, '-e', program], { cwd: project, encoding: 'utf8' }).stdout.trim()
    const required = names("console.log(Object.keys(require('twokey/gateway')).sort().join())")
    expect(required).toBe('connectTwokey,createTwokey,startGateway')
    const imported = "import * as twokey from 'twokey/gateway'\nconsole.log(Object.keys(twokey).sort().join())"
    expect(names(imported, '--input-type=module')).toBe(required)
    const types = readFileSync(join(project, 'node_modules/twokey/dist/plugin/index.d.cts'), 'utf8')
    expect(
      [...types.matchAll(/^export declare const (\w+)/gm)]
        .map(([, name]) => name)
        .sort()
        .join(),
    ).toBe(required)
  })
})

describe('the packed package in a project that uses Jest', () => {
  it('runs the examples of the documentation in CommonJS', () => {
    expect(EXAMPLES.map(({ name }) => name)).toEqual(['reports.test.js', 'unit.test.js'])
    for (const { name, text } of EXAMPLES) writeFileSync(join(project, name), text)
    const { status, stderr } = jest({ jest: { preset: 'twokey' } }, [])
    expect(stderr).toContain('Tests:       3 passed, 3 total')
    expect(status).toBe(0)
  }, 60_000)

  it('runs them as ES modules', () => {
    const modules = (text: string) =>
      `import { expect } from '@jest/globals'\n${text.replace(/^const (\{.*\}) = require\((.*)\)$/gm, 'import $1 from $2')}`
    for (const { name, text } of EXAMPLES) writeFileSync(join(project, name), modules(text))
    const { status, stderr } = jest({ type: 'module', jest: { preset: 'twokey', transform: {} } }, [
      '--experimental-vm-modules',
    ])
    expect(stderr).toContain('Tests:       3 passed, 3 total')
    expect(status).toBe(0)
  }, 60_000)

  it('prints the decision when a matcher fails', () => {
    const denied = EXAMPLES[0]?.text.replace(/toBeDeniedBy\(.*\)/, 'toBeAllowed()') ?? ''
    writeFileSync(join(project, 'reports.test.js'), denied)
    const { status, stderr } = jest({ jest: { preset: 'twokey' } }, [])
    expect(stderr).toContain('expected the call to be allowed')
    expect(stderr).toContain('Key gate: SHUT (kms:Decrypt)')
    expect(status).toBe(1)
  }, 60_000)
})
