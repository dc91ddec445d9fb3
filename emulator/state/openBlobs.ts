import { join, resolve } from 'node:path'
import { FileBlobs } from './fileBlobs.ts'
import { MemoryBlobs } from './memoryBlobs.ts'
import { IN_MEMORY } from './openStore.ts'
import type { Blobs } from './store.ts'

/**
 * The blobs beside a state: files under `<dir>/blobs`, or nothing but memory for `:memory:`. The directory must belong
 * to this process already (`openStore` sees to that).
 * @param options.fsync a blob is on the platter when its `commit` resolves
 * @param options.log takes warnings, one line each
 */
export function openBlobs(
  dir: string,
  options: { readonly fsync?: boolean; readonly log?: (line: string) => void } = {},
): Blobs {
  if (dir === IN_MEMORY) return new MemoryBlobs()
  return new FileBlobs(join(resolve(dir), 'blobs'), options.fsync ?? false, options.log ?? (() => undefined))
}
