import { describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { ON_DEMAND_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { DAY, answer, denied, invalid, kmsForTests, policyOf, refusal, refused } from './support.ts'

const kms = kmsForTests()

const status = (KeyId: string | undefined) => answer(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))
const enable = (KeyId: string | undefined, RotationPeriodInDays?: number) =>
  kms.root.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }))
const rotateNow = async (KeyId: string | undefined) => {
  await kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
  kms.advance(ON_DEMAND_MS + 1)
}
const rotations = async (KeyId: string | undefined, IncludeKeyMaterial?: 'ALL_KEY_MATERIAL') =>
  (await kms.root.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial }))).Rotations ?? []
const material = async (KeyId: string | undefined) =>
  (await kms.root.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.CurrentKeyMaterialId

describe('the rotation schedule', () => {
  it('is off on a fresh key, and may be switched off again', async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await kms.createKey()
    expect(await status(KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: Arn })
    await kms.root.send(new DisableKeyRotationCommand({ KeyId }))
    expect(await rotations(KeyId)).toEqual([])
    expect(await rotations(KeyId, 'ALL_KEY_MATERIAL')).toEqual([
      { KeyId: Arn, KeyMaterialId: CurrentKeyMaterialId, KeyMaterialState: 'CURRENT' },
    ])
  })

  it('keeps its period and date when enabled again without a new one', async () => {
    const { KeyId, Arn } = await kms.createKey()
    await enable(KeyId, 90)
    const first = await status(KeyId)
    expect(first).toEqual({
      KeyRotationEnabled: true,
      KeyId: Arn,
      RotationPeriodInDays: 90,
      NextRotationDate: expect.any(Date),
    })
    kms.advance(DAY)
    await enable(KeyId)
    await enable(KeyId, 90)
    expect(await status(KeyId)).toEqual(first)

    await enable(KeyId, 180)
    const second = await status(KeyId)
    expect(second.RotationPeriodInDays).toBe(180)
    const moved = (second.NextRotationDate?.getTime() ?? 0) - (first.NextRotationDate?.getTime() ?? 0)
    expect(Math.round(moved / DAY)).toBe(91)

    await kms.root.send(new DisableKeyRotationCommand({ KeyId }))
    expect(await status(KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: Arn })
    await enable(KeyId)
    expect((await status(KeyId)).RotationPeriodInDays).toBe(365)
  })

  it.each([
    [89, 'greater than or equal to 90'],
    [2561, 'less than or equal to 2560'],
  ])('refuses %i days', async (days, bound) => {
    const { KeyId } = await kms.createKey()
    expect(await refusal(enable(KeyId, days))).toEqual(
      invalid(
        `Value '${String(days)}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value ${bound}`,
      ),
    )
  })

  it('takes no aliases', async () => {
    const { KeyId } = await kms.createKey()
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/rotating', TargetKeyId: KeyId }))
    const expected = refused('InvalidArnException', 'Key Aliases are not supported for this operation.')
    const AliasArn = 'arn:aws:kms:us-east-1:111111111111:alias/rotating'
    for (const alias of ['alias/rotating', AliasArn]) {
      expect(await refusal(status(alias))).toEqual(expected)
      expect(await refusal(enable(alias))).toEqual(expected)
      expect(await refusal(rotations(alias))).toEqual(expected)
      expect(await refusal(kms.root.send(new RotateKeyOnDemandCommand({ KeyId: alias })))).toEqual(expected)
    }
  })

  it('is hidden while the key is pending deletion, and comes back', async () => {
    const { KeyId, Arn } = await kms.createKey()
    await enable(KeyId, 100)
    const before = await status(KeyId)
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await status(KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: Arn })
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(await status(KeyId)).toEqual(before)
  })

  it('tells policies the period, 365 when it is left out whatever the key has', async () => {
    const { KeyId, Arn } = await kms.createKey()
    await enable(KeyId, 90)
    const user = await kms.user(
      'Delegated',
      policyOf(
        { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'kms:EnableKeyRotation',
          Resource: '*',
          Condition: { NumericGreaterThan: { 'kms:RotationPeriodInDays': '100' } },
        },
      ),
    )
    await user.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    expect(await refusal(user.kms.send(new EnableKeyRotationCommand({ KeyId })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:EnableKeyRotation on resource: ${Arn} with an explicit deny in an identity-based policy`,
      ),
    )
  })
})

describe('automatic rotation', () => {
  it('happens on each date, however far the clock is moved', async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await kms.createKey()
    const { CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('old') }))
    await enable(KeyId, 90)
    const due = (await status(KeyId)).NextRotationDate?.getTime() ?? 0
    kms.advance(2 * 90 * DAY + 1000)

    const all = await rotations(KeyId, 'ALL_KEY_MATERIAL')
    const current = await material(KeyId)
    expect(all).toEqual([
      { KeyId: Arn, KeyMaterialId: CurrentKeyMaterialId, KeyMaterialState: 'NON_CURRENT' },
      {
        KeyId: Arn,
        KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
        KeyMaterialState: 'NON_CURRENT',
        RotationDate: new Date(due),
        RotationType: 'AUTOMATIC',
      },
      {
        KeyId: Arn,
        KeyMaterialId: current,
        KeyMaterialState: 'CURRENT',
        RotationDate: new Date(due + 90 * DAY),
        RotationType: 'AUTOMATIC',
      },
    ])
    expect((await status(KeyId)).NextRotationDate).toEqual(new Date(due + 180 * DAY))
    const opened = await kms.root.send(new DecryptCommand({ CiphertextBlob }))
    expect(opened.KeyMaterialId).toBe(CurrentKeyMaterialId)
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('old')
  })

  it('passes a disabled key over, and makes up for it when the key is enabled', async () => {
    const { KeyId, CurrentKeyMaterialId } = await kms.createKey()
    await enable(KeyId, 90)
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    kms.advance(300 * DAY)
    expect(await material(KeyId)).toBe(CurrentKeyMaterialId)
    const enabledAt = kms.running.emulator.clock.now()
    await kms.root.send(new EnableKeyCommand({ KeyId }))
    kms.advance(1)
    // Once, now, and not on the dates that went by.
    expect(await material(KeyId)).not.toBe(CurrentKeyMaterialId)
    const [rotation, ...others] = await rotations(KeyId)
    expect(others).toEqual([])
    const rotatedAt = rotation?.RotationDate?.getTime() ?? 0
    expect(rotatedAt).toBeGreaterThanOrEqual(Math.floor(enabledAt))
    expect((await status(KeyId)).NextRotationDate).toEqual(new Date(rotatedAt + 90 * DAY))
  })
})

describe('RotateKeyOnDemand', () => {
  it('takes a while, is not repeated meanwhile, and leaves the schedule alone', async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await kms.createKey()
    await enable(KeyId, 365)
    const before = await status(KeyId)
    const { CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('old') }))

    expect((await kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))).KeyId).toBe(Arn)
    const during = await status(KeyId)
    expect(during).toEqual({ ...before, OnDemandRotationStartDate: expect.any(Date) })
    await kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(await status(KeyId)).toEqual(during)

    kms.advance(ON_DEMAND_MS + 1)
    expect(await status(KeyId)).toEqual(before)
    const current = await material(KeyId)
    expect(current).not.toBe(CurrentKeyMaterialId)
    expect(await rotations(KeyId)).toEqual([
      {
        KeyId: Arn,
        KeyMaterialId: current,
        KeyMaterialState: 'CURRENT',
        RotationDate: expect.any(Date),
        RotationType: 'ON_DEMAND',
      },
    ])

    const moved = await kms.root.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId }))
    expect(moved).toMatchObject({ SourceKeyMaterialId: CurrentKeyMaterialId, DestinationKeyMaterialId: current })
    const dataKey = await kms.root.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' }))
    expect(dataKey.KeyMaterialId).toBe(current)
  })

  it('goes on when the key is disabled or scheduled for deletion meanwhile', async () => {
    const off = await kms.createKey()
    const going = await kms.createKey()
    for (const { KeyId } of [off, going]) await kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
    await kms.root.send(new DisableKeyCommand({ KeyId: off.KeyId }))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: going.KeyId }))
    expect(await status(going.KeyId)).toEqual({
      KeyRotationEnabled: false,
      KeyId: going.Arn,
      OnDemandRotationStartDate: expect.any(Date),
    })
    kms.advance(ON_DEMAND_MS + 1)
    for (const { KeyId } of [off, going]) expect(await rotations(KeyId)).toHaveLength(1)
  })

  it('can be done 25 times', async () => {
    const { KeyId, Arn } = await kms.createKey()
    for (let i = 0; i < 25; i++) await rotateNow(KeyId)
    expect(await refusal(kms.root.send(new RotateKeyOnDemandCommand({ KeyId })))).toEqual(
      refused(
        'LimitExceededException',
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${Arn}`,
      ),
    )
  })
})

describe('an automatic rotation that is near', () => {
  it('keeps on-demand rotations 20 minutes away', async () => {
    const { KeyId } = await kms.createKey()
    await enable(KeyId, 90)
    const demand = () => kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
    const due = (await status(KeyId)).NextRotationDate?.getTime() ?? 0
    const until = (minutes: number) => {
      kms.advance(due - minutes * 60_000 - kms.running.emulator.clock.now())
    }
    until(20)
    expect(await refusal(demand())).toMatchObject({ code: 'ConflictException', status: 400 })
    expect(await status(KeyId)).not.toHaveProperty('OnDemandRotationStartDate')
    until(-1)
    await demand()
    kms.advance(ON_DEMAND_MS + 1)
    expect((await rotations(KeyId)).map(({ RotationType }) => RotationType)).toEqual(['AUTOMATIC', 'ON_DEMAND'])
  })

  it('does not keep away those that are earlier', async () => {
    const { KeyId } = await kms.createKey()
    await enable(KeyId, 90)
    const due = (await status(KeyId)).NextRotationDate?.getTime() ?? 0
    kms.advance(due - 21 * 60_000 - kms.running.emulator.clock.now())
    await rotateNow(KeyId)
    expect(await rotations(KeyId)).toHaveLength(1)
  })
})

describe('ListKeyRotations', () => {
  it('pages, oldest first', async () => {
    const { KeyId } = await kms.createKey()
    for (let i = 0; i < 3; i++) await rotateNow(KeyId)
    const all = await rotations(KeyId)
    const first = await kms.root.send(new ListKeyRotationsCommand({ KeyId, Limit: 1 }))
    expect(first).toMatchObject({ Rotations: [all[0]], Truncated: true })
    const rest = await kms.root.send(new ListKeyRotationsCommand({ KeyId, Marker: first.NextMarker }))
    expect(rest).toMatchObject({ Rotations: all.slice(1), Truncated: false })
    expect(await refusal(kms.root.send(new ListKeyRotationsCommand({ KeyId, Marker: 'x' })))).toEqual(
      refused('InvalidMarkerException', ''),
    )
  })
})
