import { unbindPrincipals } from '../../access/bind.ts'
import type { DecisionView } from '../../audit/decisionLog.ts'
import type { Directory } from '../../operation/call.ts'

/** A decision for people: the policies show the users and roles they name by their ARNs, as AWS shows them (facts: C2). */
export function shownDecision(view: DecisionView, directory: Directory): DecisionView {
  const shown = (document: string) => unbindPrincipals(document, (id) => directory.principalArn(id))
  return {
    ...view,
    gates: view.gates.map((gate) => ({
      ...gate,
      checks: gate.checks.map((check) => ({
        ...check,
        layers: check.layers.map((layer) => ({
          ...layer,
          policies: layer.policies.map((policy) => ({ ...policy, document: shown(policy.document) })),
        })),
      })),
    })),
  }
}
