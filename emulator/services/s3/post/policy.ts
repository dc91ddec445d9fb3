import { AwsError } from '../../../lib/awsError.ts'
import { accessDenied } from '../errors.ts'

/** How many bytes the file of a form may have. */
export interface SizeRange {
  readonly least: number
  readonly most: number
}

/** One requirement of a policy on a field. */
interface Condition {
  readonly operator: 'eq' | 'starts-with'
  /** As written, for the refusal. */
  readonly name: string
  readonly value: string
}

interface Policy {
  readonly expiration: number
  readonly conditions: readonly Condition[]
  readonly sizes: readonly SizeRange[]
}

/** Fields that need no condition: what carries the signature itself, the file, and what the form asks S3 to ignore. */
const UNCONDITIONED = new Set(['policy', 'x-amz-signature', 'file'])
const IGNORED = 'x-ignore-'

/**
 * Checks a form against its policy (S3 API Reference, "POST policy"): expiry, every condition, and that each field has one.
 *
 * @param encoded base64, as signed
 * @param fields by lower-case name, file name filled in, `bucket` among them
 * @param now milliseconds since the epoch, by the emulator's clock
 * @returns the sizes the file may have
 * @throws AwsError InvalidPolicyDocument for a policy that is none, AccessDenied for a form that does not fit it
 */
export function checkPolicy(encoded: string, fields: ReadonlyMap<string, string>, now: number): readonly SizeRange[] {
  const { expiration, conditions, sizes } = readPolicy(encoded)
  if (expiration <= now) throw unfit('Policy expired.')
  for (const condition of conditions) {
    if (holds(condition, fields.get(condition.name.toLowerCase()))) continue
    const { operator, name, value } = condition
    throw unfit(`Policy Condition failed: [${[operator, `$${name}`, value].map((part) => `"${part}"`).join(', ')}]`)
  }
  const named = new Set(conditions.map(({ name }) => name.toLowerCase()))
  const extra = [...fields.keys()].filter(
    (name) => !named.has(name) && !UNCONDITIONED.has(name) && !name.startsWith(IGNORED),
  )
  if (extra.length > 0) throw unfit(`Extra input fields: ${extra.join(', ')}`)
  return sizes
}

function holds({ operator, name, value }: Condition, given: string | undefined): boolean {
  if (given === undefined) return false
  if (operator === 'eq') return given === value
  // A list of content types fits when each of them does.
  const values = name.toLowerCase() === 'content-type' ? given.split(',') : [given]
  return values.every((one) => one.startsWith(value))
}

function readPolicy(encoded: string): Policy {
  const document = parse(encoded)
  const { expiration, conditions } = document
  if (expiration === undefined) throw invalid('Policy missing expiration.')
  const expires = readExpiration(expiration)
  if (conditions === undefined) throw invalid('Policy missing conditions.')
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.")
  const read: Condition[] = []
  const sizes: SizeRange[] = []
  for (const condition of conditions as unknown[]) {
    if (!Array.isArray(condition)) read.push(simpleCondition(condition))
    else if (operatorOf(condition) === 'content-length-range') sizes.push(sizeRange(condition))
    else read.push(fullCondition(condition))
  }
  return { expiration: expires, conditions: read, sizes }
}

function parse(encoded: string): Readonly<Record<string, unknown>> {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
  } catch {
    throw invalid('Invalid JSON.')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw invalid('Invalid JSON.')
  return document as Readonly<Record<string, unknown>>
}

/** ISO 8601 in UTC, with or without a fraction. */
const EXPIRATION = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

function readExpiration(value: unknown): number {
  const time = typeof value === 'string' && EXPIRATION.test(value) ? Date.parse(value) : NaN
  if (Number.isNaN(time)) throw invalid(`Invalid 'expiration' value: '${textOf(value)}'`)
  return time
}

/** `{"acl": "private"}` */
function simpleCondition(condition: unknown): Condition {
  if (typeof condition !== 'object' || condition === null) {
    throw invalid('Invalid Condition: must be a List or an Object.')
  }
  const [pair, ...more] = Object.entries(condition) as [string, unknown][]
  if (!pair || more.length > 0) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.')
  }
  const [name, value] = pair
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.')
  return { operator: 'eq', name, value }
}

const operatorOf = ([operator]: readonly unknown[]) => (typeof operator === 'string' ? operator.toLowerCase() : '')

/** `["eq", "$acl", "private"]` */
function fullCondition(condition: readonly unknown[]): Condition {
  const operator = operatorOf(condition)
  if (operator !== 'eq' && operator !== 'starts-with') {
    throw invalid(`Invalid Condition: unknown operation '${textOf(condition[0])}'.`)
  }
  const [, name, value, ...more] = condition
  if (typeof name !== 'string' || typeof value !== 'string' || more.length > 0) {
    throw invalid(`Invalid ${operator} Condition: an operation takes a field and a string.`)
  }
  if (!name.startsWith('$')) throw invalid(`Invalid ${operator} Condition: a field's name begins with '$'.`)
  return { operator, name: name.slice(1), value }
}

/** `["content-length-range", 1, 10]`; numbers may be strings of digits. */
function sizeRange(condition: readonly unknown[]): SizeRange {
  const [least, most] = condition.slice(1).map(wholeNumber)
  if (condition.length !== 3 || least === undefined || most === undefined) {
    throw invalid('Invalid content-length-range: takes two whole numbers.')
  }
  return { least, most }
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify([value]))

// Recorded: the sentences about JSON, expiration's value, simple conditions, and the three beginnings of `unfit` (facts: s3-ebs A1;
// public issue threads). The others have the same code and form, and words of ours.

const invalid = (text: string) => new AwsError('InvalidPolicyDocument', 400, `Invalid Policy: ${text}`)
const unfit = (text: string) => accessDenied(`Invalid according to Policy: ${text}`)
