import type { ListGrantsRequest, ListRetirableGrantsRequest } from '@aws-sdk/client-kms'
import { keyResources, said } from '../audit.ts'
import { keyMissing, notFound } from '../errors.ts'
import { grantEntry } from '../grants/listing.ts'
import { accountOf, readPrincipal, requirePrincipal } from '../grants/principals.ts'
import { findRetiring, grantOf, retirableKey } from '../grants/retire.ts'
import { endDryRun } from '../keys/use.ts'
import { page, sortedAfter } from '../pages.ts'
import { kms } from '../service.ts'
import { grantPath, granteeKey, keyPath, type GrantRecord, type KmsCall } from '../state.ts'
import { filterForServices, grantMissing, oneGranteeFilter, oneRetiringFilter } from '../unsourced.ts'
import { constraintContext } from './createGrant.ts'
import { admitted, given, keyAudit, onSharedKey } from './onKey.ts'

const SIZE = { usual: 50, most: 100 }

const forAwsResource = (_input: unknown, call: KmsCall) => ({
  'kms:GrantIsForAWSResource': String(call.via !== undefined),
})

const listGrants = kms.row('ListGrants', {
  ...onSharedKey,
  action: 'kms:ListGrants',
  readOnly: true,
  context: forAwsResource,
  run(input, call, target) {
    const key = admitted(target, 'ListGrants')
    const { directory } = call.env
    const grants = call.state.grants.in()
    const path = keyPath(key)
    const { GrantId } = input
    const grantee = granteeFilter(input, call)
    const entriesAfter =
      GrantId !== undefined
        ? sortedAfter(withId(`${path}/${GrantId}`, grantee, call))
        : grantee !== undefined
          ? sortedAfter(grants.find('grantee', `${path}/${grantee}`))
          : (after: string | undefined) => grants.entries({ prefix: `${path}/`, ...(after !== undefined && { after }) })
    const { items, Truncated, NextMarker } = page(input, SIZE, `grants/${key.id}`, entriesAfter)
    return { Grants: items.map((grant) => grantEntry(grant, directory)), Truncated, NextMarker }
  },
  audit: keyAudit('KeyId', 'GrantId', 'GranteePrincipal', 'GranteeServicePrincipal', 'Limit', 'Marker'),
})

/** What the grantee asked for is listed under. Throws ValidationException, InvalidArnException. */
function granteeFilter(input: ListGrantsRequest, call: KmsCall): string | undefined {
  const { GranteePrincipal, GranteeServicePrincipal } = input
  if (GranteeServicePrincipal !== undefined) {
    if (GranteePrincipal !== undefined) throw oneGranteeFilter()
    return serviceFilter('GranteeServicePrincipal', GranteeServicePrincipal, call)
  }
  if (GranteePrincipal === undefined) return undefined
  return granteeKey(requirePrincipal(GranteePrincipal, 'Input', '', call.env.directory))
}

function serviceFilter(member: string, service: string, { caller }: KmsCall): string {
  if (caller.principal.kind !== 'service') throw filterForServices(member)
  return service
}

function withId(path: string, grantee: string | undefined, call: KmsCall): (readonly [string, GrantRecord])[] {
  const grant = call.state.grants.in().get(path)
  return grant && (grantee === undefined || granteeKey(grant.grantee) === grantee) ? [[path, grant]] : []
}

const listRetirableGrants = kms.row('ListRetirableGrants', {
  action: 'kms:ListRetirableGrants',
  readOnly: true,
  run(input, call) {
    const retiring = retiringFilter(input, call)
    const { items, Truncated, NextMarker } = page(
      input,
      SIZE,
      'retirable',
      sortedAfter(call.state.grants.in().find('retiring', `${call.region}/${retiring}`)),
    )
    return { Grants: items.map((grant) => grantEntry(grant, call.env.directory)), Truncated, NextMarker }
  },
  audit: (input) => ({
    requestParameters: said(input, 'RetiringPrincipal', 'RetiringServicePrincipal', 'Limit', 'Marker'),
    resources: [],
  }),
})

/** What the retiring principal asked for is listed under. Throws ValidationException, NotFoundException. */
function retiringFilter(input: ListRetirableGrantsRequest, call: KmsCall): string {
  const { RetiringPrincipal, RetiringServicePrincipal } = input
  if ((RetiringPrincipal === undefined) === (RetiringServicePrincipal === undefined)) throw oneRetiringFilter()
  return RetiringServicePrincipal === undefined
    ? retiringKey(given(RetiringPrincipal), call)
    : serviceFilter('RetiringServicePrincipal', RetiringServicePrincipal, call)
}

/** The principal must be of the caller's account (facts: B3); that another's reads as one not found is assumed. */
function retiringKey(text: string, call: KmsCall): string {
  const { directory } = call.env
  const missing = () => notFound(`Retiring principal ${text} could not be found`)
  if (readPrincipal(text, directory) === 'unknown-id') throw missing()
  const principal = requirePrincipal(text, 'Input', '', directory)
  if (accountOf(principal, directory) !== call.account) throw missing()
  return granteeKey(principal)
}

const retireGrant = kms.row('RetireGrant', {
  action: 'kms:RetireGrant',
  subject: findRetiring,
  resource: (_input, call, retiring) => retirableKey(retiring, call),
  context: (_input, _call, { grant }) => constraintContext(grant?.constraints?.equals, grant?.constraints?.subset),
  // The grant's constraints do not bear on retiring it (facts: E2).
  grant: () => ({ grantOperation: 'RetireGrant' }),
  run(input, call, { target, grant }) {
    if (!grant) throw target.key && input.GrantId !== undefined ? grantMissing(input.GrantId) : keyMissing(target.arn)
    endDryRun(input)
    call.env.store.transaction(() => {
      call.state.grants.in().delete(grantPath(grant))
    })
    return {}
  },
  audit: (input, _output, retiring) => ({
    requestParameters: input.KeyId === undefined ? null : said(input, 'KeyId', 'GrantId'),
    responseElements: null,
    ...(retiring?.grant && { additionalEventData: { grantId: retiring.grant.id } }),
    resources: keyResources(retiring?.target),
  }),
})

const revokeGrant = kms.row('RevokeGrant', {
  ...onSharedKey,
  action: 'kms:RevokeGrant',
  context: forAwsResource,
  run(input, call, target) {
    admitted(target, 'RevokeGrant')
    const grant = grantOf(target, given(input.GrantId), call)
    endDryRun(input)
    call.env.store.transaction(() => {
      call.state.grants.in().delete(grantPath(grant))
    })
    return {}
  },
  audit: (input, _output, target) => ({
    requestParameters: said(input, 'KeyId', 'GrantId', 'DryRun'),
    responseElements: target ? { keyId: target.arn } : null,
    resources: keyResources(target),
  }),
})

export const grantRows = [listGrants, listRetirableGrants, retireGrant, revokeGrant]
