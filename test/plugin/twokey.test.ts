import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DecryptCommand, EncryptCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { connectTwokey } from '../../plugin/connect.ts'
import { createTwokey } from '../../plugin/twokey.ts'
import type { Identity, Twokey } from '../../plugin/types.ts'
import { ACCOUNT, OTHER_ACCOUNT } from '../support/emulator.ts'
import { allow, refusal } from '../services/s3/support.ts'

let twokey: Twokey
let keys: Readonly<Record<string, string>>
beforeAll(async () => {
  twokey = await createTwokey()
  keys = await twokey.world({
    users: { auditor: { policies: { read: { Statement: [allow('s3:GetObject')] } } } },
    keys: { data: {} },
    buckets: { reports: { key: 'data', objects: { 'q1.csv': 'a,b' } } },
  })
})
afterAll(() => twokey.close())

const whoIs = async (identity: Identity) =>
  (await identity.client(STSClient).send(new GetCallerIdentityCommand({}))).Arn
const get = (identity: Identity) =>
  identity.client(S3Client).send(new GetObjectCommand({ Bucket: 'reports', Key: 'q1.csv' }))

describe('ready-made clients', () => {
  it('are the root of an account', async () => {
    expect(await whoIs(twokey.root())).toBe(`arn:aws:iam::${ACCOUNT}:root`)
    expect(await whoIs(twokey.root(OTHER_ACCOUNT))).toBe(`arn:aws:iam::${OTHER_ACCOUNT}:root`)
  })

  it('are a user that is made with its statements', async () => {
    const reader = await twokey.user('reader', [allow('s3:GetObject'), allow('kms:Decrypt')])
    expect(reader.arn).toBe(`arn:aws:iam::${ACCOUNT}:user/reader`)
    expect(await whoIs(reader)).toBe(reader.arn)
    expect(await (await get(reader)).Body?.transformToString()).toBe('a,b')
  })

  it('are a user of a world', async () => {
    const auditor = await twokey.user('auditor')
    expect(await refusal(get(auditor))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${auditor.arn} is not authorized to perform: kms:Decrypt on resource: ${keys['data'] ?? ''} because no identity-based policy allows the kms:Decrypt action`,
    })
  })

  it('are nobody who does not exist', async () => {
    await expect(twokey.user('nobody')).rejects.toThrow(
      `account ${ACCOUNT} has no user \`nobody\` to give an access key to`,
    )
    await expect(twokey.user('auditor', [])).rejects.toThrow(
      `CreateUser answered EntityAlreadyExists: User with name auditor already exists.`,
    )
  })

  it('are sessions of a role, assumed by a user or a service that it trusts', async () => {
    const trust = (Principal: object) => ({ Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }] })
    const app = await twokey.role('app', {
      trust: trust({ AWS: `arn:aws:iam::${ACCOUNT}:root`, Service: 'lambda.amazonaws.com' }),
      policies: { read: { Statement: [allow(['s3:GetObject', 'kms:Decrypt'])] } },
    })
    const deployer = await twokey.user('deployer', [allow('sts:AssumeRole', app)])
    for (const by of [deployer, 'deployer', `${ACCOUNT}/deployer`, 'lambda.amazonaws.com']) {
      const session = await twokey.assume('app', { by, session: 'test' })
      expect(session.arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/app/test`)
      expect(await whoIs(session)).toBe(session.arn)
      await get(session)
    }
    const narrowed = await twokey.assume(app, { by: deployer, policy: { Statement: [allow('s3:GetObject')] } })
    expect(await refusal(get(narrowed))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/app/twokey is not authorized to perform: kms:Decrypt on resource: ${keys['data'] ?? ''} because no session policy allows the kms:Decrypt action`,
    })
  })

  it('do not assume a role that does not trust them', async () => {
    const trust = {
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    }
    const role = await twokey.role('function', { trust })
    await expect(twokey.assume('function', { by: 'auditor' })).rejects.toThrow(
      `User: arn:aws:iam::${ACCOUNT}:user/auditor is not authorized to perform: sts:AssumeRole on resource: ${role}`,
    )
    await expect(twokey.assume('function', { by: 'ec2.amazonaws.com' })).rejects.toThrow('sts:AssumeRole')
    await expect(twokey.assume('function', { by: twokey.root() })).rejects.toThrow(
      'Roles may not be assumed by root accounts.',
    )
  })
})

describe('what it tells', () => {
  it('is the decision of a call, by its promise, output, error or request id', async () => {
    const auditor = await twokey.user('auditor')
    const call = get(auditor)
    const error = (await call.catch((thrown: unknown) => thrown)) as { $metadata: { requestId: string } }
    for (const like of [call, error, error.$metadata.requestId]) {
      expect((await twokey.decision(like))?.outcome).toBe('denied')
    }
    expect(await twokey.explain(error)).toContain('Key gate: SHUT (kms:Decrypt)')
    expect(await twokey.decision('00000000-0000-4000-8000-000000000000')).toBeUndefined()
    const [latest] = await twokey.decisions({ limit: 1, denied: true })
    expect(latest?.requestId).toBe(error.$metadata.requestId)
  })
})

describe('what a test may do with an emulator of its own', () => {
  it('moves the clock, and what is due happens', async () => {
    const own = await createTwokey({ world: { keys: { data: { alias: 'alias/data' } } } })
    const kms = own.client(KMSClient)
    const { CiphertextBlob, KeyId } = await kms.send(
      new EncryptCommand({ KeyId: 'alias/data', Plaintext: Buffer.from('text') }),
    )
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    const before = await own.clock.now()
    expect((await own.clock.advance('P8D')).getTime() - before.getTime()).toBeGreaterThanOrEqual(8 * 86_400_000)
    expect((await refusal(kms.send(new DecryptCommand({ CiphertextBlob })))).status).toBe(400)
    await own.reset()
    expect(Math.abs((await own.clock.now()).getTime() - Date.now())).toBeLessThan(60_000)
    await own.close()
  })

  it('begins with a world, or says what is wrong with it', async () => {
    await expect(createTwokey({ world: { accounts: { '1': {} } } })).rejects.toThrow(
      '`1` is not an account id; write twelve digits',
    )
  })

  it('is reached over the network just as well', async () => {
    const url = await twokey.listen()
    const far = connectTwokey(url)
    const auditor = await far.user('auditor')
    expect(await whoIs(auditor)).toBe(auditor.arn)
    expect((await far.decision(get(auditor)))?.outcome).toBe('denied')
    await expect(connectTwokey('http://127.0.0.1:1').decisions()).rejects.toThrow(
      'no emulator answers at http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
    )
  })
})
