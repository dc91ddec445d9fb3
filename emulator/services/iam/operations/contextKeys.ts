import { contextKeysOf } from '../../../access/contextKeys.ts'
import { invalidInput } from '../errors.ts'
import { ACCOUNT, given } from '../names.ts'
import {
  boundaryOf,
  existingOwner,
  policyOwner,
  policyOwnerResource,
  storedManaged,
  storedPolicies,
} from '../policyOwner.ts'
import { iam } from '../service.ts'

/** Each document's keys, one after the other: keys that two documents share come twice (captures 11.6). */
const keysOf = (texts: readonly string[]): string[] =>
  texts.flatMap((text, index) => {
    const keys = contextKeysOf(text)
    if (!keys) throw invalidInput(`Policy input list item ${String(index + 1)} has invalid content`)
    return keys
  })

const getContextKeysForCustomPolicy = iam.row('GetContextKeysForCustomPolicy', {
  action: 'iam:GetContextKeysForCustomPolicy',
  readOnly: true,
  resource: () => ACCOUNT,
  run: (input) => ({ ContextKeyNames: keysOf(given(input.PolicyInputList)) }),
})

const getContextKeysForPrincipalPolicy = iam.row('GetContextKeysForPrincipalPolicy', {
  action: 'iam:GetContextKeysForPrincipalPolicy',
  readOnly: true,
  subject: (input, call) => policyOwner(given(input.PolicySourceArn), call),
  resource: policyOwnerResource,
  run(input, call, source) {
    const owner = existingOwner(source, call)
    const stored = storedPolicies(owner, source.kind ?? 'user', call).map(({ text }) => text)
    const boundary = boundaryOf(owner)
    const bounding = boundary === undefined ? [] : [storedManaged(boundary, call)?.text ?? '']
    return { ContextKeyNames: [...keysOf([...stored, ...bounding]), ...keysOf(input.PolicyInputList ?? [])] }
  },
})

export const contextKeyRows = [getContextKeysForCustomPolicy, getContextKeysForPrincipalPolicy]
