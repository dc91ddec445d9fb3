import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { lockDirectory } from '../../emulator/state/lock.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that does nothing until it is ended. */
async function sleeper() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log("up")'])
  children.push(child)
  await once(child.stdout, 'data')
  const end = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { pid: child.pid ?? 0, end }
}

describe('the lock of a data directory', () => {
  it('is held once and let go of', () => {
    const dir = directory()
    const unlock = lockDirectory(dir)
    expect(readFileSync(join(dir, 'lock'), 'utf8')).toMatch(new RegExp(`^${String(process.pid)}\\b`))
    expect(() => lockDirectory(dir)).toThrow(`\`${dir}\` is in use by another twokey (process ${String(process.pid)})`)
    unlock()
    unlock()
    expect(existsSync(join(dir, 'lock'))).toBe(false)
    lockDirectory(dir)()
  })

  it('of a living process is respected, and taken over once it is gone', async () => {
    const dir = directory()
    const other = await sleeper()
    writeFileSync(join(dir, 'lock'), `${String(other.pid)}\n`)
    expect(() => lockDirectory(dir)).toThrow(
      `\`${dir}\` is in use by another twokey (process ${String(other.pid)}); ` +
        'stop that one, or choose another data directory with TWOKEY_DATA_DIR',
    )
    await other.end()
    lockDirectory(dir)()
  })

  it('is stale when its number has been given to another process', async () => {
    if (!existsSync('/proc/self/stat')) return
    const dir = directory()
    const other = await sleeper()
    writeFileSync(join(dir, 'lock'), `${String(other.pid)} 1\n`)
    lockDirectory(dir)()
    await other.end()
  })

  it('is stale when it names this process, which does not hold it: in a container the number is always the same', () => {
    const dir = directory()
    writeFileSync(join(dir, 'lock'), `${String(process.pid)} 5\n`)
    lockDirectory(dir)()
  })

  it.each(['', 'garbage', '-1', '0'])('that says %j is stale', (text) => {
    const dir = directory()
    writeFileSync(join(dir, 'lock'), text)
    lockDirectory(dir)()
  })
})
