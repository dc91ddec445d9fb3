import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from '@jest/globals'
import { openBlobs } from '../../emulator/state/openBlobs.ts'
import { openStore } from '../../emulator/state/openStore.ts'
import { temporaryDirectories } from '../state/temporary.ts'
import { BLOBS, COUNTER, KEPT, LOG, SORTED, blobText, idOf } from './world.ts'

const LOADER = new URL('../../tools/typescript.mjs', import.meta.url).href
const DRIVER = fileURLToPath(new URL('driver.ts', import.meta.url))
const directory = temporaryDirectories()

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Lets the driver work for `ms` after its first acknowledgement, kills it, and answers the last number it acknowledged. */
async function workAndDie(dir: string, ms: number, fsync: boolean): Promise<number> {
  // A file, because a pipe may be full; and outside the directory under test.
  const path = join(directory(), 'output')
  const file = openSync(path, 'w')
  const stdio: StdioOptions = ['ignore', file, file, 'ipc']
  const child = spawn(process.execPath, ['--import', LOADER, DRIVER, dir, fsync ? 'fsync' : 'no'], { stdio })
  closeSync(file)
  children.push(child)
  const exited = once(child, 'exit')
  await Promise.race([once(child, 'message'), exited])
  await wait(ms)
  child.kill('SIGKILL')
  const [, signal] = (await exited) as [unknown, unknown]
  const lines = readFileSync(path, 'utf8').split('\n')
  // Whatever it printed beside numbers is an error; the last line may have been cut off.
  expect([signal, lines.slice(0, -1).filter((line) => !/^\d+$/.test(line))]).toEqual(['SIGKILL', []])
  return Number(lines.at(-2))
}

/** Opens what the dead process left and checks every promise; answers the last transaction that is there. */
async function inspect(dir: string): Promise<number> {
  const warnings: string[] = []
  const store = await openStore({ dir, fsync: false, log: (line) => warnings.push(line) })
  const blobs = openBlobs(dir)
  const last = store.collection(COUNTER).in().get('n') ?? 0
  const first = Math.max(1, last - KEPT + 1)
  const expected = Array.from({ length: last - first + 1 }, (_, n) => first + n)
  const log = store.collection(LOG).in('111122223333', 'us-east-1')
  expect([...log.entries()].map(([id, { n, pad }]) => [id, n, pad.length])).toEqual(
    expected.map((n) => [idOf(n), n, n % 300]),
  )
  expect(log.count('odd', 'odd')).toBe(expected.filter((n) => n % 2 === 1).length)
  const sorted = store.collection(SORTED).in('111122223333')
  expect([...sorted.entries()]).toEqual(expected.map((n) => [idOf(n), n]))
  const named = [...store.collection(BLOBS).in().entries()]
  expect(named.map(([id]) => id)).toEqual(expected.filter((n) => n % 7 === 0).map(idOf))
  for (const [id, blob] of named) expect([id, blobs.readSmall(blob).toString()]).toEqual([id, blobText(Number(id))])
  const live = new Set(named.map(([, blob]) => blob))
  blobs.sweep((id) => live.has(id))
  for (const line of warnings) expect(line).toMatch(/ends in an unfinished line/)
  await store.close()
  return last
}

describe('a process killed at any moment', () => {
  it.each([
    ['without fsync', false, 40],
    ['with fsync', true, 10],
  ])(
    'loses nothing that it acknowledged, and leaves a readable state, %s',
    async (_, fsync, deaths) => {
      const dir = directory()
      let before = 0
      for (let death = 0; death < deaths; death++) {
        const acknowledged = await workAndDie(dir, Math.random() * 120, fsync)
        const last = await inspect(dir)
        expect(acknowledged).toBeGreaterThan(before)
        // The last one may have been written, but not yet acknowledged.
        expect([acknowledged, acknowledged + 1]).toContain(last)
        before = last
      }
    },
    120_000,
  )
})
