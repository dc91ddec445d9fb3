import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  read as readFile,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { releasable, type ByteStream } from '../lib/byteStream.ts'
import { createIds } from '../lib/ids.ts'
import { BlobMissing } from './errors.ts'
import { FileBlobWriter, UNFINISHED } from './fileBlobWriter.ts'
import { DIRECTORY_MODE, isErrno, syncDirectory } from './files.ts'
import { OpenFiles } from './openFiles.ts'
import type { BlobReader, BlobWriter, Blobs } from './store.ts'

const readChunk = promisify(readFile)
const CHUNK = 512 * 1024
/** Where small blobs are read to, since their size is not known before: shared, because nothing waits in between. */
const SMALL = Buffer.allocUnsafeSlow(256 * 1024)
/** Nothing else is ever made a path: a state that somebody edited cannot lead out of the directory. */
const ID = /^[0-9a-f]{32}$/

/**
 * One file per blob, `<root>/a/b/ab…`. 256 directories: few enough to be made
 * soon and then no more, and a million blobs are still only some thousands in each.
 */
export class FileBlobs implements Blobs {
  readonly #root: string
  readonly #fsync: boolean
  readonly #log: (line: string) => void
  readonly #ids = createIds()
  /** Of small blobs that have been read lately. */
  readonly #open = new OpenFiles()
  /** Directories known to be there. */
  readonly #made = new Set<string>()

  constructor(root: string, fsync: boolean, log: (line: string) => void) {
    this.#root = root
    this.#fsync = fsync
    this.#log = log
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
      read: (start = 0, end = size) => releasable(chunksOf(file, start, Math.min(end, size))),
      close() {
        if (open) closeSync(file)
        open = false
      },
    }
  }

  read(id: string, start?: number, end?: number): ByteStream {
    return releasable(this.#read(id, start, end))
  }

  async *#read(id: string, start?: number, end?: number): AsyncGenerator<Buffer, void, undefined> {
    const reader = this.open(id)
    try {
      yield* reader.read(start, end)
    } finally {
      reader.close()
    }
  }

  readSmall(id: string): Buffer {
    const path = this.#path(id)
    const length = readSync(
      missing(id, () => this.#open.open(path)),
      SMALL,
      0,
      SMALL.length,
      0,
    )
    return length < SMALL.length ? Buffer.from(SMALL.subarray(0, length)) : missing(id, () => readFileSync(path))
  }

  size(id: string): number | undefined {
    if (!ID.test(id)) return undefined
    return statSync(this.#path(id), { throwIfNoEntry: false })?.size
  }

  delete(id: string): void {
    if (!ID.test(id)) return
    const path = this.#path(id)
    this.#open.close(path)
    try {
      unlinkIfThere(path)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#log(
        `the file of blob \`${id}\`, which nothing names any more, cannot be deleted before the next start: ${why}`,
      )
    }
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
    this.#open.closeAll()
    rmSync(this.#root, { recursive: true, force: true })
    this.#made.clear()
  }

  close(): void {
    this.#open.closeAll()
  }

  #directory(id: string): string {
    return `${this.#root}${sep}${id.charAt(0)}${sep}${id.charAt(1)}`
  }

  #path(id: string): string {
    if (!ID.test(id)) throw new BlobMissing(id)
    return `${this.#directory(id)}${sep}${id}`
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

/** Reads one chunk ahead, so that the disk works while the chunk before is being decrypted and sent. */
async function* chunksOf(file: number, start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
  let ahead = chunkAt(file, start, end)
  try {
    for (let at = start; at < end;) {
      const chunk = await ahead
      // Shorter than when it was opened: the reader sees too few bytes, and whoever decrypts them notices.
      if (chunk.length === 0) return
      at += chunk.length
      ahead = chunkAt(file, at, end)
      yield chunk
    }
  } finally {
    // The file must not be closed, and its number given to another, under a read that is still going on.
    await ahead.catch(() => undefined)
  }
}

function chunkAt(file: number, at: number, end: number): Promise<Buffer> {
  if (at >= end) return NO_BYTES
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at))
  const reading = readChunk(file, chunk, 0, chunk.length, at).then(({ bytesRead }) =>
    bytesRead === chunk.length ? chunk : chunk.subarray(0, bytesRead),
  )
  // A failure is reported when the chunk is asked for, if it ever is.
  reading.catch(() => undefined)
  return reading
}

const NO_BYTES = Promise.resolve(Buffer.alloc(0))

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

/** A third of the cost of `rmSync`, which looks what it removes is first. */
function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}
