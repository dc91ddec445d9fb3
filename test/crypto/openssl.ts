import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from '@jest/globals'

/** The independent implementation that the key material is checked against: OpenSSL's command line. */

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout
const present = version.startsWith('OpenSSL 3') || version.startsWith('OpenSSL 4')

/** A group of tests that is skipped, saying why, where there is no OpenSSL from 3 on (LibreSSL has no SM2). */
export function describeWithOpenssl(name: string, tests: () => void): void {
  if (present) describe(name, tests)
  else describe.skip(`${name} (skipped: OpenSSL 3 is not installed here)`, tests)
}

/** Its standard output. An argument that is a Buffer is passed as the name of a file that holds it. */
export function openssl(...args: readonly (string | Buffer)[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'twokey-openssl-'))
  try {
    const named = args.map((argument, at) => {
      if (typeof argument === 'string') return argument
      const file = join(folder, String(at))
      writeFileSync(file, argument)
      return file
    })
    return execFileSync('openssl', named, { stdio: ['ignore', 'pipe', 'pipe'] })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whether a verifying command succeeds. */
export function opensslAgrees(...args: readonly (string | Buffer)[]): boolean {
  try {
    openssl(...args)
    return true
  } catch {
    return false
  }
}
