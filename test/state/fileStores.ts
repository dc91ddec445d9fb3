import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from '@jest/globals'
import { openStore } from '../../emulator/state/openStore.ts'
import type { StoreOptions } from '../../emulator/state/openStore.ts'
import type { CollectionSpec, Store } from '../../emulator/state/store.ts'
import { temporaryDirectories } from './temporary.ts'

export interface Item {
  readonly n?: number
  readonly color?: string
  readonly pad?: string
}

export const ITEMS: CollectionSpec<Item> = {
  name: 'test.items',
  scope: 'global',
  indexes: { color: (item) => item.color },
}
export const SORTED: CollectionSpec<Item> = { name: 'test.sorted', scope: 'account', ordered: true }

export const journals = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.startsWith('journal-'))
    .sort()
export const lastJournal = (dir: string) => join(dir, journals(dir).at(-1) ?? '')
export const everything = (store: Store) => JSON.stringify(store.export({ secrets: true }).collections)
export const entries = (store: Store) => [...store.collection(ITEMS).in().entries()]

/** Stores in directories that are closed and removed after each test of the file that calls this. */
export function fileStores() {
  const opened: Store[] = []
  const warnings: string[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close().catch(() => undefined)
    warnings.length = 0
  })
  const directory = temporaryDirectories()
  return {
    directory,
    /** What the stores have warned of in this test. */
    warnings,
    async open(dir: string, more: Partial<StoreOptions> = {}): Promise<Store> {
      const store = await openStore({ dir, fsync: false, log: (line) => warnings.push(line), ...more })
      opened.push(store)
      return store
    },
    /** A copy of the directory as a crash at this moment would leave it, without the lock of the living process. */
    crashed(dir: string): string {
      const copy = directory()
      for (const name of readdirSync(dir)) {
        if (name !== 'lock') writeFileSync(join(copy, name), readFileSync(join(dir, name)))
      }
      return copy
    },
  }
}
