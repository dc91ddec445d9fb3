import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { welcome } from '../../emulator/cli/start.ts'
import { DEFAULTS } from '../../emulator/server/settings.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

let world: TestEmulator
beforeAll(async () => {
  world = await startEmulator({ tlsPort: 0 })
})
afterAll(() => world.stop())

const authority = async () => (await fetch(`${world.url}/_twokey/ca.pem`)).text()

/** The status of a request to the TLS port by a client that trusts `ca` alone. */
function ask(ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL('/_twokey/health', world.emulator.tls?.url), { ca, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('the TLS port', () => {
  it('serves clients that trust the authority handed out, and no others', async () => {
    expect(await ask(await authority())).toBe(200)
    await expect(ask('')).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  it('keeps its authority when the state is emptied or replaced', async () => {
    const before = await authority()
    const saved = world.emulator.store.export({ secrets: false })
    world.emulator.reset()
    world.emulator.restore(saved)
    expect(await authority()).toBe(before)
    const stored = world.emulator.store.export({ secrets: true }).collections['tls']
    expect(JSON.stringify(stored)).toContain(JSON.stringify(before))
  })

  it('is announced with what a client needs to trust it', () => {
    const text = welcome('http://127.0.0.1:4566', { ...DEFAULTS, tlsPort: 4567 }, 200, 'https://127.0.0.1:4567')
    expect(text).toContain(
      'HTTPS on https://127.0.0.1:4567; clients trust it with AWS_CA_BUNDLE (node: NODE_EXTRA_CA_CERTS), from http://127.0.0.1:4566/_twokey/ca.pem\n',
    )
  })
})

describe('POST /_twokey/state', () => {
  const post = (body: unknown) =>
    fetch(`${world.url}/_twokey/state`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('brings back the clock with the rest', async () => {
    world.emulator.clock.setOffset(86_400_000)
    const saved = world.emulator.store.export({ secrets: true })
    world.emulator.reset()
    expect(world.emulator.clock.offset).toBe(0)
    expect((await post(saved)).status).toBe(200)
    expect(world.emulator.clock.offset).toBe(86_400_000)
    world.emulator.reset()
  })

  it('refuses a state of another format with a sentence, and changes nothing', async () => {
    const before = JSON.stringify(world.emulator.store.export({ secrets: true }))
    const answer = await post({ format: 'twokey-state', version: 999, collections: {} })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: expect.stringContaining('999') })
    expect(JSON.stringify(world.emulator.store.export({ secrets: true }))).toBe(before)
  })
})
