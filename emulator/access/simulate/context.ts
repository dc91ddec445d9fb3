import { contextOf } from '../context.ts'
import { readDate } from '../condition/date.ts'
import { readDecimal } from '../condition/decimal.ts'
import { readAddress } from '../condition/ipAddress.ts'
import type { ConditionContext, ContextValue } from '../types.ts'
import type { SimulatedCaller } from './caller.ts'
import { SimulationError, type ContextType, type SimulatedEntry } from './types.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What typed values must look like, and what AWS calls the format. Booleans and strings take any text. */
const FORMATS: Readonly<Record<string, readonly [string, (value: string) => boolean]>> = {
  numeric: ['numeric format', (value) => readDecimal(value) !== undefined],
  date: ['DateTime format', (value) => readDate(value) !== undefined],
  ip: ['IP address', (value) => readAddress(value) !== undefined],
  binary: ['base-64 encoded binary format', (value) => BASE64.test(value)],
}

/** The stub that stands for a caller nobody named. */
const NOBODY = 'STUB_PRINCIPAL_FOR_POLICY_SIMULATOR'

/** Named like a condition context, and knows which keys the answer lists as missing nevertheless. */
export interface SimulatedContext {
  readonly context: ConditionContext
  /** For a key in any case. */
  readonly isMissing: (key: string) => boolean
}

/** The request's keys: those given, over those that the caller brings (facts: captures 11.3). @throws SimulationError */
export function simulatedContext(
  entries: readonly SimulatedEntry[],
  caller: SimulatedCaller | undefined,
  account: string,
): SimulatedContext {
  const given = readEntries(entries)
  const context = contextOf(given, {
    'aws:PrincipalArn': caller?.arn,
    'aws:PrincipalAccount': caller?.account ?? account,
    'aws:username': caller?.userName,
    'aws:userid': caller?.arn ?? NOBODY,
  })
  const isGiven = contextOf(given)
  return {
    context,
    // The stub matches, and is reported missing all the same.
    isMissing: (key) => {
      const name = key.toLowerCase()
      return context.get(name) === undefined || (name === 'aws:userid' && isGiven.get(name) === undefined)
    },
  }
}

function readEntries(entries: readonly SimulatedEntry[]): Record<string, ContextValue> {
  const seen = new Set<string>()
  const given: Record<string, ContextValue> = {}
  for (const { name, values, type } of entries) {
    if (name === undefined && values === undefined && type === undefined) continue
    if (name === undefined || name === '') throw new SimulationError('ContextKeyName cannot be null or empty.')
    given[name.toLowerCase()] = readValues(name, values, type)
    if (seen.has(name.toLowerCase())) throw new SimulationError(`Duplicate context key: ${name}.`)
    seen.add(name.toLowerCase())
  }
  return given
}

function readValues(name: string, values: readonly string[] = [], type: ContextType | undefined): ContextValue {
  if (type === undefined) throw new SimulationError(`Context key ${name} has invalid type null.`)
  const [first] = values
  if (first === undefined) throw new SimulationError(`Context values for context key ${name} cannot be null or empty.`)
  const isList = type.endsWith('List')
  if (!isList && values.length > 1)
    throw new SimulationError(`Context key ${type} expected a single value, but received ${values.length}.`)
  const [format, accepts] = FORMATS[isList ? type.slice(0, -'List'.length) : type] ?? []
  if (format !== undefined && accepts && !values.every(accepts))
    throw new SimulationError(`Invalid context value for key ${name}: expected ${format}.`)
  return isList ? values : first
}
