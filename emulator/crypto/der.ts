/** The little of DER (X.690) that a KMS ciphertext needs. node-forge would do it too, at a hundred times the cost. */

/** One element: tag, shortest possible length, contents. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  let length = 0
  for (const part of contents) length += part.length
  return Buffer.concat([derHead(tag, length), ...contents])
}

/** Tag and length of an element whose `length` content bytes follow. Lengths up to 2^24 - 1. */
export function derHead(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length])
  if (length < 0x100) return Buffer.from([tag, 0x81, length])
  if (length < 0x10000) return Buffer.from([tag, 0x82, length >> 8, length & 0xff])
  if (length < 0x1000000) return Buffer.from([tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff])
  throw new RangeError(`a DER element of ${String(length)} bytes is too long`)
}

/** Where an element's contents lie: `[start, end)`. */
export interface DerSpan {
  readonly start: number
  readonly end: number
}

/**
 * Reads the head of the element at `at`, which must carry `tag` and end at or before `limit`.
 * Undefined for anything else, and for a length that is not written in its shortest form.
 */
export function readDer(bytes: Buffer, at: number, limit: number, tag: number): DerSpan | undefined {
  if (at + 2 > limit || bytes[at] !== tag) return undefined
  const first = bytes[at + 1] ?? 0
  const extra = first < 0x80 ? 0 : first - 0x80
  if (extra > 3 || first === 0x80 || at + 2 + extra > limit) return undefined
  const length = extra === 0 ? first : bytes.readUIntBE(at + 2, extra)
  if (extra > 0 && length < (extra === 1 ? 0x80 : 2 ** (8 * (extra - 1)))) return undefined
  const start = at + 2 + extra
  return start + length > limit ? undefined : { start, end: start + length }
}

/** An element and its tag. */
export interface DerElement extends DerSpan {
  readonly tag: number
}

/** The elements that fill `[start, end)` one after another, or undefined when they do not fill it exactly. */
export function derElements(bytes: Buffer, { start, end }: DerSpan): readonly DerElement[] | undefined {
  const elements: DerElement[] = []
  for (let at = start; at < end;) {
    const tag = bytes[at] ?? 0
    const span = readDer(bytes, at, end, tag)
    if (!span) return undefined
    elements.push({ tag, ...span })
    at = span.end
  }
  return elements
}
