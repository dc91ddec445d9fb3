import type { RetireGrantRequest } from '@aws-sdk/client-kms'
import type { Grant } from '../../../access/types.ts'
import type { Resource } from '../../../operation/define.ts'
import { parseArn } from '../../../lib/arn.ts'
import { keyArn } from '../keys/names.ts'
import { resolveKeyOnly, type Target } from '../keys/resolve.ts'
import { keyContext } from '../keys/resource.ts'
import { keyPath, type GrantRecord, type KmsCall } from '../state.ts'
import { grantMissing, grantNotNamed, notAKeyArn } from '../unsourced.ts'
import { readGrantToken } from './tokens.ts'

/** The grant that is to be retired, and its key. */
export interface Retiring {
  readonly target: Target
  /** Undefined for what another account does not have: whether the key or the grant is missing is not told. */
  readonly grant: GrantRecord | undefined
}

/** By token, or by key ARN and grant id (facts: E4). Throws NotFoundException, ValidationException. */
export function findRetiring(input: RetireGrantRequest, call: KmsCall): Retiring {
  const { GrantToken, KeyId, GrantId } = input
  if (GrantToken !== undefined) {
    if (KeyId !== undefined || GrantId !== undefined) throw grantNotNamed()
    return byToken(readGrantToken(GrantToken, call), call)
  }
  if (KeyId === undefined || GrantId === undefined) throw grantNotNamed()
  if (!parseArn(KeyId)) throw notAKeyArn(KeyId)
  const target = resolveKeyOnly(KeyId, call)
  const grant = findGrant(target, GrantId, call)
  if (!grant && target.account === call.account) throw grantMissing(GrantId)
  return { target, grant }
}

function byToken(id: string, call: KmsCall): Retiring {
  for (const [, grant] of call.state.grants.in().find('id', `${call.region}/${id}`)) {
    const { account, keyId } = grant
    const key = call.state.keys.in(account, call.region).get(keyId)
    return { target: { arn: keyArn(call.region, account, keyId), account, key, namedBy: 'request' }, grant }
  }
  throw grantMissing(id)
}

/** A grant on a key by its id. Throws NotFoundException. */
export function grantOf(target: Target, id: string, call: KmsCall): GrantRecord {
  const grant = findGrant(target, id, call)
  if (!grant) throw grantMissing(id)
  return grant
}

const findGrant = ({ key }: Target, id: string, call: KmsCall): GrantRecord | undefined =>
  key && call.state.grants.in().get(`${keyPath(key)}/${id}`)

/**
 * Retiring is the right of the retiring principal, of a grantee that was granted RetireGrant, and of the account that issued the
 * grant, through its own policies. Neither the key policy nor resource control policies are asked (facts: E4).
 */
export function retirableKey({ target, grant }: Retiring, call: KmsCall): Resource {
  const { key, arn, account } = target
  return {
    arn,
    account,
    guard: 'key',
    grants: grant && rightsOf(grant),
    mention: account === call.account ? 'arn' : 'this resource',
    exemptFromRcp: true,
    get context() {
      return key && keyContext(key, call)
    },
  }
}

function rightsOf(grant: GrantRecord): Grant[] {
  const { id, issuingAccount, retiring, grantee, operations } = grant
  const right = (to: Grant['grantee']): Grant => ({ id, grantee: to, operations: ['RetireGrant'], issuingAccount })
  return [
    ...(retiring ? [right(retiring)] : []),
    ...(operations.includes('RetireGrant') ? [right(grantee)] : []),
    right({ kind: 'account', account: issuingAccount }),
  ]
}
