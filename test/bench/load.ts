import { connect, type Socket } from 'node:net'

/** A request as bytes, sent again and again: signing beforehand keeps the generator out of the measurement. */
export interface Shot {
  readonly bytes: Buffer
  /** Where every request must be another one. */
  readonly next?: () => Buffer
  /** The status every answer must have. */
  readonly status: number
}

export interface Sample {
  readonly requests: number
  readonly seconds: number
  /** Bytes of answers received. */
  readonly bytes: number
  /** Milliseconds, one for each request. */
  readonly latencies: readonly number[]
}

/**
 * Fires a shot over `concurrency` kept-alive connections for `seconds`, each connection one request at a time.
 * @throws Error when an answer has another status: a bench of failures would be worthless
 */
export async function fire(
  port: number,
  shot: Shot,
  concurrency: number,
  seconds: number,
  most = Infinity,
): Promise<Sample> {
  const latencies: number[] = []
  let bytes = 0
  const began = performance.now()
  const until = began + seconds * 1000
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      const line = await Line.open(port)
      while (performance.now() < until && latencies.length < most) {
        const start = performance.now()
        const answer = await line.send(shot.next?.() ?? shot.bytes)
        if (answer.status !== shot.status)
          throw new Error(`expected ${shot.status}, got ${answer.status}: ${answer.head.slice(0, 400)}${answer.tail}`)
        bytes += answer.length
        latencies.push(performance.now() - start)
      }
      line.close()
    }),
  )
  return { requests: latencies.length, seconds: (performance.now() - began) / 1000, bytes, latencies }
}

/** One exchange, with the whole answer. For preparing. */
export async function ask(port: number, bytes: Buffer): Promise<{ status: number; head: string; body: Buffer }> {
  const line = await Line.open(port)
  const answer = await line.send(bytes, true)
  line.close()
  return { status: answer.status, head: answer.head, body: answer.body ?? Buffer.alloc(0) }
}

interface Answer {
  readonly status: number
  readonly head: string
  readonly length: number
  /** The beginning of the body, for error messages. */
  readonly tail: string
  readonly body: Buffer | undefined
}

/** A connection that speaks just enough HTTP/1.1: answers have a content-length. */
class Line {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #keep = false
  #expected = -1
  #got = 0
  #head = ''
  #status = 0
  #done: ((answer: Answer) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#take(chunk)
    })
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the connection was closed')))
  }

  static open(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Line(socket))
      })
    })
  }

  send(bytes: Buffer, keep = false): Promise<Answer> {
    this.#chunks = []
    this.#keep = keep
    this.#expected = -1
    this.#got = 0
    this.#socket.write(bytes)
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
    })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    if (this.#expected >= 0) {
      this.#got += chunk.length
      // Large bodies are counted, not kept.
      if (this.#keep) this.#chunks.push(chunk)
    } else {
      this.#chunks.push(chunk)
      const joined = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
      const end = joined.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#chunks = [joined]
        return
      }
      this.#head = joined.toString('latin1', 0, end)
      this.#status = Number(this.#head.slice(9, 12))
      this.#expected = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#head)?.[1] ?? '0')
      const rest = joined.subarray(end + 4)
      this.#got = rest.length
      this.#chunks = [rest]
    }
    if (this.#got < this.#expected) return
    const done = this.#done
    this.#done = undefined
    const [first] = this.#chunks
    done?.({
      status: this.#status,
      head: this.#head,
      length: this.#got,
      tail: first?.toString('utf8', 0, 300) ?? '',
      body: this.#keep ? Buffer.concat(this.#chunks) : undefined,
    })
  }
}
