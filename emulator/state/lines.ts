import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const CHUNK = 1024 * 1024
const NEWLINE = 0x0a

export interface LinePlace {
  /** From 1. */
  readonly number: number
  /** Of the line's first byte in the file. */
  readonly offset: number
}

/**
 * Hands every finished line of a file to `take`, without its newline. The bytes are lent: they change after the call.
 * Answers where the unfinished line at the end begins, and its length (0 when the file ends with a newline).
 */
export function forEachLine(
  path: string,
  take: (line: Buffer, place: LinePlace) => void,
): { readonly offset: number; readonly length: number } {
  const file = openSync(path, 'r')
  try {
    const size = fstatSync(file).size
    let buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(CHUNK, size)))
    const place = { number: 1, offset: 0 }
    let held = 0
    for (;;) {
      if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length)
      const got = readSync(file, buffer, held, buffer.length - held, null)
      if (got === 0) return { offset: place.offset, length: held }
      const filled = held + got
      let start = 0
      // What was held back is known to have no newline.
      let end = buffer.subarray(0, filled).indexOf(NEWLINE, held)
      while (end >= 0) {
        take(buffer.subarray(start, end), place)
        place.number++
        place.offset += end + 1 - start
        start = end + 1
        end = buffer.subarray(0, filled).indexOf(NEWLINE, start)
      }
      buffer.copyWithin(0, start, filled)
      held = filled - start
    }
  } finally {
    closeSync(file)
  }
}
