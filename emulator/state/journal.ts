import { closeSync, constants, fdatasync, ftruncateSync, openSync, rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { StateError } from './errors.ts'
import { FILE_MODE, syncDirectory, writeAll } from './files.ts'
import { encodeTransaction, journalPath, journalSegments } from './journalFile.ts'
import type { Op } from './model.ts'

const datasync = promisify(fdatasync)
const APPEND = constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND

/** The writing end of the journal. */
export class Journal {
  readonly #directory: string
  readonly #fsync: boolean
  #segment: number
  #file: number
  #size: number
  /** Files of earlier segments that hold something not yet on the platter. */
  #retired: number[] = []
  /** Transactions written, and how many of them are on the platter. */
  #written = 0
  #synced = 0
  #running: { readonly upTo: number; readonly done: Promise<void> } | undefined
  #waiting: Promise<void> | undefined
  /** Why nothing can be written any more. */
  #failure: StateError | undefined

  /** @param size of the segment's file, all of it finished lines */
  constructor(directory: string, segment: number, size: number, fsync: boolean) {
    this.#directory = directory
    this.#fsync = fsync
    this.#segment = segment
    this.#size = size
    this.#file = this.#open()
  }

  /** The number of the file being written. */
  get segment(): number {
    return this.#segment
  }

  /** How many bytes that file has. */
  get size(): number {
    return this.#size
  }

  /** Appends a transaction with one synchronous write. When it throws, nothing of it is in the file. */
  append(ops: readonly Op[]): void {
    if (this.#failure) throw this.#failure
    const line = encodeTransaction(ops)
    try {
      writeAll(this.#file, line)
    } catch (error) {
      this.#takeBack(error)
      throw error
    }
    this.#size += line.length
    this.#written++
  }

  /** A full disk may have taken half a line; another one must not follow it. */
  #takeBack(cause: unknown): void {
    try {
      ftruncateSync(this.#file, this.#size)
    } catch {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): void {
    const path = journalPath(this.#directory, this.#segment)
    this.#failure ??= new StateError(`\`${path}\` could not be written; see to the disk and start again`, { cause })
  }

  /** Goes on in a new file and answers its number. */
  rotate(): number {
    if (this.#failure) throw this.#failure
    const old = this.#file
    this.#segment++
    try {
      this.#file = this.#open()
    } catch (error) {
      this.#segment--
      throw error
    }
    this.#size = 0
    if (this.#fsync && this.#synced < this.#written) this.#retired.push(old)
    else closeSync(old)
    return this.#segment
  }

  #open(): number {
    const file = openSync(journalPath(this.#directory, this.#segment), APPEND, FILE_MODE)
    if (this.#fsync) syncDirectory(this.#directory)
    return file
  }

  /** One `fdatasync` serves all who ask while the one before it runs. */
  durable(): Promise<void> | undefined {
    if (!this.#fsync || this.#synced === this.#written) return undefined
    if (this.#running?.upTo === this.#written) return this.#running.done
    this.#waiting ??= this.#next()
    return this.#waiting
  }

  async #next(): Promise<void> {
    await this.#running?.done.catch(() => undefined)
    this.#waiting = undefined
    const upTo = this.#written
    const done = this.#sync(upTo)
    this.#running = { upTo, done }
    return done
  }

  async #sync(upTo: number): Promise<void> {
    const retired = this.#retired
    this.#retired = []
    try {
      await Promise.all([...retired, this.#file].map((file) => datasync(file)))
      this.#synced = upTo
    } catch (error) {
      // The kernel forgets what it could not write: a second attempt would succeed without having done anything.
      this.#fail(error)
      throw this.#failure ?? error
    } finally {
      for (const file of retired) closeSync(file)
    }
  }

  /** Deletes the files before `segment`, which a checkpoint has made superfluous. */
  removeBefore(segment: number): void {
    for (const number of journalSegments(this.#directory)) {
      if (number < segment) rmSync(journalPath(this.#directory, number), { force: true })
    }
  }

  /** Waits for what is under way. Nothing may be appended afterwards. */
  async close(): Promise<void> {
    try {
      await this.durable()
    } finally {
      await this.#running?.done.catch(() => undefined)
      for (const file of this.#retired) closeSync(file)
      closeSync(this.#file)
    }
  }
}
