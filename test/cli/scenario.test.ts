import { CloudTrailClient, DescribeTrailsCommand } from '@aws-sdk/client-cloudtrail'
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { IAMClient, ListRolesCommand, ListUsersCommand } from '@aws-sdk/client-iam'
import { DescribeKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inFreshAccounts } from '../../emulator/cli/scenarios/freshAccounts.ts'
import { run as scenario } from '../../emulator/cli/scenario.ts'
import { readScenario, type Scenario } from '../../emulator/server/world/scenario.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

const FOLDER = new URL('../../fixtures/scenarios/', import.meta.url)
const read = async (name: string): Promise<Scenario> =>
  readScenario(JSON.parse(await readFile(new URL(`${name}.json`, FOLDER), 'utf8')))

let twokey: TestEmulator
let printed: string
let folder: string
beforeAll(async () => {
  twokey = await startEmulator({ asyncDelay: 20 })
  folder = await mkdtemp(join(tmpdir(), 'twokey-scenario-'))
})
afterAll(async () => {
  await twokey.stop()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  process.env['TWOKEY_URL'] = 'http://127.0.0.1:9'
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})

describe('twokey scenario list', () => {
  it('groups the scenarios by theme', async () => {
    expect(await scenario(['list'])).toBe(0)
    expect(printed.match(/^\S.*$/gm)).toContain('Reading and writing objects')
    expect(printed).toMatch(/^Shared snapshots and images\n {2}image-copied-without-key {2,}A copy of a shared/m)
    expect(printed.match(/^ {2}\S/gm)).toHaveLength((await readdir(FOLDER)).length)
  })

  it('tells the same as data', async () => {
    expect(await scenario(['list', '--json'])).toBe(0)
    const list = JSON.parse(printed) as { name: string; refusals: object[]; fixes: string[]; theme: string }[]
    expect(list).toHaveLength((await readdir(FOLDER)).length)
    expect(list.find(({ name }) => name === 'key-disabled')).toMatchObject({
      theme: 'The state of the key',
      refusals: [{ code: 'KMS.DisabledException', message: '{{key:data}} is disabled.' }],
      fixes: ['the key is enabled'],
    })
  })
})

describe('twokey scenario run', () => {
  it('plays in an emulator of its own, also what happens after the answer', async () => {
    expect(await scenario(['run', 'volume-vanishes'])).toBe(0)
    expect(printed).toContain(
      '; afterwards kms:CreateGrant: AccessDeniedException: User: arn:aws:iam::111111111111:user/builder is not authorized to perform: kms:CreateGrant on resource: arn:aws:kms:us-east-1:111111111111:key/',
    )
    expect(printed).toMatch(/\n1 scenario, all as expected\n$/)
  })
  it('says why, and what would help, without a running emulator', async () => {
    expect(await scenario(['run', 'data-yes-key-no'])).toBe(0)
    expect(printed).toMatch(/^data-yes-key-no: Object readable, key not/)
    expect(printed).toContain(
      '     why: no Allow for kms:Decrypt in the identity policies\n     would help: allow kms:Decrypt in the policy Read of user reader\n',
    )
    expect(printed).toContain('\n  fix the account gives the reader kms:Decrypt\n')
  })

  it('tells as data what came of it', async () => {
    expect(await scenario(['run', 'key-disabled', 'data-yes-key-no', '--json'])).toBe(0)
    const played = JSON.parse(printed) as { name: string; steps: { passed: boolean }[] }[]
    expect(played.map(({ name, steps }) => [name, steps.every(({ passed }) => passed)])).toEqual([
      ['key-disabled', true],
      ['data-yes-key-no', true],
    ])
  })

  it('says of a wrong file where it is wrong, and what to write', async () => {
    const file = join(folder, 'wrong.json')
    await writeFile(file, JSON.stringify({ ...(await read('key-disabled')), steps: [{ says: 'x', as: 'me' }] }))
    await expect(scenario(['run', file])).rejects.toThrow(
      `cannot use the scenario \`${file}\`: \`steps[0]\` lacks \`do\`: Service and operation: "s3:GetObject"; see docs/worlds.md`,
    )
    await writeFile(file, '{')
    await expect(scenario(['run', file])).rejects.toThrow(`cannot use the scenario \`${file}\`: it is not JSON: `)
  })

  it('refuses options it does not have', async () => {
    await expect(scenario(['run', '--quick'])).rejects.toThrow('there is no option `--quick`')
  })
})

describe('twokey scenario run --url', () => {
  it('plays every scenario in one running emulator, called by AWS’s clients', async () => {
    expect([
      await scenario(['run', '--move-clock', '--url', twokey.url]),
      printed.match(/^ {2}NOT .*\n.*\n.*$/gm),
    ]).toEqual([0, null])
    expect(printed.split('\n').at(-2)).toBe(`${(await readdir(FOLDER)).length} scenarios, all as expected`)
  }, 120_000)

  it('leaves nothing behind but keys that await their deletion, and the clock where it was', async () => {
    const before = twokey.emulator.clock.offset
    await expect(scenario(['run', 'key-pending-deletion', '--url', twokey.url])).resolves.toBe(0)
    await expect(scenario(['run', 'key-deleted', '--url', twokey.url])).rejects.toThrow(
      '`key-deleted` would move the clock of the running emulator; say --move-clock if that is all right',
    )
    const trail = 'cloudtrail-key-policy-without-service'
    for (const name of ['key-deleted', 'service-control-policy', 'grant-role-recreated', 'volume-vanishes', trail]) {
      printed = ''
      expect(await scenario(['run', name, '--move-clock', '--url', twokey.url])).toBe(0)
      const [, account = ''] = /^ {2}111111111111 is (9\d{11}) here$/m.exec(printed) ?? []
      const credentials = { accessKeyId: account, secretAccessKey: 'test' }
      const [iam, s3, ec2, kms] = [IAMClient, S3Client, EC2Client, KMSClient].map((Client) =>
        twokey.client(Client as typeof IAMClient, { credentials }),
      ) as unknown as [IAMClient, S3Client, EC2Client, KMSClient]
      const { Users } = await iam.send(new ListUsersCommand())
      const { Roles } = await iam.send(new ListRolesCommand())
      const { Buckets } = await s3.send(new ListBucketsCommand())
      const { Volumes } = await ec2.send(new DescribeVolumesCommand())
      const { Keys = [] } = await kms.send(new ListKeysCommand())
      const cloudTrail = twokey.client(CloudTrailClient, { credentials })
      const { trailList } = await cloudTrail.send(new DescribeTrailsCommand())
      const states = await Promise.all(
        Keys.map(async ({ KeyId }) => (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState),
      )
      expect([name, Users, Roles, Buckets, Volumes, trailList]).toEqual([name, [], [], [], [], []])
      expect(states.filter((state) => state !== 'PendingDeletion')).toEqual([])
    }
    expect(twokey.emulator.clock.offset).toBe(before)
  })

  it('takes accounts of its own each time, and explains what is refused, both gates', async () => {
    process.env['TWOKEY_URL'] = `${twokey.url}/`
    const accounts = new Set<string | undefined>()
    for (let time = 0; time < 2; time++) {
      printed = ''
      expect(await scenario(['run', 'snapshot-key-policy-without-create-grant', '--url'])).toBe(0)
      accounts.add(/^ {2}111111111111 is (9\d{11}) here$/m.exec(printed)?.[1])
      expect(printed).toMatch(/\n {7}\| Data gate: open \(ec2:CopySnapshot\)\n/)
      expect(printed).toMatch(/\n {7}\| Key gate: SHUT \(kms:CreateGrant\)\n/)
      expect(printed).toContain('what would help')
      expect(printed).not.toContain('user/partner is not authorized to perform: kms:CreateGrant on resource')
    }
    expect([accounts.size, accounts.has(undefined)]).toEqual([2, false])
  })

  it('ends with status 1 when an answer differs, and shows both', async () => {
    const file = join(folder, 'differs.json')
    const { steps, ...rest } = await read('key-disabled')
    await writeFile(file, JSON.stringify({ ...rest, steps: steps.map((step) => ({ ...step, expect: 'allowed' })) }))
    expect(await scenario(['run', file, '--url', twokey.url])).toBe(1)
    expect(printed).toMatch(
      / {2}NOT the state of the key answers\n {5}expected allowed\n {5}actual {3}400 KMS\.DisabledException: arn:aws:kms:us-east-1:9\d{11}:key\/\S+ is disabled\.\n/,
    )
    expect(printed).toMatch(/\n1 scenario, 1 answer not as expected\n$/)
  })

  it('says so when no emulator answers there, or the operation is none', async () => {
    await expect(scenario(['run', 'key-disabled', '--url'])).rejects.toThrow(
      'no emulator answers at http://127.0.0.1:9; start one with `npm start`',
    )
    const file = join(folder, 'nonsense.json')
    const { steps, ...rest } = await read('key-disabled')
    await writeFile(file, JSON.stringify({ ...rest, steps: [{ ...steps[0], do: 'kms:EatKey' }] }))
    await expect(scenario(['run', file, '--url', twokey.url])).rejects.toThrow(
      'there is no operation `kms:EatKey` to call',
    )
  })
})

describe('twokey scenario new', () => {
  it('writes a beginning that can be played, and nothing over a file that is there', async () => {
    expect(await scenario(['new', join(folder, 'mine')])).toBe(0)
    expect(await scenario(['run', join(folder, 'mine.json')])).toBe(0)
    await expect(scenario(['new', join(folder, 'mine')])).rejects.toThrow('cannot write')
  })
})

describe('fresh accounts', () => {
  it('exchange every account id and bucket name, and nothing else', async () => {
    const before = await read('cross-account-allowed')
    const { scenario: after, accounts } = inFreshAccounts(before)
    let back = JSON.stringify(after)
    expect(back).not.toMatch(/111111111111|222222222222|"secrets"|:::secrets\//)
    for (const [id, fresh] of accounts) back = back.replaceAll(fresh, id)
    expect(back.replace(/secrets-[0-9a-f]{10}/g, 'secrets')).toBe(JSON.stringify(before))
  })
})
