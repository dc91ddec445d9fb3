import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  DisableEbsEncryptionByDefaultCommand,
  EnableEbsEncryptionByDefaultCommand,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  ResetEbsDefaultKmsKeyIdCommand,
  type CreateVolumeCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  ListGrantsCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import type { SealedKey, SnapshotRecord, VolumeRecord, Ec2State } from '../../../emulator/services/ec2/state.ts'
import {
  ACCOUNT,
  allow,
  badRequest,
  deny,
  OTHER_ACCOUNT,
  policy,
  refusal,
  settled,
  startWorld,
  until,
  type Person,
  type World,
} from './support.ts'

let world: World
let ec2: EC2Client
let kms: KMSClient

beforeAll(async () => {
  world = await startWorld()
  ;({ ec2, kms } = world)
})
afterAll(() => world.stop())

const PLAIN: CreateVolumeCommandInput = { AvailabilityZone: 'us-east-1a', Size: 1 }
const create = (input: Partial<CreateVolumeCommandInput>, client = ec2) =>
  client.send(new CreateVolumeCommand({ ...PLAIN, ...input }))

const ebs = () => world.emulator.emulator.registry.require('ec2').state as Ec2State
const stored = (id: string | undefined, account = ACCOUNT): VolumeRecord | undefined =>
  ebs()
    .volumes.in(account, 'us-east-1')
    .get(id ?? '')

const grantsOn = async (KeyId: string, client = kms) =>
  (await client.send(new ListGrantsCommand({ KeyId }))).Grants ?? []
const gatesOf = (requestId: string | undefined) => world.emulator.emulator.decisions.get(requestId ?? '')
const keyCalls = (requestId: string | undefined) =>
  gatesOf(requestId)
    ?.gates.filter(({ gate }) => gate === 'key')
    .map(({ operation }) => operation)

/** Waits until a volume has vanished, and tells why, as the decision log has it. */
async function vanished(answer: Awaited<ReturnType<typeof create>>, client = ec2) {
  expect(answer.State).toBe('creating')
  expect(await settled(client, answer.VolumeId)).toBeUndefined()
  expect(await refusal(client.send(new DescribeVolumesCommand({ VolumeIds: [answer.VolumeId ?? ''] })))).toEqual(
    badRequest('InvalidVolume.NotFound', `The volume '${answer.VolumeId ?? ''}' does not exist.`),
  )
  return until(() => Promise.resolve(gatesOf(answer.$metadata.requestId)?.error))
}

describe('an encrypted volume', () => {
  it('has a data key from KMS that only its own context opens, and a grant for EBS until it is deleted', async () => {
    const KmsKeyId = await world.key()
    const answer = await create({ Encrypted: true, KmsKeyId })
    expect(answer).toMatchObject({ Encrypted: true, KmsKeyId, State: 'creating' })
    expect(await settled(ec2, answer.VolumeId)).toMatchObject({ State: 'available', Encrypted: true, KmsKeyId })
    expect(keyCalls(answer.$metadata.requestId)).toEqual(['GenerateDataKeyWithoutPlaintext', 'CreateGrant'])

    const { ciphertext = '' } = stored(answer.VolumeId)?.dataKey ?? {}
    const CiphertextBlob = Buffer.from(ciphertext, 'base64')
    const open = (id: string) =>
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { 'aws:ebs:id': id } }))
    expect((await open(answer.VolumeId ?? '')).Plaintext).toHaveLength(64)
    expect(await refusal(open('vol-0fedcba9876543210'))).toMatchObject({ code: 'InvalidCiphertextException' })

    const [grant, ...others] = await grantsOn(KmsKeyId)
    expect(others).toEqual([])
    expect(grant).toMatchObject({
      GranteePrincipal: 'ec2.us-east-1.amazonaws.com',
      RetiringPrincipal: 'ec2.us-east-1.amazonaws.com',
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextSubset: { 'aws:ebs:id': answer.VolumeId } },
    })
    const deleted = await ec2.send(new DeleteVolumeCommand({ VolumeId: answer.VolumeId }))
    await until(async () => ((await grantsOn(KmsKeyId)).length === 0 ? true : undefined))
    expect(keyCalls(deleted.$metadata.requestId)).toEqual(['RetireGrant'])
  })

  it('leaves what KMS was asked for in the audit trail and on the bill', async () => {
    const KmsKeyId = await world.key()
    const answer = await create({ Encrypted: true, KmsKeyId })
    await settled(ec2, answer.VolumeId)
    const records = world.emulator.emulator.trail.list(20)
    const generated = records.find(({ eventName }) => eventName === 'GenerateDataKeyWithoutPlaintext')
    expect(generated).toMatchObject({
      eventSource: 'kms.amazonaws.com',
      userIdentity: { type: 'Root', accountId: ACCOUNT, invokedBy: 'ec2-frontend-api.amazonaws.com' },
      sourceIPAddress: 'ec2-frontend-api.amazonaws.com',
      userAgent: 'ec2-frontend-api.amazonaws.com',
      requestParameters: {
        keyId: KmsKeyId,
        numberOfBytes: 64,
        encryptionContext: { 'aws:ebs:id': answer.VolumeId },
      },
      resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: KmsKeyId }],
    })
    // The request itself is recorded once, though work came of it later.
    const own = records.filter(({ requestID }) => requestID === answer.$metadata.requestId)
    expect(own.map(({ eventName }) => eventName)).toEqual(['CreateVolume'])
    const rows = world.emulator.emulator.usage.rows().filter(({ key }) => key === KmsKeyId)
    expect(rows.map(({ operation, via, requests }) => ({ operation, via, requests }))).toEqual([
      { operation: 'GenerateDataKeyWithoutPlaintext', via: 'ec2', requests: 1 },
      { operation: 'CreateGrant', via: 'ec2', requests: 1 },
    ])
    await ec2.send(new DeleteVolumeCommand({ VolumeId: answer.VolumeId }))
    const retired = await until(() =>
      Promise.resolve(world.emulator.emulator.trail.list(20).find(({ eventName }) => eventName === 'RetireGrant')),
    )
    expect(retired).toMatchObject({
      userIdentity: { type: 'AWSService', invokedBy: 'prod.kms-caller.ebs.us-east-1.amazonaws.com' },
      recipientAccountId: ACCOUNT,
    })
  })

  it('is encrypted under aws/ebs when no key is named, and the answer does not say so yet', async () => {
    const answer = await create({ Encrypted: true })
    expect(answer.KmsKeyId).toBeUndefined()
    const volume = await settled(ec2, answer.VolumeId)
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }))
    expect(KeyMetadata).toMatchObject({
      KeyManager: 'AWS',
      Description: 'Default key that protects my EBS volumes when no other key is defined',
    })
    expect(volume?.KmsKeyId).toBe(KeyMetadata?.Arn)
  })

  it('takes the key by its alias', async () => {
    const KmsKeyId = await world.key()
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/disks', TargetKeyId: KmsKeyId }))
    const answer = await create({ Encrypted: true, KmsKeyId: 'alias/disks' })
    expect(await settled(ec2, answer.VolumeId)).toMatchObject({ KmsKeyId })
  })

  it('gives its grant up also when it is deleted while it is being made', async () => {
    const KmsKeyId = await world.key()
    const { VolumeId } = await create({ Encrypted: true, KmsKeyId })
    await ec2.send(new DeleteVolumeCommand({ VolumeId }))
    expect(await settled(ec2, VolumeId)).toBeUndefined()
    await until(async () => ((await grantsOn(KmsKeyId)).length === 0 ? true : undefined))
  })
})

describe('a volume that KMS refuses a key for', () => {
  it('vanishes when there is no such key', async () => {
    const KmsKeyId = `arn:aws:kms:us-east-1:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`
    const answer = await create({ Encrypted: true, KmsKeyId })
    expect(answer.KmsKeyId).toBe(KmsKeyId)
    expect(await vanished(answer)).toEqual({ code: 'NotFoundException', message: `Key '${KmsKeyId}' does not exist` })
  })

  it('vanishes when the key is disabled', async () => {
    const KmsKeyId = await world.key()
    await kms.send(new DisableKeyCommand({ KeyId: KmsKeyId }))
    expect(await vanished(await create({ Encrypted: true, KmsKeyId }))).toEqual({
      code: 'DisabledException',
      message: `${KmsKeyId} is disabled.`,
    })
    expect(await grantsOn(KmsKeyId)).toEqual([])
  })

  it.each(['kms:GenerateDataKeyWithoutPlaintext', 'kms:CreateGrant'])(
    'vanishes when the caller may not %s',
    async (action) => {
      const KmsKeyId = await world.key()
      const name = `no-${action.replace(':', '-')}`
      const user = await world.user(ACCOUNT, name, allow(['ec2:*', 'kms:*']), deny(action))
      const answer = await create({ Encrypted: true, KmsKeyId }, user.ec2)
      expect(await vanished(answer, user.ec2)).toEqual({
        code: 'AccessDeniedException',
        message: `User: ${user.arn} is not authorized to perform: ${action} on resource: ${KmsKeyId} with an explicit deny in an identity-based policy`,
      })
      const view = gatesOf(answer.$metadata.requestId)
      expect(view?.outcome).toBe('denied')
      expect(view?.gates.map(({ gate, outcome }) => `${gate} ${outcome}`)).toEqual([
        'data allowed',
        ...(action === 'kms:CreateGrant' ? ['key allowed'] : []),
        'key denied',
      ])
      expect(await grantsOn(KmsKeyId)).toEqual([])
    },
  )

  it('does not need what EBS does not ask for', async () => {
    const KmsKeyId = await world.key()
    const user = await world.user(
      ACCOUNT,
      'frugal',
      allow(['ec2:*', 'kms:*']),
      deny(['kms:DescribeKey', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:ReEncrypt*']),
    )
    const { VolumeId } = await create({ Encrypted: true, KmsKeyId }, user.ec2)
    expect(await settled(user.ec2, VolumeId)).toMatchObject({ State: 'available' })
  })

  it.each([
    ['kms:ViaService', 'ec2.us-east-1.amazonaws.com', 'ebs.us-east-1.amazonaws.com'],
    ['kms:CallerAccount', ACCOUNT, OTHER_ACCOUNT],
  ])('may be admitted by %s', async (key, good, bad) => {
    const KmsKeyId = await world.key()
    const when = (value: string) => ({ ...allow('kms:*'), Condition: { StringEquals: { [key]: value } } })
    const name = `via-${key.replace(':', '-')}`
    const user = await world.user(ACCOUNT, name, allow('ec2:*'), when(bad))
    await vanished(await create({ Encrypted: true, KmsKeyId }, user.ec2), user.ec2)
    await world.allow(ACCOUNT, name, allow('ec2:*'), when(good))
    const { VolumeId } = await create({ Encrypted: true, KmsKeyId }, user.ec2)
    expect(await settled(user.ec2, VolumeId)).toMatchObject({ State: 'available' })
  })

  it('may be admitted for AWS resources only', async () => {
    const KmsKeyId = await world.key()
    const grants = (value: string) => ({
      ...allow('kms:CreateGrant'),
      Condition: { Bool: { 'kms:GrantIsForAWSResource': value } },
    })
    const user = await world.user(ACCOUNT, 'granting', allow(['ec2:*', 'kms:GenerateDataKey*']), grants('true'))
    const { VolumeId } = await create({ Encrypted: true, KmsKeyId }, user.ec2)
    expect(await settled(user.ec2, VolumeId)).toMatchObject({ State: 'available' })
    await world.allow(ACCOUNT, 'granting', allow(['ec2:*', 'kms:GenerateDataKey*']), grants('false'))
    await vanished(await create({ Encrypted: true, KmsKeyId }, user.ec2), user.ec2)
  })
})

/** A completed snapshot, as CreateSnapshot would leave it, with a data key that KMS has sealed. */
async function snapshot(more: Partial<SnapshotRecord> & { key?: string | undefined; by?: KMSClient }): Promise<string> {
  const { key, by = kms, ...fields } = more
  const id = `snap-0${world.emulator.emulator.env.ids.hex(16)}`
  let dataKey: SealedKey | undefined
  if (key !== undefined) {
    const { CiphertextBlob } = await by.send(
      new GenerateDataKeyWithoutPlaintextCommand({
        KeyId: key,
        NumberOfBytes: 64,
        EncryptionContext: { 'aws:ebs:id': id },
      }),
    )
    dataKey = { keyArn: key, ciphertext: Buffer.from(CiphertextBlob ?? []).toString('base64'), context: id }
  }
  const record: SnapshotRecord = {
    id,
    account: ACCOUNT,
    region: 'us-east-1',
    volumeId: 'vol-ffffffff',
    volumeSize: 1,
    state: 'completed',
    progress: '100%',
    startTime: Date.now(),
    description: '',
    encrypted: key !== undefined,
    ...(key !== undefined && { kmsKeyId: key }),
    ...(dataKey && { dataKey }),
    ...fields,
  }
  ebs().snapshots.in().put(`us-east-1/${id}`, record)
  return id
}

const FROM = { Size: undefined }

describe('a volume from a snapshot', () => {
  it('is plain when the snapshot is, and as large at least', async () => {
    const SnapshotId = await snapshot({ volumeSize: 5 })
    const { VolumeId, ...answer } = await create({ ...FROM, SnapshotId })
    expect(answer).toMatchObject({ Size: 5, SnapshotId, Encrypted: false })
    expect(await settled(ec2, VolumeId)).toMatchObject({ State: 'available', Encrypted: false })
    expect((await create({ Size: 2, SnapshotId })).Size).toBe(5)
    expect((await create({ Size: 8, SnapshotId })).Size).toBe(8)
  })

  it('may be encrypted although the snapshot is plain', async () => {
    const SnapshotId = await snapshot({})
    const KmsKeyId = await world.key()
    const answer = await create({ ...FROM, SnapshotId, Encrypted: true, KmsKeyId })
    expect(await settled(ec2, answer.VolumeId)).toMatchObject({ State: 'available', KmsKeyId })
    expect(keyCalls(answer.$metadata.requestId)).toEqual(['GenerateDataKeyWithoutPlaintext', 'CreateGrant'])
  })

  it('keeps the key, and the data key, of its own account', async () => {
    const key = await world.key()
    const SnapshotId = await snapshot({ key })
    const answer = await create({ ...FROM, SnapshotId })
    expect(answer).toMatchObject({ Encrypted: true, KmsKeyId: key })
    expect(await settled(ec2, answer.VolumeId)).toMatchObject({ State: 'available', KmsKeyId: key })
    expect(keyCalls(answer.$metadata.requestId)).toEqual(['ReEncrypt', 'CreateGrant'])
    const open = async ({ ciphertext, context }: SealedKey) => {
      const CiphertextBlob = Buffer.from(ciphertext, 'base64')
      return (await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { 'aws:ebs:id': context } })))
        .Plaintext
    }
    const ofSnapshot = ebs().snapshots.in().get(`us-east-1/${SnapshotId}`)?.dataKey
    const ofVolume = stored(answer.VolumeId)?.dataKey
    expect(ofVolume?.context).toBe(answer.VolumeId)
    expect(await open(ofVolume!)).toEqual(await open(ofSnapshot!))
  })

  it('has a new data key under another key, and the old one sealed under it', async () => {
    const SnapshotId = await snapshot({ key: await world.key() })
    const KmsKeyId = await world.key()
    const answer = await create({ ...FROM, SnapshotId, Encrypted: true, KmsKeyId })
    expect(await settled(ec2, answer.VolumeId)).toMatchObject({ State: 'available', KmsKeyId })
    expect(keyCalls(answer.$metadata.requestId)).toEqual([
      'GenerateDataKeyWithoutPlaintext',
      'ReEncrypt',
      'CreateGrant',
    ])
    const { dataKey, sourceKey } = stored(answer.VolumeId) ?? {}
    expect(sourceKey).toMatchObject({ keyArn: KmsKeyId, context: answer.VolumeId })
    expect(dataKey).toMatchObject({ keyArn: KmsKeyId, context: answer.VolumeId })
    expect(sourceKey?.ciphertext).not.toBe(dataKey?.ciphertext)
  })

  it('cannot be plain when the snapshot is encrypted', async () => {
    const SnapshotId = await snapshot({ key: await world.key() })
    expect(await refusal(create({ ...FROM, SnapshotId, Encrypted: false }))).toEqual(
      badRequest(
        'InvalidParameterCombination',
        'EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]',
      ),
    )
  })

  it('waits for nothing: the snapshot must be complete', async () => {
    const SnapshotId = await snapshot({ state: 'pending' })
    expect(await refusal(create({ ...FROM, SnapshotId }))).toEqual(
      badRequest('IncorrectState', 'Snapshot is in invalid state - pending'),
    )
  })
})

describe('a volume from a snapshot that another account shares', () => {
  let key: string
  let SnapshotId: string
  let ownKey: string
  let b: ReturnType<World['rootOf']>
  let people = 0

  beforeAll(async () => {
    b = world.rootOf(OTHER_ACCOUNT)
    key = await world.key(
      ACCOUNT,
      policy(
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
          Action: ['kms:DescribeKey', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant'],
          Resource: '*',
        },
      ),
    )
    ownKey = await world.key(OTHER_ACCOUNT)
    SnapshotId = await snapshot({ key, sharedWith: [OTHER_ACCOUNT] })
  })

  const person = (...denied: readonly object[]): Promise<Person> =>
    world.user(OTHER_ACCOUNT, `b-${people++}`, allow(['ec2:*', 'kms:*']), ...denied)

  it('does not exist for whom it is not shared with', async () => {
    const secret = await snapshot({ key })
    expect(await refusal(create({ ...FROM, SnapshotId: secret }, b.ec2))).toEqual(
      badRequest('InvalidSnapshot.NotFound', 'Snapshot does not exist'),
    )
  })

  it('is encrypted under the default key of whom it is shared with', async () => {
    const answer = await create({ ...FROM, SnapshotId }, b.ec2)
    expect(answer.KmsKeyId).toBeUndefined()
    const volume = await settled(b.ec2, answer.VolumeId)
    const { KeyMetadata } = await b.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }))
    expect(volume).toMatchObject({
      State: 'available',
      Encrypted: true,
      KmsKeyId: KeyMetadata?.Arn,
      OwnerId: OTHER_ACCOUNT,
    })
  })

  it.each(['kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey'])(
    'needs no %s on the key of the snapshot',
    async (action) => {
      const user = await person(deny(action, key))
      const { VolumeId } = await create({ ...FROM, SnapshotId, Encrypted: true, KmsKeyId: ownKey }, user.ec2)
      expect(await settled(user.ec2, VolumeId)).toMatchObject({ State: 'available', KmsKeyId: ownKey })
    },
  )

  it('needs kms:ReEncryptFrom on the key of the snapshot', async () => {
    const user = await person(deny('kms:ReEncryptFrom', key))
    const answer = await create({ ...FROM, SnapshotId, Encrypted: true, KmsKeyId: ownKey }, user.ec2)
    expect(await vanished(answer, user.ec2)).toEqual({
      code: 'AccessDeniedException',
      message: `User: ${user.arn} is not authorized to perform: kms:ReEncryptFrom on the resource associated with this ciphertext with an explicit deny in an identity-based policy`,
    })
  })

  it.each(['kms:ReEncryptTo', 'kms:CreateGrant', 'kms:GenerateDataKeyWithoutPlaintext'])(
    'needs %s on its own key',
    async (action) => {
      const user = await person(deny(action, ownKey))
      const answer = await create({ ...FROM, SnapshotId, Encrypted: true, KmsKeyId: ownKey }, user.ec2)
      expect(await vanished(answer, user.ec2)).toEqual({
        code: 'AccessDeniedException',
        message: `User: ${user.arn} is not authorized to perform: ${action} on resource: ${ownKey} with an explicit deny in an identity-based policy`,
      })
    },
  )

  it('is not told the name of a foreign key', async () => {
    const user = await person(deny('kms:CreateGrant', key))
    const answer = await create({ ...FROM, SnapshotId, Encrypted: true, KmsKeyId: key }, user.ec2)
    expect(await vanished(answer, user.ec2)).toEqual({
      code: 'AccessDeniedException',
      message: `User: ${user.arn} is not authorized to perform: kms:CreateGrant on this resource with an explicit deny in an identity-based policy`,
    })
  })

  it('vanishes when the key does not trust the other account, however much its own policies allow', async () => {
    const closed = await snapshot({ key: await world.key(), sharedWith: [OTHER_ACCOUNT] })
    const error = await vanished(await create({ ...FROM, SnapshotId: closed }, b.ec2), b.ec2)
    expect(error.code).toBe('AccessDeniedException')
    expect(error.message).toContain('kms:ReEncryptFrom on the resource associated with this ciphertext')
  })

  it('asks for permission on both the volume and the snapshot', async () => {
    const volumes = `arn:aws:ec2:us-east-1:${OTHER_ACCOUNT}:volume/*`
    const snapshots = `arn:aws:ec2:us-east-1::snapshot/${SnapshotId}`
    const name = `b-both`
    const user = await world.user(OTHER_ACCOUNT, name)
    const attempt = async (...statements: readonly object[]) => {
      await world.allow(OTHER_ACCOUNT, name, ...statements)
      const { code, message } = await refusal(create({ ...FROM, SnapshotId, DryRun: true }, user.ec2))
      return code === 'DryRunOperation' ? code : / on resource: (\S+) /.exec(message)?.[1]
    }
    const can = (resource: string, condition?: object) => ({
      ...allow('ec2:CreateVolume', resource),
      ...(condition && { Condition: condition }),
    })
    expect(await attempt(can(volumes), can(snapshots))).toBe('DryRunOperation')
    expect(await attempt(can(volumes))).toBe(snapshots)
    expect(await attempt(can(snapshots))).toBe(volumes)
    expect(await attempt(can(volumes), can(`arn:aws:ec2:us-east-1:${ACCOUNT}:snapshot/${SnapshotId}`))).toBe(snapshots)
    expect(await attempt(can(volumes), can(snapshots, { StringEquals: { 'ec2:Owner': ACCOUNT } }))).toBe(
      'DryRunOperation',
    )
    expect(await attempt(can(volumes), can(snapshots, { StringEquals: { 'aws:ResourceAccount': ACCOUNT } }))).toBe(
      'DryRunOperation',
    )
    expect(await attempt(can(volumes), can(snapshots, { StringEquals: { 'aws:ResourceTag/team': 'red' } }))).toBe(
      snapshots,
    )
  })
})

describe('encryption by default', () => {
  const region = 'eu-west-1'
  const there = () => world.as({ accessKeyId: ACCOUNT, secretAccessKey: 'test' }, region)
  const plain = { AvailabilityZone: 'eu-west-1a' }

  it('is off, for each account and Region by itself', async () => {
    expect(await there().send(new GetEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: false,
    })
    expect(await there().send(new EnableEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: true,
    })
    expect(await there().send(new GetEbsEncryptionByDefaultCommand({}))).toMatchObject({ EbsEncryptionByDefault: true })
    expect(await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).toMatchObject({ EbsEncryptionByDefault: false })
    const answer = await create(plain, there())
    expect(answer).toMatchObject({ Encrypted: true })
    expect(await settled(there(), answer.VolumeId)).toMatchObject({ Encrypted: true, State: 'available' })
    expect(await there().send(new DisableEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: false,
    })
    expect(await create(plain, there())).toMatchObject({ Encrypted: false })
  })
})

describe('the default key', () => {
  const defaultKey = async () => (await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId
  const modify = (KmsKeyId: string, client = ec2) => client.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId }))

  it('is aws/ebs until another is chosen, and again after a reset', async () => {
    expect(await defaultKey()).toBe('alias/aws/ebs')
    const arn = await world.key()
    expect((await modify(arn.split('/')[1] ?? '')).KmsKeyId).toBe(arn)
    expect(await defaultKey()).toBe(arn)
    const { VolumeId } = await create({ Encrypted: true })
    expect(await settled(ec2, VolumeId)).toMatchObject({ KmsKeyId: arn })
    expect((await ec2.send(new ResetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId).toBe('alias/aws/ebs')
    expect(await defaultKey()).toBe('alias/aws/ebs')
  })

  it('must be a key that EBS can use', async () => {
    const missing = `arn:aws:kms:us-east-1:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`
    expect(await refusal(modify(missing))).toEqual(
      badRequest('InvalidParameterValue', `The specified keyId ${missing} is invalid`),
    )
    const disabled = await world.key()
    await kms.send(new DisableKeyCommand({ KeyId: disabled }))
    expect(await refusal(modify(disabled))).toEqual(
      badRequest('InvalidParameterValue', `The specified keyId ${disabled} is disabled`),
    )
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }))
    const asymmetric = KeyMetadata?.Arn ?? ''
    expect(await refusal(modify(asymmetric))).toEqual(
      badRequest('InvalidParameterValue', `The specified keyId ${asymmetric} is invalid`),
    )
    const blind = await world.user(ACCOUNT, 'blind', allow(['ec2:*', 'kms:*']), deny('kms:DescribeKey'))
    const arn = await world.key()
    expect(await refusal(modify(arn, blind.ec2))).toEqual({
      status: 403,
      code: 'AuthFailure',
      message: `Not authorized to use key ${arn} `,
    })
    expect(await defaultKey()).toBe('alias/aws/ebs')
  })
})

describe('what EC2 keeps', () => {
  it('is no key that opens anything', async () => {
    const KmsKeyId = await world.key()
    const { VolumeId } = await create({ Encrypted: true, KmsKeyId })
    await settled(ec2, VolumeId)
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: KmsKeyId, Plaintext: Buffer.alloc(64) }))
    const dataKey = Buffer.from(stored(VolumeId)?.dataKey?.ciphertext ?? '', 'base64')
    // A ciphertext of 64 bytes, no more: its context is not in it.
    expect(dataKey).toHaveLength(CiphertextBlob?.length ?? 0)
  })
})
