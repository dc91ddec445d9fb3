import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { createTrailHistory } from '../../emulator/audit/cloudTrailHistory.ts'
import { REFUSED_BUDGET } from '../../emulator/audit/decisionLog.ts'
import type { Caller } from '../../emulator/operation/call.ts'
import type { TrailEntry } from '../../emulator/operation/trail.ts'
import { callInside } from '../../emulator/server/inside.ts'
import { AwsError } from '../../emulator/lib/awsError.ts'
import { ACCOUNT, REGION, startEmulator, type TestEmulator } from '../support/emulator.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const heap = () => {
  collect()
  return process.memoryUsage().heapUsed
}
const MEGABYTE = 1_000_000

let twokey: TestEmulator
let caller: Caller
let keyId: string

beforeAll(async () => {
  twokey = await startEmulator()
  const iam = twokey.client(IAMClient)
  await iam.send(new CreateUserCommand({ UserName: 'writer' }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'writer' }))
  const found = twokey.emulator.env.directory.lookup(AccessKey?.AccessKeyId ?? '', undefined, Date.now())
  if (!found.found) throw new Error('the access key is unknown')
  caller = found.caller
  keyId = (await twokey.client(KMSClient).send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? ''
})
afterAll(() => twokey.stop())

/** A document of its own, as long as it may be. */
const document = (length: number, index: number) => {
  const text = (resource: string) =>
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:*', Resource: resource } })
  return text(`arn:aws:s3:::${String(index)}-`.padEnd(length - text('').length, 'x'))
}

async function refuse(service: string, operation: string, input: object, code: string): Promise<string> {
  const requestId = twokey.emulator.env.ids.uuid()
  await expect(
    callInside(twokey.emulator, { caller, region: REGION, service, operation, input, requestId }),
  ).rejects.toMatchObject({ constructor: AwsError, code })
  return requestId
}

const ofUser = (index: number) =>
  refuse(
    'iam',
    'PutUserPolicy',
    { UserName: 'writer', PolicyName: 'p', PolicyDocument: document(131_072, index) },
    'AccessDenied',
  )
const ofKey = (index: number) =>
  refuse(
    'kms',
    'PutKeyPolicy',
    { KeyId: keyId, PolicyName: 'default', Policy: document(32_768, index) },
    'AccessDeniedException',
  )

describe('what is remembered of refusals with large documents', () => {
  it('is bounded in memory, and the latest are there', async () => {
    const before = heap()
    const ids: string[] = []
    // 3000 documents, 246 MB in all.
    for (let index = 0; index < 1500; index++) ids.push(await ofUser(index), await ofKey(index))
    const grown = heap() - before
    expect(grown).toBeLessThan(150 * MEGABYTE)
    const { refused } = twokey.emulator.decisions.memory()
    expect(refused.bytes).toBeLessThanOrEqual(REFUSED_BUDGET)
    // The estimate is no fiction: what is kept takes about that much.
    expect(grown).toBeGreaterThan(0.5 * refused.bytes)

    const ask = async (id: string | undefined) => (await fetch(`${twokey.url}/_twokey/decisions/${id ?? ''}`)).status
    for (const kept of [1, refused.count]) expect(await ask(ids.at(-kept))).toBe(200)
    for (const forgotten of [ids.at(-refused.count - 1), ids[0]]) expect(await ask(forgotten)).toBe(404)
  })

  it('goes when everything is forgotten', () => {
    const before = heap()
    twokey.emulator.reset()
    expect(before - heap()).toBeGreaterThan(30 * MEGABYTE)
    const nothing = { count: 0, bytes: 0 }
    expect(twokey.emulator.decisions.memory()).toEqual({ recent: nothing, refused: nothing })
  })
})

describe('what has been forgotten of the history', () => {
  it('is not kept by what finds things in it', async () => {
    const history = createTrailHistory(1000, () => true, 20_000)
    const made: WeakRef<object>[] = []
    for (let at = 0; at < 500; at++) {
      history.add((place) => {
        const entry: TrailEntry = {
          place,
          time: 0,
          service: undefined,
          isManagement: true,
          weight: 1000,
          records: () => [],
          places: () => [{ account: ACCOUNT, region: REGION }],
        }
        made.push(new WeakRef(entry))
        return entry
      })
      expect([...history.newest(ACCOUNT, REGION)]).toHaveLength(Math.min(at + 1, 20))
    }
    // Weak references hold until the turn of the event loop ends.
    await setImmediate()
    collect()
    const alive = made.filter((entry) => entry.deref()).length
    expect(alive).toBeGreaterThanOrEqual(20)
    // As much again may wait to be let go.
    expect(alive).toBeLessThanOrEqual(42)
    expect([...history.newest(ACCOUNT, REGION)]).toHaveLength(20)
  })
})
