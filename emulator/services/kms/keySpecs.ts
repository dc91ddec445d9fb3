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
  /** As DescribeKey lists them (facts: B5). */
  readonly algorithms: Pick<
    KeyMetadata,
    'EncryptionAlgorithms' | 'SigningAlgorithms' | 'MacAlgorithms' | 'KeyAgreementAlgorithms'
  >
  /** What grants may list, besides what every key's may (facts: B17, E1). The order of these is not recorded. */
  readonly grantOperations: readonly GrantOperation[]
}

export interface KeySpecFacts {
  /** `symmetric` in the words of grants: HMAC keys are, too (facts: B17). */
  readonly symmetric: boolean
  readonly usages: Readonly<Partial<Record<KeyUsageType, UsageFacts>>>
}

/** The key specs that are emulated. A new one joins here. */
export const KEY_SPECS: Readonly<Partial<Record<KeySpec, KeySpecFacts>>> = {
  SYMMETRIC_DEFAULT: {
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
  },
}

/** Every key's grants may list these, in this order (facts: B17). */
export const GRANT_OPERATIONS: readonly GrantOperation[] = ['CreateGrant', 'RetireGrant', 'DescribeKey']

/** INVARIANT: keys are made only of specs and usages in the table. */
export function specFacts(key: { readonly spec: KeySpec }): KeySpecFacts {
  const facts = KEY_SPECS[key.spec]
  if (!facts) throw new Error(`a key of spec \`${key.spec}\` is stored, which this version does not know`)
  return facts
}

export function usageFacts(key: { readonly spec: KeySpec; readonly usage: KeyUsageType }): UsageFacts {
  const facts = specFacts(key).usages[key.usage]
  if (!facts) throw new Error(`a ${key.spec} key for ${key.usage} is stored, which this version does not know`)
  return facts
}

export const encryptionAlgorithms = (key: {
  readonly spec: KeySpec
  readonly usage: KeyUsageType
}): readonly EncryptionAlgorithmSpec[] => usageFacts(key).algorithms.EncryptionAlgorithms ?? []

/** Bytes of the data keys that have a name (facts: B6). */
export const DATA_KEY_LENGTHS: Readonly<Record<DataKeySpec, number>> = { AES_128: 16, AES_256: 32 }
