import { existsSync, mkdirSync, statSync, truncateSync } from 'node:fs'
import { Low } from 'lowdb'
import { StateError, StoreClosed } from './errors.ts'
import { DIRECTORY_MODE } from './files.ts'
import { Journal } from './journal.ts'
import { journalPath, journalSegments, readJournal } from './journalFile.ts'
import { lockDirectory } from './lock.ts'
import { EMPTY_DOCUMENT, STATE_VERSION } from './migrations/index.ts'
import { Model } from './model.ts'
import type { Op } from './model.ts'
import { StateFile } from './stateFile.ts'
import type { StateImage } from './stateLines.ts'
import type { Collection, CollectionSpec, StateDocument, Store } from './store.ts'

export interface FileStoreOptions {
  readonly directory: string
  readonly fsync: boolean
  readonly log: (line: string) => void
  /** A checkpoint comes when the journal is longer than this and longer than the last state (bytes). */
  readonly minimumBytes: number
  /** How long a slice of a checkpoint may keep the event loop, in milliseconds. */
  readonly sliceMs: number
}

/** `state.json` and a journal. Throws a StateError when the directory is in use, damaged, or of a newer format. */
export async function openFileStore(options: FileStoreOptions): Promise<Store> {
  makeDirectory(options.directory)
  const unlock = lockDirectory(options.directory)
  try {
    return await FileStore.open(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE })
  } catch (error) {
    // Node.js says ENOENT of a file system that is read-only.
    const why = error instanceof Error ? error.message : String(error)
    throw new StateError(
      `the data directory \`${directory}\` cannot be made (${why}); choose another that can be written to with TWOKEY_DATA_DIR`,
      { cause: error },
    )
  }
}

class FileStore implements Store {
  readonly #options: FileStoreOptions
  readonly #unlock: () => void
  readonly #file: StateFile
  readonly #db: Low<StateImage>
  readonly #journal: Journal
  /** The first journal file that `state.json` as it lies on disk needs. */
  #base: number
  #checkpointing: Promise<void> | undefined
  #replacements = 0
  /** How long the journal must be for the next automatic checkpoint. */
  #checkpointAt: number
  #closed = false
  #closing: Promise<void> | undefined

  static async open(options: FileStoreOptions, unlock: () => void): Promise<FileStore> {
    const { directory, fsync, sliceMs } = options
    // Nothing is committed before the store is there: reading and replaying are not transactions.
    const empty = (): StateImage => ({
      version: STATE_VERSION,
      journal: 0,
      model: new Model((ops) => {
        store.#commit(ops)
      }),
    })
    const file = new StateFile({ directory, fsync, sliceMs, empty })
    const existed = existsSync(file.path)
    const db = new Low<StateImage>(file, empty())
    await db.read()
    const journal = existed && db.data.journal > 0 ? replay(db.data, options) : begin(directory, fsync)
    const store = new FileStore(options, unlock, file, db, journal)
    if (db.data.journal === 0) store.#writeNow(journal.segment)
    if (db.data.version < STATE_VERSION) store.#migrate()
    journal.removeBefore(store.#base)
    return store
  }

  private constructor(
    options: FileStoreOptions,
    unlock: () => void,
    file: StateFile,
    db: Low<StateImage>,
    journal: Journal,
  ) {
    this.#options = options
    this.#unlock = unlock
    this.#file = file
    this.#db = db
    this.#journal = journal
    this.#base = db.data.journal
    this.#checkpointAt = Math.max(options.minimumBytes, file.size)
  }

  get #model(): Model {
    return this.#db.data.model
  }

  collection<T>(spec: CollectionSpec<T>): Collection<T> {
    return this.#model.collection(spec)
  }

  transaction<R>(work: () => R): R {
    return this.#model.transaction(work)
  }

  #commit(ops: readonly Op[]): void {
    if (this.#closed) throw new StoreClosed()
    this.#journal.append(ops)
    if (this.#journal.size <= this.#checkpointAt || this.#checkpointing) return
    this.#checkpointAt = Infinity
    setImmediate(() => void this.#checkpointByItself())
  }

  async #checkpointByItself(): Promise<void> {
    if (this.#closing) return
    try {
      await this.checkpoint()
    } catch (error) {
      this.#options.log(
        `checkpoint failed (${String(error)}); the journal still holds everything, and it will be tried again`,
      )
    }
    this.#checkpointAt = this.#journal.size + Math.max(this.#options.minimumBytes, this.#file.size)
  }

  durable(): Promise<void> | undefined {
    return this.#journal.durable()
  }

  checkpoint(): Promise<void> {
    this.#checkpointing ??= this.#checkpoint().finally(() => {
      this.#checkpointing = undefined
    })
    return this.#checkpointing
  }

  async #checkpoint(): Promise<void> {
    if (this.#journal.size === 0 && this.#base === this.#journal.segment) return
    const replacements = this.#replacements
    const first = this.#journal.rotate()
    this.#db.data.journal = first
    await this.#db.write()
    if (replacements !== this.#replacements) return
    this.#base = first
    this.#journal.removeBefore(first)
  }

  reset(): void {
    this.#replace(EMPTY_DOCUMENT)
  }

  export(options: { readonly secrets: boolean }): StateDocument {
    return this.#model.export(options)
  }

  import(document: StateDocument): void {
    this.#replace(document)
  }

  /** Not through the journal: a whole state is no line. It counts from the moment `state.json` is renamed. */
  #replace(document: StateDocument): void {
    if (this.#closed) throw new StoreClosed()
    const before = this.#model.export({ secrets: true })
    this.#model.replace(document)
    try {
      this.#writeNow(this.#journal.rotate())
    } catch (error) {
      this.#model.replace(before)
      throw error
    }
    this.#journal.removeBefore(this.#base)
  }

  #writeNow(first: number): void {
    this.#replacements++
    this.#file.writeNow({ version: STATE_VERSION, journal: first, model: this.#model })
    this.#db.data.journal = first
    this.#base = first
  }

  #migrate(): void {
    const document = { ...this.#model.export({ secrets: true }), version: this.#db.data.version }
    this.#db.data.version = STATE_VERSION
    this.#replace(document)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#checkpointing?.catch(() => undefined)
      await this.checkpoint()
    } finally {
      this.#closed = true
      await this.#journal.close().finally(this.#unlock)
    }
  }
}

/** A journal for a state that has none yet. */
function begin(directory: string, fsync: boolean): Journal {
  const segments = journalSegments(directory)
  if (!existsSync(`${directory}/state.json`) && segments.some((n) => statSync(journalPath(directory, n)).size > 0)) {
    throw new StateError(
      `\`${directory}\` has a journal but no \`state.json\`; put that file back from a copy, ` +
        'or move the directory away to begin with an empty state',
    )
  }
  return new Journal(directory, (segments.at(-1) ?? 0) + 1, 0, fsync)
}

/** Applies the journal files that a state needs, and answers the journal ready to be continued. */
function replay(image: StateImage, { directory, fsync, log }: FileStoreOptions): Journal {
  const segments = journalSegments(directory).filter((n) => n >= image.journal)
  const last = segments.at(-1) ?? image.journal
  let size = 0
  for (let segment = image.journal; segment <= last; segment++) {
    const path = journalPath(directory, segment)
    if (!segments.includes(segment)) {
      throw new StateError(
        `\`${path}\` is missing, and \`state.json\` needs it; restore the data directory from a copy`,
      )
    }
    const rest = readJournal(path, (ops) => {
      image.model.replay(ops)
    })
    size = rest.offset
    if (rest.length === 0) continue
    if (segment < last) {
      throw new StateError(
        `\`${path}\` is damaged at its end (offset ${String(rest.offset)}): the last line is not finished, though a later ` +
          'journal file follows; restore the data directory from a copy, or remove the later files to go back to the ' +
          'state of that moment',
      )
    }
    log(
      `\`${path}\` ends in an unfinished line (${String(rest.length)} bytes at offset ${String(rest.offset)}), ` +
        'as a crash leaves behind; it is dropped',
    )
    truncateSync(path, rest.offset)
  }
  return new Journal(directory, last, size, fsync)
}
