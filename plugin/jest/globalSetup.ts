import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { announceRun, forgetRun } from './run.ts'

/** Left here by the set-up for the tear-down of the same run. */
let end: (() => Promise<void>) | undefined

/**
 * Before all test files: one emulator for them, in a thread of Jest's own process. With TWOKEY_URL, the one that runs there.
 * Rejects with a sentence when a `TWOKEY_…` setting cannot be used.
 */
export async function setUp({ rootDir }: { readonly rootDir: string }): Promise<void> {
  const elsewhere = process.env['TWOKEY_URL']
  const claims = await mkdtemp(join(tmpdir(), 'twokey-jest-'))
  const thread = elsewhere ? undefined : new Worker(new URL('thread.js', import.meta.url))
  const url = elsewhere ?? (await addressOf(thread))
  announceRun({ url, root: rootDir, claims, salt: elsewhere ? randomBytes(8).toString('hex') : '' })
  // `twokey explain` and the like, started by a test, ask there.
  if (thread) process.env['TWOKEY_URL'] = url
  end = async () => {
    forgetRun()
    if (thread) Reflect.deleteProperty(process.env, 'TWOKEY_URL')
    await thread?.terminate()
    await rm(claims, { recursive: true, force: true })
  }
}

/** After all test files. */
export async function tearDown(): Promise<void> {
  await end?.()
  end = undefined
}

/** The thread says where it listens before it has loaded the emulator: requests wait for that, Jest need not. */
function addressOf(thread: Worker | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    // It must not keep Jest from ending when that has failed.
    thread?.unref()
    thread?.once('message', (message: { readonly url: string } | { readonly fault: string }) => {
      if ('url' in message) resolve(message.url)
      else reject(new Error(message.fault))
    })
    thread?.once('error', reject)
  })
}
