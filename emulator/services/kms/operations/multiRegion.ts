import type { ReplicateKeyRequest, ReplicateKeyResponse } from '@aws-sdk/client-kms'
import { partitionOf } from '../../../lib/regions.ts'
import type { Check } from '../../../operation/define.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said } from '../audit.ts'
import { alreadyExists, invalidState, unsupported, validation } from '../errors.ts'
import { requireState } from '../keyStates.ts'
import { requireRoomForKey } from '../keys/create.ts'
import { isImported, knownButLacking, rememberMissing } from '../keys/imported.ts'
import { keyMetadata } from '../keys/metadata.ts'
import { copyMaterial, familyOf, isReplica, multiRegionType, putShared, relativeIn } from '../keys/multiRegion.ts'
import { keyArn } from '../keys/names.ts'
import { acceptPolicy, defaultPolicy, preventLockout, shownPolicy } from '../keys/policy.ts'
import { resolveKeyOnly, targetOf, type Target } from '../keys/resolve.ts'
import { ownKey, specContext } from '../keys/resource.ts'
import { armKey, CREATING_MS, UPDATING_MS } from '../keys/timers.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { requestTags, tagList, withTags } from '../tags.ts'
import { notMultiRegion } from '../unsourced.ts'
import { bypassOf, metadataElements, newTagsCheck } from './keys.ts'
import { admitted, given, onOwnKey } from './onKey.ts'

/** What the request says about the replica to be. */
const replicaContext = (input: ReplicateKeyRequest) => ({
  'kms:BypassPolicyLockoutSafetyCheck': bypassOf(input),
  ...requestTags(input.Tags),
})

/** Making a key, in the replica's Region: a matter of identity policies, as for CreateKey (facts: B3). */
function replicaChecks(input: ReplicateKeyRequest, primary: KeyRecord): readonly Check[] {
  const region = given(input.ReplicaRegion)
  const { account, id, family = familyOf(primary.region) } = primary
  const there = { 'aws:RequestedRegion': region }
  const replica = { ...primary, region, family }
  return [
    {
      action: 'kms:CreateKey',
      resource: { arn: '*', guard: 'none' },
      context: { ...specContext(replica), ...replicaContext(input), ...there },
    },
    ...newTagsCheck(input.Tags, keyArn(region, account, id), account).map((check) => ({
      ...check,
      context: { ...requestTags(input.Tags), ...there },
    })),
  ]
}

/** Throws AWS's refusals (facts: B13). In which order it looks is not recorded. */
function requireReplicable(primary: KeyRecord, region: string): void {
  if (multiRegionType(primary) !== 'PRIMARY') throw unsupported(`${primary.arn} is not a multi-region primary key.`)
  if (region === primary.region) throw validation(`${region} cannot have a replica because it contains the primary.`)
  const partition = partitionOf(region)
  if (partition === undefined) {
    throw validation(
      `Region ${region} is not a valid Region or multi-Region keys are not supported in Region ${region}.`,
    )
  }
  // Regions that AWS has opened since this was written are taken for the ordinary partition's.
  if (partition !== (partitionOf(primary.region) ?? 'aws')) {
    throw validation('The replica key Region must be in the same AWS partition as the primary key Region.')
  }
  if (primary.family?.replicas.includes(region) === true) {
    throw alreadyExists('You can create only one replica of each primary key in each AWS Region.')
  }
}

/** The replica to be. Only what related keys share is the primary's: description, tags and policy are not (facts: B13). */
function replicaOf(primary: KeyRecord, input: ReplicateKeyRequest, call: KmsCall): KeyRecord {
  const region = given(input.ReplicaRegion)
  const { account, id, family } = primary
  const replica: KeyRecord = {
    ...primary,
    ...(isImported(primary) && knownButLacking(primary)),
    arn: keyArn(region, account, id),
    region,
    createdAt: call.time,
    description: input.Description ?? '',
    tags: withTags({}, input.Tags ?? []),
    policy: input.Policy === undefined ? defaultPolicy(account) : acceptPolicy(input.Policy, call.env.directory),
    state: 'Creating',
    settlesAt: call.time + CREATING_MS,
    deletion: undefined,
    family: familyOf(primary.region, [...(family?.replicas ?? []), region]),
  }
  if (input.Policy !== undefined && input.BypassPolicyLockoutSafetyCheck !== true) preventLockout(replica, call)
  return replica
}

const replicateKey = kms.row('ReplicateKey', {
  ...onOwnKey,
  action: 'kms:ReplicateKey',
  context: (input) => ({ 'kms:ReplicaRegion': input.ReplicaRegion, ...replicaContext(input) }),
  also: (input, _call, { key }) => (key ? replicaChecks(input, key) : []),
  run(input, call, target) {
    const primary = admitted(target, 'ReplicateKey')
    requireReplicable(primary, given(input.ReplicaRegion))
    requireRoomForKey(call, given(input.ReplicaRegion))
    const replica = replicaOf(primary, input, call)
    const { state, env } = call
    env.store.transaction(() => {
      state.keys.in(replica.account, replica.region).put(replica.id, replica)
      if (isImported(replica)) rememberMissing(replica, state)
      else copyMaterial(primary, replica.region, state)
      putShared(primary, { family: replica.family }, state)
    })
    armKey(replica, call)
    return {
      // The answer still shows when the primary's imported material expires (facts: captures 5.4).
      ReplicaKeyMetadata: keyMetadata({ ...replica, materials: primary.materials }),
      ReplicaPolicy: shownPolicy(replica, env.directory),
      // Left out when there are none (captures 7).
      ...(input.Tags && input.Tags.length > 0 && { ReplicaTags: tagList(replica.tags) }),
    }
  },
  audit: replicateAudit,
})

/** One request, two records: ReplicateKey where the primary is, CreateKey where the replica is (AWS: "ct-replicate-key"). */
function replicateAudit(
  input: ReplicateKeyRequest,
  output: ReplicateKeyResponse | undefined,
  target: Target | undefined,
): AuditFacts {
  const { ReplicaRegion: region = '' } = input
  const metadata = output?.ReplicaKeyMetadata
  const elements = metadata && metadataElements(metadata)
  const parameters = {
    ...said(input, 'Policy', 'Tags'),
    bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck ?? false,
    description: input.Description ?? '',
  }
  return {
    requestParameters: { ...said(input, 'KeyId', 'ReplicaRegion'), ...parameters },
    responseElements: output && elements ? { replicaKeyMetadata: elements, replicaPolicy: output.ReplicaPolicy } : null,
    resources: keyResources(target),
    ...(metadata &&
      target && {
        elsewhere: [
          {
            operation: 'CreateKey',
            region,
            facts: {
              requestParameters: { ...said(metadata, 'KeyUsage', 'Origin', 'KeySpec', 'MultiRegion'), ...parameters },
              responseElements: { keyMetadata: elements },
              resources: [{ arn: metadata.Arn ?? '', account: target.account, type: 'AWS::KMS::Key' }],
            },
          },
        ],
      }),
  }
}

/** The key that is asked, and the one in the Region that is to have the primary. */
interface Succession {
  readonly from: Target
  readonly to: KeyRecord | undefined
}

const updatePrimaryRegion = kms.row('UpdatePrimaryRegion', {
  action: 'kms:UpdatePrimaryRegion',
  subject(input, call): Succession {
    const from = resolveKeyOnly(given(input.KeyId), call)
    return { from, to: from.key && relativeIn(from.key, given(input.PrimaryRegion), call.state) }
  },
  resource: (input, call, { from }) => ownKey(input, call, from),
  context: (input) => ({ 'kms:PrimaryRegion': input.PrimaryRegion }),
  // The permission is needed for the key in both Regions (facts: B3).
  also: (input, call, { to }) =>
    to && to.region !== call.region
      ? [
          {
            action: 'kms:UpdatePrimaryRegion',
            resource: ownKey(input, call, targetOf(to)),
            context: { 'kms:PrimaryRegion': input.PrimaryRegion, 'aws:RequestedRegion': to.region },
          },
        ]
      : [],
  run(input, call, { from, to }) {
    const primary = admitted(from, 'UpdatePrimaryRegion')
    if (!primary.family) throw notMultiRegion(primary.arn)
    // With a capital R, unlike ReplicateKey's refusal (captures 7).
    if (isReplica(primary)) throw invalidState(`${primary.arn} is not a multi-Region primary key.`)
    if (input.PrimaryRegion === primary.region) return {}
    if (!to) throw validation(`${primary.id} does not have a replica key in the specified Region.`)
    requireState(to, 'UpdatePrimaryRegion')
    succeed(primary, to, call)
    return {}
  },
  audit: (input, output, subject, { region }) => {
    const facts = (arn: string | undefined, target: Target | undefined) => ({
      requestParameters: said(input, 'KeyId', 'PrimaryRegion'),
      responseElements: arn === undefined ? null : { keyId: arn },
      resources: keyResources(target),
    })
    const { from, to } = subject ?? {}
    const there = output && to && to.region !== region ? targetOf(to) : undefined
    return {
      ...facts(from?.arn, from),
      ...(there &&
        to && {
          elsewhere: [{ operation: 'UpdatePrimaryRegion', region: to.region, facts: facts(there.arn, there) }],
        }),
    }
  },
})

/** Roles change at once; both keys are being updated for a while, and can be used meanwhile (facts: B13). */
function succeed(primary: KeyRecord, heir: KeyRecord, call: KmsCall): void {
  const { state, env } = call
  const passing = { state: 'Updating', settlesAt: call.time + UPDATING_MS } as const
  const others = primary.family?.replicas.filter((region) => region !== heir.region) ?? []
  const family = familyOf(heir.region, [...others, primary.region])
  const changed = env.store.transaction(() => [
    putShared(primary, { ...passing, family }, state),
    putShared({ ...heir, family }, passing, state),
  ])
  for (const key of changed) armKey(key, call)
}

export const multiRegionRows = [replicateKey, updatePrimaryRegion]
