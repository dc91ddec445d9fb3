import { unbindPrincipals } from '../../access/bind.ts'
import { spelled } from '../../access/suggest/spell.ts'
import type { Suggestion } from '../../access/suggest/types.ts'
import type { DecisionView } from '../../audit/decisionLog.ts'
import type { Directory } from '../../operation/call.ts'

/** A decision for people: policies and suggestions show the users and roles they name by their ARNs, as AWS shows them (facts: C2). */
export function shownDecision(view: DecisionView, directory: Directory): DecisionView {
  const arnOf = (id: string) => directory.principalArn(id)
  const shown = (document: string) => unbindPrincipals(document, arnOf)
  const spell = (suggestions: readonly Suggestion[]) => suggestions.map((each) => spelled(each, arnOf))
  return {
    ...view,
    suggestions: spell(view.suggestions),
    gates: view.gates.map((gate) => ({
      ...gate,
      checks: gate.checks.map((check) => ({
        ...check,
        suggestions: spell(check.suggestions),
        layers: check.layers.map((layer) => ({
          ...layer,
          policies: layer.policies.map((policy) => ({ ...policy, document: shown(policy.document) })),
        })),
      })),
    })),
  }
}
