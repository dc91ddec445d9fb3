import { describe, expect, it } from '@jest/globals'
import { formatArn, isAccountId, parseArn, rootArn, splitArn } from '../../emulator/lib/arn.ts'

describe('arn', () => {
  it('is split on its first five colons', () => {
    expect(parseArn('arn:aws:kms:us-east-1:111111111111:key/a:b')).toEqual({
      partition: 'aws',
      service: 'kms',
      region: 'us-east-1',
      account: '111111111111',
      resource: 'key/a:b',
    })
    expect(splitArn('arn:aws:s3:::bucket/key')).toEqual(['arn', 'aws', 's3', '', '', 'bucket/key'])
  })

  it.each(['', 'arn', 'arn:aws:kms:us-east-1:1', 'urn:aws:kms:r:a:b'])('%j is none', (text) => {
    expect(parseArn(text)).toBeUndefined()
  })

  it('is put together again', () => {
    expect(formatArn('kms', 'us-east-1', '111111111111', 'key/x')).toBe('arn:aws:kms:us-east-1:111111111111:key/x')
    expect(rootArn('111111111111')).toBe('arn:aws:iam::111111111111:root')
  })

  it('knows account ids', () => {
    expect(isAccountId('123456789012')).toBe(true)
    expect(isAccountId('12345678901')).toBe(false)
    expect(isAccountId('12345678901a')).toBe(false)
  })
})
