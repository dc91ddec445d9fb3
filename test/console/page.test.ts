import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtProgram } from '../support/built.ts'
import { send } from '../support/raw.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

const PAGE = fileURLToPath(new URL('../../emulator/server/console/page/', import.meta.url))
const FILES = readdirSync(PAGE).filter((name) => !['index.html', 'tsconfig.json'].includes(name))
const TYPES: Readonly<Record<string, string>> = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(() => twokey.stop())

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  send(twokey.url, { method: 'GET', path: `/_twokey/${path}`, headers })

describe('the console as it is served', () => {
  it('lets nothing in but its own files, and no text become markup', async () => {
    for (const path of ['console', 'console/main.js', 'console/words.json']) {
      const { status, headers } = await get(path)
      expect(status).toBe(200)
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      )
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
    const { body } = await get('console')
    expect(body).not.toMatch(/<script>|<style|style=|\bon\w+=|https?:/)
  })

  it('serves each of its files, and no other', async () => {
    expect(FILES.length).toBeGreaterThan(15)
    for (const name of FILES) {
      const { status, headers } = await get(`console/${name}`)
      expect([name, status, String(headers['content-type']).split(';')[0]]).toEqual([
        name,
        200,
        TYPES[name.split('.')[1]!],
      ])
    }
    for (const name of ['index.html', 'tsconfig.json', 'none.js', '..%2frouter.ts', '%2e%2e%2f%2e%2e%2fapp.ts'])
      expect((await get(`console/${name}`)).status).toBe(404)
  })

  it('is part of what is built', () => {
    const page = join(dirname(builtProgram()), '../server/console/page')
    expect(readdirSync(page).sort()).toEqual([...FILES, 'index.html'].sort())
  })

  it('has one address', async () => {
    const { status, headers } = await get('console/')
    expect([status, headers['location']]).toEqual([302, '../console'])
  })

  it('is guarded as the admin door is', async () => {
    const refused = async (headers: Readonly<Record<string, string>>) => (await get('console', headers)).status
    expect(await refused({ origin: 'https://elsewhere.example' })).toBe(403)
    expect(await refused({ host: 'rebound.example' })).toBe(403)
    expect(await refused({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await refused({ 'sec-fetch-site': 'none' })).toBe(200)
  })

  it('is not there when the admin door is closed', async () => {
    const closed = await startEmulator({ admin: false })
    // The path is an object's in S3 then.
    const { status, body } = await send(closed.url, { method: 'GET', path: '/_twokey/console' })
    expect(status).toBe(404)
    expect(body).toContain('<Code>NoSuchBucket</Code>')
    await closed.stop()
  })
})
