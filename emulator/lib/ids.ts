import { createHash, randomFillSync } from 'node:crypto'

/** Where identifiers come from. Seeded, it gives the same identifiers in the same order (never used for key material). */
export interface Ids {
  bytes(length: number): Buffer
  /** RFC 4122 version 4. */
  uuid(): string
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string
  /** `length` characters of A–Z and 2–7, as in AWS's unique ids. */
  base32(length: number): string
}

const BASE32 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 'latin1')
const POOL_SIZE = 4096

/** @param seed the same seed gives the same identifiers; without one they are random. */
export function createIds(seed?: string): Ids {
  const bytes = seed === undefined ? randomBytesPooled() : seededBytes(seed)
  const hex = (digits: number) =>
    bytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits)
  return {
    bytes,
    hex,
    uuid() {
      const b = bytes(16)
      b[6] = ((b[6] ?? 0) & 0x0f) | 0x40
      b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
      return writeUuid(b)
    },
    base32(length) {
      // Written over the random bytes themselves: a text put together letter by letter is kept as its pieces.
      const letters = bytes(length)
      for (let at = 0; at < length; at++) letters[at] = BASE32[(letters[at] ?? 0) & 31] ?? 0
      return letters.toString('latin1')
    },
  }
}

const HEX_DIGITS = Buffer.from('0123456789abcdef', 'latin1')
const UUID = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1')

/** Written into one buffer, because a text that is put together from pieces is kept as these pieces. */
function writeUuid(bytes: Buffer): string {
  let at = 0
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) at++
    const byte = bytes[index] ?? 0
    UUID[at++] = HEX_DIGITS[byte >> 4] ?? 0
    UUID[at++] = HEX_DIGITS[byte & 15] ?? 0
  }
  return UUID.toString('latin1')
}

/** Random bytes from a refilled pool: one system call serves hundreds of identifiers. */
function randomBytesPooled(): (length: number) => Buffer {
  let pool = Buffer.alloc(0)
  let used = 0
  return (length) => {
    if (length > POOL_SIZE) return randomFillSync(Buffer.alloc(length))
    if (used + length > pool.length) {
      pool = randomFillSync(Buffer.alloc(POOL_SIZE))
      used = 0
    }
    used += length
    return pool.subarray(used - length, used)
  }
}

function seededBytes(seed: string): (length: number) => Buffer {
  let counter = 0
  return (length) => {
    const parts: Buffer[] = []
    for (let have = 0; have < length; have += 32) {
      parts.push(
        createHash('sha256')
          .update(`${seed}\n${String(counter++)}`)
          .digest(),
      )
    }
    return Buffer.concat(parts).subarray(0, length)
  }
}
