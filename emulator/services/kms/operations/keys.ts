import type { CreateKeyRequest, Tag } from '@aws-sdk/client-kms'
import type { Check } from '../../../operation/define.ts'
import { isoTime, said } from '../audit.ts'
import { validation } from '../errors.ts'
import { isOffered, KEY_SPECS } from '../keySpecs.ts'
import { checkGrantTokens } from '../grants/tokens.ts'
import { createKeyRecord, requireRoomForKey, storeNewKey } from '../keys/create.ts'
import { makeMaterial } from '../keys/generate.ts'
import { asItIs } from '../keyStores/availability.ts'
import { placeOf, requireKeyStoreChoices, requirePlace, type KeyPlace } from '../keyStores/keys.ts'
import { keyMetadata } from '../keys/metadata.ts'
import { familyOf } from '../keys/multiRegion.ts'
import { keyArn } from '../keys/names.ts'
import { acceptPolicy, defaultPolicy, preventLockout } from '../keys/policy.ts'
import { resolveKey } from '../keys/resolve.ts'
import { sharedKey, specContext } from '../keys/resource.ts'
import { linkedRoleCheck, SYNCHRONIZER } from '../keys/synchronizer.ts'
import { page } from '../pages.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { requestTags, withTags } from '../tags.ts'
import { bothKeySpecs, specNotOffered } from '../unsourced.ts'
import { admitted, changeAndArm, changeAudit, given, keyAudit, onOwnKey } from './onKey.ts'

type NewKey = Pick<KeyRecord, 'id' | 'region' | 'spec' | 'usage' | 'origin' | 'multiRegion' | 'family'>

/** The spec under its old name. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- AWS still takes it
const oldSpec = (input: CreateKeyRequest) => input.CustomerMasterKeySpec

const specOf = (input: CreateKeyRequest) => input.KeySpec ?? oldSpec(input) ?? SYMMETRIC

/** What a CreateKey request asks for, defaults filled in (facts: B8). */
function newKey(input: CreateKeyRequest, call: KmsCall): NewKey {
  if (input.KeySpec !== undefined && oldSpec(input) !== undefined) throw bothKeySpecs()
  return {
    id: input.MultiRegion === true ? `mrk-${call.env.ids.hex(32)}` : call.env.ids.uuid(),
    region: call.region,
    spec: specOf(input),
    usage: input.KeyUsage ?? 'ENCRYPT_DECRYPT',
    origin: input.Origin ?? 'AWS_KMS',
    multiRegion: input.MultiRegion ?? false,
    family: input.MultiRegion === true ? familyOf(call.region) : undefined,
  }
}

const SYMMETRIC = 'SYMMETRIC_DEFAULT'

/** Recorded for ML-DSA (facts: captures 5.3); taken to hold for ML-KEM. */
const importable = (spec: KeyRecord['spec']) => !spec.startsWith('ML_')

/** What AWS would refuse, in its words. */
function requirePossible(input: CreateKeyRequest, chosen: NewKey, { region }: KmsCall): void {
  const { spec, usage, origin } = chosen
  if (spec !== SYMMETRIC && input.KeyUsage === undefined) {
    throw validation('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.')
  }
  requireKeyStoreChoices(input, chosen)
  if (!isOffered(spec, region)) throw specNotOffered(spec)
  if (!KEY_SPECS[spec].usages[usage]) throw validation(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  if (origin === 'EXTERNAL' && !importable(spec)) {
    throw validation(`KeySpec ${spec} is not supported for Origin EXTERNAL`)
  }
}

/** The record of the key that is asked for, without material. Throws for tags and policies that AWS refuses, and too many keys. */
function keyToBe(input: CreateKeyRequest, chosen: NewKey, place: KeyPlace | undefined, call: KmsCall): KeyRecord {
  requireRoomForKey(call)
  if (place) requirePlace(place, chosen.origin, call)
  const tags = withTags({}, input.Tags ?? [])
  const policy =
    input.Policy === undefined ? defaultPolicy(call.account) : acceptPolicy(input.Policy, call.env.directory)
  const state = chosen.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled'
  const key = createKeyRecord({ ...chosen, state, description: input.Description ?? '', tags, policy, ...place }, call)
  if (input.Policy !== undefined && input.BypassPolicyLockoutSafetyCheck !== true) preventLockout(key, call)
  return key
}

const createKey = kms.row('CreateKey', {
  action: 'kms:CreateKey',
  subject: newKey,
  context: (input, _call, key) => ({
    ...specContext(key),
    ...requestTags(input.Tags),
    'kms:BypassPolicyLockoutSafetyCheck': bypassOf(input),
  }),
  also: (input, call, { id, multiRegion }) => [
    ...newTagsCheck(input.Tags, keyArn(call.region, call.account, id), call.account),
    ...(multiRegion ? linkedRoleCheck(call) : []),
  ],
  async run(input, call, chosen) {
    requirePossible(input, chosen, call)
    // What is wrong with the request is said before a key pair is made or a key store asked, which takes its time; the world may have
    // changed after it.
    keyToBe(input, chosen, undefined, call)
    const place = await placeOf(input, call)
    const material = chosen.origin === 'EXTERNAL' ? undefined : await makeMaterial(chosen.spec, call)
    return call.env.store.transaction(() => {
      const key = storeNewKey(keyToBe(input, chosen, place, call), material, call)
      if (key.multiRegion) call.env.directory.ensureServiceLinkedRole(SYNCHRONIZER, call)
      return { KeyMetadata: keyMetadata(asItIs(key, call.state)) }
    })
  },
  audit: (input, output, _subject, call) => ({
    requestParameters: createKeyParameters(input),
    responseElements: output?.KeyMetadata ? { keyMetadata: metadataElements(output.KeyMetadata) } : null,
    resources: output?.KeyMetadata?.Arn
      ? [{ arn: output.KeyMetadata.Arn, account: call.account, type: 'AWS::KMS::Key' }]
      : [],
  }),
})

/** What tagging a key to be needs. No key policy is there yet, and the refusal names no resource (facts: B3, C12). */
export const newTagsCheck = (tags: readonly Tag[] | undefined, arn: string, account: string): readonly Check[] =>
  tags && tags.length > 0
    ? [
        {
          action: 'kms:TagResource',
          resource: { arn, account, guard: 'none', mention: 'nothing' },
          context: requestTags(tags),
        },
      ]
    : []

/** Defaults are written out (facts: F2). */
function createKeyParameters(input: CreateKeyRequest): Record<string, unknown> {
  const spec = specOf(input)
  return {
    keyUsage: input.KeyUsage ?? 'ENCRYPT_DECRYPT',
    bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck ?? false,
    description: input.Description ?? '',
    origin: input.Origin ?? 'AWS_KMS',
    customerMasterKeySpec: spec,
    keySpec: spec,
    ...said(input, 'Policy', 'Tags', 'MultiRegion', 'CustomKeyStoreId', 'XksKeyId'),
  }
}

/** `aWSAccountId`, `keyId` … */
export function metadataElements(metadata: object): Record<string, unknown> {
  const elements: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(metadata) as [string, unknown][]) {
    if (value !== undefined) elements[name.charAt(0).toLowerCase() + name.slice(1)] = elementOf(value)
  }
  return elements
}

function elementOf(value: unknown): unknown {
  if (value instanceof Date) return isoTime(value.getTime())
  if (Array.isArray(value)) return value.map(elementOf)
  return typeof value === 'object' && value !== null ? metadataElements(value) : value
}

export const bypassOf = (input: { readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined }) =>
  input.BypassPolicyLockoutSafetyCheck === undefined ? undefined : String(input.BypassPolicyLockoutSafetyCheck)

const describeKey = kms.row('DescribeKey', {
  action: 'kms:DescribeKey',
  readOnly: true,
  subject(input, call) {
    const target = resolveKey(given(input.KeyId), call)
    checkGrantTokens(input.GrantTokens, call)
    return target
  },
  resource: sharedKey,
  context: (_input, _call, { alias }) => ({ 'kms:RequestAlias': alias }),
  // Grants' constraints do not bear on DescribeKey (facts: E2).
  grant: () => ({ grantOperation: 'DescribeKey' }),
  run: (_input, _call, target) => ({ KeyMetadata: keyMetadata(admitted(target, 'DescribeKey')) }),
  audit: keyAudit('KeyId'),
})

const listKeys = kms.row('ListKeys', {
  action: 'kms:ListKeys',
  readOnly: true,
  run(input, call) {
    const table = call.state.keys.in(call.account, call.region)
    const { items, Truncated, NextMarker } = page(input, { usual: 100, most: 1000 }, 'keys', (after) =>
      table.entries(after === undefined ? undefined : { after }),
    )
    return { Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), Truncated, NextMarker }
  },
  audit: (input) => ({ requestParameters: said(input, 'Limit', 'Marker'), resources: [] }),
})

const updateKeyDescription = kms.row('UpdateKeyDescription', {
  ...onOwnKey,
  action: 'kms:UpdateKeyDescription',
  run(input, call, target) {
    changeAndArm(admitted(target, 'UpdateKeyDescription'), { description: given(input.Description) }, call)
    return {}
  },
  audit: changeAudit('KeyId', 'Description'),
})

export const keyRows = [createKey, describeKey, listKeys, updateKeyDescription]
