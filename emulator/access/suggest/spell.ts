import { unbindPrincipals } from '../bind.ts'
import { inPlaceOf } from './text.ts'
import type { Change, PolicyStatement, Suggestion } from './types.ts'

/**
 * A suggestion whose statements name users and roles by their ARNs, as they are written and shown.
 * @param arnOf the ARN of a unique id (`AIDA…`, `AROA…`), or undefined when it is nobody's any more
 */
export function spelled({ title, changes }: Suggestion, arnOf: (id: string) => string | undefined): Suggestion {
  const written = (statement: PolicyStatement) => {
    const text = unbindPrincipals(JSON.stringify({ Statement: statement }), arnOf)
    return (JSON.parse(text) as { readonly Statement: PolicyStatement }).Statement
  }
  const spell = (change: Change): Change => {
    if (!change.replace) return change
    const replace = { ...change.replace, with: change.replace.with.map(written) }
    return { ...change, what: inPlaceOf(replace), replace }
  }
  return { title, changes: changes.map(spell) }
}
