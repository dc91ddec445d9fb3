import { describe, expect, it } from '@jest/globals'
import { parseCopySource } from '../../../emulator/services/s3/copySource.ts'
import { isBucketName, requireKey } from '../../../emulator/services/s3/names.ts'
import { readTagHeader } from '../../../emulator/services/s3/tags.ts'

describe('bucket names', () => {
  it.each(['abc', 'my-bucket.1', 'a'.repeat(63)])('%s', (name) => {
    expect(isBucketName(name)).toBe(true)
  })

  it.each(['ab', 'a'.repeat(64), 'My-Bucket', 'a_b', '-abc', 'abc-', 'a..b', '192.168.0.1', 'xn--abc', 'abc-s3alias'])(
    'never %s',
    (name) => {
      expect(isBucketName(name)).toBe(false)
    },
  )
})

describe('keys', () => {
  it('are at most 1024 bytes long', () => {
    expect(() => {
      requireKey('é'.repeat(512))
    }).not.toThrow()
    expect(() => {
      requireKey('é'.repeat(513))
    }).toThrow(
      expect.objectContaining({
        code: 'KeyTooLongError',
        text: 'Your key is too long',
        fields: { Size: '1026', MaxSizeAllowed: '1024' },
      }),
    )
  })
})

describe('x-amz-copy-source', () => {
  it.each([
    ['bucket/key', { bucket: 'bucket', key: 'key', versionId: undefined }],
    ['/bucket/a/b%2Bc%20d', { bucket: 'bucket', key: 'a/b+c d', versionId: undefined }],
    ['bucket/key?versionId=null', { bucket: 'bucket', key: 'key', versionId: 'null' }],
    ['bucket%2Fkey', { bucket: 'bucket', key: 'key', versionId: undefined }],
  ])('%s', (header, source) => {
    expect(parseCopySource(header)).toEqual(source)
  })

  it.each([
    ['bucket', 'Invalid copy source object key'],
    ['bucket/', 'Invalid copy source object key'],
    ['', 'Invalid copy source bucket name'],
    ['/', 'Invalid copy source bucket name'],
    ['%', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey'],
  ])('never %s', (header, text) => {
    expect(() => parseCopySource(header)).toThrow(expect.objectContaining({ code: 'InvalidArgument', text }))
  })
})

describe('x-amz-tagging', () => {
  it('is a query string', () => {
    expect(readTagHeader('team=blue&empty=&bare&a%20b=c%2Bd+e')).toEqual({
      team: 'blue',
      empty: '',
      bare: '',
      'a b': 'c+d e',
    })
  })

  it.each(['', '&', '&&', 'a=1&', '&a=1&&'])('may hold nothing between its separators: %s', (header) => {
    expect(readTagHeader(header)).toEqual(header.includes('a') ? { a: '1' } : {})
  })

  it.each([
    ...['a=1&a=2', '=', '=1', 'a=%zz'].map((header) => [
      header,
      'InvalidArgument',
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    ]),
    ['aws:x=1', 'InvalidTag', 'System tags cannot be added/updated by requester'],
    [`${'k'.repeat(129)}=1`, 'InvalidTag', 'The TagKey you have provided is invalid'],
    [`k=${'v'.repeat(257)}`, 'InvalidTag', 'The TagValue you have provided is invalid'],
    [
      Array.from({ length: 11 }, (_, n) => `k${String(n)}=1`).join('&'),
      'BadRequest',
      'Object tags cannot be greater than 10',
    ],
  ])('%s is refused', (header, code, text) => {
    expect(() => readTagHeader(header)).toThrow(expect.objectContaining({ code, text }))
  })
})
