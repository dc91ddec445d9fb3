import { MessageChannel } from 'node:worker_threads'

/** Chunks in order. Whoever is done with one may give its memory back, instead of leaving it to the garbage collector. */
export interface ByteStream extends AsyncIterable<Buffer> {
  /** For a chunk of this stream that nobody will look at again, nor at any part of it. */
  readonly release?: (chunk: Buffer) => void
}

/**
 * A stream whose chunks each have an ArrayBuffer of their own, so that the memory of one can be freed by itself. V8 collects its
 * garbage, in the end all of it, for every few dozen MiB of buffers that were not given back, which costs several times
 * what encrypting them does (docs/speed.md).
 */
export function releasable(chunks: AsyncIterable<Buffer>): ByteStream {
  return Object.assign(chunks, { release: free })
}

/** For a stream that nobody will read: what it has open is closed, what it holds is let go. */
export async function abandon(chunks: AsyncIterable<Buffer>): Promise<void> {
  await chunks[Symbol.asyncIterator]().return?.()
}

/** Posts to nobody: what is transferred to a closed port is freed. (ArrayBuffer.prototype.transfer is not in Node.js 20.) */
const nowhere = new MessageChannel().port1
nowhere.close()

/** Frees the memory at once. The buffer, and all that share its ArrayBuffer, are empty afterwards. */
export function free({ buffer }: Buffer): void {
  nowhere.postMessage(undefined, [buffer as ArrayBuffer])
}
