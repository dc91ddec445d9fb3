import type { KeySpec } from '@aws-sdk/client-kms'
import type { Call } from '../../operation/call.ts'
import type { Sealed } from './keys/ciphertext.ts'
import type { Target } from './keys/resolve.ts'

/*
 * AWS's quotas (facts: G; KMS developer guide, "Request quotas", 2026). Rates are requests per second of an account in a Region, all
 * principals and the services that call for them together. A rate that no operation is listed under is not one.
 */

const SYMMETRIC = 'CryptographicOperationsSymmetric'
const RSA = 'CryptographicOperationsRSA'
const ECC = 'CryptographicOperationsECC'
const ML_DSA = 'CryptographicOperationsMLDSA'

/** Customer managed keys of an account in a Region, whatever their state. */
export const KEYS = 'Keys'

/** Custom key stores of an account in a Region, of both types together. */
export const KEY_STORES = 'CustomKeyStores'

/** By Region, where it is not 10,000. */
const SYMMETRIC_RATES: ReadonlyMap<string, number> = new Map([
  ...['us-east-1', 'us-west-2', 'eu-west-1'].map((region) => [region, 100_000] as const),
  ...['us-east-2', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'eu-central-1', 'eu-west-2'].map(
    (region) => [region, 20_000] as const,
  ),
])

/** The China Regions make RSA key pairs more slowly. */
const CHINA_RATES: ReadonlyMap<string, number> = new Map([
  ['GenerateDataKeyPair_RSA_2048', 1],
  ['GenerateDataKeyPair_RSA_3072', 0.5],
  ['GenerateDataKeyPair_RSA_4096', 0.1],
])

/** By name: rates that are an operation's own, rates that operations share, and how much there may be of something. */
const DEFAULTS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    [KEYS]: 100_000,
    [SYMMETRIC]: 10_000,
    [RSA]: 1000,
    [ECC]: 1000,
    [ML_DSA]: 1000,
    [KEY_STORES]: 10,
    GenerateDataKeyPair_ECC_NIST_P256: 100,
    GenerateDataKeyPair_ECC_NIST_P384: 100,
    GenerateDataKeyPair_ECC_NIST_P521: 100,
    GenerateDataKeyPair_ECC_SECG_P256K1: 100,
    GenerateDataKeyPair_ECC_NIST_EDWARDS25519: 100,
    GenerateDataKeyPair_RSA_2048: 20,
    GenerateDataKeyPair_RSA_3072: 4,
    GenerateDataKeyPair_RSA_4096: 1,
    GenerateDataKeyPair_SM2: 25,
    CancelKeyDeletion: 5,
    ConnectCustomKeyStore: 5,
    CreateAlias: 5,
    CreateCustomKeyStore: 5,
    CreateGrant: 50,
    CreateKey: 5,
    DeleteAlias: 15,
    DeleteCustomKeyStore: 5,
    DeleteImportedKeyMaterial: 15,
    DescribeCustomKeyStores: 5,
    DescribeKey: 2000,
    DisableKey: 5,
    DisableKeyRotation: 5,
    DisconnectCustomKeyStore: 5,
    EnableKey: 5,
    EnableKeyRotation: 15,
    GetKeyLastUsage: 5,
    GetKeyPolicy: 1000,
    GetKeyRotationStatus: 1000,
    GetParametersForImport: 1,
    GetPublicKey: 2000,
    ImportKeyMaterial: 15,
    ListAliases: 500,
    ListGrants: 100,
    ListKeyPolicies: 100,
    ListKeyRotations: 100,
    ListKeys: 500,
    ListResourceTags: 2000,
    ListRetirableGrants: 100,
    PutKeyPolicy: 15,
    ReplicateKey: 5,
    RetireGrant: 50,
    RevokeGrant: 50,
    RotateKeyOnDemand: 5,
    ScheduleKeyDeletion: 15,
    TagResource: 10,
    UntagResource: 5,
    UpdateAlias: 5,
    UpdateCustomKeyStore: 5,
    UpdateKeyDescription: 5,
    UpdatePrimaryRegion: 5,
  }),
)

/** What TWOKEY_QUOTAS may name, in the order in which mistakes list them. */
export const QUOTAS: readonly string[] = [...DEFAULTS.keys()]

/** AWS's default value of a quota in a Region. */
export function awsQuota(quota: string, region: string): number | undefined {
  const regional =
    quota === SYMMETRIC ? SYMMETRIC_RATES.get(region) : region.startsWith('cn-') ? CHINA_RATES.get(quota) : undefined
  return regional ?? DEFAULTS.get(quota)
}

/**
 * Operations that share a rate with others of their kind of key. Encapsulate and Decapsulate, and with them ML-KEM, are in none of AWS's
 * lists (2026), so nothing limits them here.
 */
const CRYPTOGRAPHIC: ReadonlySet<string> = new Set([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GenerateRandom',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

/** One request against one rate. */
interface Charge {
  readonly quota: string
  /** Where it counts, when that is not where the call was made. */
  readonly region?: string | undefined
}

/**
 * Whether the caller's account may make this call now. It pays, whoever owns the key (facts: G).
 * @param subject the row's; undefined when nothing was found
 */
export function withinRates(input: object, call: Call, subject: unknown): boolean {
  const { quotas } = call.env
  // A service that calls in its own name is nobody's customer.
  if (!quotas || call.account === '') return true
  return chargesOf(call.operation, input, subject).every(({ quota, region }) =>
    quotas.admits(call.account, region ?? call.region, quota, call.time),
  )
}

function chargesOf(operation: string, input: object, subject: unknown): readonly Charge[] {
  const { KeyPairSpec, ReplicaRegion, PrimaryRegion } = input as Readonly<Record<string, string | undefined>>
  if (CRYPTOGRAPHIC.has(operation)) return sharedRates(subject)
  switch (operation) {
    case 'GenerateDataKeyPair':
    case 'GenerateDataKeyPairWithoutPlaintext':
      return [{ quota: `GenerateDataKeyPair_${KeyPairSpec ?? ''}` }]
    case 'ReplicateKey':
      // A rehearsal and the creation count as CreateKey where the replica will be.
      return [
        { quota: operation },
        { quota: 'CreateKey', region: ReplicaRegion },
        { quota: 'CreateKey', region: ReplicaRegion },
      ]
    case 'UpdatePrimaryRegion':
      return [{ quota: operation }, { quota: operation, region: PrimaryRegion }]
    default:
      return [{ quota: operation }]
  }
}

/** ReEncrypt between kinds of keys counts for both: AWS lists it under each. */
const sharedRates = (subject: unknown): readonly Charge[] =>
  [...new Set(specsOf(subject).map(sharedRate))].map((quota) => ({ quota }))

/** The kinds of key a call is about; a key that was not found counts as a symmetric one. */
function specsOf(subject: unknown): readonly (KeySpec | undefined)[] {
  const found = (subject ?? {}) as Partial<Target & Sealed & { readonly from: Sealed; readonly to: Target }>
  if (found.from && found.to) return [...specsOf(found.from), ...specsOf(found.to)]
  return [(found.target ?? found).key?.spec]
}

function sharedRate(spec: KeySpec | undefined): string {
  if (spec?.startsWith('RSA_')) return RSA
  if (spec?.startsWith('ECC_') || spec === 'SM2') return ECC
  return spec?.startsWith('ML_DSA_') ? ML_DSA : SYMMETRIC
}
