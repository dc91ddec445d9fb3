import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from '@jest/globals'

/** A fresh directory for each call; all are removed after each test of the file that calls this. */
export function temporaryDirectories(): () => string {
  const made: string[] = []
  afterEach(() => {
    for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true })
  })
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'twokey-test-'))
    made.push(directory)
    return directory
  }
}
