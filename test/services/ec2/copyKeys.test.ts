import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CopySnapshotCommand, DescribeSnapshotsCommand, type EC2Client } from '@aws-sdk/client-ec2'
import { EBSClient } from '@aws-sdk/client-ebs'
import {
  CreateKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import { rootOf } from '../../support/emulator.ts'
import { block, contents, sha256, written } from './direct/support.ts'
import { finished, sharing } from './snapshotSupport.ts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  allow,
  badRequest,
  deny,
  policy,
  refusal,
  startWorld,
  until,
  type World,
} from './support.ts'

let world: World
let a: EC2Client
let b: EC2Client
let ebsA: EBSClient
let ebsB: EBSClient
let kmsB: KMSClient

const ROLE = `arn:aws:iam::${OTHER_ACCOUNT}:role/copier`

beforeAll(async () => {
  world = await startWorld()
  a = world.ec2
  b = world.rootOf(OTHER_ACCOUNT).ec2
  kmsB = world.rootOf(OTHER_ACCOUNT).kms
  ebsA = world.emulator.client(EBSClient)
  ebsB = world.emulator.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT) })
  const iam = world.emulator.client(IAMClient, { credentials: rootOf(OTHER_ACCOUNT) })
  const trust = policy({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
    Action: 'sts:AssumeRole',
  })
  await iam.send(new CreateRoleCommand({ RoleName: 'copier', AssumeRolePolicyDocument: trust }))
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'copier',
      PolicyName: 'all',
      PolicyDocument: policy(allow(['ec2:*', 'kms:*'])),
    }),
  )
})
afterAll(() => world.stop())

let sessions = 0

/** B's role, limited for a session. */
async function session(...statements: readonly object[]): Promise<EC2Client> {
  const { credentials } = await world.user(OTHER_ACCOUNT, `u${++sessions}`, allow('sts:AssumeRole'))
  const sts = world.emulator.client(STSClient, { credentials })
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'job', Policy: policy(...statements) }),
  )
  return world.as({
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  })
}

const forB = () =>
  policy(
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
      Action: ['kms:DescribeKey', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant'],
      Resource: '*',
    },
  )

/** A snapshot of A's, shared with B, under a key of its own that lets B in; and a key of B's. */
async function pair() {
  const source = await world.key(ACCOUNT, forB())
  const target = await world.key(OTHER_ACCOUNT)
  const id = await written(ebsA, { 0: 1, 3: 2 }, { KmsKeyArn: source })
  await a.send(sharing(id, OTHER_ACCOUNT))
  return { source, target, id }
}

const copying = (SourceSnapshotId: string, KmsKeyId: string, more: object = {}) =>
  new CopySnapshotCommand({ SourceSnapshotId, SourceRegion: 'us-east-1', Encrypted: true, KmsKeyId, ...more })

const EVERYTHING = allow(['ec2:*', 'kms:*'])
const KEY_SIDE = {
  State: 'error',
  StateMessage: 'Given key ID is not accessible',
  VolumeSize: 1,
  Encrypted: true,
  Progress: '0%',
}
const BYTES = { 0: sha256(block(1)), 3: sha256(block(2)) }

describe('what one denial in the session does to a copy (facts: captures 4.4)', () => {
  it.each([
    ['kms:Decrypt', 'all'],
    ['kms:ReEncrypt*', 'all'],
    ['kms:GenerateDataKey', 'all'],
    ['kms:DescribeKey', 'source'],
  ] as const)('nothing: %s on %s', async (action, on) => {
    const keys = await pair()
    const ec2 = await session(EVERYTHING, deny(action, on === 'all' ? '*' : keys[on]))
    const { SnapshotId } = await ec2.send(copying(keys.id, keys.target))
    expect(await finished(b, SnapshotId)).toMatchObject({ State: 'completed', Encrypted: true, KmsKeyId: keys.target })
    expect(await contents(ebsB, SnapshotId ?? '')).toEqual(BYTES)
  })

  it.each([
    ['kms:GenerateDataKeyWithoutPlaintext', 'target', []],
    ['kms:CreateGrant', 'target', ['GenerateDataKeyWithoutPlaintext allowed', 'CreateGrant denied']],
    [
      'kms:CreateGrant',
      'source',
      ['GenerateDataKeyWithoutPlaintext allowed', 'CreateGrant allowed', 'CreateGrant denied', 'RetireGrant allowed'],
    ],
  ] as const)('it ends in error: %s on the %s', async (action, on, asked) => {
    const keys = await pair()
    const ec2 = await session(EVERYTHING, deny(action, keys[on]))
    const { SnapshotId, $metadata } = await ec2.send(copying(keys.id, keys.target))
    expect(await finished(b, SnapshotId)).toMatchObject({ ...KEY_SIDE, KmsKeyId: keys.target })
    expect(await contents(ebsA, keys.id)).toEqual(BYTES)
    const view = await until(() =>
      Promise.resolve(world.emulator.emulator.decisions.get($metadata.requestId ?? '')).then((found) =>
        found?.error ? found : undefined,
      ),
    )
    const where = on === 'target' ? `on resource: ${keys.target}` : 'on this resource'
    expect(view.error).toEqual({
      code: 'AccessDeniedException',
      message: `User: arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/copier/job is not authorized to perform: ${action} ${where} with an explicit deny in a session policy`,
    })
    if (asked.length > 0) {
      expect(
        view.gates.filter(({ gate }) => gate === 'key').map(({ operation, outcome }) => `${operation} ${outcome}`),
      ).toEqual(expect.arrayContaining([...asked]))
    }
    for (const [kms, KeyId] of [
      [world.kms, keys.source],
      [kmsB, keys.target],
    ] as const) {
      expect((await kms.send(new ListGrantsCommand({ KeyId }))).Grants).toEqual([])
    }
  })

  it('it is refused at once: kms:DescribeKey on the target', async () => {
    const keys = await pair()
    const ec2 = await session(EVERYTHING, deny('kms:DescribeKey', keys.target))
    const before = await b.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))
    expect(await refusal(ec2.send(copying(keys.id, keys.target)))).toEqual({
      status: 403,
      code: 'AuthFailure',
      message: `Not authorized to use key ${keys.target} `,
    })
    const after = await b.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))
    expect(after.Snapshots).toEqual(before.Snapshots)
  })

  it('a second copy under the same key goes on from the first, and needs no data key', async () => {
    const keys = await pair()
    const first = await b.send(copying(keys.id, keys.target))
    await finished(b, first.SnapshotId)
    const ec2 = await session(EVERYTHING, deny('kms:GenerateDataKeyWithoutPlaintext', keys.target))
    const second = await ec2.send(copying(keys.id, keys.target))
    expect(await finished(b, second.SnapshotId)).toMatchObject({ State: 'completed', KmsKeyId: keys.target })
    const ungranted = await session(EVERYTHING, deny('kms:CreateGrant', keys.target))
    const third = await ungranted.send(copying(keys.id, keys.target))
    expect(await finished(b, third.SnapshotId)).toMatchObject({ ...KEY_SIDE, KmsKeyId: keys.target })
    expect(await contents(ebsB, second.SnapshotId ?? '')).toEqual(BYTES)
  })
})

describe('the state of a key', () => {
  it('of the target tells at once when it is disabled or not there', async () => {
    const keys = await pair()
    const missing = keys.target.replace(/[^/]+$/, '01234567-89ab-4cde-8f01-23456789abcd')
    for (const key of [missing, 'alias/none']) {
      expect(await refusal(b.send(copying(keys.id, key)))).toEqual(
        badRequest('InvalidParameterValue', `The specified keyId ${key} is invalid`),
      )
    }
    await kmsB.send(new DisableKeyCommand({ KeyId: keys.target }))
    expect(await refusal(b.send(copying(keys.id, keys.target)))).toEqual(
      badRequest('InvalidParameterValue', `The specified keyId ${keys.target} is disabled`),
    )
  })

  it.each([
    ['disabled', (KeyId: string) => world.kms.send(new DisableKeyCommand({ KeyId }))],
    [
      'waiting for its deletion',
      (KeyId: string) => world.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
    ],
  ])('of the source tells later when it is %s', async (_, spoil) => {
    const keys = await pair()
    await spoil(keys.source)
    const { SnapshotId } = await b.send(copying(keys.id, keys.target))
    expect(await finished(b, SnapshotId)).toMatchObject({ ...KEY_SIDE, KmsKeyId: keys.target })
    expect((await kmsB.send(new ListGrantsCommand({ KeyId: keys.target }))).Grants).toEqual([])
  })
})

describe('the key of a copy (facts: captures 4.3)', () => {
  const managed = async (ec2: EC2Client, id: string | undefined) => (await finished(ec2, id)).KmsKeyId ?? ''

  it('is none for a plain source, unless one is asked for', async () => {
    const plain = await written(ebsA, { 0: 1 })
    const key = await world.key()
    const copyA = (more: object) =>
      a.send(new CopySnapshotCommand({ SourceSnapshotId: plain, SourceRegion: 'us-east-1', ...more }))
    for (const more of [{}, { Encrypted: false }]) {
      const { SnapshotId } = await copyA(more)
      expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed', Encrypted: false })
      expect(await contents(ebsA, SnapshotId ?? '')).toEqual({ 0: sha256(block(1)) })
    }
    const { SnapshotId } = await copyA({ Encrypted: true, KmsKeyId: key })
    expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed', Encrypted: true, KmsKeyId: key })
    expect(await contents(ebsA, SnapshotId ?? '')).toEqual({ 0: sha256(block(1)) })
  })

  it('is the copier’s default key for an encrypted source, whatever the source’s, and even for Encrypted=false', async () => {
    const keys = await pair()
    for (const more of [{}, { Encrypted: false }, { Encrypted: true }]) {
      const request = { SourceSnapshotId: keys.id, SourceRegion: 'us-east-1', ...more }
      const ofA = await managed(a, (await a.send(new CopySnapshotCommand(request))).SnapshotId)
      expect(ofA).toMatch(new RegExp(`^arn:aws:kms:us-east-1:${ACCOUNT}:key/`))
      expect(ofA).not.toBe(keys.source)
      const copied = await b.send(new CopySnapshotCommand(request))
      const ofB = await managed(b, copied.SnapshotId)
      expect(ofB).toMatch(new RegExp(`^arn:aws:kms:us-east-1:${OTHER_ACCOUNT}:key/`))
      expect(await contents(ebsB, copied.SnapshotId ?? '')).toEqual(BYTES)
      // Under the default key nobody shares anything (facts: captures 3.2), nor with oneself.
      expect(await refusal(b.send(sharing(copied.SnapshotId ?? '', ACCOUNT)))).toEqual(
        badRequest('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared'),
      )
      expect(await refusal(b.send(sharing(copied.SnapshotId ?? '', OTHER_ACCOUNT)))).toEqual(
        badRequest('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared'),
      )
    }
  })

  it('may be the source’s own', async () => {
    const keys = await pair()
    const { SnapshotId } = await a.send(copying(keys.id, keys.source))
    expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed', KmsKeyId: keys.source })
    expect(await contents(ebsA, SnapshotId ?? '')).toEqual(BYTES)
  })

  it('is a key of the Region that is copied to', async () => {
    const keys = await pair()
    const west = world.as(rootOf(OTHER_ACCOUNT), 'us-west-2')
    const request = { SourceSnapshotId: keys.id, SourceRegion: 'us-east-1' }
    const { SnapshotId } = await west.send(new CopySnapshotCommand(request))
    expect(await managed(west, SnapshotId)).toMatch(new RegExp(`^arn:aws:kms:us-west-2:${OTHER_ACCOUNT}:key/`))
    const ebsWest = world.emulator.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT), region: 'us-west-2' })
    expect(await contents(ebsWest, SnapshotId ?? '')).toEqual(BYTES)
    expect((await world.kms.send(new ListGrantsCommand({ KeyId: keys.source }))).Grants).toEqual([])
    const kmsWest = world.emulator.client(KMSClient, { credentials: rootOf(OTHER_ACCOUNT), region: 'us-west-2' })
    const { KeyMetadata } = await kmsWest.send(new CreateKeyCommand({}))
    const own = await west.send(new CopySnapshotCommand({ ...request, Encrypted: true, KmsKeyId: KeyMetadata?.KeyId }))
    expect(await managed(west, own.SnapshotId)).toBe(KeyMetadata?.Arn)
    // A key of the source's Region is none here.
    expect(await refusal(west.send(copying(keys.id, keys.target)))).toEqual(
      badRequest('InvalidParameterValue', `The specified keyId ${keys.target} is invalid`),
    )
  })
})
