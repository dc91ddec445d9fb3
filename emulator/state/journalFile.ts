import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { StateError } from './errors.ts'
import { forEachLine } from './lines.ts'
import type { LinePlace } from './lines.ts'
import type { Op } from './model.ts'

/**
 * A journal file: one line of JSON per transaction, `["<checksum>",[<op>,…]]`. The checksum is the CRC-32 of the text
 * of the list, in 8 hexadecimal digits. Files are numbered; a checkpoint begins a new one.
 */
const NAME = /^journal-(\d{8,})\.jsonl$/
const BEFORE = Buffer.from('["00000000",')
const CHECKSUM_AT = 2

export function journalPath(directory: string, segment: number): string {
  return join(directory, `journal-${String(segment).padStart(8, '0')}.jsonl`)
}

/** The numbers of the journal files that are there, in order. */
export function journalSegments(directory: string): number[] {
  const numbers = readdirSync(directory).flatMap((name) => NAME.exec(name)?.[1] ?? [])
  return numbers.map(Number).sort((a, b) => a - b)
}

export function encodeTransaction(ops: readonly Op[]): Buffer {
  const line = Buffer.from(`["00000000",${JSON.stringify(ops)}]\n`)
  line.write(checksum(line.subarray(BEFORE.length, -2)), CHECKSUM_AT, 'latin1')
  return line
}

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0')
}

/**
 * Hands every transaction of a journal file to `apply`. Answers where an unfinished last line begins, and its length.
 * Throws a StateError, naming line and offset, for any other damage.
 */
export function readJournal(
  path: string,
  apply: (ops: readonly Op[]) => void,
): { readonly offset: number; readonly length: number } {
  return forEachLine(path, (line, place) => {
    const ops = decodeTransaction(line)
    if (typeof ops === 'string') throw damaged(path, place, ops)
    apply(ops)
  })
}

/** The operations, or what is wrong with the line. */
function decodeTransaction(line: Buffer): readonly Op[] | string {
  const text = line.subarray(BEFORE.length, -1)
  const stored = line.toString('latin1', CHECKSUM_AT, CHECKSUM_AT + 8)
  if (line.toString('latin1', 0, BEFORE.length) !== `["${stored}",` || line.at(-1) !== 0x5d)
    return 'it is not a journal line'
  if (checksum(text) !== stored) return 'its checksum does not match'
  try {
    const ops: unknown = JSON.parse(text.toString('utf8'))
    return Array.isArray(ops) && ops.every(isOp) ? ops : 'it is not a list of changes'
  } catch {
    return 'it is not JSON'
  }
}

function isOp(value: unknown): value is Op {
  if (!Array.isArray(value) || value.length < 3 || value.length > 4) return false
  return typeof value[0] === 'string' && typeof value[1] === 'string' && typeof value[2] === 'string'
}

function damaged(path: string, place: LinePlace, reason: string): StateError {
  return new StateError(
    `\`${path}\` is damaged at line ${String(place.number)} (offset ${String(place.offset)}): ${reason}; ` +
      'restore the data directory from a copy, or cut this file off before that line and remove later journal files ' +
      'to go back to the state of that moment',
  )
}
