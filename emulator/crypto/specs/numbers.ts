import { der, readDer } from '../der.ts'
import type { DerSpan } from '../der.ts'
import { INTEGER } from './pkcs8.ts'

/** Big-endian numbers. BigInt() and toString(16) would make strings of them, and some are secret. */

export function bigintOf(bytes: Buffer): bigint {
  let value = 0n
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) value = (value << 64n) | bytes.readBigUInt64BE(at)
  for (; at < bytes.length; at++) value = (value << 8n) | BigInt(bytes[at] ?? 0)
  return value
}

/** @param length bytes, a multiple of 8; what does not fit is lost */
export function bytesOf(value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = length - 8, rest = value; at >= 0; at -= 8, rest >>= 64n) {
    bytes.writeBigUInt64BE(BigInt.asUintN(64, rest), at)
  }
  return bytes
}

/** A non-negative INTEGER of at most `length` bytes, a multiple of 8. */
export function derInteger(value: bigint, length: number): Buffer {
  const bytes = bytesOf(value, length)
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = bytes.subarray(first === -1 ? length - 1 : first)
  return der(INTEGER, (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.alloc(1), digits]))
}

/** A non-negative INTEGER in its shortest form; undefined for anything else. */
export function readDerInteger(bytes: Buffer, at: number, limit: number): (DerSpan & { value: bigint }) | undefined {
  const span = readDer(bytes, at, limit, INTEGER)
  if (!span || span.start === span.end) return undefined
  const [first = 0, second = 0xff] = bytes.subarray(span.start, span.end)
  if (first >= 0x80 || (first === 0 && second < 0x80)) return undefined
  return { ...span, value: bigintOf(bytes.subarray(span.start, span.end)) }
}
