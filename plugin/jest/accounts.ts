import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Run } from './run.ts'

/**
 * An account that is nobody else's in this run: the same for the same test file in every run, on every machine.
 * @param name of a further account of the file; empty for its own
 */
export function claimAccount(run: Run, testPath: string, name: string): string {
  const file = relative(run.root, testPath).replaceAll('\\', '/')
  // A file can run twice, in two of Jest's projects or again after a worker has died; and chance might give two the same.
  for (let turn = 0; ; turn++) {
    const account = accountFor([run.salt, file, name, String(turn)].join('\n'))
    if (claim(join(run.claims, account))) return account
  }
}

/** Twelve digits, the first of which is not 0. */
function accountFor(text: string): string {
  const number = createHash('sha256').update(text).digest().readUIntBE(0, 6)
  return String(100_000_000_000 + (number % 900_000_000_000))
}

/** Only one can make a file: all processes of the run see it at once. */
function claim(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
