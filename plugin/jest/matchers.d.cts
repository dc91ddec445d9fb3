// What matchers.cjs adds to `expect`; see ../index.d.cts.
export type { TwokeyMatchers } from './expect.js' with { 'resolution-mode': 'import' }
