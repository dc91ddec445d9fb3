import { AwsError } from '../../lib/awsError.ts'
import { declareCluster } from '../../services/kms/keyStores/declare.ts'
import type { KmsState } from '../../services/kms/state.ts'
import type { StsState } from '../../services/sts/state.ts'
import { registerIssuer } from '../../services/sts/webIdentity/issuers.ts'
import type { Emulator } from '../app.ts'
import { callInside, rootCaller } from '../inside.ts'
import { specAndUsage } from './keys.ts'
import { buildOrganization } from './organization.ts'
import {
  WorldError,
  type AccountSpec,
  type BucketSpec,
  type KeySpec,
  type RoleSpec,
  type UserSpec,
  type World,
} from './world.ts'

const DEFAULT_REGION = 'us-east-1'

/** What building needs at every place: who acts, and where. */
export interface Site {
  readonly emulator: Emulator
  readonly account: string
  readonly region: string
  /** ARNs of the keys made so far, by `account/name`. */
  readonly keys: Map<string, string>
}

/** ARNs of a world's keys, by `account/name`; ids of its organization's policies, by `policy:name`. */
export type WorldKeys = Map<string, string>

/**
 * Builds a world through the services' own rows, as the root of each account, so that it is checked as a client's calls are.
 * Principals come first, then keys (their policies name principals), then what names keys. Throws WorldError at the first fault.
 */
export async function buildWorld(emulator: Emulator, world: World): Promise<WorldKeys> {
  const keys = new Map<string, string>()
  buildIssuers(emulator, world)
  const sites = Object.entries(world.accounts).map(([account, spec]): [Site, AccountSpec] => [
    { emulator, account, region: spec.region ?? DEFAULT_REGION, keys },
    spec,
  ])
  for (const [{ account, region }, { cloudHsmClusters = {} }] of sites)
    buildClusters(emulator, { account, region }, cloudHsmClusters)
  for (const [site, spec] of sites) await buildPrincipals(site, spec)
  for (const [site, spec] of sites)
    for (const [name, key] of Object.entries(spec.keys ?? {})) await buildKey(site, name, key)
  for (const [site, spec] of sites) await buildPolicies(site, spec)
  for (const [site, { vpcEndpoints = {} }] of sites)
    buildEndpoints(emulator, site, vpcEndpoints, (document) => text(site, document))
  for (const [site, spec] of sites)
    for (const [name, bucket] of Object.entries(spec.buckets ?? {})) await buildBucket(site, name, bucket)
  // Last, because service control policies bind the roots that do the building.
  if (world.organization) await buildOrganization(emulator, world.organization, keys)
  return keys
}

function buildIssuers(emulator: Emulator, { issuers = {} }: World): void {
  const sts = emulator.registry.require('sts').state as StsState
  for (const [issuer, jwks] of Object.entries(issuers)) {
    try {
      registerIssuer(sts, { issuer, jwks })
    } catch (error) {
      throw new WorldError(error instanceof Error ? error.message : String(error))
    }
  }
}

/** Declares CloudHSM clusters: there is no service that could make them. Throws WorldError. */
export function buildClusters(
  { registry, store }: Pick<Emulator, 'registry' | 'store'>,
  place: { readonly account: string; readonly region: string },
  clusters: Readonly<Record<string, unknown>>,
): void {
  const kms = registry.require('kms').state as KmsState
  store.transaction(() => {
    for (const [id, spec] of Object.entries(clusters)) {
      try {
        declareCluster(kms, place, id, spec)
      } catch (error) {
        throw new WorldError(error instanceof Error ? error.message : String(error))
      }
    }
  })
}

/** Declares VPC endpoints: there is no EC2 that could make them. Throws WorldError. */
export function buildEndpoints(
  { core, store }: Pick<Emulator, 'core' | 'store'>,
  place: { readonly account: string; readonly region: string },
  endpoints: Readonly<Record<string, unknown>>,
  policyText?: (document: object) => string,
): void {
  store.transaction(() => {
    for (const [id, spec] of Object.entries(endpoints)) {
      try {
        core.endpoints.declare(place, id, spec, policyText)
      } catch (error) {
        throw new WorldError(error instanceof Error ? error.message : String(error))
      }
    }
  })
}

/** Performs one operation as the account's root; a refusal names the place in the world file. */
export async function make(
  site: Site,
  place: string,
  service: string,
  operation: string,
  input: object,
  body?: Buffer,
): Promise<object> {
  const { emulator, account, region } = site
  try {
    return (
      await callInside(emulator, { caller: rootCaller(emulator, account), region, service, operation, input, body })
    ).output
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    throw new WorldError(`${place} of account ${account}: ${operation} answered ${error.code}: ${error.text}`)
  }
}

/** A document with its references resolved, as JSON text. */
function text(site: Site, document: object): string {
  return resolve(site, JSON.stringify(document))
}

/** Replaces `{{account}}`, `{{key:…}}` and `{{policy:…}}` in a text. Throws WorldError when it names nothing. */
export function resolve(site: Pick<Site, 'account' | 'keys'>, template: string): string {
  return template.replace(
    /\{\{(account|policy:[^}]+|key:([^}]+))\}\}/g,
    (_whole, what: string, name: string | undefined) => {
      if (what === 'account') return site.account
      if (name === undefined) return organizationPolicy(site.keys, what)
      const full = name.includes('/') ? name : `${site.account}/${name}`
      const arn = site.keys.get(full)
      if (arn === undefined)
        throw new WorldError(
          `\`{{${what}}}\` names no key of this world; the keys are ${[...site.keys.keys()].join(', ') || 'none'}`,
        )
      return arn
    },
  )
}

/** The id of an organization's policy. */
function organizationPolicy(known: WorldKeys, what: string): string {
  const id = known.get(what)
  if (id === undefined) throw new WorldError(`\`{{${what}}}\` names no policy of this world's organization`)
  return id
}

const tagList = (tags: Readonly<Record<string, string>> | undefined) =>
  Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }))

async function buildPrincipals(site: Site, spec: AccountSpec): Promise<void> {
  for (const name of Object.keys(spec.groups ?? {}))
    await make(site, `group \`${name}\``, 'iam', 'CreateGroup', { GroupName: name })
  for (const [name, user] of Object.entries(spec.users ?? {})) {
    await make(site, `user \`${name}\``, 'iam', 'CreateUser', {
      UserName: name,
      ...(user.path !== undefined && { Path: user.path }),
      ...(user.tags && { Tags: tagList(user.tags) }),
    })
    for (const group of user.groups ?? []) {
      await make(site, `user \`${name}\``, 'iam', 'AddUserToGroup', { UserName: name, GroupName: group })
    }
    if (user.accessKey) site.emulator.env.directory.adoptAccessKey(site.account, name, user.accessKey)
  }
  // Trust policies may name users and each other's roles of any account: roles come after users, in the order written.
  for (const [name, role] of Object.entries(spec.roles ?? {})) {
    await make(site, `role \`${name}\``, 'iam', 'CreateRole', {
      RoleName: name,
      ...(role.path !== undefined && { Path: role.path }),
      AssumeRolePolicyDocument: text(site, role.trust),
      ...(role.tags && { Tags: tagList(role.tags) }),
    })
  }
}

async function buildKey(site: Site, name: string, key: KeySpec): Promise<void> {
  const place = `key \`${name}\``
  const made = (await make(site, place, 'kms', 'CreateKey', {
    ...(key.description !== undefined && { Description: key.description }),
    ...specAndUsage(`${place} of account ${site.account}`, key),
    ...((key.multiRegion === true || key.replicas) && { MultiRegion: true }),
    ...(key.policy && { Policy: text(site, key.policy) }),
    ...(key.tags && { Tags: Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) }),
  })) as { KeyMetadata: { KeyId: string; Arn: string } }
  const { KeyId, Arn } = made.KeyMetadata
  site.keys.set(`${site.account}/${name}`, Arn)
  if (key.alias !== undefined)
    await make(site, place, 'kms', 'CreateAlias', { AliasName: key.alias, TargetKeyId: KeyId })
  for (const grant of key.grants ?? []) {
    await make(site, place, 'kms', 'CreateGrant', {
      KeyId,
      GranteePrincipal: grant.grantee,
      Operations: grant.operations,
      ...((grant.encryptionContextEquals ?? grant.encryptionContextSubset) && {
        Constraints: {
          EncryptionContextEquals: grant.encryptionContextEquals,
          EncryptionContextSubset: grant.encryptionContextSubset,
        },
      }),
    })
  }
  for (const region of key.replicas ?? []) await replicate(site, name, KeyId, region)
  if (key.disabled === true) await make(site, place, 'kms', 'DisableKey', { KeyId })
}

async function replicate(site: Site, name: string, KeyId: string, region: string): Promise<void> {
  const input = { KeyId, ReplicaRegion: region }
  const made = (await make(site, `key \`${name}\``, 'kms', 'ReplicateKey', input)) as {
    ReplicaKeyMetadata: { Arn: string }
  }
  site.keys.set(`${site.account}/${name}@${region}`, made.ReplicaKeyMetadata.Arn)
}

async function buildPolicies(site: Site, spec: AccountSpec): Promise<void> {
  for (const [name, document] of Object.entries(spec.policies ?? {})) {
    await make(site, `policy \`${name}\``, 'iam', 'CreatePolicy', {
      PolicyName: name,
      PolicyDocument: text(site, document),
    })
  }
  for (const [name, group] of Object.entries(spec.groups ?? {})) await givePolicies(site, 'Group', name, group)
  for (const [name, user] of Object.entries(spec.users ?? {})) await givePolicies(site, 'User', name, user)
  for (const [name, role] of Object.entries(spec.roles ?? {})) await givePolicies(site, 'Role', name, role)
}

async function givePolicies(
  site: Site,
  kind: 'User' | 'Role' | 'Group',
  name: string,
  spec: Partial<UserSpec & RoleSpec>,
): Promise<void> {
  const place = `${kind.toLowerCase()} \`${name}\``
  const who = { [`${kind}Name`]: name }
  for (const [PolicyName, document] of Object.entries(spec.policies ?? {})) {
    await make(site, place, 'iam', `Put${kind}Policy`, { ...who, PolicyName, PolicyDocument: text(site, document) })
  }
  for (const policy of spec.attached ?? []) {
    await make(site, place, 'iam', `Attach${kind}Policy`, { ...who, PolicyArn: policyArn(site, policy) })
  }
  if (spec.boundary !== undefined) {
    await make(site, place, 'iam', `Put${kind}PermissionsBoundary`, {
      ...who,
      PermissionsBoundary: policyArn(site, spec.boundary),
    })
  }
}

const policyArn = (site: Site, policy: string) =>
  policy.startsWith('arn:') ? policy : `arn:aws:iam::${site.account}:policy/${policy}`

async function buildBucket(site: Site, name: string, bucket: BucketSpec): Promise<void> {
  const place = `bucket \`${name}\``
  await make(site, place, 's3', 'CreateBucket', {
    Bucket: name,
    ...(site.region !== DEFAULT_REGION && { CreateBucketConfiguration: { LocationConstraint: site.region } }),
  })
  if (bucket.key !== undefined) {
    const literal = /^(?:arn:|alias\/)|\{\{/.test(bucket.key)
    const key = resolve(site, literal ? bucket.key : `{{key:${bucket.key}}}`)
    await make(site, place, 's3', 'PutBucketEncryption', {
      Bucket: name,
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key },
            BucketKeyEnabled: bucket.bucketKey ?? false,
          },
        ],
      },
    })
  }
  for (const [Key, content] of Object.entries(bucket.objects ?? {})) {
    const body = Buffer.from(content)
    await make(
      site,
      `object \`${name}/${Key}\``,
      's3',
      'PutObject',
      { Bucket: name, Key, ContentLength: body.length },
      body,
    )
  }
  // After the objects: a policy may bind the root that puts them.
  if (bucket.policy)
    await make(site, place, 's3', 'PutBucketPolicy', { Bucket: name, Policy: text(site, bucket.policy) })
}
