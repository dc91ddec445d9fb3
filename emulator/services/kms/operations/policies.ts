import { keyResources, said } from '../audit.ts'
import { acceptPolicy, preventLockout, shownPolicy } from '../keys/policy.ts'
import { page } from '../pages.ts'
import { kms } from '../service.ts'
import type { KeyRecord } from '../state.ts'
import { noSuchPolicy } from '../unsourced.ts'
import { bypassOf } from './keys.ts'
import { admitted, changeAndArm, given, keyAudit, onOwnKey } from './onKey.ts'

/** Keys have one policy, of this name. */
const POLICY_NAME = 'default'

function requirePolicyName(name: string | undefined): void {
  if (name !== undefined && name !== POLICY_NAME) throw noSuchPolicy()
}

const getKeyPolicy = kms.row('GetKeyPolicy', {
  ...onOwnKey,
  action: 'kms:GetKeyPolicy',
  readOnly: true,
  run(input, call, target) {
    const key = admitted(target, 'GetKeyPolicy')
    requirePolicyName(input.PolicyName)
    return { Policy: shownPolicy(key, call.env.directory), PolicyName: POLICY_NAME }
  },
  audit: keyAudit('KeyId', 'PolicyName'),
})

const putKeyPolicy = kms.row('PutKeyPolicy', {
  ...onOwnKey,
  action: 'kms:PutKeyPolicy',
  context: (input) => ({ 'kms:BypassPolicyLockoutSafetyCheck': bypassOf(input) }),
  run(input, call, target) {
    const key = admitted(target, 'PutKeyPolicy')
    requirePolicyName(input.PolicyName)
    const changed: KeyRecord = { ...key, policy: acceptPolicy(given(input.Policy), call.env.directory) }
    if (input.BypassPolicyLockoutSafetyCheck !== true) preventLockout(changed, call)
    changeAndArm(key, { policy: changed.policy }, call)
    return {}
  },
  audit: (input, _output, target) => ({
    requestParameters: said(input, 'KeyId', 'PolicyName', 'Policy', 'BypassPolicyLockoutSafetyCheck'),
    responseElements: null,
    resources: keyResources(target),
  }),
})

const listKeyPolicies = kms.row('ListKeyPolicies', {
  ...onOwnKey,
  action: 'kms:ListKeyPolicies',
  readOnly: true,
  run(input, _call, target) {
    admitted(target, 'ListKeyPolicies')
    const { items, Truncated, NextMarker } = page(input, { usual: 100, most: 1000 }, 'policies', (after) =>
      after === undefined ? [[POLICY_NAME, POLICY_NAME] as const] : [],
    )
    return { PolicyNames: items, Truncated, NextMarker }
  },
  audit: keyAudit('KeyId', 'Limit', 'Marker'),
})

export const policyRows = [getKeyPolicy, putKeyPolicy, listKeyPolicies]
