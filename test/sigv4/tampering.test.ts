import { describe, expect, it } from '@jest/globals'
import { presign, signRequest } from '../../emulator/sigv4/sign.ts'
import { EMPTY_SHA256 } from '../../emulator/sigv4/signature.ts'
import type { SignedRequest } from '../../emulator/sigv4/types.ts'
import { accept, expecting, problemOf } from './support.ts'

const NOW = Date.UTC(2026, 8, 30, 12)
const DATE = '20260930T120000Z'
const SECRET = 'secret'
const signing = (service: string) => ({
  credentials: { accessKeyId: 'AKID', secretAccessKey: SECRET },
  region: 'us-east-1',
  service,
  now: NOW,
})
const bare: SignedRequest = { method: 'POST', path: '/', query: '', headers: { host: 'localhost' } }
const kms = expecting('kms', NOW, 'us-east-1')
const s3 = expecting('s3', NOW, 'us-east-1')

describe('tampering', () => {
  const body = Buffer.from('{"KeyId":"k"}')
  const request: SignedRequest = {
    method: 'PUT',
    path: '/bucket/a%20b',
    query: 'x=1&y=2',
    headers: { host: 'localhost', 'x-amz-meta-a': 'b', range: 'bytes=0-1' },
  }
  const signed = signRequest(request, EMPTY_SHA256, signing('s3'))
  const genuine: SignedRequest = { ...request, headers: signed.headers }
  const changed = (name: string, value: string | undefined): SignedRequest => ({
    ...genuine,
    headers: { ...genuine.headers, [name]: value },
  })
  const authorization = signed.headers['authorization'] ?? ''

  it('nothing, and it is accepted', () => {
    expect(accept(genuine, SECRET, s3).seed).toMatchObject({
      accessKeyId: 'AKID',
      date: DATE,
      scope: '20260930/us-east-1/s3/aws4_request',
    })
  })

  it.each<[string, SignedRequest]>([
    ['the method', { ...genuine, method: 'GET' }],
    ['the path', { ...genuine, path: '/bucket/a%20c' }],
    ['a parameter', { ...genuine, query: 'x=1&y=3' }],
    ['a parameter added', { ...genuine, query: 'x=1&y=2&z' }],
    ['a parameter removed', { ...genuine, query: 'x=1' }],
    ['a header', changed('x-amz-meta-a', 'c')],
    ['a header removed', changed('range', undefined)],
    ['the host', changed('host', 'example.com')],
    ['the date', changed('x-amz-date', '20260930T120001Z')],
    ['the hash of the body', changed('x-amz-content-sha256', 'UNSIGNED-PAYLOAD')],
    [
      'the signature',
      changed(
        'authorization',
        authorization.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ],
    [
      'its case',
      changed(
        'authorization',
        authorization.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()),
      ),
    ],
    ['its length', changed('authorization', authorization.slice(0, -1))],
    ['the signed headers', changed('authorization', authorization.replace('range;', ''))],
  ])('%s is noticed', (_, request) => {
    const problem = problemOf(() => accept(request, SECRET, s3))
    expect(problem).toMatchObject({ code: 'mismatch', accessKeyId: 'AKID' })
  })

  it('the problem tells what should have been signed', () => {
    expect(problemOf(() => accept({ ...genuine, method: 'GET' }, SECRET, s3))).toEqual({
      code: 'mismatch',
      accessKeyId: 'AKID',
      canonicalRequest: `GET\n/bucket/a%20b\nx=1&y=2\nhost:localhost\nrange:bytes=0-1\nx-amz-content-sha256:${EMPTY_SHA256}\nx-amz-date:${DATE}\nx-amz-meta-a:b\n\nhost;range;x-amz-content-sha256;x-amz-date;x-amz-meta-a\n${EMPTY_SHA256}`,
      stringToSign: expect.stringMatching(
        /^AWS4-HMAC-SHA256\n20260930T120000Z\n20260930\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
      ),
      provided: signed.seed.signature,
    })
  })

  it('the body of another service is noticed, whatever x-amz-content-sha256 says', () => {
    const { headers } = signRequest(
      { ...bare, headers: { host: 'localhost', 'x-amz-content-sha256': EMPTY_SHA256 } },
      EMPTY_SHA256,
      signing('kms'),
    )
    expect(accept({ ...bare, headers }, SECRET, kms).claim.kind).toBe('header')
    expect(problemOf(() => accept({ ...bare, headers }, SECRET, kms, body))).toMatchObject({ code: 'mismatch' })
  })

  it('a presigned query is noticed in each parameter', () => {
    const query = presign(
      { ...bare, method: 'GET', path: '/b/k', query: 'versionId=1' },
      60,
      'UNSIGNED-PAYLOAD',
      signing('s3'),
    )
    const genuine = { ...bare, method: 'GET', path: '/b/k', query }
    expect(accept(genuine, SECRET, s3).claim.kind).toBe('query')
    for (const [from, to] of [
      ['versionId=1', 'versionId=2'],
      ['Expires=60', 'Expires=61'],
      ['T120000Z', 'T120001Z'],
      ['AKID', 'AKIE'],
    ] as const) {
      expect(query).toContain(from)
      expect(problemOf(() => accept({ ...genuine, query: query.replace(from, to) }, SECRET, s3))).toMatchObject({
        code: 'mismatch',
      })
    }
  })
})
