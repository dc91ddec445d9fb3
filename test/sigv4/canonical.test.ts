import { describe, expect, it } from '@jest/globals'
import { canonicalHeaders, canonicalQuery, canonicalUri, canonicalValue } from '../../emulator/sigv4/canonical.ts'
import { onWire } from './support.ts'

describe('canonicalUri', () => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a//b/../c/./', '/a//b/../c/./'],
    ['/a%20b', '/a%20b'],
    ['/a+b', '/a%20b'],
    ['/a%2Bb', '/a%2Bb'],
    ['/a%2bb%41', '/a%2BbA'],
    ['/a%2Fb', '/a/b'],
    ['/a%252Fb', '/a%252Fb'],
    ['/*', '/%2A'],
    ['/é', '/%C3%A9'],
    ['/100%', '/100%25'],
    ['/%zz', '/%25zz'],
  ])('of S3: %j is %j', (path, expected) => {
    expect(canonicalUri(onWire(path), 's3')).toBe(expected)
  })

  it.each([
    ['', '/'],
    ['/', '/'],
    ['/a%20b', '/a%2520b'],
    ['/a b', '/a%20b'],
    ['//a//b/', '/a/b/'],
    ['/a/../../b', '/b'],
    ['/a/.', '/a'],
    ['/..', '/'],
    ['/.hidden/a', '/.hidden/a'],
    ['/a*', '/a%2A'],
  ])('of other services: %j is %j', (path, expected) => {
    expect(canonicalUri(path, 'lambda')).toBe(expected)
  })
})

describe('canonicalQuery', () => {
  it.each([
    ['', ''],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=10&a=1', 'a=1&a=10&a=2'],
    ['a-b=1&a=1&a.b=1', 'a=1&a-b=1&a.b=1'],
    ['B=1&a=1&_=1', 'B=1&_=1&a=1'],
    ['policy', 'policy='],
    ['policy=', 'policy='],
    ['a=b=c', 'a=b%3Dc'],
    ['a=x+y', 'a=x%20y'],
    ['a=x%2By', 'a=x%2By'],
    ['a=%7e%41%2a', 'a=~A%2A'],
    ['&&a=1&', 'a=1'],
    ['a=%zz', 'a=%25zz'],
    ['X-Amz-Signature=1&a=1&X-Amz-Signature=2', 'a=1'],
    ['x-amz-signature=1', 'x-amz-signature=1'],
    ['ключ=é', '%D0%BA%D0%BB%D1%8E%D1%87=%C3%A9'],
  ])('of %j is %j', (query, expected) => {
    expect(canonicalQuery(onWire(query))).toBe(expected)
  })

  it('takes text that cannot come from the wire as UTF-8', () => {
    expect(canonicalQuery('a=ሴ')).toBe('a=%E1%88%B4')
  })
})

describe('canonicalHeaders', () => {
  it.each([
    ['a', 'a'],
    ['  a  ', 'a'],
    ['a \t  b', 'a b'],
    ['"a   b"', '"a b"'],
    ['', ''],
  ])('folds %j to %j', (value, expected) => {
    expect(canonicalValue(value)).toBe(expected)
  })

  it('writes the signed headers in the order given, those not sent as empty', () => {
    const headers = { host: 'h', other: 'not signed', 'x-a': ' 1 ' }
    expect(canonicalHeaders(headers, ['constructor', 'host', 'transfer-encoding', 'x-a'])).toBe(
      'constructor:\nhost:h\ntransfer-encoding:\nx-a:1\n',
    )
  })
})
