import type { Access } from './types.ts'

/** The emulators of this process: where matchers look for a request first. */
export const live = new Set<Access>()
