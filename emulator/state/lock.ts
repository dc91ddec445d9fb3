import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StateError } from './errors.ts'
import { FILE_MODE, isErrno } from './files.ts'

/** Directories this process holds: its own id in a lock file says nothing (in a container it is always the same). */
const held = new Set<string>()

/**
 * Makes this process the only one that uses `directory`. Answers how to let go of it.
 * A lock whose process is gone is taken over. Throws a StateError when it is not.
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'lock')
  if (held.has(path)) throw inUse(directory, process.pid)
  for (;;) {
    try {
      writeFileSync(path, owner(process.pid), { flag: 'wx', mode: FILE_MODE })
      break
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
    const holder = liveHolder(path)
    if (holder !== undefined) throw inUse(directory, holder)
    rmSync(path, { force: true })
  }
  held.add(path)
  return () => {
    if (held.delete(path)) rmSync(path, { force: true })
  }
}

function inUse(directory: string, pid: number): StateError {
  return new StateError(
    `\`${directory}\` is in use by another twokey (process ${String(pid)}); ` +
      'stop that one, or choose another data directory with TWOKEY_DATA_DIR',
  )
}

/** The process that holds the lock, unless it is gone or its number has been given to another. */
function liveHolder(path: string): number | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
  const pid = Number.parseInt(text, 10)
  if (!(pid > 0) || pid === process.pid) return undefined
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return undefined
  }
  return text === owner(pid) || !text.includes(' ') ? pid : undefined
}

/** A process id, and where the system tells it (Linux) when that process began, in ticks since the machine did. */
function owner(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
    // The second field is a name in parentheses and may hold anything; the 22nd is the start.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    return `${String(pid)} ${started}\n`
  } catch {
    return `${String(pid)}\n`
  }
}
