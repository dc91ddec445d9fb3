import type { DecisionSummary, DecisionView } from '../audit/decisionLog.ts'
import { decisionText } from '../audit/decisionText.ts'
import { CliError } from './cliError.ts'
import { ask, emulatorUrl } from './door.ts'

const USAGE = `usage: twokey explain [request-id] [--last-denied] [--list] [--json]

  twokey explain                    why the latest refused request was refused
  twokey explain R66TKZ7DTZGADADM   why that request was allowed or denied
  twokey explain --last-denied      the latest that a policy refused; not, say, a disabled key
  twokey explain --list             the latest requests, one a line, with their ids
  twokey explain --json             the same as data; goes with each of the others

The id of a request is in AWS's answer (x-amzn-requestid, x-amz-request-id), in what SDKs throw
(RequestId), and beside each denial that the emulator prints. The emulator is looked for at
TWOKEY_URL, else at port TWOKEY_PORT (4566) of this machine.
`

const OPTIONS: ReadonlySet<string> = new Set(['--json', '--list', '--last-denied'])

/** `twokey explain`: both gates of a request, data and key, layer by layer. */
export async function run(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  const [id] = args.filter((arg) => !arg.startsWith('-'))
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  const stray = args.find((arg) => arg.startsWith('-') && !OPTIONS.has(arg))
  if (stray !== undefined) throw new CliError(`there is no option \`${stray}\`\n\n${USAGE}`, 2)
  if (args.includes('--list')) {
    const list = await latest('')
    process.stdout.write(
      json ? `${JSON.stringify(list, null, 2)}\n` : list.map(summaryLine).join('') || `${nothing('asked')}\n`,
    )
    return 0
  }
  const requestId = id ?? (await lastRefused(args.includes('--last-denied')))
  const view = (await ask(`/decisions/${encodeURIComponent(requestId)}`)) as DecisionView
  process.stdout.write(
    json
      ? `${JSON.stringify(view, null, 2)}\n`
      : decisionText(view, { color: process.stdout.isTTY && !process.env['NO_COLOR'] }),
  )
  return 0
}

const latest = async (query: string) =>
  ((await ask(`/decisions${query}`)) as { decisions: DecisionSummary[] }).decisions

async function lastRefused(byPolicy: boolean): Promise<string> {
  const recent = byPolicy ? [] : await latest('?limit=1000')
  const found = recent.find(({ outcome }) => outcome !== 'allowed') ?? (await latest('?limit=1&outcome=denied'))[0]
  if (!found) throw new CliError(nothing(byPolicy ? 'denied' : 'refused'))
  return found.requestId
}

const nothing = (what: string) =>
  `nothing has been ${what} yet at ${emulatorUrl()}; make the request there (AWS_ENDPOINT_URL=${emulatorUrl()}), then ask again`

const summaryLine = (summary: DecisionSummary) =>
  `${summary.time}  ${summary.outcome.padEnd(8)} ${summary.requestId.padEnd(36)} ${summary.service}:${summary.operation ?? '?'}  ${summary.principal}${
    summary.error ? `  ${summary.error.code}` : ''
  }\n`
