import { describe, expect, it } from '@jest/globals'
import {
  DeleteServiceLinkedRoleCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from '@aws-sdk/client-iam'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UpdateKeyDescriptionCommand,
  UpdatePrimaryRegionCommand,
  VerifyCommand,
  type CreateKeyCommandInput,
  type ReplicateKeyCommandInput,
} from '@aws-sdk/client-kms'
import { CREATING_MS, UPDATING_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { ACCOUNT, DAY, REGION, answer, invalid, kmsForTests, refusal, refused, rootOf, type Key } from './support.ts'

const kms = kmsForTests()
const WEST = 'us-west-2'
const EAST_ASIA = 'ap-east-1'

const at = (region: string) => kms.of(ACCOUNT, region)
const arnIn = (region: string, { KeyId }: Key) => `arn:aws:kms:${region}:${ACCOUNT}:key/${KeyId}`
const primaryKey = () => kms.createKey({ MultiRegion: true, Description: 'of the primary' })
const replicate = (key: Key, ReplicaRegion = WEST, more: Partial<ReplicateKeyCommandInput> = {}) =>
  kms.root.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion, ...more }))
const describeIn = async (region: string, { KeyId }: Key) =>
  (await at(region).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata
const encryptIn = (region: string, { KeyId }: Key) =>
  at(region).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }))
const movePrimary = (key: Key, PrimaryRegion: string, from = REGION) =>
  at(from).send(new UpdatePrimaryRegionCommand({ KeyId: key.KeyId, PrimaryRegion }))

/** A primary key with finished replicas. */
async function pair(...regions: string[]): Promise<Key> {
  return pairOf({ Description: 'of the primary' }, ...regions)
}

async function pairOf(input: CreateKeyCommandInput, ...regions: string[]): Promise<Key> {
  const key = await kms.createKey({ MultiRegion: true, ...input })
  for (const region of regions.length > 0 ? regions : [WEST]) await replicate(key, region)
  kms.advance(CREATING_MS + 1)
  return key
}

const DEFAULT_POLICY = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${ACCOUNT}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

describe('CreateKey with MultiRegion', () => {
  it('gives a primary key without replicas', async () => {
    const key = await primaryKey()
    expect(key).toEqual({
      AWSAccountId: ACCOUNT,
      KeyId: expect.stringMatching(/^mrk-[0-9a-f]{32}$/),
      Arn: arnIn(REGION, key),
      CreationDate: expect.any(Date),
      Enabled: true,
      Description: 'of the primary',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType: 'PRIMARY',
        PrimaryKey: { Arn: arnIn(REGION, key), Region: REGION },
        ReplicaKeys: [],
      },
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('makes the service-linked role with the first one', async () => {
    const account = '444444444444'
    const RoleName = 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys'
    const iam = kms.running.client(IAMClient, { credentials: rootOf(account) })
    expect(await refusal(iam.send(new GetRoleCommand({ RoleName })))).toMatchObject({
      message: `The role with name ${RoleName} cannot be found.`,
    })
    await kms.createKey({}, kms.of(account))
    await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toThrow('cannot be found')

    await kms.createKey({ MultiRegion: true }, kms.of(account))
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }))
    expect(Role).toMatchObject({
      Path: '/aws-service-role/mrk.kms.amazonaws.com/',
      Description: 'Enables access to AWS services and resources required for AWS KMS Multi-Region Keys',
      MaxSessionDuration: 3600,
    })
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toContain('mrk.kms.amazonaws.com')
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))
    expect(AttachedPolicies?.map(({ PolicyName }) => PolicyName)).toEqual([
      'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
    ])

    await kms.createKey({ MultiRegion: true }, kms.of(account, WEST))
    expect((await iam.send(new GetRoleCommand({ RoleName }))).Role?.RoleId).toBe(Role?.RoleId)
  })
})

describe('the service-linked role', () => {
  const RoleName = 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys'

  it('stays while the account has multi-Region keys', async () => {
    const account = '555555555555'
    const client = kms.of(account)
    const iam = kms.running.client(IAMClient, { credentials: rootOf(account) })
    const key = await kms.createKey({ MultiRegion: true }, client)
    await client.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: WEST }))
    const remove = async () => {
      const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }))
      return answer(iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId })))
    }
    expect(await remove()).toEqual({
      Status: 'FAILED',
      Reason: {
        Reason: 'Account owns one or more multi-Region keys',
        RoleUsageList: [REGION, WEST].map((Region) => ({
          Region,
          Resources: [`arn:aws:kms:${Region}:${account}:key/${key.KeyId}`],
        })),
      },
    })
    await iam.send(new GetRoleCommand({ RoleName }))

    for (const region of [REGION, WEST]) {
      const schedule = { KeyId: key.KeyId, PendingWindowInDays: 7 }
      await kms.of(account, region).send(new ScheduleKeyDeletionCommand(schedule))
    }
    kms.advance(15 * DAY)
    expect(await remove()).toEqual({ Status: 'SUCCEEDED' })
    await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toThrow('cannot be found')
  })
})

describe('ReplicateKey', () => {
  it('answers with a key that is being created, and the default policy', async () => {
    const key = await kms.createKey({
      MultiRegion: true,
      Description: 'of the primary',
      Tags: [{ TagKey: 'of', TagValue: 'the primary' }],
    })
    kms.advance(60_000)
    const configuration = {
      MultiRegionKeyType: 'REPLICA',
      PrimaryKey: { Arn: arnIn(REGION, key), Region: REGION },
      ReplicaKeys: [{ Arn: arnIn(WEST, key), Region: WEST }],
    }
    const made = await answer(replicate(key))
    expect(made).toEqual({
      ReplicaKeyMetadata: {
        ...key,
        Arn: arnIn(WEST, key),
        CreationDate: expect.any(Date),
        Enabled: false,
        KeyState: 'Creating',
        Description: '',
        MultiRegionConfiguration: configuration,
        CurrentKeyMaterialId: undefined,
      },
      ReplicaPolicy: DEFAULT_POLICY,
    })
    const created = made.ReplicaKeyMetadata?.CreationDate?.getTime() ?? 0
    expect(created - (key.CreationDate?.getTime() ?? 0)).toBeGreaterThanOrEqual(60_000)
    expect((await describeIn(REGION, key))?.MultiRegionConfiguration).toEqual({
      ...configuration,
      MultiRegionKeyType: 'PRIMARY',
    })
    const { Tags } = await at(WEST).send(new ListResourceTagsCommand({ KeyId: key.KeyId }))
    expect(Tags).toEqual([])

    expect(await refusal(encryptIn(WEST, key))).toEqual(
      refused('KMSInvalidStateException', `${arnIn(WEST, key)} is creating.`),
    )
    kms.advance(CREATING_MS + 1)
    expect(await describeIn(WEST, key)).toMatchObject({
      Enabled: true,
      KeyState: 'Enabled',
      CurrentKeyMaterialId: key.CurrentKeyMaterialId,
      MultiRegionConfiguration: configuration,
    })
  })

  it('takes description, tags and policy of the replica', async () => {
    const key = await primaryKey()
    const policy = DEFAULT_POLICY.replace('key-default-1', 'of-the-replica')
    const made = await replicate(key, WEST, {
      Description: 'mine',
      Tags: [{ TagKey: 'side', TagValue: 'west' }],
      Policy: policy,
    })
    expect(made).toMatchObject({
      ReplicaKeyMetadata: { Description: 'mine' },
      ReplicaPolicy: policy,
      ReplicaTags: [{ TagKey: 'side', TagValue: 'west' }],
    })
  })

  it('refuses a policy that locks everybody out, unless told not to mind', async () => {
    const key = await primaryKey()
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::999999999999:root' }, Action: 'kms:*', Resource: '*' },
      ],
    })
    expect(await refusal(replicate(key, WEST, { Policy }))).toEqual(
      refused(
        'MalformedPolicyDocumentException',
        'The new key policy will not allow you to update the key policy in the future.',
      ),
    )
    expect((await describeIn(REGION, key))?.MultiRegionConfiguration?.ReplicaKeys).toEqual([])
    await replicate(key, WEST, { Policy, BypassPolicyLockoutSafetyCheck: true })
  })

  it.each([
    [REGION, 'us-east-1 cannot have a replica because it contains the primary.'],
    ['cn-north-1', 'The replica key Region must be in the same AWS partition as the primary key Region.'],
    [
      'us-invalid-1',
      'Region us-invalid-1 is not a valid Region or multi-Region keys are not supported in Region us-invalid-1.',
    ],
  ])('refuses %s', async (region, message) => {
    expect(await refusal(replicate(await primaryKey(), region))).toEqual(refused('ValidationException', message))
  })

  it('validates the name of the Region', async () => {
    expect(await refusal(replicate(await primaryKey(), 'Oregon'))).toEqual(
      invalid(
        "Value 'Oregon' at 'replicaRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$",
      ),
    )
  })

  it('makes one replica in a Region, even while it waits to be deleted', async () => {
    const key = await pair()
    const expected = refused(
      'AlreadyExistsException',
      'You can create only one replica of each primary key in each AWS Region.',
    )
    expect(await refusal(replicate(key))).toEqual(expected)
    await at(WEST).send(new ScheduleKeyDeletionCommand({ KeyId: key.KeyId }))
    expect(await refusal(replicate(key))).toEqual(expected)
  })

  it('starts from a primary key that is enabled', async () => {
    const key = await pair()
    const single = await kms.createKey()
    const notPrimary = (arn: string) =>
      refused('UnsupportedOperationException', `${arn} is not a multi-region primary key.`)
    const fromReplica = at(WEST).send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: EAST_ASIA }))
    expect(await refusal(fromReplica)).toEqual(notPrimary(arnIn(WEST, key)))
    expect(await refusal(replicate(single))).toEqual(notPrimary(single.Arn))

    await kms.root.send(new DisableKeyCommand({ KeyId: key.KeyId }))
    expect(await refusal(replicate(key, EAST_ASIA))).toEqual(refused('DisabledException', `${key.Arn} is disabled.`))
  })

  it('takes no aliases', async () => {
    const key = await primaryKey()
    const expected = refused('InvalidArnException', 'Key Aliases are not supported for this operation.')
    await kms.root.send(new CreateAliasCommand({ AliasName: `alias/${key.KeyId}`, TargetKeyId: key.KeyId }))
    const alias = { ...key, KeyId: `alias/${key.KeyId}` }
    expect(await refusal(replicate(alias))).toEqual(expected)
    expect(await refusal(movePrimary(alias, WEST))).toEqual(expected)
  })
})

describe('related keys', () => {
  it('are listed in each, in the order of their Regions', async () => {
    const key = await pair(WEST, EAST_ASIA)
    for (const region of [REGION, WEST, EAST_ASIA]) {
      expect((await describeIn(region, key))?.MultiRegionConfiguration).toEqual({
        MultiRegionKeyType: region === REGION ? 'PRIMARY' : 'REPLICA',
        PrimaryKey: { Arn: arnIn(REGION, key), Region: REGION },
        ReplicaKeys: [EAST_ASIA, WEST].map((Region) => ({ Arn: arnIn(Region, key), Region })),
      })
    }
  })

  it('open one another’s ciphertexts, each in its own name', async () => {
    const key = await pair(WEST, EAST_ASIA)
    const { CiphertextBlob } = await encryptIn(REGION, key)
    for (const KeyId of [undefined, key.KeyId, arnIn(WEST, key)]) {
      const opened = await answer(at(WEST).send(new DecryptCommand({ CiphertextBlob, KeyId })))
      expect(opened).toMatchObject({ KeyId: arnIn(WEST, key), KeyMaterialId: key.CurrentKeyMaterialId })
      expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('secret')
    }
    const ofWest = (await encryptIn(WEST, key)).CiphertextBlob
    expect((await at(EAST_ASIA).send(new DecryptCommand({ CiphertextBlob: ofWest }))).KeyId).toBe(arnIn(EAST_ASIA, key))
    const moved = await at(WEST).send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: key.KeyId }))
    expect(moved).toMatchObject({ SourceKeyId: arnIn(WEST, key), KeyId: arnIn(WEST, key) })
  })

  it('are alike whatever their spec: one signs and the other verifies', async () => {
    const signs = await pairOf({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(await describeIn(WEST, signs)).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const signed = { KeyId: signs.KeyId, Message: Buffer.from('text'), SigningAlgorithm: 'ECDSA_SHA_256' } as const
    const { Signature } = await at(WEST).send(new SignCommand(signed))
    expect((await kms.root.send(new VerifyCommand({ ...signed, Signature }))).SignatureValid).toBe(true)
    const [east, west] = await Promise.all(
      [REGION, WEST].map((region) => at(region).send(new GetPublicKeyCommand({ KeyId: signs.KeyId }))),
    )
    expect(west?.PublicKey).toEqual(east?.PublicKey)
    expect(west?.KeyId).toBe(arnIn(WEST, signs))

    const macs = await pairOf({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const mac = { KeyId: macs.KeyId, Message: Buffer.from('text'), MacAlgorithm: 'HMAC_SHA_256' } as const
    const { Mac } = await kms.root.send(new GenerateMacCommand(mac))
    expect((await at(WEST).send(new GenerateMacCommand(mac))).Mac).toEqual(Mac)

    const opens = await pairOf({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    const algorithm = { KeyId: opens.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } as const
    const { CiphertextBlob } = await at(WEST).send(new EncryptCommand({ ...algorithm, Plaintext: Buffer.from('text') }))
    const { Plaintext } = await kms.root.send(new DecryptCommand({ ...algorithm, CiphertextBlob }))
    expect(Buffer.from(Plaintext ?? []).toString()).toBe('text')
  })

  it('are not one another: the ARN of one opens nothing elsewhere', async () => {
    const key = await pair()
    const { CiphertextBlob } = await encryptIn(REGION, key)
    const incorrect = refused(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
    expect(await refusal(at(WEST).send(new DecryptCommand({ CiphertextBlob, KeyId: key.Arn })))).toEqual(incorrect)
    const reEncrypt = { CiphertextBlob, SourceKeyId: key.Arn, DestinationKeyId: key.KeyId }
    expect(await refusal(at(WEST).send(new ReEncryptCommand(reEncrypt)))).toEqual(incorrect)
    const missing = refused('NotFoundException', `Invalid arn ${REGION}`)
    expect(await refusal(at(WEST).send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: key.Arn })))).toEqual(
      missing,
    )
    expect(await refusal(at(WEST).send(new DescribeKeyCommand({ KeyId: key.Arn })))).toEqual(missing)
    // A Region without a relative knows neither the key nor the material.
    expect(await refusal(at(EAST_ASIA).send(new DecryptCommand({ CiphertextBlob, KeyId: key.Arn })))).toEqual(missing)
    expect(await refusal(at(EAST_ASIA).send(new DecryptCommand({ CiphertextBlob })))).toMatchObject({
      code: 'AccessDeniedException',
    })
  })

  it('have states of their own', async () => {
    const key = await pair()
    const { CiphertextBlob } = await encryptIn(REGION, key)
    await kms.root.send(new DisableKeyCommand({ KeyId: key.KeyId }))
    expect((await at(WEST).send(new DecryptCommand({ CiphertextBlob }))).KeyId).toBe(arnIn(WEST, key))
    expect(await refusal(kms.root.send(new DecryptCommand({ CiphertextBlob })))).toEqual(
      refused('DisabledException', `${key.Arn} is disabled.`),
    )
    await kms.root.send(new EnableKeyCommand({ KeyId: key.KeyId }))
    await at(WEST).send(new DisableKeyCommand({ KeyId: key.KeyId }))
    expect((await describeIn(REGION, key))?.KeyState).toBe('Enabled')
    expect(await refusal(at(WEST).send(new DecryptCommand({ CiphertextBlob })))).toEqual(
      refused('DisabledException', `${arnIn(WEST, key)} is disabled.`),
    )
  })

  it('have descriptions, tags, aliases, grants and policies of their own', async () => {
    const key = await pair()
    const { KeyId } = key
    const west = at(WEST)
    await west.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'west' }))
    await west.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'side', TagValue: 'west' }] }))
    await west.send(new CreateAliasCommand({ AliasName: 'alias/west-only', TargetKeyId: KeyId }))
    await west.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Decrypt'] }),
    )
    await west.send(new PutKeyPolicyCommand({ KeyId, Policy: DEFAULT_POLICY.replace('key-default-1', 'west') }))

    expect((await describeIn(REGION, key))?.Description).toBe('of the primary')
    expect((await kms.root.send(new ListResourceTagsCommand({ KeyId }))).Tags).toEqual([])
    expect((await kms.root.send(new ListAliasesCommand({ KeyId }))).Aliases).toEqual([])
    expect((await kms.root.send(new ListGrantsCommand({ KeyId }))).Grants).toEqual([])
    expect((await kms.root.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(DEFAULT_POLICY)
    expect((await describeIn(WEST, key))?.Description).toBe('west')
  })
})

describe('UpdatePrimaryRegion', () => {
  it('changes roles at once, and keeps both keys usable while they are being updated', async () => {
    const key = await pair(WEST, EAST_ASIA)
    const { CiphertextBlob } = await encryptIn(REGION, key)
    expect(await answer(movePrimary(key, WEST))).toEqual({})
    const replicas = [EAST_ASIA, REGION].map((Region) => ({ Arn: arnIn(Region, key), Region }))
    const configuration = (MultiRegionKeyType: string) => ({
      MultiRegionKeyType,
      PrimaryKey: { Arn: arnIn(WEST, key), Region: WEST },
      ReplicaKeys: replicas,
    })
    const updating = { KeyState: 'Updating', Enabled: false }
    expect(await describeIn(REGION, key)).toMatchObject({
      ...updating,
      Description: 'of the primary',
      MultiRegionConfiguration: configuration('REPLICA'),
    })
    expect(await describeIn(WEST, key)).toMatchObject({
      ...updating,
      Description: '',
      MultiRegionConfiguration: configuration('PRIMARY'),
    })
    expect(await describeIn(EAST_ASIA, key)).toMatchObject({
      KeyState: 'Enabled',
      MultiRegionConfiguration: configuration('REPLICA'),
    })
    for (const region of [REGION, WEST]) {
      expect((await at(region).send(new DecryptCommand({ CiphertextBlob }))).KeyId).toBe(arnIn(region, key))
      expect(await refusal(at(region).send(new DisableKeyCommand({ KeyId: key.KeyId })))).toEqual(
        refused('KMSInvalidStateException', `${arnIn(region, key)} is updating.`),
      )
    }
    kms.advance(UPDATING_MS + 1)
    for (const region of [REGION, WEST]) {
      expect(await describeIn(region, key)).toMatchObject({ KeyState: 'Enabled', Enabled: true })
    }
    // The new primary replicates, the old one does not.
    const again = { KeyId: key.KeyId, ReplicaRegion: 'eu-west-1' }
    expect(await refusal(kms.root.send(new ReplicateKeyCommand(again)))).toMatchObject({
      code: 'UnsupportedOperationException',
    })
    await at(WEST).send(new ReplicateKeyCommand(again))
  })

  it('to the Region where the primary is changes nothing', async () => {
    const key = await pair()
    await movePrimary(key, REGION)
    expect(await describeIn(REGION, key)).toMatchObject({
      KeyState: 'Enabled',
      MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY' },
    })
  })

  it('needs a replica in the Region, and the primary key', async () => {
    const key = await pair()
    expect(await refusal(movePrimary(key, EAST_ASIA))).toEqual(
      refused('ValidationException', `${key.KeyId} does not have a replica key in the specified Region.`),
    )
    expect(await refusal(movePrimary(key, REGION, WEST))).toEqual(
      refused('KMSInvalidStateException', `${arnIn(WEST, key)} is not a multi-Region primary key.`),
    )
    const single = await kms.createKey()
    expect(await refusal(movePrimary(single, WEST))).toMatchObject({ code: 'UnsupportedOperationException' })
  })

  it('needs both keys to be enabled', async () => {
    const key = await pair()
    const { KeyId } = key
    const west = arnIn(WEST, key)
    await at(WEST).send(new DisableKeyCommand({ KeyId }))
    expect(await refusal(movePrimary(key, WEST))).toEqual(refused('DisabledException', `${west} is disabled.`))
    await at(WEST).send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await refusal(movePrimary(key, WEST))).toEqual(
      refused('KMSInvalidStateException', `${west} is pending deletion.`),
    )
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    expect(await refusal(movePrimary(key, WEST))).toEqual(refused('DisabledException', `${key.Arn} is disabled.`))
  })

  it('is finished after a restart', async () => {
    const key = await pair()
    await movePrimary(key, WEST)
    kms.running.emulator.clock.stop()
    kms.running.emulator.rearm()
    kms.advance(UPDATING_MS + 1)
    expect((await describeIn(WEST, key))?.KeyState).toBe('Enabled')
  })
})
