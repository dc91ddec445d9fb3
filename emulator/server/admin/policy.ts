import { parseArn } from '../../lib/arn.ts'
import type { Emulator } from '../app.ts'
import { granteeOf, type Grantee } from '../policies/grantee.ts'
import { generatePolicies, type GeneratedPolicies } from '../policies/report.ts'
import { AdminError } from './adminError.ts'
import { parseDuration } from './duration.ts'

/** Who has done something: what `GET /_twokey/policy` without a principal answers. */
export interface RecordedPrincipals {
  /** ISO 8601. */
  readonly since: string
  /** Those who did the most first. */
  readonly principals: readonly { readonly arn: string; readonly allowed: number; readonly denied: number }[]
}

const KNOWN: ReadonlySet<string> = new Set(['principal', 'for', 'since', 'denied', 'collapse'])

/** The policies that a principal needs for what it did; without `principal`, who did anything. */
export function policyOf(emulator: Emulator, query: URLSearchParams): GeneratedPolicies | RecordedPrincipals {
  for (const name of query.keys()) {
    if (!KNOWN.has(name))
      throw new AdminError(400, `there is no option \`${name}\`; the options are ${[...KNOWN].join(', ')}`)
  }
  const asked = query.get('principal')
  if (asked === null) return principals(emulator)
  const person = recordedAs(asked, emulator)
  const other = query.get('for')
  return generatePolicies(emulator, {
    principal: person.arn,
    grantee: other === null ? person : named(other),
    since: sinceOf(query.get('since'), emulator),
    refused: flag('denied', query.get('denied')) ?? emulator.settings.enforcement === 'soft',
    collapse: wholeNumber('collapse', query.get('collapse')) ?? Infinity,
  })
}

function principals({ use }: Emulator): RecordedPrincipals {
  const people = [...use.people()].sort((a, b) => b.allowed + b.denied - a.allowed - a.denied)
  return {
    since: new Date(use.since).toISOString(),
    principals: people.map(({ arn, allowed, denied }) => ({ arn, allowed, denied })),
  }
}

/** By its ARN, an account by its id, a role also by the ARN of one of its sessions. */
function recordedAs(asked: string, { use }: Emulator): Grantee {
  const arn = granteeOf(asked)?.arn ?? asked
  const { service, account, resource = '' } = parseArn(asked) ?? {}
  const [, roleName] = /^assumed-role\/([^/]+)\//.exec(service === 'sts' ? resource : '') ?? []
  for (const person of use.people()) {
    if (person.arn === arn) return person
    if (
      roleName !== undefined &&
      person.kind === 'role' &&
      person.account === account &&
      person.roleName === roleName
    ) {
      return person
    }
  }
  throw new AdminError(404, `nothing is recorded of \`${asked}\`; \`twokey policy list\` says who did something`)
}

function named(text: string): Grantee {
  const grantee = granteeOf(text)
  if (grantee) return grantee
  throw new AdminError(400, `\`${text}\` is not the ARN of a user or a role`)
}

/** A time, or how long ago by the emulator's clock. */
function sinceOf(text: string | null, { clock }: Emulator): number {
  if (text === null) return -Number.MAX_VALUE
  const ago = parseDuration(text)
  const time = ago === undefined ? (/^\d{4}-/.test(text) ? Date.parse(text) : NaN) : clock.now() - ago
  if (!Number.isNaN(time)) return time
  throw new AdminError(400, `\`${text}\` is neither a time nor a duration; write 2027-01-01T00:00:00Z or PT15M`)
}

function flag(name: string, text: string | null): boolean | undefined {
  if (text === null) return undefined
  if (text === '1' || text === '0') return text === '1'
  throw new AdminError(400, `${name} must be 1 or 0`)
}

function wholeNumber(name: string, text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new AdminError(400, `${name} must be a whole number from 1`)
}
