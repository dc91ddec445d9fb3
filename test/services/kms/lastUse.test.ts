import { describe, expect, it } from '@jest/globals'
import {
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  GetPublicKeyCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import {
  DAY,
  OTHER_ACCOUNT,
  WITHHELD,
  allow,
  answer,
  denied,
  kmsForTests,
  notAllowed,
  policyOf,
  refusal,
  refused,
} from './support.ts'

const kms = kmsForTests()

/** May act on a key only when it has not been used for more than a number of days. */
const unusedFor = (days: number) =>
  policyOf(
    { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: ['kms:DisableKey', 'kms:ScheduleKeyDeletion'],
      Resource: '*',
      Condition: { NumericLessThanEquals: { 'kms:TrailingDaysWithoutKeyUsage': String(days) } },
    },
  )

describe('kms:TrailingDaysWithoutKeyUsage', () => {
  it('counts whole days since a key was used, or made, and survives a restart', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const keeper = await kms.user('keeper', unusedFor(10))
    const schedule = () => keeper.kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    const no = (action: string) =>
      denied(
        `User: ${keeper.arn} is not authorized to perform: kms:${action} on resource: ${Arn} with an explicit deny in an identity-based policy`,
      )
    kms.advance(10 * DAY)
    expect(await refusal(schedule())).toEqual(no('ScheduleKeyDeletion'))
    expect(await refusal(keeper.kms.send(new DisableKeyCommand({ KeyId })))).toEqual(no('DisableKey'))

    await keeper.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    kms.advance(5 * DAY)
    // What a restart forgets is on disk, to the day.
    kms.running.emulator.rearm()
    expect(await refusal(schedule())).toEqual(no('ScheduleKeyDeletion'))
    kms.advance(6 * DAY)
    expect((await schedule()).KeyState).toBe('PendingDeletion')
  })

  it('writes once per key and day, however often the key is used', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const { store } = kms.running.emulator
    const writes: string[] = []
    const { transaction } = store
    store.transaction = (work) => {
      writes.push('write')
      return transaction.call(store, work) as ReturnType<typeof work>
    }
    for (let i = 0; i < 5; i++) {
      const { KeyId: used } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
      expect(used).toBe(Arn)
    }
    store.transaction = transaction
    expect(writes).toHaveLength(1)
  })
})

describe('GetKeyLastUsage', () => {
  const usage = (KeyId: string, client = kms.root) => answer(client.send(new GetKeyLastUsageCommand({ KeyId })))
  const SIGNED = { Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' } as const

  it('knows of nothing before the first use', async () => {
    const { KeyId, Arn, CreationDate } = await kms.createKey()
    expect(await usage(KeyId)).toEqual({
      KeyId: Arn,
      KeyLastUsage: {},
      TrackingStartDate: CreationDate,
      KeyCreationDate: CreationDate,
    })
  })

  it('tells the last success: what, when, and under which ids', async () => {
    const { KeyId, Arn } = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const { Signature, $metadata } = await kms.root.send(new SignCommand({ KeyId, ...SIGNED }))
    const first = await usage(Arn)
    const [record] = kms.running.emulator.trail.list(2).slice(1)
    expect(record).toMatchObject({ eventName: 'Sign', requestID: $metadata.requestId })
    expect(first.KeyLastUsage).toEqual({
      Operation: 'Sign',
      Timestamp: expect.any(Date),
      CloudTrailEventId: record?.['eventID'],
      KmsRequestId: $metadata.requestId,
    })
    kms.advance(60_000)
    await kms.root.send(new VerifyCommand({ KeyId, ...SIGNED, Signature }))
    const second = (await usage(KeyId)).KeyLastUsage
    expect(second?.Operation).toBe('Verify')
    expect(
      (second?.Timestamp?.getTime() ?? 0) - (first.KeyLastUsage?.Timestamp?.getTime() ?? 0),
    ).toBeGreaterThanOrEqual(60_000)

    // Neither counts: what fails, and what is no cryptographic operation.
    await refusal(kms.root.send(new SignCommand({ KeyId, ...SIGNED, DryRun: true })))
    await refusal(kms.root.send(new VerifyCommand({ KeyId, ...SIGNED, Signature: Buffer.of(1) })))
    await kms.root.send(new GetPublicKeyCommand({ KeyId }))
    expect((await usage(KeyId)).KeyLastUsage).toEqual(second)
  })

  it('counts ReEncrypt for both keys', async () => {
    const [from, to] = [await kms.createKey(), await kms.createKey()]
    const { CiphertextBlob } = await kms.root.send(
      new EncryptCommand({ KeyId: from.KeyId, Plaintext: Buffer.from('x') }),
    )
    const moved = await kms.root.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: to.KeyId }))
    for (const { KeyId } of [from, to]) {
      expect((await usage(KeyId)).KeyLastUsage).toMatchObject({
        Operation: 'ReEncrypt',
        KmsRequestId: moved.$metadata.requestId,
      })
    }
    await kms.root.send(new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob }))
    expect((await usage(to.KeyId)).KeyLastUsage?.Operation).toBe('Decrypt')
    expect((await usage(from.KeyId)).KeyLastUsage?.Operation).toBe('ReEncrypt')
  })

  it('survives a restart, to the day', async () => {
    const { KeyId } = await kms.createKey()
    const { $metadata } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    kms.running.emulator.rearm()
    expect((await usage(KeyId)).KeyLastUsage).toMatchObject({
      Operation: 'Encrypt',
      KmsRequestId: $metadata.requestId,
    })
  })

  it('takes no aliases, and is for the key’s own account with permission', async () => {
    const { KeyId, Arn } = await kms.createKey()
    expect(await refusal(usage('alias/any'))).toEqual(
      refused('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    )
    const watcher = await kms.user('watcher', allow('kms:GetKeyLastUsage'))
    expect((await usage(KeyId, watcher.kms)).KeyId).toBe(Arn)
    const other = await kms.user('no-watcher', allow('kms:DescribeKey'))
    expect(await refusal(usage(KeyId, other.kms))).toEqual(notAllowed(other.arn, 'kms:GetKeyLastUsage', Arn))
    expect(await refusal(usage(Arn, kms.of(OTHER_ACCOUNT)))).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:GetKeyLastUsage on this resource ${WITHHELD}`,
      ),
    )
  })
})
