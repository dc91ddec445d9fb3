import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EncryptCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { run } from '../../emulator/cli/policy.ts'
import { ACCOUNT } from '../support/emulator.ts'
import { ADMIN, build, type Place } from '../server/policies/workload.ts'

const LIST_KEYS = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }] }

let place: Place
let printed: string
let said: string
let directory: string
beforeAll(async () => {
  place = await build()
  directory = mkdtempSync(join(tmpdir(), 'twokey-policy-'))
})
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await place.twokey.stop()
})
beforeEach(async () => {
  place.twokey.emulator.use.clear()
  process.env['TWOKEY_URL'] = place.twokey.url
  ;[printed, said] = ['', '']
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true))
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true))
  await place.admin.kms.send(new ListKeysCommand({}))
})
afterEach(() => {
  jest.restoreAllMocks()
  delete process.env['TWOKEY_URL']
})

const encryptClosed = () =>
  place.admin.kms.send(new EncryptCommand({ KeyId: place.closed, Plaintext: Buffer.from('x') }))

describe('twokey policy generate', () => {
  it('prints a document that can be piped into a file, and says the rest elsewhere', async () => {
    expect(await run(['generate', '--principal', ADMIN])).toBe(0)
    expect(JSON.parse(printed)).toEqual(LIST_KEYS)
    expect(said).toBe(`identity policy twokey-admin-1 (96 characters), for ${ADMIN}:\n`)
  })
  it('names the key whose policy matters', async () => {
    await encryptClosed()
    await run(['generate', '--principal', ADMIN, '--for', `arn:aws:iam::${ACCOUNT}:user/reader`])
    expect(said).toContain(`\nstatements for the key policy of ${place.closed}:\n`)
    await run(['generate', '--principal', ADMIN])
    expect(said).toContain(`\nstatements for the key policy of ${place.closed}, which allows this already:\n`)
  })
  it('gives data', async () => {
    await run(['generate', '--principal', ADMIN, '--json', '--since', 'PT1H', '--include-denied', '--collapse=5'])
    expect(JSON.parse(printed)).toMatchObject({
      principal: ADMIN,
      refused: true,
      identity: [{ name: 'twokey-admin-1', document: LIST_KEYS }],
    })
  })
  it('writes files', async () => {
    await encryptClosed()
    const to = join(directory, 'new')
    await run(['generate', '--principal', ADMIN, '--out', to])
    const key = `key-policy-${place.closed.replace(/^.*\//, '')}.json`
    expect(readdirSync(to).sort()).toEqual([key, 'twokey-admin-1.json'])
    expect(JSON.parse(readFileSync(join(to, key), 'utf8'))).toMatchObject({
      Statement: [{ Principal: { AWS: ADMIN }, Action: 'kms:Encrypt' }],
    })
    expect(printed).toBe('')
    expect(said).toContain(`wrote ${join(to, key)}\n`)
    writeFileSync(join(directory, 'file'), '')
    await expect(run(['generate', '--principal', ADMIN, '--out', join(directory, 'file')])).rejects.toThrow(
      /^cannot write to `.*\/file`: .*EEXIST/,
    )
  })
  it('says so when there is nothing to allow', async () => {
    await run(['generate', '--principal', ADMIN, '--since', '2100-01-01T00:00:00Z'])
    expect(printed).toBe('')
    expect(said).toBe(`${ADMIN} was allowed nothing since 2100-01-01T00:00:00.000Z that needs a policy\n`)
  })
  it('says what is wrong with its arguments', async () => {
    await expect(run([])).rejects.toThrow(/^usage: twokey policy generate /)
    await expect(run(['generate'])).rejects.toThrow(/^say whose use is meant: --principal <arn>\n\nusage: /)
    await expect(run(['generate', '--prince', 'x'])).rejects.toThrow(/'--prince'[^]*\nusage: twokey policy /)
    await expect(run(['generate', '--principal', 'x'])).rejects.toThrow('nothing is recorded of `x`')
    expect(await run(['--help'])).toBe(0)
    expect(printed).toMatch(/^usage: twokey policy generate /)
  })
})

describe('twokey policy list', () => {
  it('says who did something', async () => {
    await run(['list'])
    expect(printed).toBe(`${ADMIN}  1 allowed, 0 denied\n`)
    printed = ''
    await run(['list', '--json'])
    expect(JSON.parse(printed)).toMatchObject({ principals: [{ arn: ADMIN, allowed: 1, denied: 0 }] })
    place.twokey.emulator.use.clear()
    await run(['list'])
    expect(said).toBe('nobody has done anything yet\n')
  })
})
