import { writeFile } from 'node:fs/promises'
import type { DecisionSummary, DecisionView } from '../../audit/decisionLog.ts'
import { readScenario, type Scenario } from '../../server/world/scenario.ts'
import { WorldError } from '../../server/world/world.ts'
import { CliError } from '../cliError.ts'
import { ask } from '../door.ts'
import { attempts } from './capture/capture.ts'
import { CANNOT } from './capture/facts.ts'
import { playAlone } from './run.ts'
import { schemaFor } from './schemaPath.ts'

/** More than AWS's quotas let a few policies grow to: what is larger is for no reader. */
const MOST_BYTES = 256 * 1024

/**
 * Writes a scenario file: a beginning to go on from, or, given a request id, what a running emulator really refused. That is played
 * first, and written only if it is refused again in the same words. It holds policies and names, no keys, credentials or contents.
 * @param name of the file; left out: after the operation that was denied
 * @param from a request id, or `last` for the latest that a policy denied
 */
export async function create(name: string | undefined, from: string | undefined): Promise<string> {
  const view = from === undefined ? undefined : ((await ask(`/decisions/${await idOf(from)}`)) as DecisionView)
  const wanted = name ?? nameOf(view)
  const file = wanted.endsWith('.json') ? wanted : `${wanted}.json`
  const scenario = view ? await playable(view) : STARTER
  const text = `${JSON.stringify({ $schema: schemaFor(file), ...scenario }, null, 2)}\n`
  if (Buffer.byteLength(text) > MOST_BYTES) {
    const size = `${String(Math.ceil(Buffer.byteLength(text) / 1024))} KiB`
    throw new CliError(
      `${CANNOT}: it would take ${size}, and a scenario is written up to ${String(MOST_BYTES / 1024)} KiB`,
    )
  }
  // A file that is there is somebody's work.
  await writeFile(file, text, { flag: 'wx' }).catch((error: unknown) => {
    throw new CliError(`cannot write \`${file}\`: ${messageOf(error)}`)
  })
  return file
}

const nameOf = (view: DecisionView | undefined) =>
  `${view?.service ?? ''}-${view?.operation ?? 'request'}-denied`.toLowerCase()

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function idOf(from: string): Promise<string> {
  if (from !== 'last') return encodeURIComponent(from)
  const { decisions } = (await ask('/decisions?limit=1&outcome=denied')) as { decisions: DecisionSummary[] }
  if (!decisions[0]) throw new CliError('nothing has been denied yet')
  return encodeURIComponent(decisions[0].requestId)
}

/** The first attempt that is refused in the same words. Throws CliError: how the simplest differs. */
async function playable(view: DecisionView): Promise<Scenario> {
  const problems: string[] = []
  for (const scenario of attempts(view)) {
    const problem = await problemOf(scenario)
    if (problem === undefined) return scenario
    problems.push(problem)
  }
  throw new CliError(
    `this refusal cannot be played again from what was recorded of it, so nothing was written (docs/worlds.md says what is not recorded):\n${problems[0] ?? ''}`,
  )
}

async function problemOf(scenario: Scenario): Promise<string | undefined> {
  try {
    const loaded = { name: 'new', file: 'the scenario', scenario: await readScenario(scenario) }
    const { steps } = await playAlone(loaded, () => undefined)
    const differs = steps.find(({ passed }) => !passed)
    return differs && `${differs.says}\nexpected ${differs.expected}\nactual   ${differs.actual}`
  } catch (error) {
    if (error instanceof WorldError || error instanceof CliError) return error.message
    throw error
  }
}

/** To go on from: it can be played as it is. */
const STARTER: Scenario = {
  title: 'What happened, in a few words',
  story:
    'Who could not do what, and why. Every member is described by the schema that $schema names; your editor shows it.',
  world: {
    accounts: {
      '111111111111': {
        keys: { data: {} },
        users: {
          reader: {
            policies: {
              Read: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] },
            },
          },
        },
        buckets: { secrets: { key: 'data', objects: { 'report.txt': 'the numbers' } } },
      },
    },
  },
  steps: [
    {
      says: 'what is refused, in AWS’s words',
      as: '111111111111/reader',
      do: 's3:GetObject',
      with: { Bucket: 'secrets', Key: 'report.txt' },
      expect: {
        code: 'AccessDenied',
        status: 403,
        message:
          'User: arn:aws:iam::111111111111:user/reader is not authorized to perform: kms:Decrypt on resource: {{key:data}} because no identity-based policy allows the kms:Decrypt action',
        layer: 'identity',
      },
    },
    {
      says: 'what opens it',
      fix: true,
      as: '111111111111',
      do: 'kms:CreateGrant',
      with: {
        KeyId: '{{key:data}}',
        GranteePrincipal: 'arn:aws:iam::111111111111:user/reader',
        Operations: ['Decrypt'],
      },
      expect: 'allowed',
    },
    {
      says: 'the same call',
      as: '111111111111/reader',
      do: 's3:GetObject',
      with: { Bucket: 'secrets', Key: 'report.txt' },
      expect: 'allowed',
    },
  ],
}
