import { outside } from './outside.ts'

/** How other programs take the emulator in (docs/plugin.md). */
export const { createTwokey, connectTwokey, startGateway } = outside(
  import.meta.url,
  './main.js',
) as typeof import('./main.ts')
export type * from './types.ts'
