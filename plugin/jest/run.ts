/** What the test files of a run know of it, in the environment of their processes. */
export interface Run {
  /** Where the emulator answers. */
  readonly url: string
  /** What paths of test files are relative to. */
  readonly root: string
  /** A directory where account ids are claimed. */
  readonly claims: string
  /** Makes the accounts of this run others than those of earlier ones, where the emulator remembers them; empty otherwise. */
  readonly salt: string
}

const VARIABLE = 'JEST_TWOKEY'

export function announceRun(run: Run): void {
  process.env[VARIABLE] = JSON.stringify(run)
}

export function forgetRun(): void {
  Reflect.deleteProperty(process.env, VARIABLE)
}

/** The run that this process takes part in; undefined without the preset. */
export function currentRun(): Run | undefined {
  const text = process.env[VARIABLE]
  return text === undefined ? undefined : (JSON.parse(text) as Run)
}
