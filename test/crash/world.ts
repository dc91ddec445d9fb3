import type { CollectionSpec } from '../../emulator/state/store.ts'

/** What the killed process keeps, and how to recognise it. */
export const KEPT = 700

export const COUNTER: CollectionSpec<number> = { name: 'crash.counter', scope: 'global' }
export const LOG: CollectionSpec<{ readonly n: number; readonly pad: string }> = {
  name: 'crash.log',
  scope: 'region',
  indexes: { odd: ({ n }) => (n % 2 === 1 ? 'odd' : 'even') },
}
export const SORTED: CollectionSpec<number> = { name: 'crash.sorted', scope: 'account', ordered: true, secret: true }
export const BLOBS: CollectionSpec<string> = { name: 'crash.blobs', scope: 'global' }

export const idOf = (n: number) => String(n).padStart(9, '0')
export const blobText = (n: number) => `blob ${String(n)} `.repeat(n % 500)
