import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run as scenario } from '../../emulator/cli/scenario.ts'
import { inFreshAccounts } from '../../emulator/cli/scenarios/freshAccounts.ts'
import { schemaFor } from '../../emulator/cli/scenarios/schemaPath.ts'
import { wireStage } from '../../emulator/cli/scenarios/wireStage.ts'
import { playOn } from '../../emulator/server/world/play.ts'
import { readScenario, type Scenario, type ScenarioStep } from '../../emulator/server/world/scenario.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

/* Denials as AWS's own clients get them; what is written of each is played in an emulator of its own, and told from the file. */

const SHIPPED = new URL('../../fixtures/scenarios/', import.meta.url)
let twokey: TestEmulator
let folder: string
let printed = ''
beforeAll(async () => {
  twokey = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'twokey-scenario-new-'))
  process.env['TWOKEY_URL'] = twokey.url
})
afterAll(async () => {
  delete process.env['TWOKEY_URL']
  await twokey.stop()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  jest.restoreAllMocks()
})

/** Plays a scenario over the wire, in accounts of its own. */
async function play(written: Scenario) {
  const stage = wireStage(twokey.url)
  try {
    return await playOn(stage, inFreshAccounts(await readScenario(written)).scenario)
  } finally {
    stage.close()
  }
}

/** Writes a scenario of a request and plays it. */
async function written(requestId: string | undefined): Promise<{ text: string; scenario: Scenario }> {
  const file = join(folder, `${requestId ?? ''}.json`)
  expect(await scenario(['new', file, '--from', requestId ?? ''])).toBe(0)
  expect(await scenario(['run', file])).toBe(0)
  const text = await readFile(file, 'utf8')
  return { text, scenario: JSON.parse(text) as Scenario }
}

const SECRETS = /AKIA|ASIA|secretAccessKey|SessionToken|CiphertextBlob":\s*"|the numbers/

describe('a denial of', () => {
  it.each([
    ['a user without the key', 'data-yes-key-no'],
    ['a key policy that names nobody', 'key-policy-names-nobody'],
    ['an explicit deny of a user', 'explicit-deny-identity'],
    ['an explicit deny of a boundary', 'explicit-deny-boundary'],
    ['an explicit deny of a bucket', 'explicit-deny-bucket-policy'],
    ['an explicit deny of a key', 'explicit-deny-key-policy'],
    ['a boundary', 'permissions-boundary'],
    ['a session', 'session-policy'],
    ['an SCP', 'service-control-policy'],
    ['an SCP that allows too little', 'service-control-policy-no-allow'],
    ['an RCP', 'resource-control-policy'],
    ['a VPC endpoint', 'vpc-endpoint-policy'],
    ['a condition that a forwarded call does not meet', 'source-vpce-condition'],
    ['another account’s key', 'cross-account-no-key-policy'],
    ['another account’s bucket', 'cross-account-no-bucket-policy'],
    ['a caller in another account', 'cross-account-no-identity-policy'],
    ['a write to another account', 'cross-account-write'],
    ['KMS across accounts', 'cross-account-kms'],
    ['a grant for another context', 'grant-with-context'],
    ['a role’s trust', 'role-trust'],
    ['a copy between keys', 'copy-between-keys'],
    ['ReEncrypt', 're-encrypt-two-keys'],
    ['a part of an upload', 'multipart-without-decrypt'],
    ['a Bucket Key’s context', 'bucket-key-context'],
    ['nobody', 'anonymous-read'],
    ['a volume, afterwards', 'volume-vanishes'],
  ])('%s is written and plays: %s', async (_what, name) => {
    const steps = await play(JSON.parse(await readFile(new URL(`${name}.json`, SHIPPED), 'utf8')) as Scenario)
    const denied = steps.find(({ why }) => why !== undefined)
    const { text } = await written(denied?.requestId)
    expect(text).not.toMatch(SECRETS)
    expect(text.length).toBeLessThan(8000)
  })
})

const allow = (Action: string | string[], Resource: string | string[] = '*') => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
})
const step = (as: ScenarioStep['as'], call: string, input: object, body?: string): ScenarioStep => ({
  says: call,
  as,
  do: call,
  with: input,
  ...(body !== undefined && { body }),
  expect: 'allowed',
})
const ROLE = 'arn:aws:iam::111111111111:role/teams/data/analyst'
const SESSION = { role: ROLE, by: '111111111111/lead', session: 'monday' }
const KEY = '{{key:data}}'
const World: Scenario['world'] = {
  accounts: {
    '111111111111': {
      users: { lead: { policies: { Assume: allow('sts:AssumeRole') } }, idle: { groups: ['all'] } },
      groups: {
        all: {
          policies: { Look: allow('s3:ListAllMyBuckets') },
          attached: ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'],
        },
      },
      policies: { Objects: allow(['s3:*Object', 's3:AbortMultipartUpload']) },
      roles: {
        analyst: {
          path: '/teams/data/',
          trust: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111111111111:user/lead' }, Action: 'sts:AssumeRole' },
            ],
          },
          tags: { team: 'blue' },
          attached: ['Objects'],
        },
      },
      keys: { data: { alias: 'alias/data', tags: { team: 'red' } } },
      buckets: { numbers: { key: 'data', objects: { 'a/report.txt': 'the numbers' } } },
    },
  },
}

describe('a role’s session, in a path, with tags and managed policies', () => {
  const object = { Bucket: 'numbers', Key: 'a/report.txt' }
  const text = { text: 'the numbers' }
  const context = { EncryptionContext: { purpose: 'test' } }
  it.each([
    step(SESSION, 's3:GetObject', object),
    step('111111111111/lead', 's3:HeadObject', object),
    step(SESSION, 's3:PutObject', { ...object, ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY }, 'the numbers'),
    step(SESSION, 's3:CopyObject', { Bucket: 'numbers', Key: 'b', CopySource: 'numbers/a/report.txt' }),
    step(SESSION, 's3:ListObjectsV2', { Bucket: 'numbers', Prefix: 'a/' }),
    step(SESSION, 's3:CreateMultipartUpload', object),
    step('111111111111/idle', 's3:DeleteObject', object),
    step(SESSION, 'kms:DescribeKey', { KeyId: 'alias/data' }),
    step(SESSION, 'kms:Encrypt', { KeyId: 'alias/data', Plaintext: text, ...context }),
    step(SESSION, 'kms:GenerateDataKey', { KeyId: KEY, KeySpec: 'AES_256', ...context }),
    step(SESSION, 'kms:GenerateDataKeyWithoutPlaintext', { KeyId: KEY, KeySpec: 'AES_256' }),
    step(SESSION, 'kms:GenerateDataKeyPair', { KeyId: KEY, KeyPairSpec: 'ECC_NIST_P256' }),
    step(SESSION, 'kms:CreateGrant', { KeyId: KEY, GranteePrincipal: ROLE, Operations: ['Decrypt'] }),
  ])('is denied $do, in the file as well', async (denied) => {
    const [result] = await play({ title: 'x', story: 'x', world: World, steps: [denied] })
    const { text: file, scenario: made } = await written(result?.requestId)
    expect(file).not.toMatch(SECRETS)
    expect(made.steps.at(-1)).toMatchObject({ do: denied.do, expect: expect.anything() as object })
    if (denied.as === SESSION) expect(made.steps.at(-1)).toMatchObject({ as: { session: 'monday' } })
  })

  it('is denied Decrypt, of a ciphertext that is made anew', async () => {
    const encrypt = step('111111111111', 'kms:Encrypt', { KeyId: KEY, Plaintext: text, ...context })
    const decrypt = step(SESSION, 'kms:Decrypt', { CiphertextBlob: { base64: '{{out:CiphertextBlob}}' }, ...context })
    const [, result] = await play({ title: 'x', story: 'x', world: World, steps: [encrypt, decrypt] })
    const { scenario: made } = await written(result?.requestId)
    expect(made.steps).toMatchObject([
      {
        do: 'kms:Encrypt',
        as: expect.stringMatching(/^\d{12}$/) as unknown,
        with: { Plaintext: { text: 'not the real contents' } },
      },
      { do: 'kms:Decrypt', with: { CiphertextBlob: { base64: '{{out:CiphertextBlob}}' }, ...context } },
    ])
  })
})

describe('twokey scenario new', () => {
  const STARTED = {
    title: 'x',
    story: 'x',
    world: World,
    steps: [step(SESSION, 's3:GetObject', { Bucket: 'numbers', Key: 'a/report.txt' })],
  }

  it('takes the latest denial, and names the file after it', async () => {
    await play(STARTED)
    const before = process.cwd()
    process.chdir(folder)
    try {
      expect(await scenario(['new', '--last-denied'])).toBe(0)
      expect(printed).toBe('wrote s3-getobject-denied.json; `twokey scenario run s3-getobject-denied.json` plays it\n')
      await expect(scenario(['new', '--last-denied'])).rejects.toThrow('cannot write `s3-getobject-denied.json`')
    } finally {
      process.chdir(before)
    }
  })

  it('writes nothing of what no policy denied, or of calls it does not know', async () => {
    const failed = step('111111111111', 's3:GetObject', { Bucket: 'numbers', Key: 'nothing' })
    const unknown = step('111111111111/idle', 'iam:CreateUser', { UserName: 'more' })
    const [one, two] = await play({ ...STARTED, steps: [failed, unknown] })
    await expect(scenario(['new', join(folder, 'none'), '--from', one?.requestId ?? ''])).rejects.toThrow(
      'this denial cannot be written down: no policy denied this request, and only that can be (it was failed)',
    )
    await expect(scenario(['new', join(folder, 'none'), '--from', two?.requestId ?? ''])).rejects.toThrow(
      'this denial cannot be written down: how iam:CreateUser was called is not known (docs/worlds.md lists what is)',
    )
    await expect(readFile(join(folder, 'none.json'))).rejects.toThrow('ENOENT')
  })

  it('writes nothing where the words differ: who was denied by the address it came from', async () => {
    const Condition = { StringLike: { 'aws:UserAgent': '*aws-sdk-js*' } }
    const deny = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*', Condition }] }
    const users = { agent: { policies: { All: allow('*'), NotFromHere: deny } } }
    const account = World.accounts['111111111111']
    const world = { accounts: { '111111111111': { ...account, users: { ...account?.users, ...users } } } }
    const get = step('111111111111/agent', 's3:GetObject', { Bucket: 'numbers', Key: 'a/report.txt' })
    const [result] = await play({ ...STARTED, world, steps: [get] })
    await expect(scenario(['new', join(folder, 'agent'), '--from', result?.requestId ?? ''])).rejects.toThrow(
      /^this refusal cannot be played again from what was recorded of it, so nothing was written .*\nthe call is denied\nexpected 403 AccessDenied: .*\nactual {3}allowed$/,
    )
    await expect(readFile(join(folder, 'agent.json'))).rejects.toThrow('ENOENT')
  })

  it('refuses what it does not understand', async () => {
    for (const args of [[], ['--from'], ['a', '--from'], ['a', '--last-denied', 'b'], ['a', 'b']])
      await expect(scenario(['new', ...args])).rejects.toThrow('usage: twokey scenario')
    await expect(scenario(['new', 'a', '--from', 'nothing'])).rejects.toThrow('nothing')
  })
})

describe('the schema that a file names', () => {
  it('is never an absolute path', async () => {
    const project = join(folder, 'project')
    const fixtures = join(project, 'node_modules', 'twokey', 'fixtures')
    await mkdir(join(project, 'test', 'denials'), { recursive: true })
    await mkdir(fixtures, { recursive: true })
    await writeFile(join(fixtures, 'scenario.schema.json'), '{}')
    const installed = 'node_modules/twokey/fixtures/scenario.schema.json'
    expect([
      schemaFor('fixtures/scenarios/mine.json'),
      schemaFor('mine.json'),
      schemaFor(join(project, 'mine.json')),
      schemaFor(join(project, 'test', 'denials', 'mine.json')),
      schemaFor(join(folder, 'mine.json')),
    ]).toEqual([
      '../scenario.schema.json',
      './fixtures/scenario.schema.json',
      `./${installed}`,
      `../../${installed}`,
      installed,
    ])
  })
})
