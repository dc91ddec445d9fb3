import { openStore } from '../../emulator/state/openStore.ts'
import type { CollectionSpec, Store } from '../../emulator/state/store.ts'
import { temporaryDirectories } from './temporary.ts'

export interface Item {
  readonly color?: string
  readonly tags?: readonly string[]
  readonly n?: number
}

export const ITEMS: CollectionSpec<Item> = {
  name: 'test.items',
  scope: 'region',
  indexes: { color: (item) => item.color, tag: (item) => item.tags, id: (_, id) => id[0] },
}
export const SORTED: CollectionSpec<Item> = {
  ...ITEMS,
  name: 'test.sorted',
  scope: 'global',
  ordered: true,
  orderedIndexes: ['tag'],
}
export const SECRETS: CollectionSpec<string> = { name: 'test.secrets', scope: 'account', secret: true }

/** Both implementations, and how to make a fresh store of each: the contract's tests run against both. */
export function bothStores(): readonly (readonly [kind: string, fresh: () => Promise<Store>])[] {
  const directory = temporaryDirectories()
  const open = (dir: string) =>
    openStore({
      dir,
      fsync: false,
      log(line) {
        throw new Error(`unexpected warning: ${line}`)
      },
    })
  return [
    ['memory', () => open(':memory:')],
    ['files', () => open(directory())],
  ]
}

export const ids = (entries: Iterable<readonly [string, unknown]>) => [...entries].map(([id]) => id)
