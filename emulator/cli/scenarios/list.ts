import type { ScenarioStep } from '../../server/world/scenario.ts'
import { load, shipped, type Loaded } from './files.ts'

/** What `twokey scenario list --json` says of each. */
export interface Entry {
  readonly name: string
  readonly theme: string
  readonly title: string
  readonly story: string
  /** What AWS answers, in order. */
  readonly refusals: readonly { readonly code: string; readonly message: string }[]
  /** What opens it, in words; empty where nothing does. */
  readonly fixes: readonly string[]
  readonly file: string
}

/** The scenarios that come with Twokey, by theme. */
export async function entries(): Promise<Entry[]> {
  const all = await Promise.all((await shipped()).map(load))
  return all.map(entryOf).sort((a, b) => a.theme.localeCompare(b.theme))
}

function entryOf({ name, file, scenario: { title, story, theme = 'Others', steps } }: Loaded): Entry {
  return {
    name,
    theme,
    title,
    story,
    refusals: steps.flatMap(refusalsOf),
    fixes: steps.filter(({ fix }) => fix).map(({ says }) => says),
    file,
  }
}

/** What a step is refused with, at once and afterwards. */
function refusalsOf({ expect, afterwards }: ScenarioStep) {
  return [typeof expect === 'object' && 'code' in expect ? expect : undefined, afterwards].flatMap((refusal) =>
    refusal ? [{ code: refusal.code, message: refusal.message }] : [],
  )
}

/** For people: a heading for each theme, a line for each scenario. */
export function listText(list: readonly Entry[]): string {
  const width = Math.max(...list.map(({ name }) => name.length))
  const themes = [...new Set(list.map(({ theme }) => theme))].map((theme) => {
    const lines = list.filter((entry) => entry.theme === theme)
    return `${theme}\n${lines.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}\n`).join('')}`
  })
  return `${themes.join('\n')}\n\`twokey scenario run <name>\` plays one; docs/scenarios.md tells them all.\n`
}
