import { describe, expect, it } from '@jest/globals'
import { materialId, openBlob, parseBlob, sealBlob, type BlobKind } from '../../../emulator/crypto/envelope.ts'
import { generateSecret } from '../../../emulator/crypto/material.ts'
import { OpenedKeys } from '../../../emulator/services/kms/keys/openedKeys.ts'

const material = generateSecret(32)
const CONTEXT = { 'aws:s3:arn': 'arn:aws:s3:::bucket/object' }

function sealed(plaintext: Buffer, kind: BlobKind = 'dataKey') {
  return sealBlob({ kind, materialId: materialId('a key', material), material, context: CONTEXT, plaintext })
}

/** Opens it twice. */
function keep(opened: OpenedKeys, bytes: Buffer, plaintext: Buffer) {
  for (let time = 0; time < 2; time++) opened.keep(bytes, material, CONTEXT, plaintext)
}

/** A ciphertext that has been opened, and what remembers it. */
function remembered(plaintext = Buffer.alloc(32, 7), kind: BlobKind = 'dataKey') {
  const opened = new OpenedKeys()
  const bytes = sealed(plaintext, kind)
  keep(opened, bytes, plaintext)
  return { opened, bytes, plaintext }
}

describe('data keys that were opened lately', () => {
  it('are known by their bytes, and open to what they opened to', () => {
    const { opened, bytes, plaintext } = remembered()
    const blob = opened.parsed(Buffer.from(bytes))
    expect(blob).toEqual(parseBlob(bytes))
    expect(blob && opened.plaintext(blob, material, { ...CONTEXT })).toEqual(plaintext)
  })

  it('are kept from the second time on', () => {
    const opened = new OpenedKeys()
    const bytes = sealed(Buffer.alloc(32))
    opened.keep(bytes, material, CONTEXT, Buffer.alloc(32))
    expect(opened.parsed(bytes)).toBeUndefined()
    opened.keep(bytes, material, CONTEXT, Buffer.alloc(32))
    expect(opened.parsed(bytes)).toBeDefined()
  })

  it('are not what differs from them in any byte', () => {
    const { opened, bytes } = remembered()
    for (let at = 0; at < bytes.length; at++) {
      const other = Buffer.from(bytes)
      other[at] = (other[at] ?? 0) ^ 1
      expect(opened.parsed(other)).toBeUndefined()
    }
    expect(opened.parsed(bytes.subarray(1))).toBeUndefined()
    expect(opened.parsed(Buffer.alloc(0))).toBeUndefined()
  })

  it('open under no other material and in no other context', () => {
    const { opened, bytes } = remembered()
    const blob = opened.parsed(bytes)
    if (!blob) throw new Error('not remembered')
    expect(opened.plaintext(blob, generateSecret(32), CONTEXT)).toBeUndefined()
    for (const context of [
      {},
      { ...CONTEXT, more: 'x' },
      { 'aws:s3:arn': 'arn:aws:s3:::bucket/other' },
      { other: 'arn:aws:s3:::bucket/object' },
    ]) {
      expect(opened.plaintext(blob, material, context)).toBeUndefined()
      expect(openBlob(blob, material, context)).toBeUndefined()
    }
  })

  it('open to copies, which whoever has them may clear', () => {
    const { opened, bytes, plaintext } = remembered()
    const blob = opened.parsed(bytes)
    if (!blob) throw new Error('not remembered')
    opened.plaintext(blob, material, CONTEXT)?.fill(0)
    expect(opened.plaintext(blob, material, CONTEXT)).toEqual(plaintext)
  })

  it('do not change with the bytes that they came in', () => {
    const { opened, bytes } = remembered()
    const sent = Buffer.from(bytes)
    bytes.fill(0)
    expect(opened.parsed(sent)).toEqual(parseBlob(sent))
  })

  it.each([
    ['what somebody encrypted', Buffer.alloc(32), 'encrypt'],
    ['a data key longer than any', Buffer.alloc(65), 'dataKey'],
  ] as const)('are not %s', (_what, plaintext, kind) => {
    const { opened, bytes } = remembered(plaintext, kind)
    expect(opened.parsed(bytes)).toBeUndefined()
  })

  it('are the latest thousand, and none after a reset', () => {
    const opened = new OpenedKeys()
    const plaintext = Buffer.alloc(32)
    const all = Array.from({ length: 1001 }, () => sealed(plaintext))
    for (const bytes of all) keep(opened, bytes, plaintext)
    const known = () => all.map((bytes) => opened.parsed(bytes) !== undefined)
    expect(known()).toEqual([false, ...all.slice(1).map(() => true)])
    opened.clear()
    expect(known()).not.toContain(true)
  })

  it('tell nobody what they hold', () => {
    const secret = Buffer.from('a secret of thirty-two letters!!')
    const { opened } = remembered(secret)
    expect(JSON.stringify(opened)).toBe('{}')
  })
})
