/**
 * A world file: accounts with their principals, policies, keys, buckets and objects, as a person writes them
 * (docs/worlds.md, fixtures/world.schema.json). In any string `{{key:name}}` is the ARN of a key of the same account,
 * `{{key:name@us-west-2}}` of its replica there, `{{key:222222222222/name}}` of another's, `{{account}}` the account's id.
 */
export interface World {
  readonly description?: string
  readonly organization?: OrganizationSpec
  /** Issuers of web identity tokens and their public keys, as AWS would fetch them (AssumeRoleWithWebIdentity). */
  readonly issuers?: Readonly<Record<string, { readonly keys: readonly object[] }>>
  readonly accounts: Readonly<Record<string, AccountSpec>>
}

export interface AccountSpec {
  /** Where keys and buckets are; default us-east-1. */
  readonly region?: string
  /** Customer managed policies. */
  readonly policies?: Readonly<Record<string, object>>
  readonly users?: Readonly<Record<string, UserSpec>>
  readonly groups?: Readonly<
    Record<string, { readonly policies?: Readonly<Record<string, object>>; readonly attached?: readonly string[] }>
  >
  readonly roles?: Readonly<Record<string, RoleSpec>>
  readonly keys?: Readonly<Record<string, KeySpec>>
  readonly buckets?: Readonly<Record<string, BucketSpec>>
  /** CloudHSM clusters that custom key stores may be made of, by id (docs/worlds.md). */
  readonly cloudHsmClusters?: Readonly<Record<string, object>>
  /** VPC endpoints that requests may come through, by id (docs/worlds.md). */
  readonly vpcEndpoints?: Readonly<Record<string, object>>
}

interface PrincipalSpec {
  /** `/team/`; default `/`. */
  readonly path?: string
  /** Inline policies by name. */
  readonly policies?: Readonly<Record<string, object>>
  /** Names of this account's managed policies, or ARNs. */
  readonly attached?: readonly string[]
  readonly boundary?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface UserSpec extends PrincipalSpec {
  /** Fixed credentials, so that examples can name them. */
  readonly accessKey?: { readonly id: string; readonly secret: string }
  readonly groups?: readonly string[]
}

export interface RoleSpec extends PrincipalSpec {
  readonly trust: object
}

export interface KeySpec {
  /** KMS's key spec; default SYMMETRIC_DEFAULT. */
  readonly spec?: string
  /** KMS's key usage; needed where the spec has several. */
  readonly usage?: string
  /** `alias/data` */
  readonly alias?: string
  readonly description?: string
  readonly policy?: object
  readonly tags?: Readonly<Record<string, string>>
  readonly disabled?: boolean
  /** A multi-Region key, this account's Region being the primary's. */
  readonly multiRegion?: boolean
  /** Regions of replica keys; there being any makes it a multi-Region key. Policy and tags are the primary's alone. */
  readonly replicas?: readonly string[]
  readonly grants?: readonly GrantSpec[]
}

export interface GrantSpec {
  readonly grantee: string
  readonly operations: readonly string[]
  readonly encryptionContextEquals?: Readonly<Record<string, string>>
  readonly encryptionContextSubset?: Readonly<Record<string, string>>
}

export interface BucketSpec {
  /** Default encryption under a key of this world, by name or by `{{key:…}}`, or `alias/…`, an ARN; left out: SSE-S3. */
  readonly key?: string
  readonly bucketKey?: boolean
  readonly policy?: object
  /** Texts by key. */
  readonly objects?: Readonly<Record<string, string>>
}

export interface OrganizationSpec {
  readonly managementAccount: string
  /** Accounts that belong to it besides the management account. */
  readonly members: readonly string[]
  /** Attached to the named accounts, or to the root when none is named. */
  readonly policies?: Readonly<
    Record<
      string,
      {
        readonly type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY'
        readonly document: object
        readonly accounts?: readonly string[]
      }
    >
  >
}

/** A world that cannot be built; the message names the place and what to write instead. */
export class WorldError extends Error {}

const ACCOUNT_KEYS = [
  'region',
  'policies',
  'users',
  'groups',
  'roles',
  'keys',
  'buckets',
  'cloudHsmClusters',
  'vpcEndpoints',
]

/** Checks the shape of a parsed world file. Throws WorldError. */
export function readWorld(value: unknown): World {
  const world = value as Partial<World> | null
  if (typeof world !== 'object' || world === null || typeof world.accounts !== 'object') {
    throw new WorldError('a world is an object with `accounts`; see docs/worlds.md')
  }
  for (const [account, spec] of Object.entries(world.accounts)) {
    if (!/^\d{12}$/.test(account)) throw new WorldError(`\`${account}\` is not an account id; write twelve digits`)
    for (const key of Object.keys(spec)) {
      if (!ACCOUNT_KEYS.includes(key))
        throw new WorldError(`account \`${account}\` has \`${key}\`; it may have ${ACCOUNT_KEYS.join(', ')}`)
    }
  }
  return world as World
}
