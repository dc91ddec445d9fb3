import { describe, expect, it } from '@jest/globals'
import { DisableKeyCommand, EncryptCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { DAY, denied, kmsForTests, policyOf, refusal } from './support.ts'

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
