import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  read as readFile,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createIds } from '../lib/ids.ts'
import { BlobMissing } from './errors.ts'
import { FileBlobWriter, UNFINISHED } from './fileBlobWriter.ts'
import { DIRECTORY_MODE, isErrno, syncDirectory } from './files.ts'
import type { BlobReader, BlobWriter, Blobs } from './store.ts'

const readChunk = promisify(readFile)
const CHUNK = 256 * 1024
/** Nothing else is ever made a path: a state that somebody edited cannot lead out of the directory. */
const ID = /^[0-9a-f]{32}$/

/**
 * One file per blob, `<root>/a/b/ab…`. 256 directories: few enough to be made
 * soon and then no more, and a million blobs are still only some thousands in each.
 */
export class FileBlobs implements Blobs {
  readonly #root: string
  readonly #fsync: boolean
  readonly #ids = createIds()
  /** Directories known to be there. */
  readonly #made = new Set<string>()

  constructor(root: string, fsync: boolean) {
    this.#root = root
    this.#fsync = fsync
  }

  create(): BlobWriter {
    const id = this.#ids.hex(32)
    return new FileBlobWriter({
      id,
      fsync: this.#fsync,
      directory: () => this.#make(this.#directory(id)),
    })
  }

  open(id: string): BlobReader {
    const file = missing(id, () => openSync(this.#path(id), 'r'))
    let open = true
    const size = fstatSync(file).size
    return {
      size,
      read: (start = 0, end = size) => chunksOf(file, start, Math.min(end, size)),
      close() {
        if (open) closeSync(file)
        open = false
      },
    }
  }

  async *read(id: string, start?: number, end?: number): AsyncGenerator<Buffer, void, undefined> {
    const reader = this.open(id)
    try {
      yield* reader.read(start, end)
    } finally {
      reader.close()
    }
  }

  readSmall(id: string): Buffer {
    return missing(id, () => readFileSync(this.#path(id)))
  }

  size(id: string): number | undefined {
    if (!ID.test(id)) return undefined
    return statSync(this.#path(id), { throwIfNoEntry: false })?.size
  }

  delete(id: string): void {
    if (ID.test(id)) rmSync(this.#path(id), { force: true })
  }

  sweep(live: (id: string) => boolean): void {
    for (const outer of list(this.#root)) {
      for (const inner of list(join(this.#root, outer))) {
        for (const name of list(join(this.#root, outer, inner))) {
          const id = name.endsWith(UNFINISHED) ? name.slice(0, -UNFINISHED.length) : name
          if (ID.test(id) && !(name === id && live(id))) rmSync(join(this.#root, outer, inner, name))
        }
      }
    }
  }

  reset(): void {
    rmSync(this.#root, { recursive: true, force: true })
    this.#made.clear()
  }

  #directory(id: string): string {
    return join(this.#root, id.slice(0, 1), id.slice(1, 2))
  }

  #path(id: string): string {
    if (!ID.test(id)) throw new BlobMissing(id)
    return join(this.#directory(id), id)
  }

  #make(directory: string): string {
    if (this.#made.has(directory)) return directory
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE })
    // A file is no safer than the directories that lead to it.
    if (this.#fsync) for (const parent of [dirname(directory), this.#root, dirname(this.#root)]) syncDirectory(parent)
    this.#made.add(directory)
    return directory
  }
}

async function* chunksOf(file: number, start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = start; at < end;) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at))
    const { bytesRead } = await readChunk(file, chunk, 0, chunk.length, at)
    // Shorter than when it was opened: the reader sees too few bytes, and whoever decrypts them notices.
    if (bytesRead === 0) return
    at += bytesRead
    yield bytesRead === chunk.length ? chunk : chunk.subarray(0, bytesRead)
  }
}

function missing<R>(id: string, work: () => R): R {
  try {
    return work()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new BlobMissing(id)
    throw error
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return []
    throw error
  }
}
