import { Duplex } from 'node:stream'

type Done = (error?: Error | null) => void

/** One end of a connection within the process: what is written here is read at the other end. */
class End extends Duplex {
  #other: End | undefined
  /** The other end's write, waiting for what it wrote to be read. */
  #taken: Done | undefined

  static pair(): readonly [End, End] {
    const [one, other] = [new End(), new End()]
    one.#other = other
    other.#other = one
    return [one, other]
  }

  override _read(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    // A copy, as a socket takes one: the writer may use its memory again for something else.
    this.#give(Buffer.from(chunk), done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#give(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: Done): void {
    this.#other?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    const other = this.#other
    this.#other = undefined
    this._read()
    // As with a socket: after an orderly end the other may still read what it was sent; otherwise its connection is reset.
    if (other && !other.destroyed && !this.writableFinished) other.destroy(reset())
    done(error)
  }

  #give(bytes: Buffer, done: Done): void {
    const other = this.#other
    if (!other || other.destroyed) done(reset())
    else if (other.push(bytes)) done()
    else other.#taken = done
  }

  // What HTTP agents and servers ask of sockets. Nothing is sent over a wire, so nothing is to be tuned.
  setTimeout = (): this => this
  setNoDelay = (): this => this
  setKeepAlive = (): this => this
  ref = (): this => this
  unref = (): this => this
}

const reset = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

/** The two ends of a connection that needs no network. They behave as sockets do when one of them is closed or cut. */
export const duplexPair = (): readonly [Duplex, Duplex] => End.pair()
