import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { startServer, type ServerProcess } from '../support/server.ts'
import { temporaryDirectories } from '../state/temporary.ts'
import { clientsOf, newLedger, prepare, work, type Clients, type Ledger } from './ledger.ts'
import { expectEverything, expectObjects } from './promises.ts'

/** Two emulators die 25 times each, side by side: a start costs more than a life. */
const EMULATORS = 2
const DEATHS = 25
const WORKERS = 8
/** Objects that are read back after each death; all of them are at the end. */
const SPOT_CHECK = 12

const directory = temporaryDirectories()

/** Runs something against the emulator on this directory, and kills it if it still lives then. */
async function alive(dataDir: string, use: (clients: Clients, server: ServerProcess) => Promise<void>): Promise<void> {
  const server = await startServer({ TWOKEY_DATA_DIR: dataDir, TWOKEY_LOG: 'error' })
  const clients = clientsOf(server.url)
  try {
    await use(clients, server)
  } finally {
    clients.destroy()
    await server.kill()
  }
  expect(complaints(server)).toEqual([])
}

/** What the server says beyond its greeting and good-bye; a last line that a death cut off is dropped with these words. */
const complaints = (server: ServerProcess) =>
  server
    .output()
    .split('\n')
    .filter(
      (line) => !/^$|^(Twokey listens|Credentials:|Console:|Ready\.|Stopping …)|ends in an unfinished line/.test(line),
    )

/** All workers at once until the server dies under them. */
async function workAndDie(clients: Clients, server: ServerProcess, ledger: Ledger): Promise<void> {
  const working = Array.from({ length: WORKERS }, (_, worker) => work(clients, ledger, worker, server.killed))
  // Not before something was acknowledged in this life, however slow the machine; then at any moment.
  const enough = ledger.acknowledged + WORKERS + 1
  for (const since = Date.now(); ledger.acknowledged < enough && Date.now() - since < 10_000;) await wait(5)
  await wait(Math.random() * 250)
  await server.kill()
  await Promise.all(working)
}

async function liveAndDie(dataDir: string): Promise<Ledger> {
  const ledger = newLedger()
  await alive(dataDir, (clients) => prepare(clients, ledger))
  for (let death = 0; death < DEATHS; death++) {
    await alive(dataDir, async (clients, server) => {
      await expectEverything(clients, ledger)
      await expectObjects(clients, ledger, SPOT_CHECK)
      await workAndDie(clients, server, ledger)
    })
  }
  await alive(dataDir, async (clients, server) => {
    await expectEverything(clients, ledger)
    await expectObjects(clients, ledger, Infinity)
    expect(await server.stop()).toBe(0)
  })
  // And once more from what a clean stop leaves.
  await alive(dataDir, async (clients, server) => {
    await expectEverything(clients, ledger)
    await expectObjects(clients, ledger, Infinity)
    expect(await server.stop()).toBe(0)
  })
  return ledger
}

describe('the emulator, killed under load', () => {
  it('loses nothing that it acknowledged, and every object opens', async () => {
    const lives = await Promise.allSettled(Array.from({ length: EMULATORS }, () => liveAndDie(directory())))
    for (const life of lives) {
      if (life.status === 'rejected') throw life.reason as Error
      // Enough happened for the test to mean something.
      expect(life.value.acknowledged).toBeGreaterThan(DEATHS * WORKERS)
    }
  }, 240_000)
})
