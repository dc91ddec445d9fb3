import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  DescribeKeyCommand,
  EncryptCommand,
  EnableKeyRotationCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import type { UsageReport } from '../../../emulator/audit/usageReport.ts'
import { ACCOUNT, DAY, kmsForTests, OTHER_ACCOUNT, refusal } from './support.ts'

const kms = kmsForTests()

/** The first of a month, so that months are whole; the clock stands a little after it. */
const BEGIN = Date.parse('2031-01-01T00:00:00Z')
const moveTo = (time: number) => {
  const { clock } = kms.running.emulator
  clock.setOffset(clock.offset + time - clock.now())
}
beforeEach(() => {
  kms.running.emulator.reset()
  moveTo(BEGIN)
  kms.running.emulator.usage.clear()
})

const report = async (query = ''): Promise<UsageReport> =>
  (await (await fetch(`${kms.running.url}/_twokey/usage${query}`)).json()) as UsageReport
const keyUsage = async (arn: string) => (await report()).keys.find(({ key }) => key === arn)
/** Within two hours: the clock goes on while a test runs, and begun hours count. */
const about = (months: number) => expect.closeTo(months, 2)
const encrypt = (KeyId: string) => new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })

describe('GET /_twokey/usage', () => {
  it('has requests by key, the payer being the caller', async () => {
    const { Arn } = await kms.createKey({
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] }, Action: 'kms:*', Resource: '*' }],
      }),
    })
    const other = await kms.createKey()
    const { CiphertextBlob } = await kms.root.send(encrypt(Arn))
    await kms.of(OTHER_ACCOUNT).send(encrypt(Arn))
    await kms.root.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other.Arn }))
    await kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 1 }))
    // Refused, and of no key that exists.
    await refusal(kms.root.send(encrypt(Arn.replace(/.{36}$/, '11111111-2222-4333-8444-555555555555'))))
    const { kms: rows } = await report()
    const shown = rows.map((row) => [row.account, row.operation, row.via, row.key, row.requests])
    expect(shown).toEqual(
      expect.arrayContaining([
        [ACCOUNT, 'Encrypt', 'direct', Arn, 1],
        [OTHER_ACCOUNT, 'Encrypt', 'direct', Arn, 1],
        [ACCOUNT, 'ReEncrypt', 'direct', Arn, 1],
        [ACCOUNT, 'GenerateRandom', 'direct', null, 1],
        [ACCOUNT, 'Encrypt', 'direct', null, 1],
        [ACCOUNT, 'CreateKey', 'direct', null, 2],
      ]),
    )
    expect(shown).toHaveLength(6)
  })

  it('a key costs a dollar a month; AWS managed ones nothing', async () => {
    const { Arn } = await kms.createKey()
    const managed = await kms.root.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    moveTo(Date.parse('2031-03-01T00:00:00Z'))
    expect(await keyUsage(Arn)).toMatchObject({ kept: { months: about(2), rotationMonths: 0, usd: about(2) } })
    expect(await keyUsage(managed.KeyMetadata?.Arn ?? '')).toMatchObject({ kept: null })
    expect((await report('?key=3')).totals.keys).toEqual({ count: 1, usd: expect.closeTo(6, 1) })
  })

  it('its first two rotations cost as much again, on demand or not', async () => {
    const { Arn, KeyId } = await kms.createKey()
    await kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
    moveTo(Date.parse('2031-02-01T00:00:00Z'))
    expect(await keyUsage(Arn)).toMatchObject({ kept: { months: about(1), rotationMonths: about(1) } })
    await kms.root.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    // Automatic ones at the 2nd of May and the 31st of July: only the first of them still costs something.
    moveTo(Date.parse('2031-09-01T00:00:00Z'))
    const second = 4 - 1 / 31
    expect(await keyUsage(Arn)).toMatchObject({ kept: { months: about(8), rotationMonths: about(8 + second) } })
  })

  it('a key whose deletion is scheduled costs nothing more, and stays in the report when it is gone', async () => {
    const { Arn, KeyId } = await kms.createKey()
    moveTo(Date.parse('2031-02-01T00:00:00Z'))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advance(6 * DAY)
    expect(await keyUsage(Arn)).toMatchObject({ kept: { months: about(1) } })
    kms.advance(30 * DAY)
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toMatchObject({ code: 'NotFoundException' })
    expect(await keyUsage(Arn)).toMatchObject({ keySpec: 'SYMMETRIC_DEFAULT', kept: { months: about(1) } })
  })

  it('unless that is cancelled: then it costs what it would have cost', async () => {
    const { Arn, KeyId } = await kms.createKey()
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 }))
    kms.advance(20 * DAY)
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    moveTo(Date.parse('2031-02-01T00:00:00Z'))
    expect(await keyUsage(Arn)).toMatchObject({ kept: { months: about(1) } })
  })

  it('takes options, and refuses what it does not know', async () => {
    await kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 1 }))
    expect((await report('?requests=100')).totals.requests).toMatchObject({ requests: 1, usd: 0.01 })
    expect((await report('?freeTier=on')).totals).toMatchObject({ freeTier: { requests: 1, usd: 0.000003 }, usd: 0 })
    expect((await report('?freeTier=0')).totals.usd).toBe(0.000003)
    const answer = await fetch(`${kms.running.url}/_twokey/usage?freeTier=yes`)
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'freeTier must be a whole number, `on` or `off`' },
    ])
  })
})
