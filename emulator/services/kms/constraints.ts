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
const macAlgorithm: Constraint = { enum: ['HMAC_SHA_384', 'HMAC_SHA_256', 'HMAC_SHA_224', 'HMAC_SHA_512'] }
const signingAlgorithm: Constraint = {
  enum: [
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'ECDSA_SHA_256',
    'ECDSA_SHA_384',
    'ECDSA_SHA_512',
    'SM2DSA',
    'ML_DSA_SHAKE_256',
    'ED25519_SHA_512',
    'ED25519_PH_SHA_512',
  ],
}
const message: Constraint = { minLength: 1, maxLength: 4096 }
const signing = {
  KeyId: keyId,
  Message: message,
  MessageType: { enum: ['RAW', 'DIGEST', 'EXTERNAL_MU'] },
  ...grantTokens,
  SigningAlgorithm: signingAlgorithm,
} satisfies Record<string, Constraint>
const dataKeyPair = {
  KeyId: keyId,
  KeyPairSpec: {
    enum: [
      'RSA_2048',
      'RSA_3072',
      'RSA_4096',
      'ECC_NIST_P256',
      'ECC_NIST_P384',
      'ECC_NIST_P521',
      'ECC_SECG_P256K1',
      'SM2',
      'ECC_NIST_EDWARDS25519',
    ],
  },
  ...grantTokens,
} satisfies Record<string, Constraint>
/** The length of the ciphertext is not documented; as for other ciphertexts. */
const encapsulation = {
  KeyId: keyId,
  EncapsulationAlgorithm: { enum: ['ML_KEM'] },
  ...grantTokens,
} satisfies Record<string, Constraint>
const materialId: Constraint = { minLength: 64, maxLength: 64, pattern: '^[a-f0-9]+$' }
const region: Constraint = { minLength: 1, maxLength: 32, pattern: '^([a-z]+-){2,3}\\d+$' }
const customKeyStoreId: Constraint = { minLength: 1, maxLength: 64 }
const customKeyStore = {
  KeyStorePassword: { minLength: 7, maxLength: 32 },
  CloudHsmClusterId: { minLength: 19, maxLength: 24, pattern: 'cluster-[2-7a-zA-Z]{11,16}' },
  XksProxyUriEndpoint: { minLength: 10, maxLength: 128, pattern: '^https://[a-zA-Z0-9.-]+$' },
  XksProxyUriPath: {
    minLength: 10,
    maxLength: 128,
    pattern: '^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$',
  },
  XksProxyVpcEndpointServiceName: {
    minLength: 20,
    maxLength: 64,
    pattern: '^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$',
  },
  XksProxyVpcEndpointServiceOwner: { minLength: 12, maxLength: 12, pattern: '[0-9]{12}' },
  'XksProxyAuthenticationCredential.AccessKeyId': { minLength: 20, maxLength: 30, pattern: '^[A-Z2-7]+$' },
  'XksProxyAuthenticationCredential.RawSecretAccessKey': {
    minLength: 43,
    maxLength: 64,
    pattern: '^[a-zA-Z0-9\\/+=]+$',
  },
  XksProxyConnectivity: { enum: ['PUBLIC_ENDPOINT', 'VPC_ENDPOINT_SERVICE'] },
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
    ConnectCustomKeyStore: { CustomKeyStoreId: customKeyStoreId },
    CreateCustomKeyStore: {
      CustomKeyStoreName: { minLength: 1, maxLength: 256 },
      TrustAnchorCertificate: { minLength: 1, maxLength: 5000 },
      CustomKeyStoreType: { enum: ['AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] },
      ...customKeyStore,
    },
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
    Decapsulate: { ...encapsulation, SharedSecretCiphertextBlob: ciphertext },
    Decrypt: {
      CiphertextBlob: ciphertext,
      KeyId: keyId,
      EncryptionAlgorithm: encryptionAlgorithm,
      ...grantTokens,
      ...recipient,
      ...dryRunModifiers,
    },
    DeleteAlias: { AliasName: aliasName },
    DeleteCustomKeyStore: { CustomKeyStoreId: customKeyStoreId },
    DeleteImportedKeyMaterial: { KeyId: keyId, KeyMaterialId: materialId },
    DeriveSharedSecret: {
      KeyId: keyId,
      KeyAgreementAlgorithm: { enum: ['ECDH'] },
      PublicKey: { minLength: 1, maxLength: 8192 },
      ...grantTokens,
      ...recipient,
    },
    DescribeCustomKeyStores: {
      CustomKeyStoreId: customKeyStoreId,
      CustomKeyStoreName: { minLength: 1, maxLength: 256 },
      ...keyPage,
    },
    DescribeKey: { KeyId: keyId, ...grantTokens },
    DisableKey: onlyKey,
    DisableKeyRotation: onlyKey,
    DisconnectCustomKeyStore: { CustomKeyStoreId: customKeyStoreId },
    EnableKey: onlyKey,
    EnableKeyRotation: { KeyId: keyId, RotationPeriodInDays: { min: 90, max: 2560 } },
    Encapsulate: encapsulation,
    Encrypt: {
      KeyId: keyId,
      Plaintext: { minLength: 1, maxLength: 4096 },
      EncryptionAlgorithm: encryptionAlgorithm,
      ...grantTokens,
    },
    GenerateDataKey: { ...dataKey, ...recipient },
    GenerateDataKeyPair: { ...dataKeyPair, ...recipient },
    GenerateDataKeyPairWithoutPlaintext: dataKeyPair,
    GenerateDataKeyWithoutPlaintext: dataKey,
    GenerateMac: { Message: message, KeyId: keyId, MacAlgorithm: macAlgorithm, ...grantTokens },
    GenerateRandom: {
      NumberOfBytes: { min: 1, max: 1024 },
      CustomKeyStoreId: { minLength: 1, maxLength: 64 },
      ...recipient,
    },
    GetKeyLastUsage: onlyKey,
    GetKeyPolicy: { KeyId: keyId, PolicyName: policyName },
    GetKeyRotationStatus: onlyKey,
    GetParametersForImport: {
      KeyId: keyId,
      WrappingAlgorithm: {
        enum: [
          'RSAES_PKCS1_V1_5',
          'RSAES_OAEP_SHA_1',
          'RSAES_OAEP_SHA_256',
          'RSA_AES_KEY_WRAP_SHA_1',
          'RSA_AES_KEY_WRAP_SHA_256',
          'SM2PKE',
        ],
      },
      WrappingKeySpec: { enum: ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2'] },
    },
    GetPublicKey: { KeyId: keyId, ...grantTokens },
    ImportKeyMaterial: {
      KeyId: keyId,
      ImportToken: ciphertext,
      EncryptedKeyMaterial: ciphertext,
      ExpirationModel: { enum: ['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'] },
      ImportType: { enum: ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL'] },
      KeyMaterialDescription: { minLength: 0, maxLength: 256, pattern: '^[a-zA-Z0-9:/_\\s.-]+$' },
      KeyMaterialId: materialId,
    },
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
    ReplicateKey: { KeyId: keyId, ReplicaRegion: region, Policy: policy, Description: description, ...tags },
    RetireGrant: { GrantToken: { minLength: 1, maxLength: 8192 }, KeyId: keyId, GrantId: grantId },
    RevokeGrant: { KeyId: keyId, GrantId: grantId },
    RotateKeyOnDemand: onlyKey,
    ScheduleKeyDeletion: { KeyId: keyId, PendingWindowInDays: { min: 1, max: 365 } },
    Sign: signing,
    TagResource: { KeyId: keyId, ...tags },
    UntagResource: { KeyId: keyId, 'TagKeys.member': { minLength: 1, maxLength: 128 } },
    UpdateAlias: { AliasName: aliasName, TargetKeyId: keyId },
    UpdateCustomKeyStore: {
      CustomKeyStoreId: customKeyStoreId,
      NewCustomKeyStoreName: { minLength: 1, maxLength: 256 },
      ...customKeyStore,
    },
    UpdateKeyDescription: { KeyId: keyId, Description: description },
    UpdatePrimaryRegion: { KeyId: keyId, PrimaryRegion: region },
    Verify: { ...signing, Signature: ciphertext },
    VerifyMac: { Message: message, KeyId: keyId, MacAlgorithm: macAlgorithm, Mac: ciphertext, ...grantTokens },
  },
}
