import { describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms'
import { CREATING_MS, ON_DEMAND_MS, UPDATING_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { ACCOUNT, DAY, REGION, answer, kmsForTests, refusal, refused, type Key } from './support.ts'

const kms = kmsForTests()
const WEST = 'us-west-2'
const IRELAND = 'eu-west-1'

const at = (region: string) => kms.of(ACCOUNT, region)
const arnIn = (region: string, { KeyId }: Key) => `arn:aws:kms:${region}:${ACCOUNT}:key/${KeyId}`
const describeIn = async (region: string, { KeyId }: Key) =>
  (await at(region).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata
const statusIn = (region: string, { KeyId }: Key) => answer(at(region).send(new GetKeyRotationStatusCommand({ KeyId })))
const rotationsIn = async (region: string, { KeyId }: Key) =>
  (await at(region).send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))).Rotations
const schedule = (region: string, { KeyId }: Key, PendingWindowInDays = 7) =>
  answer(at(region).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays })))
const encryptIn = async (region: string, { KeyId }: Key) =>
  (await at(region).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }))).CiphertextBlob

async function family(...regions: string[]): Promise<Key> {
  const key = await kms.createKey({ MultiRegion: true })
  for (const ReplicaRegion of regions) {
    await kms.root.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion }))
  }
  kms.advance(CREATING_MS + 1)
  return key
}

describe('the rotation of related keys', () => {
  it('is set on the primary and seen on the replicas', async () => {
    const key = await family(WEST)
    await kms.root.send(new EnableKeyRotationCommand({ KeyId: key.KeyId, RotationPeriodInDays: 90 }))
    const { KeyId, ...settings } = await statusIn(REGION, key)
    expect(settings).toEqual({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: expect.any(Date),
    })
    expect(KeyId).toBe(key.Arn)
    expect(await statusIn(WEST, key)).toEqual({ KeyId: arnIn(WEST, key), ...settings })

    // One that comes later gets the settings, too (captures 7).
    await kms.root.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: IRELAND }))
    expect(await statusIn(IRELAND, key)).toEqual({ KeyId: arnIn(IRELAND, key), ...settings })

    await kms.root.send(new DisableKeyRotationCommand({ KeyId: key.KeyId }))
    expect(await statusIn(WEST, key)).toEqual({ KeyId: arnIn(WEST, key), KeyRotationEnabled: false })
  })

  it.each([
    ['EnableKeyRotation', (KeyId: string) => at(WEST).send(new EnableKeyRotationCommand({ KeyId }))],
    ['DisableKeyRotation', (KeyId: string) => at(WEST).send(new DisableKeyRotationCommand({ KeyId }))],
    ['RotateKeyOnDemand', (KeyId: string) => at(WEST).send(new RotateKeyOnDemandCommand({ KeyId }))],
  ])('is not set on a replica: %s', async (operation, call) => {
    const key = await family(WEST)
    expect(await refusal(call(key.KeyId))).toEqual(
      refused(
        'UnsupportedOperationException',
        `${arnIn(WEST, key)} is a multi-region replica key which is not valid for ${operation}.`,
      ),
    )
  })

  it('happens once, with the same material everywhere', async () => {
    const key = await family(WEST, IRELAND)
    const old = await encryptIn(WEST, key)
    await kms.root.send(new EnableKeyRotationCommand({ KeyId: key.KeyId, RotationPeriodInDays: 90 }))
    kms.advance(90 * DAY + 1000)
    const current = (await describeIn(REGION, key))?.CurrentKeyMaterialId
    expect(current).not.toBe(key.CurrentKeyMaterialId)
    const here = await rotationsIn(REGION, key)
    expect(here).toHaveLength(2)
    for (const region of [WEST, IRELAND]) {
      expect((await describeIn(region, key))?.CurrentKeyMaterialId).toBe(current)
      expect(await rotationsIn(region, key)).toEqual(here?.map((entry) => ({ ...entry, KeyId: arnIn(region, key) })))
      const opened = await at(region).send(new DecryptCommand({ CiphertextBlob: await encryptIn(REGION, key) }))
      expect(opened).toMatchObject({ KeyId: arnIn(region, key), KeyMaterialId: current })
      expect((await at(region).send(new DecryptCommand({ CiphertextBlob: old }))).KeyMaterialId).toBe(
        key.CurrentKeyMaterialId,
      )
    }
    // All that went before comes with a later replica.
    await kms.root.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: 'sa-east-1' }))
    kms.advance(CREATING_MS + 1)
    const opened = await at('sa-east-1').send(new DecryptCommand({ CiphertextBlob: old }))
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('secret')
  })

  it('on demand is seen on the replicas while it goes on', async () => {
    const key = await family(WEST)
    await kms.root.send(new RotateKeyOnDemandCommand({ KeyId: key.KeyId }))
    const during = await statusIn(REGION, key)
    expect(during.OnDemandRotationStartDate).toBeInstanceOf(Date)
    expect(await statusIn(WEST, key)).toEqual({ ...during, KeyId: arnIn(WEST, key) })
    kms.advance(ON_DEMAND_MS + 1)
    const { CurrentKeyMaterialId } = (await describeIn(WEST, key)) ?? {}
    expect(CurrentKeyMaterialId).not.toBe(key.CurrentKeyMaterialId)
    expect((await describeIn(REGION, key))?.CurrentKeyMaterialId).toBe(CurrentKeyMaterialId)
  })

  it('waits for the primary alone, and goes with the primary to another Region', async () => {
    const key = await family(WEST)
    await kms.root.send(new EnableKeyRotationCommand({ KeyId: key.KeyId, RotationPeriodInDays: 90 }))
    await at(WEST).send(new DisableKeyCommand({ KeyId: key.KeyId }))
    kms.advance(90 * DAY + 1000)
    expect(await rotationsIn(WEST, key)).toHaveLength(2)
    await at(WEST).send(new EnableKeyCommand({ KeyId: key.KeyId }))

    await kms.root.send(new UpdatePrimaryRegionCommand({ KeyId: key.KeyId, PrimaryRegion: WEST }))
    kms.advance(UPDATING_MS + 1)
    await kms.root.send(new DisableKeyCommand({ KeyId: key.KeyId }))
    kms.advance(90 * DAY)
    expect(await rotationsIn(REGION, key)).toHaveLength(3)

    await at(WEST).send(new DisableKeyCommand({ KeyId: key.KeyId }))
    kms.advance(200 * DAY)
    expect(await rotationsIn(REGION, key)).toHaveLength(3)
    // A replica that is enabled makes up for nothing.
    await kms.root.send(new EnableKeyCommand({ KeyId: key.KeyId }))
    kms.advance(1)
    expect(await rotationsIn(REGION, key)).toHaveLength(3)
    await at(WEST).send(new EnableKeyCommand({ KeyId: key.KeyId }))
    kms.advance(1)
    expect(await rotationsIn(REGION, key)).toHaveLength(4)
  })
})

describe('the deletion of related keys', () => {
  it('leaves the primary waiting for its replicas, then for its own window', async () => {
    const key = await family(WEST, IRELAND)
    const ciphertext = await encryptIn(REGION, key)
    await kms.root.send(new EnableKeyRotationCommand({ KeyId: key.KeyId, RotationPeriodInDays: 100 }))
    const before = await statusIn(REGION, key)
    expect(await schedule(REGION, key, 8)).toEqual({
      KeyId: key.Arn,
      KeyState: 'PendingReplicaDeletion',
      PendingWindowInDays: 8,
    })
    const waiting = await describeIn(REGION, key)
    expect(waiting).toMatchObject({
      KeyState: 'PendingReplicaDeletion',
      Enabled: false,
      PendingDeletionWindowInDays: 8,
    })
    expect(waiting).not.toHaveProperty('DeletionDate')
    // The schedule shows, unlike that of a key with a date (captures 7).
    expect(await statusIn(REGION, key)).toEqual(before)
    expect((await at(WEST).send(new DecryptCommand({ CiphertextBlob: ciphertext }))).KeyId).toBe(arnIn(WEST, key))

    const west = await schedule(WEST, key, 7)
    expect(await statusIn(WEST, key)).toEqual({ KeyId: arnIn(WEST, key), KeyRotationEnabled: false })
    const ireland = await schedule(IRELAND, key, 9)
    kms.advance((west.DeletionDate?.getTime() ?? 0) - kms.running.emulator.clock.now() + 1)
    expect((await describeIn(REGION, key))?.MultiRegionConfiguration?.ReplicaKeys).toEqual([
      { Arn: arnIn(IRELAND, key), Region: IRELAND },
    ])
    expect((await describeIn(REGION, key))?.KeyState).toBe('PendingReplicaDeletion')

    const lastGone = ireland.DeletionDate?.getTime() ?? 0
    kms.advance(lastGone - kms.running.emulator.clock.now() + 1)
    const dated = await describeIn(REGION, key)
    expect(dated).toMatchObject({ KeyState: 'PendingDeletion', DeletionDate: new Date(lastGone + 8 * DAY) })
    expect(dated).not.toHaveProperty('PendingDeletionWindowInDays')
    expect(dated?.MultiRegionConfiguration?.ReplicaKeys).toEqual([])

    kms.advance(8 * DAY)
    expect(await refusal(describeIn(REGION, key))).toEqual(
      refused('NotFoundException', `Key '${key.Arn}' does not exist`),
    )
    expect(JSON.stringify(kms.running.emulator.store.export({ secrets: true }))).not.toContain(key.KeyId)
  })

  it('keeps its dates when the clock leaps over all of them', async () => {
    const key = await family(WEST)
    await schedule(REGION, key, 7)
    await schedule(WEST, key, 7)
    kms.running.emulator.clock.stop()
    kms.running.emulator.rearm()
    kms.advance(14 * DAY + 1000)
    for (const region of [REGION, WEST]) {
      expect(await refusal(describeIn(region, key))).toEqual(
        refused('NotFoundException', `Key '${arnIn(region, key)}' does not exist`),
      )
    }
  })

  it('of a replica takes along what is its own, and leaves its relatives able', async () => {
    const key = await family(WEST)
    const { KeyId } = key
    await at(WEST).send(new CreateAliasCommand({ AliasName: 'alias/gone', TargetKeyId: KeyId }))
    const grantee = { KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Decrypt' as const] }
    await at(WEST).send(new CreateGrantCommand(grantee))
    await kms.root.send(new CreateGrantCommand(grantee))
    const ciphertext = await encryptIn(WEST, key)
    await schedule(WEST, key)
    kms.advance(7 * DAY + 1000)

    expect(await refusal(at(WEST).send(new DecryptCommand({ CiphertextBlob: ciphertext })))).toMatchObject({
      code: 'AccessDeniedException',
    })
    expect(await refusal(at(WEST).send(new DescribeKeyCommand({ KeyId: 'alias/gone' })))).toMatchObject({
      code: 'NotFoundException',
    })
    const opened = await kms.root.send(new DecryptCommand({ CiphertextBlob: ciphertext }))
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('secret')
    expect((await describeIn(REGION, key))?.MultiRegionConfiguration?.ReplicaKeys).toEqual([])

    // The same again, with the same material (AWS: "multi-region-keys-replicate").
    await kms.root.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: WEST }))
    kms.advance(CREATING_MS + 1)
    expect((await at(WEST).send(new DecryptCommand({ CiphertextBlob: ciphertext }))).KeyId).toBe(arnIn(WEST, key))
  })

  it('can be called off while the primary waits', async () => {
    const key = await family(WEST)
    await schedule(REGION, key)
    expect((await kms.root.send(new CancelKeyDeletionCommand({ KeyId: key.KeyId }))).KeyId).toBe(key.Arn)
    const back = await describeIn(REGION, key)
    expect(back).toMatchObject({ KeyState: 'Disabled', Enabled: false })
    expect(back).not.toHaveProperty('PendingDeletionWindowInDays')
    await schedule(WEST, key)
    kms.advance(30 * DAY)
    expect((await describeIn(REGION, key))?.KeyState).toBe('Disabled')
  })

  it.each([
    [REGION, 'pending replica deletion'],
    [WEST, 'pending deletion'],
  ])('in %s forbids tags and use, not policies', async (region, state) => {
    const key = await family(WEST)
    const { KeyId } = key
    const ciphertext = await encryptIn(region, key)
    await schedule(REGION, key)
    await schedule(WEST, key)
    const refusing = refused('KMSInvalidStateException', `${arnIn(region, key)} is ${state}.`)
    const client = at(region)
    expect(
      await refusal(client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }))),
    ).toEqual(refusing)
    expect(await refusal(client.send(new UntagResourceCommand({ KeyId, TagKeys: ['a'] })))).toEqual(refusing)
    expect(await refusal(client.send(new DecryptCommand({ CiphertextBlob: ciphertext })))).toEqual(refusing)
    expect(await refusal(client.send(new ScheduleKeyDeletionCommand({ KeyId })))).toEqual(refusing)
    const { Policy } = await client.send(new GetKeyPolicyCommand({ KeyId }))
    await client.send(new PutKeyPolicyCommand({ KeyId, Policy }))
  })

  it('of a replica that is being created is not overtaken by its creation', async () => {
    const key = await kms.createKey({ MultiRegion: true })
    await kms.root.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: WEST }))
    await schedule(WEST, key)
    kms.advance(CREATING_MS + 1)
    expect((await describeIn(WEST, key))?.KeyState).toBe('PendingDeletion')
  })
})
