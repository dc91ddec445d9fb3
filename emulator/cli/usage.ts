import { parseArgs } from 'node:util'
import { AWS_PRICES, FREE_TIER } from '../audit/prices.ts'
import type { KeyUsage, UsageReport } from '../audit/usageReport.ts'
import { CliError } from './cliError.ts'
import { ask } from './door.ts'

const USAGE = `usage: twokey usage [options]      what KMS was asked, by key and by service, and what that would cost on AWS

  --free-tier             take AWS's ${FREE_TIER.toLocaleString('en-US')} free requests a month off
  --price <name>=<usd>    another price: ${Object.entries(AWS_PRICES)
    .map(([name, usd]) => `${name} (${String(usd)})`)
    .join(', ')}
  --keys <n>              list at most so many keys (20)
  --json                  the same as data, with a row for each operation

Prices of requests are for 10,000 of them, those of keys and rotations for a month. Counted since the emulator started or was
reset, by its clock; nothing of it is kept when it stops.
`

const OPTIONS = {
  'free-tier': { type: 'boolean' },
  price: { type: 'string', multiple: true },
  keys: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** `twokey usage`: requests and money, by key and by calling service. */
export async function run(args: readonly string[]): Promise<number> {
  const options = optionsFrom(args)
  if (options.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const report = (await ask(`/usage?${queryOf(options).toString()}`)) as UsageReport
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : usageText(report))
  return 0
}

function optionsFrom(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, 2)
  }
}

function queryOf(options: ReturnType<typeof optionsFrom>): URLSearchParams {
  const query = new URLSearchParams({ limit: options.keys ?? '20' })
  if (options['free-tier'] === true) query.set('freeTier', 'on')
  for (const price of options.price ?? []) {
    const [name = '', usd] = price.split('=')
    if (usd === undefined) throw new CliError(`\`${price}\` is not a price; write --price requests=0.03`, 2)
    query.set(name, usd)
  }
  return query
}

/** The report for a terminal. */
export function usageText(report: UsageReport): string {
  const { totals } = report
  const sections = [
    `KMS from ${report.since} to ${report.until}`,
    table('key', report.keys.map(keyLine)),
    ...(report.moreKeys > 0 ? [`… and ${String(report.moreKeys)} more keys`] : []),
    table(
      'service',
      report.services.map(({ service, usd, ...counted }) => [service, ...counts(counted), dollars(usd)]),
    ),
    totalsText(totals),
  ]
  return `${sections.join('\n\n')}\n`
}

const HEADINGS = ['requests', 'saved by Bucket Keys', 'throttled', 'USD']

function keyLine({ key, requests, usd }: KeyUsage): string[] {
  return [key ?? '(no key)', ...counts(requests), dollars(usd)]
}

const counts = ({ requests, savedByBucketKeys, throttled }: Omit<UsageReport['totals']['requests'], 'usd'>) =>
  [requests, savedByBucketKeys, throttled].map(String)

/** Names to the left, numbers to the right. */
function table(name: string, lines: readonly (readonly string[])[]): string {
  const all = [[name, ...HEADINGS], ...lines]
  const widths = [name, ...HEADINGS].map((_, column) => Math.max(...all.map((line) => (line[column] ?? '').length)))
  return all
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n')
}

function totalsText({ requests, keys, freeTier, usd }: UsageReport['totals']): string {
  const lines = [
    [count(requests.requests, 'request'), dollars(requests.usd)],
    ...(freeTier.requests > 0
      ? [[`of these free of charge: ${String(freeTier.requests)}`, `-${dollars(freeTier.usd)}`]]
      : []),
    [`keeping ${count(keys.count, 'customer managed key')}`, dollars(keys.usd)],
    ['total', dollars(usd)],
    ...(requests.savedByBucketKeys > 0
      ? [[`saved by Bucket Keys: ${count(requests.savedByBucketKeys, 'request')}`, dollars(requests.savedUsd)]]
      : []),
  ]
  const [first, second] = [0, 1].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines.map(([what = '', money = '']) => `${what.padEnd(first ?? 0)}  ${money.padStart(second ?? 0)}`).join('\n')
}

const count = (number: number, what: string) => `${String(number)} ${what}${number === 1 ? '' : 's'}`

/** A single request costs three millionths. */
const dollars = (usd: number) => usd.toFixed(6)
