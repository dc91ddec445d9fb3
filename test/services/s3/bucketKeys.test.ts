import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { generateSecret } from '../../../emulator/crypto/material.ts'
import { BucketKeys } from '../../../emulator/services/s3/encryption/bucketKeys.ts'
import type { DataKey } from '../../../emulator/services/s3/encryption/dataKeys.ts'
import type { UsageReport } from '../../../emulator/audit/usageReport.ts'
import { ACCOUNT, type Credentials } from '../../support/emulator.ts'
import { allow, denied, policy, refusal, startWorld, type World } from './support.ts'

const Bucket = 'bucket-keys'
const MINUTES = 60_000
let world: World
let key: string
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  world.emulator.emulator.reset()
  await world.s3.send(new CreateBucketCommand({ Bucket }))
  key = await world.key()
})
afterAll(() => world.stop())

const put = (Key: string, s3 = world.s3, BucketKeyEnabled = true, SSEKMSKeyId = key) =>
  s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: `body of ${Key}`,
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId,
      BucketKeyEnabled,
    }),
  )
const get = async (Key: string, s3 = world.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
const advance = (milliseconds: number) => {
  const { clock } = world.emulator.emulator
  clock.setOffset(clock.offset + milliseconds)
}
/** `[requests, saved]` of an operation that S3 called. */
function counted(operation: string, account = ACCOUNT): [number, number] {
  const rows = world.emulator.emulator.usage
    .rows()
    .filter((row) => row.via === 's3' && row.operation === operation && row.account === account)
  const sum = (name: 'requests' | 'savedByBucketKeys') => rows.reduce((all, row) => all + row[name], 0)
  return [sum('requests'), sum('savedByBucketKeys')]
}
const events = (name: string) => world.emulator.emulator.trail.list(1000).filter(({ eventName }) => eventName === name)

describe('a Bucket Key', () => {
  it('saves the requests of a time, for writing and for reading', async () => {
    for (const Key of ['a', 'b', 'c']) await put(Key)
    expect(counted('GenerateDataKey')).toEqual([1, 2])
    for (const Key of ['a', 'b', 'c', 'a']) expect(await get(Key)).toBe(`body of ${Key}`)
    expect(counted('Decrypt')).toEqual([1, 3])
    advance(5 * MINUTES)
    await put('d')
    expect(counted('GenerateDataKey')).toEqual([2, 2])
    await get('a')
    // Written in another period: another bucket-level key.
    await get('d')
    await get('d')
    expect(counted('Decrypt')).toEqual([3, 4])
  })

  it('without one every access is a request', async () => {
    for (const Key of ['a', 'b']) await put(Key, world.s3, false)
    for (const Key of ['a', 'b', 'b']) await get(Key)
    expect(counted('GenerateDataKey')).toEqual([2, 0])
    expect(counted('Decrypt')).toEqual([3, 0])
  })

  it('leaves one CloudTrail record for the period, about the bucket', async () => {
    for (const Key of ['a', 'b', 'c']) await put(Key)
    for (const Key of ['a', 'b', 'c']) await get(Key)
    for (const name of ['GenerateDataKey', 'Decrypt']) {
      expect(events(name)).toMatchObject([
        { requestParameters: { encryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${Bucket}` } } },
      ])
    }
    expect(events('GetObject')).toHaveLength(3)
  })

  it('belongs to one requester', async () => {
    const reader = await world.user('reader', allow(['s3:*', 'kms:*']))
    await put('a')
    await put('b', reader.s3)
    expect(counted('GenerateDataKey')).toEqual([2, 0])
    await get('a')
    await get('a', reader.s3)
    await get('a', reader.s3)
    expect(counted('Decrypt')).toEqual([2, 1])
  })

  it('sessions of a role are one requester, unless their session policies differ', async () => {
    const admin = await world.user('admin', allow('sts:AssumeRole'))
    const iam = world.emulator.client(IAMClient)
    const trust = policy({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' })
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust }))
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: policy(allow(['s3:*', 'kms:*'])) }),
    )
    const sts = world.emulator.client(STSClient, { credentials: admin.credentials })
    const session = async (RoleSessionName: string, Policy?: string): Promise<S3Client> => {
      const { Credentials: made } = await sts.send(
        new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName, Policy }),
      )
      const credentials: Credentials = {
        accessKeyId: made?.AccessKeyId ?? '',
        secretAccessKey: made?.SecretAccessKey ?? '',
        sessionToken: made?.SessionToken,
      }
      return world.as(credentials)
    }
    await put('a', await session('one'))
    await put('b', await session('two'))
    expect(counted('GenerateDataKey')).toEqual([1, 1])
    await put('c', await session('scoped', policy(allow('*'))))
    expect(counted('GenerateDataKey')).toEqual([2, 1])
  })

  it('belongs to one KMS key, also when an alias moves to another', async () => {
    const other = await world.key()
    await put('a')
    await put('b', world.s3, true, other)
    expect(counted('GenerateDataKey')).toEqual([2, 0])
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: key }))
    const first = await put('c', world.s3, true, 'alias/moving')
    await world.kms.send(new UpdateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: other }))
    const second = await put('d', world.s3, true, 'alias/moving')
    expect([first.SSEKMSKeyId, second.SSEKMSKeyId]).toEqual([key, other])
    expect(counted('GenerateDataKey')[0]).toBe(4)
    expect([await get('c'), await get('d')]).toEqual(['body of c', 'body of d'])
  })

  it('gives nobody what he may no longer have: KMS is asked at each access', async () => {
    const reader = await world.user('reader', allow(['s3:*', 'kms:*']))
    await put('a', reader.s3)
    await get('a', reader.s3)
    expect(await get('a', reader.s3)).toBe('body of a')
    await world.allow('reader', allow('s3:*'))
    const refused = denied(
      `User: ${reader.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
    )
    expect(await refusal(get('a', reader.s3))).toEqual(refused)
    const [{ requestId } = { requestId: '' }] = world.emulator.emulator.decisions.list({ limit: 1 })
    expect(world.emulator.emulator.decisions.get(requestId)?.gates.at(-1)).toMatchObject({
      gate: 'key',
      outcome: 'denied',
      checks: [{ action: 'kms:Decrypt' }],
    })
    // The refusal is a request, and CloudTrail has it.
    expect(counted('Decrypt')).toEqual([2, 1])
    expect(events('Decrypt')[0]).toMatchObject({ errorCode: 'AccessDenied' })
    expect(await refusal(put('b', reader.s3))).toMatchObject({ code: 'AccessDenied' })
  })

  it('is of no use while its KMS key is disabled', async () => {
    await put('a')
    await get('a')
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    const disabled = { status: 400, code: 'KMS.DisabledException', message: `${key} is disabled.` }
    expect(await refusal(get('a'))).toEqual(disabled)
    expect(await refusal(put('b'))).toEqual(disabled)
    await world.kms.send(new EnableKeyCommand({ KeyId: key }))
    expect(await get('a')).toBe('body of a')
  })

  it('is forgotten with everything else', async () => {
    await put('a')
    world.emulator.emulator.reset()
    await world.s3.send(new CreateBucketCommand({ Bucket }))
    const { KeyMetadata } = await world.emulator.client(KMSClient).send(new CreateKeyCommand({}))
    await put('a', world.s3, true, KeyMetadata?.Arn)
    expect(counted('GenerateDataKey')).toEqual([1, 0])
    expect(await get('a')).toBe('body of a')
  })

  it('shows as saved in the usage report', async () => {
    for (const Key of ['a', 'b', 'c', 'd']) await put(Key)
    const answer = await fetch(`${world.emulator.url}/_twokey/usage`)
    const { totals, keys, services } = (await answer.json()) as UsageReport
    expect(totals.requests).toMatchObject({ savedByBucketKeys: 3, savedUsd: 0.000009 })
    expect(keys.find((each) => each.key === key)?.requests).toMatchObject({ requests: 1, savedByBucketKeys: 3 })
    expect(services.find(({ service }) => service === 's3')).toMatchObject({ requests: 1, savedByBucketKeys: 3 })
  })
})

describe('what is kept of Bucket Keys', () => {
  it('goes when its time is over, even if nobody asks again', () => {
    const keys = new BucketKeys()
    const dataKey: DataKey = { secret: generateSecret(32), encryption: { kind: 's3' } }
    keys.keepWritten('a', dataKey, 0)
    keys.keepWritten('b', dataKey, 5 * MINUTES - 1)
    expect(keys.written('a', 1)).toBe(dataKey)
    keys.keepWritten('c', dataKey, 5 * MINUTES)
    expect([keys.written('a', 1), keys.written('b', 5 * MINUTES)]).toEqual([undefined, dataKey])
  })
})
