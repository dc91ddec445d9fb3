import type { Constraint, ConstraintTable } from '../../operation/constraints.ts'

/*
 * What AWS's model demands (facts: A5, B1). The members of an enum are in the order AWS prints; where only an older set is recorded,
 * newer members follow it. Sets without a recording are in the order of the model.
 */

const keyId: Constraint = { minLength: 1, maxLength: 2048 }
const aliasName: Constraint = { minLength: 1, maxLength: 256, pattern: '^[a-zA-Z0-9:/_-]+$' }
const grantId: Constraint = { minLength: 1, maxLength: 128 }
const grantName: Constraint = { minLength: 1, maxLength: 256, pattern: '^[a-zA-Z0-9:/_-]+$' }
const principal: Constraint = { minLength: 1, maxLength: 256, pattern: '^[\\w+=,.@:/-]+$' }
const policy: Constraint = { minLength: 1, maxLength: 131_072, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+' }
const policyName: Constraint = { minLength: 1, maxLength: 128, pattern: '[\\w]+' }
const ciphertext: Constraint = { minLength: 1, maxLength: 6144 }
const description: Constraint = { maxLength: 8192 }
const keyPage = {
  Limit: { min: 1, max: 1000 },
  Marker: { minLength: 1, maxLength: 1024, pattern: '[\\u0020-\\u00FF]*' },
} satisfies Record<string, Constraint>
const grantTokens = {
  GrantTokens: { minLength: 0, maxLength: 10 },
  'GrantTokens.member': { minLength: 1, maxLength: 8192 },
} satisfies Record<string, Constraint>
const tags = {
  'Tags.member.TagKey': { minLength: 1, maxLength: 128 },
  'Tags.member.TagValue': { minLength: 0, maxLength: 256 },
} satisfies Record<string, Constraint>

const encryptionAlgorithm: Constraint = {
  enum: ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'],
}
const keySpec: Constraint = {
  enum: [
    'RSA_2048',
    'ECC_NIST_P384',
    'ECC_NIST_P256',
    'ECC_NIST_P521',
    'HMAC_384',
    'RSA_3072',
    'ECC_SECG_P256K1',
    'RSA_4096',
    'SYMMETRIC_DEFAULT',
    'HMAC_256',
    'HMAC_224',
    'HMAC_512',
    'SM2',
    'ML_DSA_44',
    'ML_DSA_65',
    'ML_DSA_87',
    'ECC_NIST_EDWARDS25519',
    'ML_KEM_512',
    'ML_KEM_768',
    'ML_KEM_1024',
  ],
}
const grantOperations: Constraint = {
  enum: [
    'Decrypt',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
    'Sign',
    'Verify',
    'GetPublicKey',
    'CreateGrant',
    'RetireGrant',
    'DescribeKey',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'GenerateMac',
    'VerifyMac',
    'DeriveSharedSecret',
    'Encapsulate',
    'Decapsulate',
  ],
}
const dryRunModifiers = {
  'DryRunModifiers.member': { enum: ['IGNORE_CIPHERTEXT'] },
} satisfies Record<string, Constraint>
const dataKey = {
  KeyId: keyId,
  NumberOfBytes: { min: 1, max: 1024 },
  KeySpec: { enum: ['AES_256', 'AES_128'] },
  ...grantTokens,
} satisfies Record<string, Constraint>
const recipient = {
  'Recipient.KeyEncryptionAlgorithm': { enum: ['RSAES_OAEP_SHA_256'] },
  'Recipient.AttestationDocument': { minLength: 1, maxLength: 262_144 },
} satisfies Record<string, Constraint>
const onlyKey = { KeyId: keyId } satisfies Record<string, Constraint>

export const constraints: ConstraintTable = {
  operations: {
    CancelKeyDeletion: onlyKey,
    CreateAlias: { AliasName: aliasName, TargetKeyId: keyId },
    CreateGrant: {
      KeyId: keyId,
      GranteePrincipal: principal,
      RetiringPrincipal: principal,
      'Operations.member': grantOperations,
      Name: grantName,
      ...grantTokens,
    },
    CreateKey: {
      Policy: policy,
      Description: description,
      KeyUsage: {
        enum: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT', 'ENCAPSULATE_DECAPSULATE'],
      },
      CustomerMasterKeySpec: { enum: keySpec.enum?.slice(0, 13) ?? [] },
      KeySpec: keySpec,
      Origin: { enum: ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] },
      CustomKeyStoreId: { minLength: 1, maxLength: 64 },
      XksKeyId: { minLength: 1, maxLength: 128, pattern: '^[a-zA-Z0-9-_.]+$' },
      ...tags,
    },
    Decrypt: {
      CiphertextBlob: ciphertext,
      KeyId: keyId,
      EncryptionAlgorithm: encryptionAlgorithm,
      ...grantTokens,
      ...recipient,
      ...dryRunModifiers,
    },
    DeleteAlias: { AliasName: aliasName },
    DescribeKey: { KeyId: keyId, ...grantTokens },
    DisableKey: onlyKey,
    DisableKeyRotation: onlyKey,
    EnableKey: onlyKey,
    EnableKeyRotation: { KeyId: keyId, RotationPeriodInDays: { min: 90, max: 2560 } },
    Encrypt: {
      KeyId: keyId,
      Plaintext: { minLength: 1, maxLength: 4096 },
      EncryptionAlgorithm: encryptionAlgorithm,
      ...grantTokens,
    },
    GenerateDataKey: { ...dataKey, ...recipient },
    GenerateDataKeyWithoutPlaintext: dataKey,
    GenerateRandom: {
      NumberOfBytes: { min: 1, max: 1024 },
      CustomKeyStoreId: { minLength: 1, maxLength: 64 },
      ...recipient,
    },
    GetKeyPolicy: { KeyId: keyId, PolicyName: policyName },
    GetKeyRotationStatus: onlyKey,
    ListAliases: { KeyId: keyId, ...keyPage },
    ListGrants: { KeyId: keyId, GrantId: grantId, GranteePrincipal: principal, ...keyPage },
    ListKeyPolicies: { KeyId: keyId, ...keyPage },
    ListKeyRotations: {
      KeyId: keyId,
      IncludeKeyMaterial: { enum: ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY'] },
      ...keyPage,
    },
    ListKeys: keyPage,
    ListResourceTags: { KeyId: keyId, ...keyPage },
    ListRetirableGrants: { RetiringPrincipal: principal, ...keyPage },
    PutKeyPolicy: { KeyId: keyId, PolicyName: policyName, Policy: policy },
    ReEncrypt: {
      CiphertextBlob: ciphertext,
      SourceKeyId: keyId,
      DestinationKeyId: keyId,
      SourceEncryptionAlgorithm: encryptionAlgorithm,
      DestinationEncryptionAlgorithm: encryptionAlgorithm,
      ...grantTokens,
      ...dryRunModifiers,
    },
    RetireGrant: { GrantToken: { minLength: 1, maxLength: 8192 }, KeyId: keyId, GrantId: grantId },
    RevokeGrant: { KeyId: keyId, GrantId: grantId },
    RotateKeyOnDemand: onlyKey,
    ScheduleKeyDeletion: { KeyId: keyId, PendingWindowInDays: { min: 1, max: 365 } },
    TagResource: { KeyId: keyId, ...tags },
    UntagResource: { KeyId: keyId, 'TagKeys.member': { minLength: 1, maxLength: 128 } },
    UpdateAlias: { AliasName: aliasName, TargetKeyId: keyId },
    UpdateKeyDescription: { KeyId: keyId, Description: description },
  },
}
