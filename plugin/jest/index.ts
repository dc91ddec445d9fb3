import { createRequire } from 'node:module'
import './expect.ts'
import type { SharedTwokey } from './testFile.ts'

const entry = createRequire(import.meta.url)('./index.cjs') as { readonly twokey: SharedTwokey }

/** The run's emulator, with an account for this test file alone (docs/plugin.md). */
export const { twokey } = entry
/** This test file's account. */
export const { account } = twokey

export type { DenialOptions, KeyUseOptions } from './expectations.ts'
export type { TwokeyMatchers } from './expect.ts'
export type { SharedTwokey }
export type * from '../types.ts'
