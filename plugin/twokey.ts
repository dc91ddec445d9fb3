import { createEmulator, type Emulator } from '../emulator/server/app.ts'
import { duplexPair } from '../emulator/lib/duplexPair.ts'
import { DEFAULTS } from '../emulator/server/settings.ts'
import { clockControl, createAccess } from './access.ts'
import { inProcessAgents } from './agents.ts'
import { createDoor } from './door.ts'
import { live } from './live.ts'
import { createRouter } from './express.ts'
import { attach, requestHandler, sdkPlugin } from './sdk.ts'
import type { Twokey, TwokeyOptions } from './types.ts'

/** Names the emulator in messages and in requests to it; nothing is opened there. */
const NOWHERE = 'http://127.0.0.1'

/**
 * An emulator in this process: no port until one is asked for, nothing on disk. Rejects with a sentence when a setting or the world
 * cannot be used.
 */
export async function createTwokey({
  account = '111111111111',
  region = 'us-east-1',
  world,
  settings = {},
  log,
  now,
}: TwokeyOptions = {}): Promise<Twokey> {
  const emulator = await createEmulator(
    { ...DEFAULTS, port: 0, dataDir: ':memory:', log: log ? 'denials' : 'off', ...settings, admin: true },
    log,
    now,
  )
  const twokey = around(emulator, { account, region })
  if (world) {
    await twokey.world(world).catch(async (error: unknown) => {
      await twokey.close()
      throw error
    })
  }
  return twokey
}

function around(emulator: Emulator, place: { readonly account: string; readonly region: string }): Twokey {
  let url: string | undefined
  let closed = false
  const connect = () => {
    if (closed) throw new Error('this emulator has been closed')
    const [client, server] = duplexPair()
    emulator.accept(server)
    return client
  }
  const { httpAgent } = inProcessAgents(connect)
  const door = createDoor(NOWHERE, httpAgent)
  const handler = () => requestHandler(connect)
  const access = createAccess({ door, endpoint: () => url ?? NOWHERE, requestHandler: handler }, place)
  const twokey: Twokey = {
    ...access,
    clock: clockControl(door),
    async reset() {
      await door('/reset', { method: 'POST' })
    },
    async listen() {
      url ??= await emulator.listen()
      return url
    },
    get url() {
      return url
    },
    requestHandler: handler,
    attach: (client, { as = access.root(), region = place.region } = {}) =>
      attach(client, { requestHandler: handler(), credentials: as.credentials, region }),
    plugin: () => sdkPlugin(handler()),
    router: (options) => createRouter(emulator, options),
    async close() {
      if (closed) return
      closed = true
      live.delete(twokey)
      httpAgent.destroy()
      await emulator.close()
    },
  }
  live.add(twokey)
  return twokey
}
