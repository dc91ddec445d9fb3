import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  DecapsulateCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncapsulateCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  ListAliasesCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RetireGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UpdatePrimaryRegionCommand,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms'
import type { CloudTrailRecord } from '../../../emulator/audit/cloudTrail.ts'
import { CREATING_MS, ON_DEMAND_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { importsFor, material, wrap } from './importing.ts'
import { ACCOUNT, DAY, OTHER_ACCOUNT, REGION, allow, kmsForTests, policyOf, type Key } from './support.ts'

const kms = kmsForTests()
const { parametersFor, importInto, inSeconds } = importsFor(kms)
let key: Key
beforeAll(async () => {
  key = await kms.createKey()
})

/** The record of the latest call. */
function last(): CloudTrailRecord {
  const [record] = kms.running.emulator.trail.list(1)
  if (!record) throw new Error('nothing was recorded')
  return record
}
const resourceOf = ({ Arn }: Key) => ({ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: Arn })
const facts = ({
  eventName,
  requestParameters,
  responseElements,
  additionalEventData,
  readOnly,
  resources,
}: CloudTrailRecord) => ({ eventName, requestParameters, responseElements, additionalEventData, readOnly, resources })

describe('what the audit trail says', () => {
  it('of CreateKey: everything, defaults filled in', async () => {
    const made = await kms.createKey({ Tags: [{ TagKey: 'a', TagValue: 'b' }] })
    expect(facts(last())).toEqual({
      eventName: 'CreateKey',
      requestParameters: {
        keyUsage: 'ENCRYPT_DECRYPT',
        bypassPolicyLockoutSafetyCheck: false,
        description: '',
        origin: 'AWS_KMS',
        customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        keySpec: 'SYMMETRIC_DEFAULT',
        tags: [{ tagKey: 'a', tagValue: 'b' }],
      },
      responseElements: {
        keyMetadata: expect.objectContaining({
          aWSAccountId: ACCOUNT,
          keyId: made.KeyId,
          creationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        }),
      },
      additionalEventData: undefined,
      readOnly: false,
      resources: [resourceOf(made)],
    })
  })

  it('of Encrypt and Decrypt: context and algorithm, never plaintext or ciphertext', async () => {
    const context = { team: 'red' }
    const { CiphertextBlob } = await kms.root.send(
      new EncryptCommand({ KeyId: key.KeyId, Plaintext: Buffer.from('hidden'), EncryptionContext: context }),
    )
    expect(facts(last())).toEqual({
      eventName: 'Encrypt',
      requestParameters: {
        keyId: key.KeyId,
        encryptionContext: context,
        encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      },
      responseElements: null,
      additionalEventData: undefined,
      readOnly: true,
      resources: [resourceOf(key)],
    })
    await kms.root.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }))
    expect(facts(last())).toEqual({
      eventName: 'Decrypt',
      requestParameters: { encryptionContext: context, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      responseElements: null,
      additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
      readOnly: true,
      resources: [resourceOf(key)],
    })
  })

  it('of GenerateDataKey and ReEncrypt', async () => {
    const other = await kms.createKey()
    const { CiphertextBlob } = await kms.root.send(new GenerateDataKeyCommand({ KeyId: key.Arn, KeySpec: 'AES_256' }))
    expect(facts(last())).toMatchObject({
      requestParameters: { keyId: key.Arn, keySpec: 'AES_256' },
      additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
    })
    await kms.root.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other.KeyId }))
    expect(facts(last())).toEqual({
      eventName: 'ReEncrypt',
      requestParameters: {
        destinationKeyId: other.KeyId,
        sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      },
      responseElements: null,
      additionalEventData: {
        sourceKeyMaterialId: key.CurrentKeyMaterialId,
        destinationKeyMaterialId: other.CurrentKeyMaterialId,
      },
      readOnly: true,
      resources: [resourceOf(key), resourceOf(other)],
    })
  })

  it('of signatures: the message type, given or not, and never the message', async () => {
    const signing = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const input = { KeyId: signing.KeyId, Message: Buffer.from('hidden'), SigningAlgorithm: 'ECDSA_SHA_256' } as const
    const expected = {
      requestParameters: { keyId: signing.KeyId, messageType: 'RAW', signingAlgorithm: 'ECDSA_SHA_256' },
      responseElements: null,
      additionalEventData: undefined,
      readOnly: true,
      resources: [resourceOf(signing)],
    }
    const { Signature } = await kms.root.send(new SignCommand(input))
    expect(facts(last())).toEqual({ eventName: 'Sign', ...expected })
    await kms.root.send(new VerifyCommand({ ...input, Signature }))
    expect(facts(last())).toEqual({ eventName: 'Verify', ...expected })
    await kms.root.send(new VerifyCommand({ ...input, Signature: Buffer.of(1) })).catch(() => undefined)
    expect(last()).toMatchObject({
      errorCode: 'KMSInvalidSignatureException',
      requestParameters: expected.requestParameters,
      resources: expected.resources,
    })
    expect(last()).not.toHaveProperty('errorMessage')
    await kms.root.send(new GetPublicKeyCommand({ KeyId: signing.KeyId }))
    expect(facts(last())).toEqual({
      eventName: 'GetPublicKey',
      ...expected,
      requestParameters: { keyId: signing.KeyId },
    })
  })

  it('of MACs, secrets that are agreed on, and data key pairs', async () => {
    const { KeyId } = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const input = { KeyId, Message: Buffer.from('hidden'), MacAlgorithm: 'HMAC_SHA_256' } as const
    const { Mac } = await kms.root.send(new GenerateMacCommand(input))
    const macs = { requestParameters: { keyId: KeyId, macAlgorithm: 'HMAC_SHA_256' }, responseElements: null }
    expect(facts(last())).toMatchObject({ eventName: 'GenerateMac', ...macs, readOnly: true })
    await kms.root.send(new VerifyMacCommand({ ...input, Mac }))
    expect(facts(last())).toMatchObject({ eventName: 'VerifyMac', ...macs, readOnly: true })

    const agreeing = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const { PublicKey } = await kms.root.send(new GetPublicKeyCommand({ KeyId: agreeing.KeyId }))
    await kms.root.send(
      new DeriveSharedSecretCommand({ KeyId: agreeing.KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
    )
    expect(facts(last())).toMatchObject({
      requestParameters: { keyId: agreeing.KeyId, keyAgreementAlgorithm: 'ECDH' },
      responseElements: null,
      resources: [resourceOf(agreeing)],
    })

    await kms.root.send(new GenerateDataKeyPairCommand({ KeyId: key.KeyId, KeyPairSpec: 'ECC_NIST_P256' }))
    expect(facts(last())).toEqual({
      eventName: 'GenerateDataKeyPair',
      requestParameters: { keyId: key.KeyId, keyPairSpec: 'ECC_NIST_P256' },
      responseElements: null,
      additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
      readOnly: true,
      resources: [resourceOf(key)],
    })
  })

  it('of Encapsulate and Decapsulate: the algorithm', async () => {
    const kem = await kms.createKey({ KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' })
    const input = { KeyId: kem.KeyId, EncapsulationAlgorithm: 'ML_KEM' } as const
    const expected = {
      requestParameters: { keyId: kem.KeyId, encapsulationAlgorithm: 'ML_KEM' },
      responseElements: null,
      additionalEventData: undefined,
      readOnly: true,
      resources: [resourceOf(kem)],
    }
    const { SharedSecretCiphertextBlob } = await kms.root.send(new EncapsulateCommand(input))
    expect(facts(last())).toEqual({ eventName: 'Encapsulate', ...expected })
    await kms.root.send(new DecapsulateCommand({ ...input, SharedSecretCiphertextBlob }))
    expect(facts(last())).toEqual({ eventName: 'Decapsulate', ...expected })
  })

  it('of GenerateRandom and ListAliases: next to nothing', async () => {
    await kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 8 }))
    expect(facts(last())).toMatchObject({ requestParameters: null, responseElements: null, resources: [] })
    await kms.root.send(new ListAliasesCommand({}))
    expect(facts(last())).toMatchObject({ requestParameters: null, resources: [] })
    const { NextMarker } = await kms.root.send(new ListAliasesCommand({ Limit: 1 }))
    await kms.root.send(new ListAliasesCommand({ Limit: 1, Marker: NextMarker }))
    expect(facts(last()).requestParameters).toEqual({ limit: 1, marker: NextMarker })
  })

  it('of changes: the key, although the answer is empty', async () => {
    const changed = await kms.createKey()
    const element = { responseElements: { keyId: changed.Arn }, readOnly: false, resources: [resourceOf(changed)] }
    await kms.root.send(new DisableKeyCommand({ KeyId: changed.KeyId }))
    expect(facts(last())).toMatchObject({ ...element, requestParameters: { keyId: changed.KeyId } })
    await kms.root.send(new TagResourceCommand({ KeyId: changed.KeyId, Tags: [{ TagKey: 'x', TagValue: 'y' }] }))
    expect(facts(last())).toMatchObject({
      ...element,
      requestParameters: { keyId: changed.KeyId, tags: [{ tagKey: 'x', tagValue: 'y' }] },
    })
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/audited', TargetKeyId: changed.KeyId }))
    expect(facts(last())).toMatchObject({
      requestParameters: { aliasName: 'alias/audited', targetKeyId: changed.KeyId },
      responseElements: { keyId: changed.Arn },
      resources: [
        resourceOf(changed),
        {
          accountId: ACCOUNT,
          type: 'AWS::KMS::Key',
          ARN: `arn:aws:kms:${REGION}:${ACCOUNT}:alias/audited`,
        },
      ],
    })
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: changed.KeyId, PendingWindowInDays: 7 }))
    expect(facts(last()).responseElements).toEqual({
      keyId: changed.Arn,
      deletionDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      keyState: 'PendingDeletion',
      pendingWindowInDays: 7,
    })
  })

  it('of grants: everything but tokens', async () => {
    const { GrantToken, GrantId } = await kms.root.send(
      new CreateGrantCommand({
        KeyId: key.KeyId,
        GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
        Operations: ['Decrypt'],
        Constraints: { EncryptionContextSubset: { TagKey: 'kept' } },
        Name: 'audited',
      }),
    )
    expect(facts(last())).toMatchObject({
      requestParameters: {
        keyId: key.KeyId,
        granteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
        operations: ['Decrypt'],
        constraints: { encryptionContextSubset: { TagKey: 'kept' } },
        name: 'audited',
      },
      responseElements: { grantId: GrantId, keyId: key.Arn },
    })
    await kms.root.send(new RetireGrantCommand({ GrantToken }))
    expect(facts(last())).toMatchObject({
      requestParameters: null,
      responseElements: null,
      additionalEventData: { grantId: GrantId },
    })
  })

  it('of a missing key: the text, no parameters and no resources', async () => {
    await kms.root.send(new DescribeKeyCommand({ KeyId: 'alias/nobody' })).catch(() => undefined)
    const record = last()
    expect(record).toMatchObject({
      errorCode: 'NotFoundException',
      errorMessage: `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/nobody is not found.`,
      requestParameters: null,
    })
    expect(record).not.toHaveProperty('resources')
  })
})

describe('what the audit trails say of calls across accounts', () => {
  const policy = (...Action: string[]) =>
    JSON.stringify(
      policyOf(
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` }, Action, Resource: '*' },
      ),
    )
  const encrypt = (of: Key) => new EncryptCommand({ KeyId: of.Arn, Plaintext: Buffer.from('x') })

  it('both accounts have a record; the owner of the key sees whose it is, not who', async () => {
    const shared = await kms.createKey({ Policy: policy('kms:Encrypt') })
    const { kms: stranger, arn } = await kms.user('across', allow('kms:*'), OTHER_ACCOUNT)
    await stranger.send(encrypt(shared))
    const [own, owners, before] = kms.running.emulator.trail.list(3)
    const { userIdentity, ...rest } = own ?? {}
    const { principalId } = userIdentity as { principalId: string }
    expect(own).toMatchObject({
      eventName: 'Encrypt',
      userIdentity: { type: 'IAMUser', arn, accountId: OTHER_ACCOUNT },
      recipientAccountId: OTHER_ACCOUNT,
      sharedEventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resources: [resourceOf(shared)],
    })
    expect(owners).toEqual({
      ...rest,
      userIdentity: { type: 'AWSAccount', principalId, accountId: OTHER_ACCOUNT },
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      recipientAccountId: ACCOUNT,
    })
    expect(owners?.['eventID']).not.toBe(own?.['eventID'])
    expect(before?.['eventName']).not.toBe('Encrypt')
  })

  it('a key that is disabled is told to both, a denial to the caller alone', async () => {
    const shared = await kms.createKey({ Policy: policy('kms:Encrypt') })
    await kms.root.send(new DisableKeyCommand({ KeyId: shared.KeyId }))
    await kms
      .of(OTHER_ACCOUNT)
      .send(encrypt(shared))
      .catch(() => undefined)
    const recipients = (count: number) =>
      kms.running.emulator.trail.list(count).map(({ recipientAccountId, errorCode }) => [recipientAccountId, errorCode])
    expect(recipients(2)).toEqual([
      [OTHER_ACCOUNT, 'DisabledException'],
      [ACCOUNT, 'DisabledException'],
    ])
    await kms
      .of(OTHER_ACCOUNT)
      .send(new DescribeKeyCommand({ KeyId: shared.Arn }))
      .catch(() => undefined)
    expect(recipients(2)).toEqual([
      [OTHER_ACCOUNT, 'AccessDenied'],
      [OTHER_ACCOUNT, 'DisabledException'],
    ])
    expect(last()).not.toHaveProperty('sharedEventID')
  })
})

describe('what the audit trail says of imports', () => {
  it('how the material is to come, and what came: neither token nor material', async () => {
    const made = await kms.createKey({ Origin: 'EXTERNAL' })
    const { KeyId } = made
    const { token, ...parameters } = await parametersFor(KeyId)
    expect(facts(last())).toEqual({
      eventName: 'GetParametersForImport',
      requestParameters: { keyId: KeyId, wrappingAlgorithm: 'RSAES_OAEP_SHA_256', wrappingKeySpec: 'RSA_2048' },
      responseElements: null,
      readOnly: true,
      resources: [resourceOf(made)],
    })
    const ValidTo = inSeconds(3600)
    const { KeyMaterialId: keyMaterialId } = await kms.root.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken: token,
        EncryptedKeyMaterial: wrap(parameters, material()),
        ValidTo,
        KeyMaterialDescription: 'mine',
      }),
    )
    expect(facts(last())).toEqual({
      eventName: 'ImportKeyMaterial',
      requestParameters: {
        keyId: KeyId,
        validTo: ValidTo.toISOString().replace(/\.\d+Z$/, 'Z'),
        keyMaterialDescription: 'mine',
      },
      responseElements: { keyId: made.Arn, keyMaterialId },
      readOnly: false,
      resources: [resourceOf(made)],
    })
    await kms.root.send(new DeleteImportedKeyMaterialCommand({ KeyId }))
    expect(facts(last())).toEqual({
      eventName: 'DeleteImportedKeyMaterial',
      requestParameters: { keyId: KeyId },
      responseElements: { keyId: made.Arn, keyMaterialId },
      readOnly: false,
      resources: [resourceOf(made)],
    })
  })
})

describe('what the audit trail says of what KMS does by itself', () => {
  /** The latest records of some event, the newest first. */
  const records = (eventName: string) =>
    kms.running.emulator.trail.list(100).filter((record) => record['eventName'] === eventName)
  const byAws = (eventType: string, made: Key) => ({
    eventVersion: '1.11',
    userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' },
    eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    eventSource: 'kms.amazonaws.com',
    awsRegion: REGION,
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    eventID: expect.any(String),
    readOnly: false,
    resources: [resourceOf(made)],
    eventType,
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  })

  it('RotateKey, with both materials', async () => {
    const made = await kms.createKey()
    await kms.root.send(new RotateKeyOnDemandCommand({ KeyId: made.KeyId }))
    kms.advance(ON_DEMAND_MS + 1)
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId: made.KeyId }))
    expect(records('RotateKey')[0]).toEqual({
      ...byAws('AwsServiceEvent', made),
      eventName: 'RotateKey',
      responseElements: null,
      serviceEventDetails: {
        rotationType: 'ON_DEMAND',
        keyOrigin: 'AWS_KMS',
        previousKeyMaterialId: made.CurrentKeyMaterialId,
        currentKeyMaterialId: KeyMetadata?.CurrentKeyMaterialId,
        keyId: made.KeyId,
      },
    })
  })

  it('RotateKey and DeleteExpiredKeyMaterial, of imported material', async () => {
    const made = await kms.createKey({ Origin: 'EXTERNAL' })
    const { KeyId } = made
    const ValidTo = inSeconds(3600)
    const { KeyMaterialId: first } = await importInto(KeyId, material())
    const { KeyMaterialId: second } = await importInto(KeyId, material(), { ImportType: 'NEW_KEY_MATERIAL', ValidTo })
    await kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
    kms.advance(ON_DEMAND_MS + 1)
    expect(records('RotateKey')[0]).toMatchObject({
      resources: [resourceOf(made)],
      serviceEventDetails: {
        rotationType: 'ON_DEMAND',
        keyOrigin: 'EXTERNAL',
        previousKeyMaterialId: first,
        currentKeyMaterialId: second,
      },
    })
    const before = records('DeleteExpiredKeyMaterial').length
    kms.advance(3_600_000)
    expect(records('DeleteExpiredKeyMaterial')).toHaveLength(before + 1)
    expect(records('DeleteExpiredKeyMaterial')[0]).toEqual({
      ...byAws('AwsServiceEvent', made),
      eventName: 'DeleteExpiredKeyMaterial',
      eventTime: ValidTo.toISOString().replace(/\.\d+Z$/, 'Z'),
      responseElements: null,
      serviceEventDetails: { keyId: KeyId, keyMaterialId: second },
    })
  })

  it('DeleteKey, on the date', async () => {
    const made = await kms.createKey()
    const { DeletionDate } = await kms.root.send(
      new ScheduleKeyDeletionCommand({ KeyId: made.KeyId, PendingWindowInDays: 7 }),
    )
    kms.advance(8 * DAY)
    expect(records('DeleteKey')[0]).toEqual({
      ...byAws('AwsServiceEvent', made),
      eventName: 'DeleteKey',
      eventTime: DeletionDate?.toISOString().replace(/\.\d+Z$/, 'Z'),
      responseElements: null,
      serviceEventDetails: { keyId: made.KeyId },
    })
  })

  it('SynchronizeMultiRegionKey, in the name of the primary key', async () => {
    const made = await kms.createKey({ MultiRegion: true })
    await kms.root.send(new ReplicateKeyCommand({ KeyId: made.KeyId, ReplicaRegion: 'us-west-2' }))
    const count = records('SynchronizeMultiRegionKey').length
    kms.advance(CREATING_MS + 1)
    const [first, ...others] = records('SynchronizeMultiRegionKey')
    expect(others).toHaveLength(count)
    expect(first).toEqual({
      ...byAws('AwsApiCall', made),
      eventName: 'SynchronizeMultiRegionKey',
      responseElements: { keyId: made.Arn },
      requestID: expect.any(String),
    })
    await kms.root.send(new EnableKeyRotationCommand({ KeyId: made.KeyId }))
    expect(records('SynchronizeMultiRegionKey')).toHaveLength(count + 2)
  })
})

describe('what the audit trail says of calls that reach into another Region', () => {
  const both = () => kms.running.emulator.trail.list(2)
  const there = ({ KeyId }: Key) => `arn:aws:kms:us-west-2:${ACCOUNT}:key/${KeyId}`

  it('ReplicateKey: a key is replicated here, and created there', async () => {
    const made = await kms.createKey({ MultiRegion: true })
    await kms.root.send(new ReplicateKeyCommand({ KeyId: made.KeyId, ReplicaRegion: 'us-west-2' }))
    const [here, west] = both()
    const replica = expect.objectContaining({
      keyId: made.KeyId,
      arn: there(made),
      keyState: 'Creating',
      multiRegionConfiguration: {
        multiRegionKeyType: 'REPLICA',
        primaryKey: { arn: made.Arn, region: REGION },
        replicaKeys: [{ arn: there(made), region: 'us-west-2' }],
      },
    })
    expect(here).toMatchObject({
      eventName: 'ReplicateKey',
      awsRegion: REGION,
      requestParameters: {
        keyId: made.KeyId,
        replicaRegion: 'us-west-2',
        bypassPolicyLockoutSafetyCheck: false,
        description: '',
      },
      responseElements: { replicaKeyMetadata: replica },
      resources: [resourceOf(made)],
    })
    expect(west).toMatchObject({
      eventName: 'CreateKey',
      awsRegion: 'us-west-2',
      userIdentity: { type: 'Root' },
      responseElements: { keyMetadata: replica },
      resources: [{ ...resourceOf(made), ARN: there(made) }],
    })
    expect(west?.['eventID']).not.toBe(here?.['eventID'])
  })

  it('UpdatePrimaryRegion: in each Region, of the key there', async () => {
    const made = await kms.createKey({ MultiRegion: true })
    await kms.root.send(new ReplicateKeyCommand({ KeyId: made.KeyId, ReplicaRegion: 'us-west-2' }))
    kms.advance(CREATING_MS + 1)
    await kms.root.send(new UpdatePrimaryRegionCommand({ KeyId: made.KeyId, PrimaryRegion: 'us-west-2' }))
    const [here, west] = both()
    const requestParameters = { keyId: made.KeyId, primaryRegion: 'us-west-2' }
    expect(here).toMatchObject({
      eventName: 'UpdatePrimaryRegion',
      awsRegion: REGION,
      requestParameters,
      responseElements: { keyId: made.Arn },
      resources: [resourceOf(made)],
    })
    expect(west).toMatchObject({
      eventName: 'UpdatePrimaryRegion',
      awsRegion: 'us-west-2',
      requestParameters,
      responseElements: { keyId: there(made) },
      resources: [{ ...resourceOf(made), ARN: there(made) }],
    })
  })

  it('ScheduleKeyDeletion of a primary key with replicas: no date', async () => {
    const made = await kms.createKey({ MultiRegion: true })
    await kms.root.send(new ReplicateKeyCommand({ KeyId: made.KeyId, ReplicaRegion: 'us-west-2' }))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: made.KeyId, PendingWindowInDays: 7 }))
    expect(facts(last()).responseElements).toEqual({
      keyId: made.Arn,
      keyState: 'PendingReplicaDeletion',
      pendingWindowInDays: 7,
    })
  })
})

describe('what is never told', () => {
  it('secrets are in no record, no log line and no plain export', async () => {
    const { emulator, lines } = kms.running
    const { Plaintext, CiphertextBlob } = await kms.root.send(
      new GenerateDataKeyCommand({ KeyId: key.KeyId, KeySpec: 'AES_256' }),
    )
    const { GrantToken } = await kms.root.send(
      new CreateGrantCommand({
        KeyId: key.KeyId,
        GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
        Operations: ['Decrypt'],
      }),
    )
    await kms.root.send(new DecryptCommand({ CiphertextBlob }))
    const pair = await kms.root.send(new GenerateDataKeyPairCommand({ KeyId: key.KeyId, KeyPairSpec: 'ECC_NIST_P256' }))
    const hmac = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const { Mac } = await kms.root.send(
      new GenerateMacCommand({ KeyId: hmac.KeyId, Message: Buffer.from('x'), MacAlgorithm: 'HMAC_SHA_256' }),
    )
    const material = emulator.store.export({ secrets: true }).collections['kms.material']?.['']
    const stored = Object.values(material ?? {}).map((record) => (record as { bytes: string }).bytes)
    expect(stored.length).toBeGreaterThan(0)

    const told = [
      JSON.stringify(emulator.trail.list(10_000)),
      JSON.stringify(emulator.decisions.list({ limit: 10_000, deniedOnly: false })),
      JSON.stringify(emulator.store.export({ secrets: false })),
      lines.join('\n'),
    ].join('\n')
    const answered = [Plaintext, pair.PrivateKeyPlaintext, Mac].map((it) => Buffer.from(it ?? []).toString('base64'))
    for (const secret of [...stored, ...answered, GrantToken ?? '?']) {
      expect(secret).not.toBe('')
      expect(told.includes(secret)).toBe(false)
    }
  })
})
