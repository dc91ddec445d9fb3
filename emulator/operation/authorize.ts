import { evaluate } from '../access/evaluate.ts'
import type { Decision, PolicySet } from '../access/types.ts'
import type { Call } from './call.ts'
import { conditionContext } from './conditionKeys.ts'
import type { Check } from './define.ts'

/** Services whose resources resource control policies protect, of those emulated here (AWS: RCP supported services). */
const RCP_SERVICES: ReadonlySet<string> = new Set(['s3', 'sts', 'kms', 'sqs', 'secretsmanager'])

/** Asks the policy engine about one check. Pure reading: nothing is recorded or refused here. */
export function decide(check: Check, call: Call): Decision {
  const { resource } = check
  const policies = call.caller.policies()
  const set: PolicySet = {
    identity: policies.identity,
    boundary: policies.boundary,
    session: policies.session,
    scp: policies.scp,
    rcp: rcpLevels(check, call),
    endpoint: call.endpoint?.policy,
    resource: resource.policy,
    acl: resource.acl,
    grants: resource.grants,
  }
  return evaluate(
    {
      principal: call.caller.principal,
      action: check.action,
      resource: resource.arn,
      resourceAccount: resource.account,
      guard: resource.guard,
      publicAccessBlock: resource.publicAccessBlock,
      context: conditionContext(check, call),
      grantOperation: check.grantOperation,
      encryptionContext: check.encryptionContext,
      childGrant: check.childGrant,
    },
    set,
  )
}

/** The resource control policies of the account that owns the resource (facts: C1 step 1, C5). */
function rcpLevels(check: Check, call: Call): PolicySet['rcp'] {
  const { resource, action } = check
  if (resource.account === undefined || resource.arn === '*' || resource.exemptFromRcp === true) return undefined
  const { principal } = call.caller
  if (principal.kind === 'role' && principal.serviceLinked) return undefined
  if (!RCP_SERVICES.has(action.slice(0, action.indexOf(':')))) return undefined
  return call.env.directory.organization(resource.account)?.rcp
}
