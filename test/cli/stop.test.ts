import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { ACCOUNT, REGION } from '../support/emulator.ts'
import { startServer } from '../support/server.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twokey-stop-'))
})
afterAll(() => rm(folder, { recursive: true }))

const clientOf = (endpoint: string) =>
  new KMSClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
    maxAttempts: 1,
  })
const slow = () => new CreateKeyCommand({ KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' })

/** So many that to make them all takes far longer than a stop may. */
const QUEUED = 40

it('stops without making the keys that clients still wait for, and without a word about it', async () => {
  const server = await startServer({ TWOKEY_DATA_DIR: folder })
  const client = clientOf(server.url)
  const began = performance.now()
  for (let made = 0; made < 3; made++) await client.send(slow())
  const three = performance.now() - began

  const waiting = Array.from({ length: QUEUED }, () =>
    client.send(slow()).then(
      () => 'made',
      () => 'hung up',
    ),
  )
  await client.send(new ListKeysCommand({}))
  const stopping = performance.now()
  expect(await server.stop()).toBe(0)
  // A second of grace, and the key that is being made; how long that takes is a matter of luck.
  expect(performance.now() - stopping).toBeLessThan(2000 + 5 * three)
  expect(new Set(await Promise.all(waiting))).toContain('hung up')
  expect(server.output()).toMatch(/Ready\.\nStopping …\n$/)

  const again = await startServer({ TWOKEY_DATA_DIR: folder })
  const { Keys = [] } = await clientOf(again.url).send(new ListKeysCommand({}))
  expect(Keys.length).toBe(3 + (await Promise.all(waiting)).filter((end) => end === 'made').length)
  expect(await again.stop()).toBe(0)
}, 120_000)
