import { member, readJson, type JsonNode } from './json.ts'
import { accountOf } from './match/principal.ts'

/**
 * Rewrites a resource policy as AWS stores it: the ARNs of users and roles become their unique ids, so that a deleted and
 * recreated namesake gets nothing, and a bare account id becomes its root ARN (facts: C2).
 * @param idOf the unique id (`AIDA…`, `AROA…`) of a user's or role's ARN, or undefined when it does not exist
 */
export function bindPrincipals(text: string, idOf: (arn: string) => string | undefined): string {
  return rewrite(text, (value) => {
    const account = accountOf(value)
    if (account !== undefined) return value.startsWith('arn:') ? value : `arn:aws:iam::${account}:root`
    return NAMED.test(value) ? (idOf(value) ?? value) : value
  })
}

/** The document as AWS shows it: unique ids become ARNs again; those of deleted users and roles stay. */
export function unbindPrincipals(text: string, arnOf: (id: string) => string | undefined): string {
  return rewrite(text, (value) => (UNIQUE_ID.test(value) ? (arnOf(value) ?? value) : value))
}

const NAMED = /^arn:[^:]+:iam::\d{12}:(?:user|role)\//
const UNIQUE_ID = /^A(?:IDA|ROA)[A-Z0-9]+$/

/** Every AWS principal that a document names, as written; empty when it is no JSON. */
export function principalsNamed(text: string): string[] {
  return principalNodes(readJson(text)).map(({ text: value }) => value)
}

type StringNode = Extract<JsonNode, { kind: 'string' }>

/** Replaces in place, so that the rest of the document stays as it was written. */
function rewrite(text: string, change: (value: string) => string): string {
  let result = ''
  let from = 0
  for (const node of principalNodes(readJson(text))) {
    const value = change(node.text)
    if (value === node.text) continue
    result += text.slice(from, node.start) + JSON.stringify(value)
    from = node.end
  }
  return result + text.slice(from)
}

/** In document order. */
function principalNodes(root: JsonNode | undefined): StringNode[] {
  const statement = root && member(root, 'Statement')
  if (!statement) return []
  const statements = statement.kind === 'array' ? statement.items : [statement]
  const nodes = statements.flatMap((each) =>
    ['Principal', 'NotPrincipal'].flatMap((name) => {
      const principal = member(each, name)
      const values = principal && member(principal, 'AWS')
      if (!values) return []
      return (values.kind === 'array' ? values.items : [values]).filter((item) => item.kind === 'string')
    }),
  )
  return nodes.sort((a, b) => a.start - b.start)
}
