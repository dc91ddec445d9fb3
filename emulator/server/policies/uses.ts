import { exactly } from '../../access/generate/pattern.ts'
import type { Use, UseCondition } from '../../access/generate/use.ts'
import { puttingTogether } from '../../audit/use/kin.ts'
import type { Doing } from '../../audit/use/record.ts'
import type { Row } from '../../audit/use/row.ts'
import type { Emulator } from '../app.ts'
import type { PolicyQuestion } from './report.ts'

export interface RecordedUse extends Use {
  readonly wasAllowed: boolean
  /** The resource's policy left it to the account's own. */
  readonly delegated: boolean
  /** How many names the resource's or a condition's pattern stands for. */
  readonly names: number
}

export interface Found {
  readonly uses: readonly RecordedUse[]
  /** What grants allow and nothing else: the policies do not repeat it. */
  readonly byGrant: readonly RecordedUse[]
  /** Of what was refused, what no Allow in an identity or resource policy can mend. */
  readonly barred: readonly RecordedUse[]
  /** Refused, and left out. */
  readonly refused: number
}

/** What was recorded of a principal, as far as it is asked for. */
export function usesOf({ use, registry }: Emulator, question: PolicyQuestion): Found {
  const uses: RecordedUse[] = []
  const byGrant: RecordedUse[] = []
  const barred: RecordedUse[] = []
  let refused = 0
  for (const doing of use.doings(question.principal) ?? []) {
    const conditions = viaConditions(doing, registry)
    const rows = [...doing.rows()].filter((row) => isAsked(row, question))
    for (const row of puttingTogether(rows, question.collapse)) {
      const one = recorded(doing, row, conditions, question)
      if (isByGrant(row, question)) byGrant.push(one)
      else uses.push(one)
      if (question.refused && row.lastBarred >= question.since) barred.push(one)
    }
    for (const row of doing.rows()) if (!question.refused && row.lastDenied >= question.since) refused++
  }
  return { uses, byGrant, barred, refused }
}

const isAsked = (row: Row, { since, refused }: PolicyQuestion) =>
  row.lastAllowed >= since || row.lastGranted >= since || (refused && row.lastDenied >= since)

/** The grantee has the grant only if it is who did it. */
const isByGrant = (row: Row, { principal, grantee, since, refused }: PolicyQuestion) =>
  grantee.arn === principal && row.lastAllowed < since && !(refused && row.lastDenied >= since)

const recorded = (
  { action }: Doing,
  row: Row,
  conditions: readonly UseCondition[],
  { since }: PolicyQuestion,
): RecordedUse => ({
  action,
  resource: row.resource,
  conditions: [...conditions, ...row.conditions],
  guard: row.guard,
  account: row.account,
  wasAllowed: row.lastAllowed >= since,
  delegated: row.delegated && row.lastAllowed >= since,
  names: row.names,
})

function viaConditions({ via, region }: Doing, registry: Emulator['registry']): UseCondition[] {
  const service = via === undefined ? undefined : registry.get(via)?.definition.forwards?.viaService(region)
  if (service === undefined) return []
  return [{ key: 'kms:ViaService', values: [exactly(service)], type: 'String', many: false }]
}
