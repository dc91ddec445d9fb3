import { createEmulator, type Emulator } from '../../emulator/server/app.ts'
import { DEFAULTS, type Settings } from '../../emulator/server/settings.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** Root of an account, by the bootstrap door. */
export const rootOf = (account: string): Credentials => ({ accessKeyId: account, secretAccessKey: 'test' })

export const ACCOUNT = '111111111111'
export const OTHER_ACCOUNT = '222222222222'
export const REGION = 'us-east-1'

export interface TestEmulator {
  readonly url: string
  readonly emulator: Emulator
  /** What the emulator logged: tests assert that nothing secret is in it. */
  readonly lines: readonly string[]
  /** A real AWS client against this emulator; root of ACCOUNT unless other credentials are given. */
  client<C>(
    // Every AWS client is constructed with these settings; their own types say so in as many ways as there are clients.
    Client: new (config: never) => C,
    options?: { readonly credentials?: Credentials | undefined; readonly region?: string | undefined },
  ): C
  stop(): Promise<void>
}

export interface ClientConfig {
  readonly endpoint: string
  readonly region: string
  readonly credentials: Credentials
  readonly forcePathStyle: boolean
  readonly maxAttempts: number
}

/** An emulator on a free port that keeps nothing. */
export async function startEmulator(settings: Partial<Settings> = {}): Promise<TestEmulator> {
  const lines: string[] = []
  const emulator = await createEmulator(
    { ...DEFAULTS, port: 0, dataDir: ':memory:', log: 'requests', ...settings },
    (line) => lines.push(line),
  )
  const url = await emulator.listen()
  return {
    url,
    emulator,
    lines,
    client: (Client, options = {}) =>
      new Client({
        endpoint: url,
        region: options.region ?? REGION,
        credentials: options.credentials ?? rootOf(ACCOUNT),
        forcePathStyle: true,
        maxAttempts: 1,
      } satisfies ClientConfig as never),
    stop: () => emulator.close(),
  }
}
