import type {
  DataKeySpec,
  EncryptionAlgorithmSpec,
  GrantOperation,
  KeyMetadata,
  KeySpec,
  KeyUsageType,
} from '@aws-sdk/client-kms'

/** What a key of some spec and usage can do. */
export interface UsageFacts {
  /** As DescribeKey and GetPublicKey list them (facts: B5). */
  readonly algorithms: Pick<
    KeyMetadata,
    | 'EncryptionAlgorithms'
    | 'SigningAlgorithms'
    | 'MacAlgorithms'
    | 'KeyAgreementAlgorithms'
    | 'EncapsulationAlgorithms'
  >
  /** What grants may list, besides what every key's may (facts: B17, E1, captures 4.7). */
  readonly grantOperations: readonly GrantOperation[]
}

export interface KeySpecFacts {
  /** `symmetric` in the words of grants: HMAC keys are, too (facts: B17). */
  readonly symmetric: boolean
  readonly usages: Readonly<Partial<Record<KeyUsageType, UsageFacts>>>
  /** Regions that have it; left out: all. */
  readonly regions?: 'only China' | 'not China'
}

/** The order of a symmetric key's operations is not recorded. */
const symmetricEncryption: KeySpecFacts = {
  symmetric: true,
  usages: {
    ENCRYPT_DECRYPT: {
      algorithms: { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] },
      grantOperations: [
        'Decrypt',
        'Encrypt',
        'GenerateDataKey',
        'GenerateDataKeyWithoutPlaintext',
        'ReEncryptFrom',
        'ReEncryptTo',
        'GenerateDataKeyPair',
        'GenerateDataKeyPairWithoutPlaintext',
      ],
    },
  },
}

const hmac = (algorithm: NonNullable<KeyMetadata['MacAlgorithms']>[number]): KeySpecFacts => ({
  symmetric: true,
  usages: {
    GENERATE_VERIFY_MAC: {
      algorithms: { MacAlgorithms: [algorithm] },
      grantOperations: ['GenerateMac', 'VerifyMac'],
    },
  },
})

const encryption = (...EncryptionAlgorithms: EncryptionAlgorithmSpec[]): UsageFacts => ({
  algorithms: { EncryptionAlgorithms },
  grantOperations: ['GetPublicKey', 'Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'],
})

const signing = (...SigningAlgorithms: NonNullable<KeyMetadata['SigningAlgorithms']>): UsageFacts => ({
  algorithms: { SigningAlgorithms },
  grantOperations: ['GetPublicKey', 'Sign', 'Verify'],
})

const agreement: UsageFacts = {
  algorithms: { KeyAgreementAlgorithms: ['ECDH'] },
  grantOperations: ['GetPublicKey', 'DeriveSharedSecret'],
}

const pair = (usages: KeySpecFacts['usages'], regions?: NonNullable<KeySpecFacts['regions']>): KeySpecFacts => ({
  symmetric: false,
  usages,
  ...(regions && { regions }),
})

const rsa = pair({
  ENCRYPT_DECRYPT: encryption('RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'),
  SIGN_VERIFY: signing(
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
  ),
})

const nistCurve = (algorithm: 'ECDSA_SHA_256' | 'ECDSA_SHA_384' | 'ECDSA_SHA_512') =>
  pair({ SIGN_VERIFY: signing(algorithm), KEY_AGREEMENT: agreement })

const mlDsa = pair({ SIGN_VERIFY: signing('ML_DSA_SHAKE_256') })

/** Not recorded; what grants may list follows the manner of the other kinds. */
const mlKem = pair(
  {
    ENCAPSULATE_DECAPSULATE: {
      algorithms: { EncapsulationAlgorithms: ['ML_KEM'] },
      grantOperations: ['GetPublicKey', 'Encapsulate', 'Decapsulate'],
    },
  },
  'not China',
)

/** The key specs there are (facts: B5). A new one joins here. */
export const KEY_SPECS: Readonly<Record<KeySpec, KeySpecFacts>> = {
  SYMMETRIC_DEFAULT: symmetricEncryption,
  HMAC_224: hmac('HMAC_SHA_224'),
  HMAC_256: hmac('HMAC_SHA_256'),
  HMAC_384: hmac('HMAC_SHA_384'),
  HMAC_512: hmac('HMAC_SHA_512'),
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  ECC_NIST_P256: nistCurve('ECDSA_SHA_256'),
  ECC_NIST_P384: nistCurve('ECDSA_SHA_384'),
  ECC_NIST_P521: nistCurve('ECDSA_SHA_512'),
  ECC_SECG_P256K1: pair({ SIGN_VERIFY: signing('ECDSA_SHA_256') }),
  ECC_NIST_EDWARDS25519: pair({ SIGN_VERIFY: signing('ED25519_PH_SHA_512', 'ED25519_SHA_512') }),
  ML_DSA_44: mlDsa,
  ML_DSA_65: mlDsa,
  ML_DSA_87: mlDsa,
  ML_KEM_512: mlKem,
  ML_KEM_768: mlKem,
  ML_KEM_1024: mlKem,
  SM2: pair(
    { ENCRYPT_DECRYPT: encryption('SM2PKE'), SIGN_VERIFY: signing('SM2DSA'), KEY_AGREEMENT: agreement },
    'only China',
  ),
}

/** Every key's grants may list these, in this order (facts: B17). */
export const GRANT_OPERATIONS: readonly GrantOperation[] = ['CreateGrant', 'RetireGrant', 'DescribeKey']

export const specFacts = (key: { readonly spec: KeySpec }): KeySpecFacts => KEY_SPECS[key.spec]

/** INVARIANT: keys are made only of specs and usages in the table. */
export function usageFacts(key: { readonly spec: KeySpec; readonly usage: KeyUsageType }): UsageFacts {
  const facts = specFacts(key).usages[key.usage]
  if (!facts) throw new Error(`a ${key.spec} key for ${key.usage} is stored, which this version does not know`)
  return facts
}

const NOTHING: readonly string[] = []

/** Names of all the algorithms a key may be used with. */
export function algorithmsOf(key: { readonly spec: KeySpec; readonly usage: KeyUsageType }): readonly string[] {
  const { algorithms } = usageFacts(key)
  return (
    algorithms.EncryptionAlgorithms ??
    algorithms.SigningAlgorithms ??
    algorithms.MacAlgorithms ??
    algorithms.KeyAgreementAlgorithms ??
    algorithms.EncapsulationAlgorithms ??
    NOTHING
  )
}

/** The only kind of key that has rotations, encryption contexts and material ids to show (facts: B5, B11). */
export const isSymmetricEncryption = ({ spec }: { readonly spec: KeySpec }): boolean => spec === 'SYMMETRIC_DEFAULT'

/** Whether a Region has a key spec (facts: B5). */
export function isOffered(spec: KeySpec, region: string): boolean {
  const { regions } = KEY_SPECS[spec]
  return regions === undefined || (regions === 'only China') === region.startsWith('cn-')
}

/** Bytes of the data keys that have a name (facts: B6). */
export const DATA_KEY_LENGTHS: Readonly<Record<DataKeySpec, number>> = { AES_128: 16, AES_256: 32 }
