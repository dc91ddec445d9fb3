import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { AwsError } from '../lib/awsError.ts'

/** What S3 takes of a form besides the contents of its file: fields, headers and boundaries together. */
const LARGEST_FORM = 20 * 1024

/** A form whose fields have been read, and whose file is about to be. */
export interface OpenForm {
  /** In the order they came; names as sent. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** The name the file has at the sender's, without directories; empty when none was told. */
  readonly fileName: string
  /** To be read once. Throws MalformedPOSTRequest at its end when the form breaks off within the file. */
  readonly file: AsyncIterable<Buffer>
  /** Stops reading the request, wherever that is; to be called when the file is not read to its end. */
  abandon(): Promise<void>
}

/**
 * Reads a form up to its file, in constant memory: what follows the file is ignored. Throws S3's refusals of forms.
 * @param body the request's body, as it comes
 */
export async function openForm(contentType: string, body: AsyncIterable<Buffer>): Promise<OpenForm> {
  const reading = new FormReading(contentType)
  try {
    return await reading.open(body)
  } catch (error) {
    await reading.abandon()
    throw error
  }
}

class FormReading {
  readonly #parser: BusboyInstance
  readonly #fields: (readonly [string, string])[] = []
  readonly #stopped = signal()
  #file: AsyncIterable<Buffer> | undefined
  #fileEnded = false
  #failure: Error | undefined
  #pumped: Promise<void> = Promise.resolve()

  constructor(contentType: string) {
    this.#parser = parserFor(contentType)
  }

  open(body: AsyncIterable<Buffer>): Promise<OpenForm> {
    return new Promise((resolve, reject) => {
      this.#parser.on('field', (name: unknown, value) => {
        // A part may come without a name, whatever the parser's types say.
        if (!this.#file && typeof name === 'string') this.#fields.push([name, value])
      })
      this.#parser.on('file', (_name, stream, fileName: unknown) => {
        // The parser reports on the stream itself, also while nobody reads it.
        stream.on('error', () => undefined)
        this.#file = stream as AsyncIterable<Buffer>
        resolve({
          fields: this.#fields,
          fileName: typeof fileName === 'string' ? fileName : '',
          file: this.#contents(this.#file),
          abandon: () => this.abandon(),
        })
      })
      this.#parser.on('error', (error: unknown) => {
        this.#failure ??= error instanceof AwsError ? error : malformed()
        reject(this.#failure)
      })
      this.#parser.on('finish', () => {
        reject(fileMissing())
      })
      this.#pumped = this.#pump(body).catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error))
        reject(this.#failure)
        this.#stopped.give()
      })
    })
  }

  async abandon(): Promise<void> {
    this.#stopped.give()
    await this.#pumped
  }

  /** Feeds the parser no faster than the file is read. */
  async #pump(body: AsyncIterable<Buffer>): Promise<void> {
    let before = 0
    let after = 0
    for await (const chunk of body) {
      let rest = chunk
      while (rest.length > 0 && !this.#stopped.given) {
        if (!this.#file && before >= LARGEST_FORM) throw fieldsTooLarge()
        const bite = this.#file ? rest : rest.subarray(0, LARGEST_FORM - before)
        if (!this.#file) before += bite.length
        else if (this.#fileEnded) after += bite.length
        rest = rest.subarray(bite.length)
        await Promise.race([this.#write(bite), this.#stopped.promise])
      }
      if (this.#stopped.given || this.#failure || after > LARGEST_FORM) return
    }
    await new Promise<void>((resolve) => {
      this.#parser.once('finish', resolve)
      this.#parser.once('error', () => {
        resolve()
      })
      void this.#stopped.promise.then(resolve)
      this.#parser.end()
    })
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#parser.write(bytes, () => {
        resolve()
      })
    })
  }

  async *#contents(file: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    try {
      const chunks = file[Symbol.asyncIterator]()
      for (;;) {
        const next = await Promise.race([chunks.next(), this.#stopped.promise])
        if (next === undefined || this.#failure) throw this.#failure ?? malformed()
        if (next.done === true) break
        yield next.value
      }
      this.#fileEnded = true
      // What follows is ignored, yet read: the connection is to serve the next request.
      await this.#pumped
    } catch (error) {
      throw this.#failure ?? (error instanceof AwsError ? error : malformed())
    } finally {
      await this.abandon()
    }
  }
}

function parserFor(contentType: string): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { fieldSize: LARGEST_FORM, fieldNameSize: LARGEST_FORM, files: 1, headerPairs: 100 },
      // S3 takes its contents from the field of this name, be it text or a file; all others are fields.
      isPartAFile: (name: unknown) => typeof name === 'string' && name.toLowerCase() === 'file',
    })
  } catch {
    // No boundary.
    throw malformed()
  }
}

/** Something that happens once and that many may wait for. */
function signal() {
  let give = (): void => undefined
  const state = { given: false }
  const promise = new Promise<undefined>((resolve) => {
    give = () => {
      state.given = true
      resolve(undefined)
    }
  })
  return {
    promise,
    give: () => {
      give()
    },
    get given() {
      return state.given
    },
  }
}

// S3 API Reference, "List of error codes"; the one about the file as seen in public issue threads.

const malformed = () =>
  new AwsError('MalformedPOSTRequest', 400, 'The body of your POST request is not well-formed multipart/form-data.')

const fieldsTooLarge = () =>
  new AwsError(
    'MaxPostPreDataLengthExceeded',
    400,
    'Your POST request fields preceding the upload file were too large.',
  )

const fileMissing = () =>
  new AwsError('InvalidArgument', 400, 'POST requires exactly one file upload per request.', {
    fields: { ArgumentName: 'file', ArgumentValue: '0' },
  })
