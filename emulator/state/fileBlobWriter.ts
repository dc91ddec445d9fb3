import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { FILE_MODE, syncDirectoryLater, writeAll } from './files.ts'
import type { BlobWriter } from './store.ts'

/** Chunks are gathered to this many bytes, and written together. */
const BATCH = 512 * 1024
/** A blob up to this size is written at once and synchronously, which costs less than four turns of the thread pool. */
const SMALL = 128 * 1024

export interface FileBlobOptions {
  readonly id: string
  readonly fsync: boolean
  /** Makes the directory where the blob goes, and answers it. */
  readonly directory: () => string
}

/** What the file of an unfinished blob is called, beside where the finished one will be. */
export const UNFINISHED = '.tmp'

/** Touches the disk as late as it can: at the first full batch, or at `commit`. */
export class FileBlobWriter implements BlobWriter {
  readonly id: string
  readonly #options: FileBlobOptions
  #queue: Buffer[] = []
  #queued = 0
  #file: FileHandle | undefined
  /** The batch on its way to the disk. */
  #flushing: Promise<void> = Promise.resolve()
  #ended = false

  constructor(options: FileBlobOptions) {
    this.id = options.id
    this.#options = options
  }

  async write(chunk: Buffer): Promise<void> {
    this.#queue.push(chunk)
    this.#queued += chunk.length
    if (this.#queued < BATCH) return
    await this.#flushing
    this.#flushing = this.#flush()
    // It is awaited by the next call; until then a failure is not unhandled.
    this.#flushing.catch(() => undefined)
  }

  async #flush(): Promise<void> {
    const batch = this.#queue
    this.#queue = []
    this.#queued = 0
    this.#file ??= await open(this.#path() + UNFINISHED, 'wx', FILE_MODE)
    await this.#file.appendFile(batch.length === 1 && batch[0] ? batch[0] : Buffer.concat(batch))
  }

  async commit(): Promise<void> {
    if (this.#ended) throw new TypeError('the blob has been committed or aborted')
    await this.#flushing
    if (this.#file === undefined && this.#queued <= SMALL && !this.#options.fsync) this.#writeAtOnce()
    else await this.#finishFile()
    this.#ended = true
  }

  /** Under its final name: nobody can look before it is whole, and after a crash nobody knows its id. */
  #writeAtOnce(): void {
    const path = this.#path()
    const file = openSync(path, 'wx', FILE_MODE)
    try {
      for (const chunk of this.#queue) writeAll(file, chunk)
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
  }

  async #finishFile(): Promise<void> {
    if (this.#queued > 0 || !this.#file) await this.#flush()
    if (this.#options.fsync) await this.#file?.datasync()
    await this.#file?.close()
    this.#file = undefined
    const path = this.#path()
    renameSync(path + UNFINISHED, path)
    if (this.#options.fsync) await syncDirectoryLater(this.#options.directory())
  }

  #path(): string {
    return join(this.#options.directory(), this.id)
  }

  async abort(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#queue = []
    await this.#flushing.catch(() => undefined)
    await this.#file?.close()
    this.#file = undefined
    await rm(this.#path() + UNFINISHED, { force: true })
  }
}
