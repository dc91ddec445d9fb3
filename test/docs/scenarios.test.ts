import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { format } from 'prettier'
import { load, shipped, type Loaded } from '../../emulator/cli/scenarios/files.ts'
import type { StepResult } from '../../emulator/server/world/play.ts'
import { playScenario, type ScenarioStep } from '../../emulator/server/world/scenario.ts'
import { startEmulator } from '../support/emulator.ts'
import { CASES, FRONT } from './gallery.ts'

const PAGE = new URL('../../docs/scenarios.md', import.meta.url)
const README = new URL('../../README.md', import.meta.url)
const [BEGIN, END] = ['<!-- gallery: npm run docs -->', '<!-- end of the gallery -->']

interface Told extends Loaded {
  readonly results: readonly StepResult[]
}

const told: Told[] = []
beforeAll(async () => {
  for (const file of await shipped()) {
    const loaded = await load(file)
    const { emulator, stop } = await startEmulator({ asyncDelay: 0 })
    told.push({ ...loaded, results: await playScenario(emulator, loaded.scenario) })
    await stop()
  }
}, 60_000)

/** Ids differ from run to run. */
const withoutIds = (text: string) =>
  text
    .replace(/(?<=key\/)(?:[\da-f]{8}-[\da-f-]{27}|mrk-[\da-f]{32})/g, '…')
    .replace(/\b(vol|snap|ami|i)-[\da-f]{17}\b/g, '$1-…')
    .replace(/ \[decided by: \w+\]/g, '')

const cell = (text: string) => text.replace(/\|/g, '\\|').replace(/\n/g, ' ')
const code = (text: string) => `\`${cell(withoutIds(text)).trim()}\``

const refusals = ({ scenario, results }: Told) =>
  results.flatMap((result, index) => {
    const step = scenario.steps[index]
    return step && (result.refused || tellsOfError(step)) ? [{ step, result }] : []
  })

const tellsOfError = ({ expect: answer }: ScenarioStep) =>
  typeof answer === 'object' &&
  'answer' in answer &&
  Object.keys(answer.answer).some((name) => /StateMessage|StateReason/.test(name))

/** The words of a refusal, without what was answered before. */
const wordsOf = ({ actual }: StepResult) => actual.replace(/^allowed.*?; afterwards /, 'later ')

function frontTable(): string {
  const rows = FRONT.map((name) => {
    const one = told.find((entry) => entry.name === name)
    const [first] = one ? refusals(one) : []
    if (!one || !first) throw new Error(`the gallery has no \`${name}\` that is refused`)
    return `| [\`${name}\`](fixtures/scenarios/${name}.json) | ${cell(one.scenario.title)} | ${code(wordsOf(first.result))} |`
  })
  return ['| scenario | what happened | what AWS says |', '| --- | --- | --- |', ...rows].join('\n')
}

const named = (pattern: string) =>
  told
    .filter(({ name }) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
    .map(({ name }) => name)

function casesTable(): string {
  const rows = CASES.map(({ what, scenarios, but = '' }) => {
    const names = scenarios.flatMap(named).map((name) => `[${name}](#${name})`)
    return `| ${what} | ${names.join(', ') || 'none'} | ${but} |`
  })
  return ['| denial | scenarios | what is not played |', '| --- | --- | --- |', ...rows].join('\n')
}

function chapter(one: Told): string[] {
  const { title, story, noFix, steps } = one.scenario
  const lines = [`### ${one.name}`, '', `**${title}.** ${story}`, '']
  for (const { step, result } of refusals(one)) {
    const layer = /\[decided by: (\w+)\]/.exec(result.actual)?.[1]
    const who = typeof step.as === 'string' ? step.as : step.as.role.replace(/^.*?::/, '')
    lines.push(`- ${step.do} by ${who}: ${code(wordsOf(result))}${layer === undefined ? '' : `, decided by: ${layer}`}`)
  }
  for (const { says, do: operation } of steps.filter(({ fix }) => fix)) lines.push(`- fix (${operation}): ${says}`)
  if (noFix !== undefined) lines.push(`- no fix: ${noFix}`)
  return [...lines, '']
}

async function page(): Promise<string> {
  const themes = [...new Set(told.map(({ scenario }) => scenario.theme ?? 'Others'))].sort()
  const lines = [
    '# Scenarios',
    '',
    'Generated from [fixtures/scenarios](../fixtures/scenarios) and from what they answered when they were played, by `npm run docs`; a stale',
    'page fails the tests. [Worlds and scenarios](worlds.md) describes the format. Ids are shortened.',
    '',
    '## Known denials',
    '',
    casesTable(),
    '',
    ...themes.flatMap((theme) => [
      `## ${theme}`,
      '',
      ...told.filter(({ scenario }) => (scenario.theme ?? 'Others') === theme).flatMap(chapter),
    ]),
  ]
  return format(lines.join('\n'), { parser: 'markdown', printWidth: 120 })
}

async function readme(): Promise<string> {
  const text = await readFile(README, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const [, after] = rest?.split(END) ?? []
  if (before === undefined || after === undefined) throw new Error(`README.md lacks \`${BEGIN}\` or \`${END}\``)
  const table = await format(frontTable(), { parser: 'markdown', printWidth: 120 })
  return `${before}${BEGIN}\n\n${table}\n${END}${after}`
}

describe('the gallery', () => {
  it('docs/scenarios.md tells every scenario as it was played (npm run docs rewrites it)', async () => {
    const wanted = await page()
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(PAGE, wanted)
    expect(await readFile(PAGE, 'utf8')).toBe(wanted)
  })

  it('the README shows the most common with the real messages (npm run docs rewrites it)', async () => {
    const wanted = await readme()
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(README, wanted)
    expect(await readFile(README, 'utf8')).toBe(wanted)
  })

  it('every known denial leads to scenarios that are there, or says why there is none', () => {
    const dangling = CASES.flatMap(({ scenarios }) => scenarios.filter((name) => named(name).length === 0))
    expect(dangling).toEqual([])
    expect(CASES.filter(({ scenarios, but }) => scenarios.length === 0 && but === undefined)).toEqual([])
  })
})

/** Which kind of change each fix is, where it is a policy's. */
const KIND: Readonly<Record<string, RegExp>> = {
  'iam:PutUserPolicy': /^allow .* in (a|the) polic/,
  'kms:PutKeyPolicy': /key policy/,
  'kms:CreateGrant': /grant/,
}

describe('what would help', () => {
  it('names the kind of change that the fix of a scenario makes', () => {
    let compared = 0
    const missed = told.flatMap(({ name, scenario, results }) =>
      scenario.steps.flatMap((step, index) => {
        const kind = step.fix === true ? KIND[step.do] : undefined
        const refused = results.slice(0, index).find(({ wouldHelp = [] }) => wouldHelp.length > 0)
        const first = scenario.steps.slice(0, index).findIndex(({ fix }) => fix)
        if (!kind || !refused || first >= 0) return []
        compared++
        return refused.wouldHelp?.some((title) => kind.test(title))
          ? []
          : [`${name}: ${(refused.wouldHelp ?? []).join('; ')}`]
      }),
    )
    expect(missed).toEqual([])
    expect(compared).toBeGreaterThan(20)
  })
})
