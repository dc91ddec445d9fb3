import type {} from 'expect'
import type { DenialOptions, KeyUseOptions } from './expectations.ts'

/** What `expect` of an AWS SDK call can do besides (docs/plugin.md). The promises must be awaited. */
export interface TwokeyMatchers {
  /** Both gates let it through. */
  toBeAllowed(): Promise<void>
  /** Refused for want of this permission: `toBeDeniedBy('kms:Decrypt', { layer: 'identity' })`. */
  toBeDeniedBy(action: string, options?: DenialOptions): Promise<void>
  /** KMS used this key for it: `toHaveUsedKey(arn, { operation: 'Decrypt', via: 's3' })`. */
  toHaveUsedKey(key: string, options?: KeyUseOptions): Promise<void>
}

/* Type parameters must be named as they are where the interfaces come from. */
/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type */

// `import { expect } from '@jest/globals'`
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends TwokeyMatchers {}
}

// The global `expect`, of @types/jest.
declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- that is how @types/jest can be added to
  namespace jest {
    interface Matchers<R, T = {}> extends TwokeyMatchers {}
  }
}
