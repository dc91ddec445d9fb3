import type { Explanation, PolicyView } from '../../../access/explain.ts'
import type { Layer } from '../../../access/types.ts'
import type { DecisionView } from '../../../audit/decisionLog.ts'
import { CliError } from '../../cliError.ts'

/** What is known of a request that a policy denied. */
export interface Facts {
  readonly view: DecisionView
  readonly error: { readonly code: string; readonly message: string }
  /** All permissions that were asked for, in order; the last that matters is `refused`. */
  readonly checks: readonly Explanation[]
  readonly refused: Explanation
  /** The forwarded operation that was refused, as `kms:Decrypt`. */
  readonly refusedCall: string
}

export const CANNOT = 'this denial cannot be written down'

/** Throws CliError where no policy decided. */
export function factsOf(view: DecisionView): Facts {
  const gate = view.gates.find(({ checks }) => checks.some(({ allowed }) => !allowed))
  const refused = gate?.checks.find(({ allowed }) => !allowed)
  if (!gate || !refused || !view.error)
    throw new CliError(`${CANNOT}: no policy denied this request, and only that can be (it was ${view.outcome})`)
  return {
    view,
    error: view.error,
    checks: view.gates.flatMap(({ checks }) => checks),
    refused,
    refusedCall: `${gate.service}:${gate.operation}`,
  }
}

/** The policies of a layer, each once. */
export function policiesIn(checks: readonly Explanation[], layer: Layer): PolicyView[] {
  const all = checks.flatMap(({ layers }) => layers.filter((each) => each.layer === layer))
  return unique(all.flatMap(({ policies }) => policies))
}

export const unique = (policies: readonly PolicyView[]): PolicyView[] => [
  ...new Map(policies.map((policy) => [`${policy.arn ?? policy.name} ${policy.document}`, policy])).values(),
]

export const parsed = ({ document }: PolicyView) => JSON.parse(document) as { readonly Statement: object | object[] }

/** A condition key that has one value. */
export function textIn({ context }: Explanation, key: string): string | undefined {
  const value = context[key]
  return typeof value === 'string' ? value : undefined
}

/** A condition key that has several values. */
export function listIn({ context }: Explanation, key: string): readonly string[] {
  const value = context[key]
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

/** Tags among the condition keys: those under `aws:PrincipalTag/`, say. */
export function tagsIn({ context }: Explanation, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context).flatMap(([key, value]) =>
      key.startsWith(prefix) && typeof value === 'string' ? [[key.slice(prefix.length), value]] : [],
    ),
  )
}

/** Nothing where there is nothing: the file shows what matters. */
export const unlessEmpty = <K extends string, V extends object>(name: K, value: V): Partial<Record<K, V>> =>
  Object.keys(value).length === 0 ? {} : ({ [name]: value } as Record<K, V>)

/** In the order in which each group began. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
