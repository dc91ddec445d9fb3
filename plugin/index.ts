/** How other programs take the emulator in (docs/plugin.md). */
export { createEmulator, type Emulator } from '../emulator/server/app.ts'
export { DEFAULTS, type Settings } from '../emulator/server/settings.ts'
