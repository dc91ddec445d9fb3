import { createAccess } from '../access.ts'
import { createDoor } from '../door.ts'
import type { Access } from '../types.ts'
import { claimAccount } from './accounts.ts'
import { matchers } from './matchers.ts'
import { currentRun } from './run.ts'

/** The run's emulator as one test file sees it. Its clock and its reset are missing: other files use it at the same time. */
export interface SharedTwokey extends Access {
  /** Where the emulator answers. */
  readonly url: string
  /** Names of buckets belong to everybody; this one is this file's: `reports-<account>`. */
  bucketName(name: string): string
  /** Another account that only this file has, the same one for the same name. */
  otherAccount(name: string): string
}

export interface TestFile {
  readonly twokey: SharedTwokey
  /** What leads clients that find their own settings to the emulator, as this file's account. */
  readonly environment: Readonly<Record<string, string>>
}

const REGION = 'us-east-1'

/** What a test file gets of the run's emulator. Throws when there is no run. */
export function forTestFile(testPath: string | undefined): TestFile {
  const run = currentRun()
  if (!run || testPath === undefined) {
    throw new Error(
      "twokey/jest needs Jest with twokey's preset: write `preset: 'twokey'` in Jest's configuration, or see docs/plugin.md for one that has a preset already",
    )
  }
  const { url } = run
  const account = claimAccount(run, testPath, '')
  const others = new Map<string, string>()
  return {
    twokey: {
      ...createAccess({ door: createDoor(url), endpoint: () => url }, { account, region: REGION }),
      url,
      bucketName: (name) => `${name}-${account}`,
      otherAccount(name) {
        const known = others.get(name) ?? claimAccount(run, testPath, `account ${name}`)
        others.set(name, known)
        return known
      },
    },
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: account,
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: REGION,
    },
  }
}

export { matchers }
