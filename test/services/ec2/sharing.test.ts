import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CopySnapshotCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  ModifySnapshotAttributeCommand,
  type EC2Client,
  type Snapshot,
} from '@aws-sdk/client-ec2'
import type { EBSClient } from '@aws-sdk/client-ebs'
import { DisableKeyCommand, EnableKeyCommand, ListGrantsCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { block, contents, sha256, written } from './direct/support.ts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  badRequest,
  policy,
  refusal,
  settled,
  startTwoAccounts,
  until,
  type World,
} from './support.ts'

let world: World
let a: EC2Client
let b: EC2Client
let ebsA: EBSClient
let ebsB: EBSClient
let keyA: string
let keyB: string

beforeAll(async () => {
  ;({ world, a, b, ebsA, ebsB, keyA, keyB } = await startTwoAccounts())
})
afterAll(() => world.stop())

/** The key policy of the mission: B may use A's key, and let AWS's services use it (facts: B10). */
const letB = (actions: readonly string[]) =>
  policy(
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` }, Action: actions, Resource: '*' },
  )
const EVERYTHING = ['kms:DescribeKey', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant']

const trust = (Policy: string) => world.kms.send(new PutKeyPolicyCommand({ KeyId: keyA, Policy }))

async function finished(ec2: EC2Client, id: string | undefined): Promise<Snapshot> {
  return until(async () => {
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id ?? ''] }))
    const [snapshot] = Snapshots ?? []
    return snapshot?.State === 'pending' ? undefined : snapshot
  })
}

async function shared(): Promise<string> {
  const id = await written(ebsA, { 0: 1, 7: 2 }, { KmsKeyArn: keyA })
  await share(id)
  return id
}
const share = (SnapshotId: string, change: 'Add' | 'Remove' = 'Add') =>
  a.send(
    new ModifySnapshotAttributeCommand({
      SnapshotId,
      CreateVolumePermission: { [change]: [{ UserId: OTHER_ACCOUNT }] },
    }),
  )
const copy = (SourceSnapshotId: string, more: object = {}) =>
  b.send(
    new CopySnapshotCommand({ SourceSnapshotId, SourceRegion: 'us-east-1', KmsKeyId: keyB, Encrypted: true, ...more }),
  )

const BYTES = { 0: sha256(block(1)), 7: sha256(block(2)) }

describe('a snapshot shared with another account', () => {
  it('is read back from that account’s own copy, under its own key, whatever becomes of the first', async () => {
    await trust(letB(EVERYTHING))
    const source = await shared()
    const { SnapshotId } = await copy(source)
    expect(await finished(b, SnapshotId)).toMatchObject({
      State: 'completed',
      Encrypted: true,
      KmsKeyId: keyB,
      OwnerId: OTHER_ACCOUNT,
      VolumeId: 'vol-ffffffff',
      VolumeSize: 1,
      Progress: '100%',
    })
    await a.send(new DeleteSnapshotCommand({ SnapshotId: source }))
    await world.kms.send(new DisableKeyCommand({ KeyId: keyA }))
    expect(await contents(ebsB, SnapshotId ?? '')).toEqual(BYTES)
    await world.kms.send(new EnableKeyCommand({ KeyId: keyA }))
    // EBS gives up its grants when the copy is done.
    const { Grants } = await world.kms.send(new ListGrantsCommand({ KeyId: keyA }))
    expect(Grants).toEqual([])
  })

  it('becomes a volume there, whose snapshot holds the same bytes under that account’s key', async () => {
    await trust(letB(EVERYTHING))
    const source = await shared()
    const { VolumeId } = await b.send(
      new CreateVolumeCommand({ SnapshotId: source, AvailabilityZone: 'us-east-1a', KmsKeyId: keyB, Encrypted: true }),
    )
    expect((await settled(b, VolumeId))?.KmsKeyId).toBe(keyB)
    await a.send(new DeleteSnapshotCommand({ SnapshotId: source }))
    const { SnapshotId } = await b.send(new CreateSnapshotCommand({ VolumeId }))
    expect(await finished(b, SnapshotId)).toMatchObject({ State: 'completed', KmsKeyId: keyB })
    expect(await contents(ebsB, SnapshotId ?? '')).toEqual(BYTES)
  })

  it.each([
    ['the key policy lets it create no grants', ['kms:DescribeKey', 'kms:Decrypt', 'kms:ReEncrypt*'], undefined],
    ['the key policy does not know the account', [], undefined],
  ])('cannot be copied when %s', async (_, actions) => {
    await trust(letB(actions.length > 0 ? actions : ['kms:ListAliases']))
    const { SnapshotId } = await copy(await shared())
    expect(await finished(b, SnapshotId)).toMatchObject({
      State: 'error',
      StateMessage: 'Given key ID is not accessible',
      Progress: '0%',
      VolumeSize: 1,
      Encrypted: true,
      KmsKeyId: keyB,
    })
  })

  it('makes no volume when the key is not shared: it vanishes', async () => {
    await trust(letB(['kms:ListAliases']))
    const source = await shared()
    const { VolumeId, State } = await b.send(
      new CreateVolumeCommand({ SnapshotId: source, AvailabilityZone: 'us-east-1a', KmsKeyId: keyB, Encrypted: true }),
    )
    expect(State).toBe('creating')
    expect(await settled(b, VolumeId)).toBeUndefined()
  })

  it('that is not shared is not found, at once or later', async () => {
    const source = await written(ebsA, { 0: 1 }, { KmsKeyArn: keyA })
    expect(
      await refusal(b.send(new CreateVolumeCommand({ SnapshotId: source, AvailabilityZone: 'us-east-1a' }))),
    ).toEqual(badRequest('InvalidSnapshot.NotFound', 'Snapshot does not exist'))
    expect(await refusal(b.send(new DescribeSnapshotsCommand({ SnapshotIds: [source] })))).toEqual(
      badRequest('InvalidSnapshot.NotFound', `The snapshot '${source}' does not exist.`),
    )
    const { SnapshotId } = await copy(source)
    expect(await finished(b, SnapshotId)).toMatchObject({
      State: 'error',
      StateMessage: 'Source snapshot is not found',
      VolumeSize: 0,
      Encrypted: false,
    })
  })

  it('cannot be shared under the default key, nor publicly when encrypted', async () => {
    const own = await written(ebsA, { 0: 1 }, { Encrypted: true })
    expect(await refusal(share(own))).toEqual(
      badRequest('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared'),
    )
    const mine = await written(ebsA, {}, { KmsKeyArn: keyA })
    const all = new ModifySnapshotAttributeCommand({
      SnapshotId: mine,
      CreateVolumePermission: { Add: [{ Group: 'all' }] },
    })
    expect(await refusal(a.send(all))).toEqual(
      badRequest('OperationNotPermitted', 'Encrypted snapshots cannot be shared publicly.'),
    )
    const { CreateVolumePermissions } = await a.send(
      new DescribeSnapshotAttributeCommand({ SnapshotId: mine, Attribute: 'createVolumePermission' }),
    )
    expect(CreateVolumePermissions).toEqual([])
  })
})
