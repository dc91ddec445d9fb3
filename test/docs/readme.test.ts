import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { GetObjectCommand, S3Client, type S3ServiceException } from '@aws-sdk/client-s3'
import { decisionText } from '../../emulator/audit/decisionText.ts'
import { usageText } from '../../emulator/cli/usage.ts'
import { welcome } from '../../emulator/cli/start.ts'
import { usageOf } from '../../emulator/server/admin/usage.ts'
import { DEFAULTS, SETTINGS } from '../../emulator/server/settings.ts'
import { loadSeed } from '../../emulator/server/world/seed.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFile(join(ROOT, path), 'utf8')

const README = await read('README.md')
const PAGES = ['README.md', ...(await readdir(join(ROOT, 'docs'), { recursive: true })).map((name) => `docs/${name}`)]
const DOCUMENTS = await Promise.all(
  PAGES.filter((path) => path.endsWith('.md')).map(async (path) => ({ path, text: await read(path) })),
)
const PACKAGE = JSON.parse(await read('package.json')) as { scripts: Record<string, string> }

/** The README's blocks of one kind, without their fences. */
const blocks = (language: string) =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

/** Keys, times, requests and durations differ from run to run. */
const normal = (text: string) =>
  text
    .replace(/key\/[\da-f-]{36}/g, 'key/<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z, request \w+/, '<time>, request <id>')
    .replace(/\d+ ms/, '<n> ms')

describe('the story of the README', () => {
  const SEED = 'fixtures/worlds/two-minutes.json'
  let twokey: TestEmulator
  let reader: S3Client
  beforeAll(async () => {
    twokey = await startEmulator()
    await loadSeed({ ...twokey.emulator, settings: { ...DEFAULTS, seed: join(ROOT, SEED) } }, () => undefined)
    const [, accessKeyId = '', secretAccessKey = ''] =
      /AWS_ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+)\n/.exec(README) ?? []
    reader = twokey.client(S3Client, { credentials: { accessKeyId, secretAccessKey } })
  })
  afterAll(() => twokey.stop())

  const report = () => reader.send(new GetObjectCommand({ Bucket: 'secrets', Key: 'report.txt' }))
  const shown = (beginning: string) => blocks('text').find((text) => text.startsWith(beginning)) ?? `no ${beginning}`

  it('begins as `npm start` does', () => {
    const settings = { ...DEFAULTS, seed: SEED }
    expect(README).toContain(`\nTWOKEY_SEED=${SEED} npm start\n`)
    expect(normal(shown('loaded'))).toBe(
      `loaded the world \`${SEED}\`\n${normal(welcome(`http://127.0.0.1:${String(DEFAULTS.port)}`, settings, 1))}`,
    )
  })

  it("shows AWS's message, and what `twokey explain` prints", async () => {
    const denial = (await report().catch((error: unknown) => error)) as S3ServiceException
    expect(normal(shown('download failed'))).toBe(
      `download failed: s3://secrets/report.txt to - An error occurred (${denial.name}) when calling the GetObject operation: ${normal(denial.message)}\n`,
    )
    const [latest] = twokey.emulator.decisions.list({ limit: 1, deniedOnly: true })
    const view = twokey.emulator.decisions.get(latest!.requestId)
    expect(normal(shown('DENIED'))).toBe(normal(decisionText(view!, { color: false })))
  })

  it('ends well', async () => {
    const [, UserName = '', PolicyName = ''] =
      /put-user-policy --user-name (\S+) --policy-name (\S+)/.exec(README) ?? []
    const [, script = ''] = /explain --json \| node -p '([^']+)'/.exec(README) ?? []
    const [latest] = twokey.emulator.decisions.list({ limit: 1, deniedOnly: true })
    const input = JSON.stringify(twokey.emulator.decisions.get(latest!.requestId))
    const statement = execFileSync(process.execPath, ['-p', script], { input, encoding: 'utf8' }).trim()
    expect(normal(shown('DENIED'))).toContain(`add:\n           ${normal(statement)}\n`)
    const [, PolicyDocument = ''] = /--policy-document '(.+)'$/m.exec(README) ?? []
    expect(PolicyDocument).toContain(`'"$statement"'`)
    await twokey.client(IAMClient).send(
      new PutUserPolicyCommand({
        UserName,
        PolicyName,
        PolicyDocument: PolicyDocument.replace(`'"$statement"'`, statement),
      }),
    )
    expect(await (await report()).Body?.transformToString()).toBe(shown('the quarterly'))
  })

  it('costs what `twokey usage` prints', () => {
    const report = usageOf(twokey.emulator, new URLSearchParams())
    // What a key costs in an hour depends on how long the month is.
    const priced = (text: string) =>
      normal(text)
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
        .replace(/0\.00[12]\d{3}/g, '<cents>')
    expect(priced(usageText(report))).toBe(priced(shown('KMS from')))
  })
})

describe('the documents', () => {
  it.each(DOCUMENTS)('$path: every relative link leads somewhere', ({ path, text }) => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
    const broken = links
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => !existsSync(join(ROOT, normalize(join(dirname(path), target)))))
    expect(broken).toEqual([])
  })

  it.each(DOCUMENTS)('$path: every setting, command and script that is named exists', ({ text }) => {
    const settings = new Set<string>([...SETTINGS.map(({ variable }) => variable), 'TWOKEY_URL'])
    const named = [...text.matchAll(/\bTWOKEY_[A-Z_]*[A-Z]\b/g)].map(([name]) => name)
    expect(named.filter((name) => !settings.has(name))).toEqual([])
    const commands = [...text.matchAll(/`(?:npx )?twokey ([a-z]+)/g)].map(([, command = '']) => command)
    expect(commands.filter((command) => !existsSync(join(ROOT, `emulator/cli/${command}.ts`)))).toEqual([])
    const scripts = [...text.matchAll(/`npm run ([a-z:]+)/g)].map(([, script = '']) => script)
    expect(scripts.filter((script) => !Object.hasOwn(PACKAGE.scripts, script))).toEqual([])
  })

  it('docs/settings.md has every setting with its default', async () => {
    const rows = [...(await read('docs/settings.md')).matchAll(/^\| `(TWOKEY_\w+)` *\| (?:`([^`]*)`)? *\|/gm)]
    const defaults = SETTINGS.map(({ variable, key }) => {
      const value = DEFAULTS[key]
      const booleans = key === 'bootstrap' ? ['off', 'on'] : ['0', '1']
      return [variable, typeof value === 'boolean' ? booleans[Number(value)] : value?.toString()]
    })
    expect(rows.map(([, variable, value]) => [variable, value])).toEqual(defaults)
  })

  it('the README calls no operation missing that is there', async () => {
    const [, sentence = ''] = /\*\*Not there yet\*\*(.*?)\.\s/s.exec(README) ?? []
    const claimed = [...sentence.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    const missing = new Set(
      [...(await read('docs/operations.md')).matchAll(/^Not emulated: (.*)\.$/gm)].flatMap(([, names = '']) =>
        names.split(', '),
      ),
    )
    expect(claimed.length).toBeGreaterThan(5)
    expect(claimed.filter((name) => !missing.has(name ?? ''))).toEqual([])
  })
})

describe('a fresh clone', () => {
  it("finds every platform's binaries in the lock file, so that `npm ci` accepts it everywhere", async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const lacking = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !isInstalledFor(path, name, packages))
        .map((name) => `${path} needs ${name}`),
    )
    expect(lacking).toEqual([])
  })
})

/** Looks a package up as Node.js does: beside its dependent, then further and further out. */
function isInstalledFor(path: string, name: string, packages: Readonly<Record<string, unknown>>): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (Object.hasOwn(packages, `${at === '' ? '' : `${at}/`}node_modules/${name}`)) return true
    if (at === '') return false
  }
}
