import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { send } from '../support/raw.ts'

const DAY = 86_400_000

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(() => twokey.stop())

describe('moving the clock', () => {
  it('deletes what is due and ends sessions, while clients whose clocks stand still go on signing', async () => {
    const kms = twokey.client(KMSClient)
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    const { Credentials } = await twokey.client(STSClient).send(new GetSessionTokenCommand({ DurationSeconds: 900 }))
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    const session = twokey.client(STSClient, { credentials })
    expect((await session.send(new GetCallerIdentityCommand({}))).Account).toBe(ACCOUNT)

    const moved = await send(twokey.url, { path: '/_twokey/clock', body: '{"advance":"P8D"}' })
    expect(JSON.parse(moved.body)).toMatchObject({ offsetMilliseconds: 8 * DAY })

    await expect(kms.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: `Key '${KeyMetadata?.Arn ?? ''}' does not exist`,
    })
    await expect(session.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'ExpiredToken',
      message: 'The security token included in the request is expired',
    })
  })

  it('does not wait for the rest of a body it has read to learn which service is meant', async () => {
    const answer = await send(twokey.url, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    })
    expect(answer.status).toBe(403)
    expect(answer.body).toContain('<Code>MissingAuthenticationToken</Code>')
  })
})
