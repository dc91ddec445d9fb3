import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { CreateRoleCommand } from '@aws-sdk/client-iam'
import { allow, deny, policy } from '../../services/s3/support.ts'
import { ACCOUNT, OTHER_ACCOUNT } from '../../support/emulator.ts'
import { actor, ADMIN, build, generate, ROLE, user, type Actor, type Place } from './workload.ts'

let place: Place
beforeEach(async () => {
  place = await build()
})
afterEach(() => place.twokey.stop())

const NAME = `arn:aws:iam::${ACCOUNT}:user/app`
const someone = (...statements: readonly object[]) => user(place.root, place.twokey, 'app', policy(...statements))
const encrypt = (by: Actor, KeyId: string, team = 'blue') =>
  by.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext: { team } }))
const put = (by: Actor, Key: string, more: object = {}) =>
  by.s3.send(new PutObjectCommand({ Bucket: 'data', Key, Body: 'x', ...more }))
const refused = (call: Promise<unknown>) => expect(call).rejects.toThrow('is not authorized to perform')
const statementsOf = async (query: Readonly<Record<string, string>>) =>
  (await generate(place, query)).identity.flatMap(({ document }) => document.Statement)

describe('what was refused', () => {
  it('is left out and counted, or covered when that is asked for, as far as it got', async () => {
    const app = await someone(allow('s3:PutObject', 'arn:aws:s3:::data/*'))
    await refused(put(app, 'a'))
    await refused(app.kms.send(new ListKeysCommand({})))
    expect(await generate(place, { principal: NAME })).toMatchObject({
      identity: [],
      refused: false,
      notes: ['2 uses that were refused are not covered; --include-denied covers what was refused, too'],
    })
    expect(await statementsOf({ principal: NAME, denied: '1' })).toEqual([
      {
        Effect: 'Allow',
        Action: 'kms:GenerateDataKey',
        Resource: place.bucketKey,
        Condition: {
          StringEquals: {
            'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::data/a',
            'kms:ViaService': 's3.us-east-1.amazonaws.com',
          },
        },
      },
      { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' },
    ])
  })
  it('by an explicit Deny is told to stay so', async () => {
    const app = await someone(allow('*'), deny('kms:Encrypt'))
    await refused(encrypt(app, place.key))
    const { notes } = await generate(place, { principal: NAME, denied: '1' })
    expect(notes).toEqual([
      `kms:Encrypt on ${place.key} was refused by an explicit Deny or a limit (boundary, session, SCP, RCP, endpoint), which these policies do not lift`,
    ])
  })
  it("needs the key policy, too, where the key does not leave it to the account, or is another account's", async () => {
    const app = await someone(allow('*'))
    await refused(encrypt(app, place.closed))
    await refused(encrypt(app, place.foreign))
    const { resources } = await generate(place, { principal: NAME, denied: '1' })
    expect(resources).toHaveLength(2)
    for (const key of [place.closed, place.foreign]) {
      expect(resources).toContainEqual({
        kind: 'key-policy',
        target: key,
        inForce: false,
        size: expect.any(Number),
        document: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: NAME },
              Action: 'kms:Encrypt',
              Resource: '*',
              Condition: { StringEquals: { 'kms:EncryptionContext:team': 'blue' } },
            },
          ],
        },
      })
    }
  })
})

describe('where denials are let through', () => {
  it('what was denied counts as used', async () => {
    await place.twokey.stop()
    place = await build({ enforcement: 'soft' })
    const app = await user(place.root, place.twokey, 'app')
    await put(app, 'a')
    expect((await statementsOf({ principal: NAME })).map(({ Action }) => Action)).toEqual([
      'kms:GenerateDataKey',
      's3:PutObject',
    ])
    expect(await statementsOf({ principal: NAME, denied: '0' })).toEqual([])
  })
})

describe('principals', () => {
  it('a role: all of its sessions, by its own ARN or that of a session', async () => {
    const { Credentials } = await place.admin.sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'job' }))
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/app/job`
    const job = actor(place.twokey, session, {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    })
    await job.kms.send(new ListKeysCommand({}))
    const expected = [{ Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }]
    for (const principal of [ROLE, session]) expect(await statementsOf({ principal })).toEqual(expected)
    expect(await statementsOf({ principal: ADMIN })).toEqual([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ROLE },
    ])
  })
  it('the root user, also by its account: what somebody else would need', async () => {
    const since = new Date(place.twokey.emulator.clock.now() + 1).toISOString()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await encrypt(place.root, place.key)
    expect(await generate(place, { principal: ACCOUNT, since })).toMatchObject({
      principal: `arn:aws:iam::${ACCOUNT}:root`,
      identity: [{ name: 'twokey-root-1' }],
      notes: ['the root user needs no identity policy: this is what another principal would need in its place'],
    })
    const { grantee, notes, identity } = await generate(place, { principal: ACCOUNT, for: NAME, since })
    expect(grantee).toBe(NAME)
    expect(notes).toEqual([])
    expect(identity.map(({ document }) => document.Statement)).toEqual([
      [
        {
          Effect: 'Allow',
          Action: 'kms:Encrypt',
          Resource: place.key,
          Condition: { StringEquals: { 'kms:EncryptionContext:team': 'blue' } },
        },
      ],
    ])
  })
  it("in another account need the resources' consent", async () => {
    await encrypt(place.root, place.key)
    const other = `arn:aws:iam::${OTHER_ACCOUNT}:user/app`
    const { resources } = await generate(place, { principal: ACCOUNT, for: other })
    expect(resources.map(({ kind }) => kind)).toContain('key-policy')
    expect(resources.find(({ target }) => target === place.key)).toMatchObject({ inForce: false })
  })
  it('that assume a role need its trust where it does not trust the account', async () => {
    const trust = policy({ Effect: 'Allow', Principal: { AWS: ADMIN }, Action: 'sts:AssumeRole' })
    await place.root.iam.send(new CreateRoleCommand({ RoleName: 'picky', AssumeRolePolicyDocument: trust }))
    const RoleArn = `arn:aws:iam::${ACCOUNT}:role/picky`
    await place.admin.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'job' }))
    const { resources } = await generate(place, { principal: ADMIN, for: NAME })
    expect(resources).toEqual([
      {
        kind: 'trust-policy',
        target: RoleArn,
        inForce: false,
        size: expect.any(Number),
        document: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: NAME }, Action: 'sts:AssumeRole' }],
        },
      },
    ])
  })
})

describe('what policies need not say', () => {
  it('is what a grant allows', async () => {
    const app = await someone(allow('s3:*'))
    await place.root.kms.send(
      new CreateGrantCommand({ KeyId: place.key, GranteePrincipal: NAME, Operations: ['Encrypt', 'Decrypt'] }),
    )
    const { CiphertextBlob } = await encrypt(app, place.key)
    await app.kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { team: 'blue' } }))
    expect(await generate(place, { principal: NAME })).toMatchObject({
      identity: [],
      resources: [],
      notes: [
        `kms:Encrypt on ${place.key} is allowed by a grant: the policies do not repeat it`,
        `kms:Decrypt on ${place.key} is allowed by a grant: the policies do not repeat it`,
      ],
    })
    // Somebody else has no grant.
    expect((await statementsOf({ principal: NAME, for: ADMIN })).map(({ Action }) => Action)).toEqual([
      ['kms:Decrypt', 'kms:Encrypt'],
    ])
  })
  it("is the use of AWS's own keys by their service, which all of the account may make", async () => {
    const app = await someone(allow(['s3:PutObject', 's3:GetObject', 'kms:DescribeKey']))
    await put(app, 'managed', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/aws/s3' })
    await app.s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'managed' }))
    const { KeyMetadata } = await app.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    expect(await statementsOf({ principal: NAME })).toEqual([
      { Effect: 'Allow', Action: 'kms:DescribeKey', Resource: KeyMetadata!.Arn },
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::data/managed' },
    ])
  })
})

describe('what happened', () => {
  it('before a time, or longer ago, does not count', async () => {
    const app = await someone(allow('*'))
    await encrypt(app, place.key, 'old')
    const { clock } = place.twokey.emulator
    clock.setOffset(clock.offset + 3_600_000)
    await encrypt(app, place.key, 'new')
    const since = new Date(clock.now() - 60_000).toISOString()
    for (const query of [{ since }, { since: 'PT1M' }]) {
      expect((await statementsOf({ principal: NAME, ...query })).map(({ Condition }) => Condition)).toEqual([
        { StringEquals: { 'kms:EncryptionContext:team': 'new' } },
      ])
    }
    expect((await statementsOf({ principal: NAME, since: 'PT2H' })).map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { 'kms:EncryptionContext:team': ['new', 'old'] } },
    ])
    expect(await generate(place, { principal: NAME, since: '2100-01-01T00:00:00Z' })).toMatchObject({
      identity: [],
      notes: [],
    })
  })
  it('to many names is put together when that is asked for', async () => {
    const app = await someone(allow('*'))
    for (const key of ['logs/a/1', 'logs/a/2', 'logs/b/1']) await put(app, key)
    const { identity, notes } = await generate(place, { principal: NAME, collapse: '2' })
    expect(identity[0]?.document.Statement.map(({ Resource }) => Resource)).toEqual([
      place.bucketKey,
      'arn:aws:s3:::data/logs/*',
    ])
    expect(identity[0]?.document.Statement[0]?.Condition).toEqual({
      StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' },
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::data/logs/*' },
    })
    expect(notes).toContain('s3:PutObject: at least 3 names became arn:aws:s3:::data/logs/*')
    expect(notes).toContain(
      `kms:GenerateDataKey on ${place.bucketKey}: at least 3 sets of conditions became a pattern of kms:EncryptionContext:aws:s3:arn`,
    )
  })
  it('to more names than a policy holds gives several policies, and says so', async () => {
    const app = await someone(allow('*'))
    for (let index = 0; index < 150; index++)
      await put(app, `${'x'.repeat(60)}/${String(index)}`, { ServerSideEncryption: 'AES256' })
    const { identity, notes } = await generate(place, { principal: NAME })
    expect(identity.map(({ name }) => name)).toEqual(['twokey-app-1', 'twokey-app-2', 'twokey-app-3'])
    const sum = identity.reduce((total, { size }) => total + size, 0)
    expect(notes).toEqual([
      `${String(sum)} characters are too many for one managed policy (6144), so there are 3`,
      'inline policies of a user may have 2048 characters together: attach managed ones',
    ])
  })
})

describe('a question that cannot be answered', () => {
  it.each([
    [{ principal: 'nobody' }, 'nothing is recorded of `nobody`; `twokey policy list` says who did something'],
    [
      { principal: ADMIN, since: 'soon' },
      '`soon` is neither a time nor a duration; write 2027-01-01T00:00:00Z or PT15M',
    ],
    [{ principal: ADMIN, for: 'me' }, '`me` is not the ARN of a user or a role'],
    [{ principal: ADMIN, collapse: '0' }, 'collapse must be a whole number from 1'],
    [{ principal: ADMIN, denied: 'yes' }, 'denied must be 1 or 0'],
    [{ who: 'x' }, 'there is no option `who`; the options are principal, for, since, denied, collapse'],
  ] as readonly [Record<string, string>, string][])('%j', async (query, message) => {
    await place.admin.kms.send(new ListKeysCommand({}))
    await expect(generate(place, query)).rejects.toThrow(message)
  })
})
