import { covers, operandText, resourceText, type Pattern } from './pattern.ts'
import type { Use, UseCondition } from './use.ts'

/** A statement of a policy document. */
export interface Statement {
  readonly Effect: 'Allow'
  readonly Principal?: unknown
  readonly Action: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/** A statement in the making: it allows each of its actions on each of its resources, under its conditions. */
interface Draft {
  readonly service: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions: readonly UseCondition[]
}

/**
 * The fewest statements that allow these uses and nothing else: uses are put together only where they differ in one respect alone,
 * first in their actions, then in their resources, then in one condition's value. The same uses give the same text in any order.
 */
export function statementsFor(uses: readonly Use[]): Statement[] {
  let drafts = necessary(uses).map(({ action, resource, conditions }): Draft => ({
    service: action.slice(0, action.indexOf(':')),
    actions: [action],
    resources: [resourceText(resource)],
    conditions: [...conditions].sort((a, b) => order(a.key, b.key)),
  }))
  drafts = joined(drafts, ({ resources, conditions }) => [resources, conditions], withActions)
  drafts = joined(drafts, ({ actions, conditions }) => [actions, conditions], withResources)
  for (const name of new Set(drafts.flatMap(({ conditions }) => conditions.map(({ key }) => key)))) {
    drafts = joinedValues(drafts, name)
  }
  return drafts.map(statementOf).sort((a, b) => order(sortKey(a), sortKey(b)))
}

/** Without those that another one allows anyway. */
function necessary(uses: readonly Use[]): Use[] {
  const groups = groupedBy(uses, ({ action, resource }) => [action, resource])
  return groups.flatMap((group) => {
    const kept: Use[] = []
    for (const use of [...group].sort((a, b) => a.conditions.length - b.conditions.length)) {
      if (!isAllowedByOthers(use, kept)) kept.push(use)
    }
    return kept
  })
}

/** @param others those with the fewest conditions first */
function isAllowedByOthers(use: Use, others: readonly Use[]): boolean {
  for (const other of others) {
    if (other.conditions.length >= use.conditions.length) return false
    if (allows(other, use)) return true
  }
  return false
}

/** Each condition of the first also holds for the second. */
const allows = (a: Use, b: Use) =>
  a.conditions.every((condition) =>
    b.conditions.some(
      ({ key, values, many }) =>
        key === condition.key &&
        many === condition.many &&
        values.every((value) => condition.values.some((listed) => covers(listed, value))),
    ),
  )

type Join = (first: Draft, group: readonly Draft[]) => Draft

const withActions: Join = (first, group) => ({ ...first, actions: sorted(group.flatMap(({ actions }) => actions)) })
const withResources: Join = (first, group) => ({
  ...first,
  resources: sorted(group.flatMap(({ resources }) => resources)),
})

/** Puts together what has the same service and the same `rest`. */
function joined(drafts: readonly Draft[], rest: (draft: Draft) => unknown, join: Join): Draft[] {
  return groupedBy(drafts, (draft) => [draft.service, rest(draft)])
    .map((group) => (group[0] && group.length > 1 ? join(group[0], group) : group[0]))
    .filter((draft) => draft !== undefined)
}

/** Puts together what differs in the value of one condition key alone. */
function joinedValues(drafts: readonly Draft[], name: string): Draft[] {
  const isIt = ({ key, many }: UseCondition) => key === name && !many
  const others = ({ actions, resources, conditions }: Draft) => [
    actions,
    resources,
    conditions.map((condition) => (isIt(condition) ? name : condition)),
  ]
  const withValues: Join = (first, group) => {
    const values = distinct(
      group.flatMap(({ conditions }) => conditions.filter(isIt).flatMap(({ values: own }) => own)),
    )
    return { ...first, conditions: first.conditions.map((one) => (isIt(one) ? { ...one, values } : one)) }
  }
  const has = ({ conditions }: Draft) => conditions.some(isIt)
  return [...drafts.filter((draft) => !has(draft)), ...joined(drafts.filter(has), others, withValues)]
}

function statementOf({ actions, resources, conditions }: Draft): Statement {
  const operators: Record<string, Record<string, string | readonly string[]>> = {}
  for (const { key, values, type, many } of conditions) {
    const like = type === 'String' && values.some(({ open }) => open)
    const operator = `${many ? 'ForAllValues:' : ''}${type === 'Bool' ? 'Bool' : like ? 'StringLike' : 'StringEquals'}`
    const operands = sorted(values.map((value) => operandText(value, like)))
    ;(operators[operator] ??= {})[key] = single(operands)
  }
  return {
    Effect: 'Allow',
    Action: single(sorted(actions)),
    Resource: single(sorted(resources)),
    ...(conditions.length > 0 && { Condition: inOrder(operators) }),
  }
}

const inOrder = <T>(members: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(members).sort(([a], [b]) => order(a, b)))

const sortKey = ({ Action, Resource, Condition }: Statement) => JSON.stringify([Action, Resource, Condition])

/** By code unit, so that the order is the same everywhere. */
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort(order)
const single = (texts: readonly string[]): string | readonly string[] => (texts.length === 1 ? (texts[0] ?? '') : texts)

const distinct = (values: readonly Pattern[]): Pattern[] => [
  ...new Map(values.map((value) => [`${String(value.open)}${value.text}`, value])).values(),
]

/** Groups in the order in which their first members come. */
function groupedBy<T>(items: readonly T[], keyOf: (item: T) => unknown): (readonly T[])[] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify(keyOf(item))
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return [...groups.values()]
}
