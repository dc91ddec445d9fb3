import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { fileURLToPath } from 'node:url'
import { offsetText, run as clock } from '../../emulator/cli/clock.ts'
import { run as explain } from '../../emulator/cli/explain.ts'
import { run as scenario } from '../../emulator/cli/scenario.ts'
import { run as start } from '../../emulator/cli/start.ts'
import { run as usage } from '../../emulator/cli/usage.ts'
import type { UsageReport } from '../../emulator/audit/usageReport.ts'
import { buildWorld } from '../../emulator/server/world/build.ts'
import { worldFile } from '../../emulator/server/world/seed.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

const SEED = fileURLToPath(new URL('../../fixtures/worlds/two-minutes.json', import.meta.url))
const READER = { accessKeyId: 'AKIAREADER0000000001', secretAccessKey: 'reader-secret' }

let twokey: TestEmulator
let printed: string
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(() => twokey.stop())
beforeEach(() => {
  twokey.emulator.reset()
  process.env['TWOKEY_URL'] = twokey.url
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  jest.restoreAllMocks()
  delete process.env['TWOKEY_URL']
})

const seeded = async () => buildWorld(twokey.emulator, await worldFile(SEED))
const get = (credentials?: typeof READER) =>
  twokey
    .client(S3Client, { credentials })
    .send(new GetObjectCommand({ Bucket: 'secrets', Key: 'report.txt' }))
    .catch((error: unknown) => error)

describe('twokey explain', () => {
  it('has nothing to explain at first', async () => {
    const then = `yet at ${twokey.url}; make the request there (AWS_ENDPOINT_URL=${twokey.url}), then ask again`
    await expect(explain([])).rejects.toThrow(`nothing has been refused ${then}`)
    await expect(explain(['--last-denied'])).rejects.toThrow(`nothing has been denied ${then}`)
    expect(await explain(['--list'])).toBe(0)
    expect(printed).toBe(`nothing has been asked ${then}\n`)
  })
  it('helps with an example of each way to ask', async () => {
    expect(await explain(['--help'])).toBe(0)
    const examples = [...printed.matchAll(/^ {2}twokey explain ?(\S*) +\S/gm)].map(([, argument]) => argument)
    expect(examples).toEqual(['', 'R66TKZ7DTZGADADM', '--last-denied', '--list', '--json'])
  })
  it("is named by the emulator's line for each denial, with the id to give", async () => {
    await seeded()
    const from = twokey.lines.length
    await get(READER)
    const [line = ''] = twokey.lines.slice(from)
    const [, id = ''] =
      /^s3 GetObject 403 AccessDenied (\w+): User: .* \(why: npx twokey explain \1\)$/.exec(line) ?? []
    expect(await explain([id])).toBe(0)
    expect(printed).toMatch(/^DENIED: s3:GetObject by arn:aws:iam::111111111111:user\/reader\n/)
    await get()
    expect(twokey.lines.at(-1)).toMatch(/^s3 GetObject 200 \w+$/)
  })
  it('without arguments takes the latest refusal, by a policy or not', async () => {
    await seeded()
    await get(READER)
    expect(await explain([])).toBe(0)
    expect(printed).toContain('\nKey gate: SHUT (kms:Decrypt)\n')

    const kms = twokey.client(KMSClient)
    await kms.send(new DisableKeyCommand({ KeyId: keyId() }))
    await get()
    printed = ''
    await explain([])
    expect(printed).toMatch(/^FAILED: s3:GetObject by arn:aws:iam::111111111111:root\n/)
    expect(printed).toContain(
      `\nKey gate: open to the caller, but it FAILED (kms:Decrypt)\n  DisabledException: ${keyArn()} is disabled.\n  what would help: the key is disabled; kms:EnableKey enables it\n`,
    )
    printed = ''
    await explain(['--last-denied'])
    expect(printed).toMatch(/^DENIED: s3:GetObject by arn:aws:iam::111111111111:user\/reader\n/)
  })
  it('takes a request id, lists, and gives data', async () => {
    await seeded()
    await get()
    await explain(['--list'])
    const [id = ''] = /\S+(?= +s3:GetObject)/.exec(printed) ?? []
    printed = ''
    await explain([id, '--json'])
    expect(JSON.parse(printed)).toMatchObject({ requestId: id, outcome: 'allowed', operation: 'GetObject' })
  })
  it('says what is wrong with its arguments', async () => {
    await expect(explain(['--lsat'])).rejects.toThrow(/^there is no option `--lsat`\n\nusage: /)
    await expect(explain(['nope'])).rejects.toThrow('no decision with the request id `nope`')
  })
  it('says where it looked for an emulator', async () => {
    process.env['TWOKEY_URL'] = 'http://127.0.0.1:1/'
    await expect(explain([])).rejects.toThrow('no emulator answers at http://127.0.0.1:1; start one with `npm start`')
  })
})

describe('twokey clock', () => {
  it('moves the clock and says how far', async () => {
    await clock(['advance', 'P8D'])
    expect(printed).toMatch(/^\d{4}-\S+Z \(8 days ahead of the machine's clock\)\n$/)
    expect(twokey.emulator.clock.offset).toBe(8 * 86_400_000)
    await clock(['reset'])
    expect(printed).toMatch(/Z \(the machine's time\)\n$/)
    await expect(clock(['advance', 'x'])).rejects.toThrow('`x` is not a duration; write P8D, PT15M or -PT1H')
  })
  it('tells an offset in units', () => {
    expect(offsetText(0)).toBe("the machine's time")
    expect(offsetText(90_061_000)).toBe("1 day 1 hour 1 minute 1 second ahead of the machine's clock")
    expect(offsetText(-120_000)).toBe("2 minutes behind the machine's clock")
  })
})

describe('twokey usage', () => {
  it('shows keys, services and totals', async () => {
    await seeded()
    await get()
    await get(READER)
    expect(await usage([])).toBe(0)
    expect(printed).toMatch(
      /^KMS from \d{4}-\S+Z to \d{4}-\S+Z\n\nkey +requests {2}saved by Bucket Keys {2}throttled +USD\n/,
    )
    expect(printed).toMatch(/\narn:aws:kms:us-east-1:111111111111:key\/\S+ +4 +0 +0 {2}0\.00\d{4}\n/)
    expect(printed).toMatch(/\ns3 +3 +0 +0 {2}0\.000009\n/)
    expect(printed).toMatch(/\nkeeping 1 customer managed key +0\.00\d{4}\n/)
  })
  it('adds up a month, without what is free, at other prices', async () => {
    await seeded()
    await get()
    const { clock } = twokey.emulator
    // From the first of a month to the first of the next: exactly one dollar.
    clock.setOffset(clock.offset + Date.parse('2030-04-01T00:00:00Z') - clock.now())
    twokey.emulator.usage.clear()
    await get()
    clock.setOffset(clock.offset + 30 * 86_400_000 - (clock.now() - Date.parse('2030-04-01T00:00:00Z')))
    await usage(['--json', '--price', 'requests=100', '--price=key=5'])
    const report = JSON.parse(printed) as UsageReport
    // The clock goes on: the next hour may have begun.
    expect(report.totals.keys.usd).toBeGreaterThanOrEqual(5)
    expect(report.totals.keys.usd).toBeLessThan(5.02)
    expect(report.totals.requests).toMatchObject({ requests: 1, usd: 0.01 })
    printed = ''
    await usage(['--free-tier'])
    expect(printed).toMatch(/\nof these free of charge: 1 +-0\.000003\n/)
  })
  it('lists as many keys as it is told to', async () => {
    const kms = twokey.client(KMSClient)
    for (let index = 0; index < 3; index++) await kms.send(new CreateKeyCommand({}))
    await usage(['--keys', '1'])
    expect(printed.match(/^arn:/gm)).toHaveLength(1)
    // The keys, and what is about no key.
    expect(printed).toContain('\n… and 3 more keys\n')
  })
  it('says what is wrong with its arguments', async () => {
    await expect(usage(['--prize', 'x=1'])).rejects.toThrow(/'--prize'[^]*\nusage: twokey usage /)
    await expect(usage(['--price', '1'])).rejects.toThrow('`1` is not a price; write --price requests=0.03')
    await expect(usage(['--price', 'gold=1'])).rejects.toThrow('there is no option `gold`; the options are freeTier, ')
    await expect(usage(['--price', 'key=much'])).rejects.toThrow(
      'the price `key` must be a number of US dollars, not `much`',
    )
    await expect(usage(['--keys', 'all'])).rejects.toThrow('limit must be a whole number')
  })
})

describe('twokey scenario', () => {
  it('names a missing scenario', async () => {
    await expect(scenario(['run', 'nope'])).rejects.toThrow(
      'there is no scenario and no file `nope`; `twokey scenario list` names the scenarios',
    )
  })
  it('explains itself, also after a verb', async () => {
    expect(await scenario(['run', '--help'])).toBe(0)
    expect(printed).toMatch(/^usage: twokey scenario list /)
  })
})

describe('twokey start', () => {
  it('a world that cannot be read is told in a sentence', async () => {
    await expect(start(['--data-dir', ':memory:', '--port', '0', '--seed', '/nonexistent.json'])).rejects.toThrow(
      /^cannot read the world `\/nonexistent\.json`: .*ENOENT/,
    )
  })
  it('so is a setting that cannot be used', async () => {
    await expect(start(['--port', 'x'])).rejects.toThrow('TWOKEY_PORT is `x`; it must be a port number from 0 to 65535')
    await expect(start(['--data-dir', ':memory:', '--nitro-root', '/nonexistent.pem'])).rejects.toMatchObject({
      message: 'TWOKEY_NITRO_ROOT is `/nonexistent.pem`, which cannot be read (ENOENT)',
      status: 2,
    })
  })
  it('says what each setting means', async () => {
    expect(await start(['--help'])).toBe(0)
    expect(printed).toContain('\n  --port       TWOKEY_PORT       0 takes any free one (4566)\n')
  })
})

const keyArn = () =>
  twokey.emulator.decisions.list({ limit: 1, deniedOnly: true })[0]?.error?.message.match(/arn:aws:kms:\S+/)?.[0] ?? ''
const keyId = () => keyArn().replace(/^.*\//, '')
