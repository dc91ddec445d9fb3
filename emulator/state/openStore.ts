import { resolve } from 'node:path'
import { openFileStore } from './fileStore.ts'
import { MemoryStore } from './memoryStore.ts'
import type { Store } from './store.ts'

/** In place of a directory: nothing is kept beyond the process. */
export const IN_MEMORY = ':memory:'

export interface StoreOptions {
  /** The data directory, made when it is not there; or `:memory:`. */
  readonly dir: string
  /** Group-commit every transaction to the platter; `durable()` tells when. */
  readonly fsync: boolean
  /** Takes warnings, one line each. */
  readonly log: (line: string) => void
  readonly checkpoint?: {
    /** A checkpoint comes by itself when the journal is longer than this and than the last state. 8 MiB unless told. */
    readonly minimumBytes?: number
    /** How long a checkpoint may keep the event loop at a time, in milliseconds. 5 unless told. */
    readonly sliceMs?: number
  }
}

/** Opens the state. Rejects with a StateError when the directory is in use, damaged, or of a newer format. */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (options.dir === IN_MEMORY) return new MemoryStore()
  return openFileStore({
    directory: resolve(options.dir),
    fsync: options.fsync,
    log: options.log,
    minimumBytes: options.checkpoint?.minimumBytes ?? 8 * 1024 * 1024,
    sliceMs: options.checkpoint?.sliceMs ?? 5,
  })
}
