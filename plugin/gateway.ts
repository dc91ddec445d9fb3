import { createEmulator } from '../emulator/server/app.ts'
import { DEFAULTS, readSettings } from '../emulator/server/settings.ts'
import type { GatewayOptions, RunningGateway } from './types.ts'

/**
 * Twokey in front of other mock services (docs/gateway.md): starts an emulator on a free port that keeps nothing and forwards what it does
 * not have, unless the options say otherwise. Rejects with SettingsError and a sentence for each mistake in `upstream`.
 */
export async function startGateway({ upstream, ...settings }: GatewayOptions): Promise<RunningGateway> {
  const { upstreams } = readSettings({ TWOKEY_UPSTREAM: upstream, TWOKEY_PORT: String(settings.port ?? 0) })
  const emulator = await createEmulator({ ...DEFAULTS, port: 0, dataDir: ':memory:', ...settings, upstreams })
  return { url: await emulator.listen(), stop: () => emulator.close() }
}
