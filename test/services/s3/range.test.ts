import { describe, expect, it } from '@jest/globals'
import { contentRange, parseRange } from '../../../emulator/services/s3/range.ts'

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', 10, { start: 0, end: 1 }],
    ['bytes=2-5', 10, { start: 2, end: 6 }],
    ['bytes=2-', 10, { start: 2, end: 10 }],
    ['bytes=2-99', 10, { start: 2, end: 10 }],
    ['bytes=-3', 10, { start: 7, end: 10 }],
    ['bytes=-99', 10, { start: 0, end: 10 }],
  ])('%s of %d bytes', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range)
  })

  it.each(['bytes=5-2', 'bytes=a-b', 'bytes=-', 'bytes=0-1,3-4', 'items=0-1', undefined])(
    'that S3 does not understand (%s) asks for everything',
    (header) => {
      expect(parseRange(header, 10)).toBeUndefined()
    },
  )

  it.each([
    ['bytes=10-', 10],
    ['bytes=-0', 10],
    ['bytes=0-0', 0],
  ])('%s of %d bytes cannot be satisfied', (header, size) => {
    expect(() => parseRange(header, size)).toThrow(
      expect.objectContaining({
        code: 'InvalidRange',
        status: 416,
        text: 'The requested range is not satisfiable',
        fields: { RangeRequested: header, ActualObjectSize: String(size) },
      }),
    )
  })

  it('is told with its last byte', () => {
    expect(contentRange({ start: 2, end: 6 }, 10)).toBe('bytes 2-5/10')
  })
})
