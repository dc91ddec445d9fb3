import type { CreateGrantRequest } from '@aws-sdk/client-kms'
import type { ContextValue } from '../../../access/types.ts'
import { keyResources, said } from '../audit.ts'
import { encryptionContextKeys } from '../encryptionContext.ts'
import { conditionArn, constraintsOf, partiesOf, requireGrantable, type Parties } from '../grants/requests.ts'
import { checkGrantTokens, grantToken } from '../grants/tokens.ts'
import { resolveKeyOnly } from '../keys/resolve.ts'
import { sharedKey } from '../keys/resource.ts'
import { endDryRun } from '../keys/use.ts'
import { kms } from '../service.ts'
import { grantPath, granteeKey, keyPath, type GrantRecord, type KeyRecord, type KmsCall } from '../state.ts'
import { tooManyGrants } from '../unsourced.ts'
import { admitted, given } from './onKey.ts'

const MOST_GRANTS = 50_000

/** What policies may ask about a grant to be (facts: C6). */
function grantContext(input: CreateGrantRequest, call: KmsCall): Record<string, ContextValue | undefined> {
  const { directory } = call.env
  const constraints = input.Constraints
  return {
    ...constraintContext(constraints?.EncryptionContextEquals, constraints?.EncryptionContextSubset),
    'kms:GrantConstraintSourceArn': constraints?.SourceArn,
    'kms:GrantIsForAWSResource': String(call.via !== undefined),
    'kms:GrantOperations': input.Operations,
    'kms:GranteePrincipal': conditionArn(input.GranteePrincipal, directory),
    'kms:RetiringPrincipal': conditionArn(input.RetiringPrincipal, directory),
    'kms:GranteeServicePrincipal': input.GranteeServicePrincipal,
    'kms:RetiringServicePrincipal': input.RetiringServicePrincipal,
  }
}

/** kms:GrantConstraintType and the constraint's pairs. */
export const constraintContext = (
  equals: Readonly<Record<string, string>> | undefined,
  subset: Readonly<Record<string, string>> | undefined,
): Record<string, ContextValue | undefined> => ({
  ...encryptionContextKeys(equals ?? subset),
  'kms:GrantConstraintType': equals ? 'EncryptionContextEquals' : subset ? 'EncryptionContextSubset' : undefined,
})

const createGrant = kms.row('CreateGrant', {
  action: 'kms:CreateGrant',
  subject(input, call) {
    const target = resolveKeyOnly(given(input.KeyId), call)
    checkGrantTokens(input.GrantTokens, call)
    return target
  },
  resource: sharedKey,
  context: (input, call) => grantContext(input, call),
  grant: (input) => ({
    grantOperation: 'CreateGrant',
    childGrant: { operations: input.Operations ?? [], constraints: constraintsOf(input.Constraints) },
  }),
  run(input, call, target) {
    const key = admitted(target, 'CreateGrant')
    requireGrantable(input, key)
    const parties = partiesOf(input, call)
    endDryRun(input)
    const wanted = newGrant(input, key, parties, call)
    const grants = call.state.grants.in()
    return call.env.store.transaction(() => {
      const grant = twinOf(wanted, call) ?? wanted
      if (grant === wanted) {
        if (grants.count('key', keyPath(key)) >= MOST_GRANTS) throw tooManyGrants(key.arn)
        grants.put(grantPath(grant), grant)
      }
      return { GrantToken: grantToken(grant.id, call), GrantId: grant.id }
    })
  },
  audit: (input, output, target) => ({
    requestParameters: said(
      input,
      'GranteePrincipal',
      'GranteeServicePrincipal',
      'KeyId',
      'Operations',
      'Constraints',
      'RetiringPrincipal',
      'RetiringServicePrincipal',
      'Name',
      'DryRun',
    ),
    responseElements: output ? { grantId: output.GrantId, keyId: target?.arn } : null,
    resources: keyResources(target),
  }),
})

function newGrant(input: CreateGrantRequest, key: KeyRecord, parties: Parties, call: KmsCall): GrantRecord {
  const constraints = constraintsOf(input.Constraints)
  const sourceArn = input.Constraints?.SourceArn
  return {
    id: call.env.ids.hex(64),
    account: key.account,
    region: key.region,
    keyId: key.id,
    name: input.Name ?? '',
    grantee: parties.grantee,
    ...(parties.retiring && { retiring: parties.retiring }),
    ...(input.RetiringServicePrincipal !== undefined && { retiringService: true }),
    operations: input.Operations ?? [],
    ...(constraints && { constraints }),
    ...(sourceArn !== undefined && { sourceArn }),
    // A service that calls in its own name has no account of its own.
    issuingAccount: call.account === '' ? key.account : call.account,
    createdAt: Math.floor(call.time / 1000) * 1000,
  }
}

/** The grant that the same request with the same name made before (facts: E1). */
function twinOf(wanted: GrantRecord, call: KmsCall): GrantRecord | undefined {
  if (wanted.name === '') return undefined
  const name = `${wanted.region}/${wanted.account}/${wanted.keyId}/${wanted.name}`
  const essence = essenceOf(wanted)
  for (const [, grant] of call.state.grants.in().find('name', name)) if (essenceOf(grant) === essence) return grant
  return undefined
}

const sorted = (pairs: Readonly<Record<string, string>> | undefined) => pairs && Object.entries(pairs).sort()

const essenceOf = ({ grantee, retiring, operations, constraints, sourceArn, issuingAccount }: GrantRecord): string =>
  JSON.stringify([
    [grantee.kind, granteeKey(grantee)],
    retiring && [retiring.kind, granteeKey(retiring)],
    [...operations].sort(),
    sorted(constraints?.equals),
    sorted(constraints?.subset),
    sourceArn,
    issuingAccount,
  ])

export const createGrantRows = [createGrant]
