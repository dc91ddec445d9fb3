import { parseArn } from '../../lib/arn.ts'
import { isArn, text, texts, type Asked, type Said } from './said.ts'
import { ruleOf, type ServiceRule } from './table.ts'

/** The permissions that a request needs, each at least once; never none. Throws AWS's refusal of what cannot be understood. */
export function permissionsFor(said: Said): readonly Asked[] {
  const rule = ruleOf(said.service)
  const own = Object.hasOwn(rule.operations ?? {}, said.operation)
    ? rule.operations?.[said.operation]?.(said)
    : undefined
  const found = own && own.length > 0 ? own : byMembers(said, rule)
  return [...unique(found), ...(rule.also?.(said) ?? [])]
}

function byMembers(said: Said, rule: ServiceRule): readonly Asked[] {
  const action =
    (Object.hasOwn(rule.actions ?? {}, said.operation) ? rule.actions?.[said.operation] : undefined) ?? said.operation
  const named = Object.entries(rule.members ?? {}).flatMap(([member, arnOf]) => {
    const value = Object.hasOwn(said.input, member) ? text(said.input[member]) : undefined
    if (value === undefined) return []
    return [{ action, arn: arnOf(value, said), ...(member === 'SecretId' && { named: value }) }]
  })
  if (named.length > 0) return named
  const prefix = rule.prefix ?? said.service
  const arns = Object.values(said.input)
    .flatMap(texts)
    .filter((value) => isArn(value) && [prefix, said.service].includes(parseArn(value)?.service ?? ''))
  return arns.length > 0 ? arns.map((arn) => ({ action, arn })) : [{ action, arn: '*' }]
}

function unique(asked: readonly Asked[]): readonly Asked[] {
  const seen = new Set<string>()
  return asked.filter(({ action, arn }) => {
    const key = `${action} ${arn}`
    return seen.has(key) ? false : Boolean(seen.add(key))
  })
}
