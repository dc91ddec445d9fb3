/** Twokey in front of other mock services (docs/gateway.md). */
import { createEmulator, type Emulator } from '../emulator/server/app.ts'
import { DEFAULTS, readSettings, type Settings } from '../emulator/server/settings.ts'

export interface GatewayOptions extends Partial<Omit<Settings, 'upstreams'>> {
  /** As `TWOKEY_UPSTREAM`: `http://moto:5000`, or `dynamodb=http://…,sqs=http://…`, or both. */
  readonly upstream: string
}

export interface RunningGateway {
  /** What clients take as their endpoint. */
  readonly url: string
  readonly emulator: Emulator
  stop(): Promise<void>
}

/**
 * Starts an emulator on a free port that keeps nothing and forwards what it does not have, unless the options say otherwise. Throws
 * SettingsError with a sentence for each mistake in `upstream`.
 */
export async function startGateway({ upstream, ...settings }: GatewayOptions): Promise<RunningGateway> {
  const { upstreams } = readSettings({ TWOKEY_UPSTREAM: upstream, TWOKEY_PORT: String(settings.port ?? 0) })
  const emulator = await createEmulator({ ...DEFAULTS, port: 0, dataDir: ':memory:', ...settings, upstreams })
  return { url: await emulator.listen(), emulator, stop: () => emulator.close() }
}
