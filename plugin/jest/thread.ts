import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { Emulator } from '../../emulator/server/app.ts'
import { readSettings, type Settings } from '../../emulator/server/settings.ts'

/* The emulator of a run of Jest. It listens at once and loads what it is made of while Jest starts its workers. */

function settingsOfRun(): Settings {
  // Jest's environment is a user's shell: what it says of ports and directories is not meant for this emulator.
  const { TWOKEY_LOG = 'off', ...environment } = process.env
  return { ...readSettings({ ...environment, TWOKEY_LOG }), tlsPort: undefined, dataDir: ':memory:', admin: true }
}

async function load(settings: Settings): Promise<Emulator> {
  const log = (line: string) => {
    process.stderr.write(`${line}\n`)
  }
  const { createEmulator } = await import('../../emulator/server/app.ts')
  const emulator = await createEmulator(settings, log)
  if (settings.seed !== undefined) {
    const { loadSeed } = await import('../../emulator/server/world/seed.ts')
    await loadSeed(emulator, () => undefined)
  }
  return emulator
}

function open(settings: Settings): void {
  // What listens comes first; loading begins when the address has been told.
  let emulator: Promise<Emulator> | undefined
  const accept = async (socket: Socket) => {
    try {
      ;(await emulator)?.accept(socket)
    } catch (error) {
      socket.destroy()
      process.stderr.write(`twokey did not start: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  const server = createServer({ noDelay: true }, (socket) => {
    // A client that hangs up before there is an emulator to notice it.
    socket.on('error', () => socket.destroy())
    void accept(socket)
  })
  server.listen(0, '127.0.0.1', () => {
    parentPort?.postMessage({ url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` })
    emulator = load(settings)
    // Told to each connection.
    emulator.catch(() => undefined)
  })
}

try {
  open(settingsOfRun())
} catch (error) {
  parentPort?.postMessage({ fault: error instanceof Error ? error.message : String(error) })
}
