import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SettingsError } from '../../emulator/server/settings.ts'
import { startGateway } from '../../plugin/gateway.ts'
import type { RunningGateway } from '../../plugin/types.ts'
import { refusal } from '../services/s3/support.ts'
import { startUpstream, type FakeUpstream } from '../server/gateway/support.ts'

let upstream: FakeUpstream
let gateway: RunningGateway

beforeAll(async () => {
  upstream = await startUpstream()
  gateway = await startGateway({ upstream: `dynamodb=${upstream.url}` })
})
afterAll(async () => {
  await gateway.stop()
  await upstream.stop()
})

const list = (secretAccessKey: string) =>
  new DynamoDBClient({
    endpoint: gateway.url,
    region: 'us-east-1',
    credentials: { accessKeyId: '111111111111', secretAccessKey },
    maxAttempts: 1,
  }).send(new ListTablesCommand({}))

describe('startGateway', () => {
  it('verifies and forwards', async () => {
    upstream.answer = (_req, res) => res.end('{"TableNames":["theirs"]}')
    expect((await list('test')).TableNames).toEqual(['theirs'])
    expect((await refusal(list('wrong'))).code).toBe('InvalidSignatureException')
    expect(upstream.heard).toHaveLength(1)
  })

  it('says what is wrong with an address', async () => {
    await expect(startGateway({ upstream: 'moto:5000' })).rejects.toThrow(SettingsError)
    await expect(startGateway({ upstream: 'http://localhost:4570', port: 4570 })).rejects.toThrow(
      'TWOKEY_UPSTREAM gives `http://localhost:4570`, which is this emulator itself',
    )
  })
})
