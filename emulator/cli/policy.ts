import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { GeneratedPolicies, ResourceStatements } from '../server/policies/report.ts'
import type { RecordedPrincipals } from '../server/admin/policy.ts'
import { CliError } from './cliError.ts'
import { ask } from './door.ts'

const USAGE = `usage: twokey policy generate --principal <arn> [options]   the least policies that cover what a principal did
       twokey policy list [--json]                           who did something

  --principal <arn>    a user, a role (its sessions), the root user (or an account id), a federated user
  --for <arn>          write them for another user or role, who is to do the same
  --since <when>       only what happened since: a time (2027-01-01T00:00:00Z) or how long ago (PT15M)
  --include-denied     also what was refused, as far as it got; this is usual where denials are let through
                       (TWOKEY_ENFORCE=soft), and --no-include-denied leaves it out
  --collapse <n>       where more than n names of a kind are listed, write what they begin with: bucket/logs/*
  --out <directory>    write each policy to a file there
  --json               everything as data

Documents go to the standard output, what there is to know about them to the standard error. Recorded since the emulator
started or was reset, by its clock. See docs/policy-generate.md.
`

const OPTIONS = {
  principal: { type: 'string' },
  for: { type: 'string' },
  since: { type: 'string' },
  'include-denied': { type: 'boolean' },
  collapse: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** `twokey policy`: policies from use. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = optionsFrom(args)
  const [verb, ...rest] = positionals
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  if (verb === 'list' && rest.length === 0) return list(values.json === true)
  if (verb !== 'generate' || rest.length > 0) throw new CliError(USAGE, 2)
  if (values.principal === undefined) throw new CliError(`say whose use is meant: --principal <arn>\n\n${USAGE}`, 2)
  const policies = (await ask(`/policy?${queryOf(values).toString()}`)) as GeneratedPolicies
  if (values.json === true) process.stdout.write(json(policies))
  else if (values.out === undefined) print(policies)
  if (values.out !== undefined) write(policies, values.out)
  return 0
}

function optionsFrom(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, allowNegative: true })
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, 2)
  }
}

function queryOf(options: ReturnType<typeof optionsFrom>['values']): URLSearchParams {
  const query = new URLSearchParams({ principal: options.principal ?? '' })
  for (const name of ['for', 'since', 'collapse'] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  const denied = options['include-denied']
  if (denied !== undefined) query.set('denied', denied ? '1' : '0')
  return query
}

async function list(asData: boolean): Promise<number> {
  const recorded = (await ask('/policy')) as RecordedPrincipals
  if (asData) process.stdout.write(json(recorded))
  else if (recorded.principals.length === 0) process.stderr.write('nobody has done anything yet\n')
  for (const { arn, allowed, denied } of asData ? [] : recorded.principals) {
    process.stdout.write(`${arn}  ${String(allowed)} allowed, ${String(denied)} denied\n`)
  }
  return 0
}

const json = (data: unknown) => `${JSON.stringify(data, null, 2)}\n`

const say = (line: string) => process.stderr.write(`${line}\n`)

/** Documents and headings go different ways, so that a pipe carries JSON alone. */
function print(policies: GeneratedPolicies): void {
  for (const { name, size, document } of policies.identity) {
    say(`identity policy ${name} (${String(size)} characters), for ${policies.grantee}:`)
    process.stdout.write(json(document))
  }
  for (const statements of policies.resources) {
    say(headingOf(statements))
    process.stdout.write(json(statements.document))
  }
  remark(policies)
}

function remark({ identity, resources, notes, principal, since }: GeneratedPolicies): void {
  if (identity.length + resources.length === 0)
    say(`${principal} was allowed nothing since ${since} that needs a policy`)
  for (const note of notes) say(`note: ${note}`)
}

const POLICY = { 'key-policy': 'key', 'bucket-policy': 'bucket', 'trust-policy': 'trust' } as const

const headingOf = ({ kind, target, inForce }: ResourceStatements) =>
  `statements for the ${POLICY[kind]} policy of ${target}${inForce ? ', which allows this already' : ''}:`

/** One file for each document, with names that say what they are for. */
function write(policies: GeneratedPolicies, directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
    const files = [
      ...policies.identity.map(({ name, document }) => [`${name}.json`, document] as const),
      ...policies.resources.map(
        ({ kind, target, document }) => [`${kind}-${target.replace(/^.*[:/]/, '')}.json`, document] as const,
      ),
    ]
    for (const [file, document] of files) {
      writeFileSync(join(directory, file), json(document))
      say(`wrote ${join(directory, file)}`)
    }
  } catch (error) {
    throw new CliError(`cannot write to \`${directory}\`: ${error instanceof Error ? error.message : String(error)}`)
  }
  remark(policies)
}
