import { describe, expect, it } from '@jest/globals'
import { checkHash, hashChecked } from '../../emulator/sigv4/hashChecked.ts'
import { payloadHash, payloadOf } from '../../emulator/sigv4/payload.ts'
import { EMPTY_SHA256, sha256Hex } from '../../emulator/sigv4/signature.ts'
import type { Claim, SignedRequest } from '../../emulator/sigv4/types.ts'
import { inPieces, problemOf, readAll } from './support.ts'

const SHA256 = sha256Hex(Buffer.from('data'))
const part = {
  accessKeyId: 'A',
  scope: { date: '', region: '', service: '' },
  date: '',
  time: 0,
  signedHeaders: [],
  signature: '',
  sessionToken: undefined,
}
const header: Claim = { kind: 'header', ...part }
const query: Claim = { kind: 'query', expiresSeconds: 1, ...part }
const anonymous: Claim = { kind: 'anonymous' }

const request = (contentSha256?: string, more: Record<string, string> = {}, parameters = ''): SignedRequest => ({
  method: 'PUT',
  path: '/b/k',
  query: parameters,
  headers: { 'x-amz-content-sha256': contentSha256, ...more },
})
const length = { 'x-amz-decoded-content-length': '5' }

describe('payloadOf', () => {
  it.each([
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', true, false],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', true, true],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', false, true],
  ])('S3 %s', (word, signed, trailer) => {
    const payload = payloadOf(request(word, { ...length, 'x-amz-trailer': 'X-Amz-Checksum-CRC32' }), header, 's3')
    expect(payload).toEqual({
      kind: 'chunked',
      signed,
      trailer,
      decodedLength: 5,
      trailerNames: ['x-amz-checksum-crc32'],
    })
    expect(payloadHash(payload, Buffer.alloc(0))).toBe(word)
  })

  it('S3, one piece', () => {
    expect(payloadOf(request(SHA256), header, 's3')).toEqual({ kind: 'hash', sha256: SHA256 })
    expect(payloadOf(request('UNSIGNED-PAYLOAD'), header, 's3')).toEqual({ kind: 'unsigned' })
    expect(payloadHash({ kind: 'hash', sha256: SHA256 }, Buffer.alloc(0))).toBe(SHA256)
    expect(payloadHash({ kind: 'unsigned' }, Buffer.alloc(0))).toBe('UNSIGNED-PAYLOAD')
  })

  it('S3, presigned or anonymous, is unsigned unless it says otherwise', () => {
    expect(payloadOf(request(), query, 's3')).toEqual({ kind: 'unsigned' })
    expect(payloadOf(request(undefined, {}, `X-Amz-Content-Sha256=${SHA256}`), query, 's3')).toEqual({
      kind: 'hash',
      sha256: SHA256,
    })
    expect(payloadOf(request(SHA256), query, 's3')).toEqual({ kind: 'hash', sha256: SHA256 })
    expect(payloadOf(request(), anonymous, 's3')).toEqual({ kind: 'unsigned' })
  })

  it('S3 wants the header of a request signed in its headers', () => {
    expect(problemOf(() => payloadOf(request(undefined, {}, `X-Amz-Content-Sha256=${SHA256}`), header, 's3'))).toEqual({
      code: 'content-hash-missing',
    })
    expect(problemOf(() => payloadOf(request('abc'), header, 's3'))).toEqual({
      code: 'content-hash-invalid',
      value: 'abc',
    })
    expect(problemOf(() => payloadOf(request('constructor'), header, 's3'))).toEqual({
      code: 'content-hash-invalid',
      value: 'constructor',
    })
  })

  it.each(['', 'abc', '-1', '1e3', '1'.repeat(16)])('S3 wants the decoded length, not %j', (text) => {
    const chunked = request('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-decoded-content-length': text })
    expect(() => payloadOf(chunked, header, 's3')).toThrow(
      expect.objectContaining({
        code: 'MissingContentLength',
        status: 411,
        text: 'You must provide the Content-Length HTTP header.',
      }),
    )
  })

  it('S3 knows only checksums as trailers', () => {
    const chunked = request('STREAMING-UNSIGNED-PAYLOAD-TRAILER', {
      ...length,
      'x-amz-trailer': 'x-amz-checksum-sha10',
    })
    expect(() => payloadOf(chunked, header, 's3')).toThrow(
      expect.objectContaining({
        code: 'InvalidRequest',
        status: 400,
        text: 'The value specified in the x-amz-trailer header is not supported',
      }),
    )
  })

  it('other services hash the body, but PutSnapshotBlock may go without', () => {
    for (const value of [undefined, SHA256, 'UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']) {
      expect(payloadOf(request(value), header, 'kms')).toEqual({ kind: 'body' })
    }
    expect(payloadOf(request('UNSIGNED-PAYLOAD'), header, 'ebs')).toEqual({ kind: 'unsigned' })
    expect(payloadOf({ ...request('UNSIGNED-PAYLOAD'), method: 'POST' }, header, 'ebs')).toEqual({ kind: 'body' })
    expect(payloadHash({ kind: 'body' }, Buffer.from('data'))).toBe(SHA256)
    expect(payloadHash({ kind: 'body' }, Buffer.alloc(0))).toBe(EMPTY_SHA256)
  })
})

describe('hashChecked', () => {
  it('passes the body through', async () => {
    const data = await readAll(hashChecked(inPieces(Buffer.from('da'), Buffer.from('ta')), SHA256.toUpperCase()))
    expect(data.toString()).toBe('data')
  })

  it('fails at the end of another body', async () => {
    const body = hashChecked(inPieces(Buffer.from('date')), SHA256)
    expect(await body.next()).toEqual({ done: false, value: Buffer.from('date') })
    await expect(body.next()).rejects.toMatchObject({
      problem: { code: 'content-mismatch', claimed: SHA256, computed: sha256Hex(Buffer.from('date')) },
    })
  })

  it('is done at once for a body that is there', () => {
    checkHash(Buffer.from('data'), SHA256)
    checkHash(Buffer.alloc(0), EMPTY_SHA256)
    expect(
      problemOf(() => {
        checkHash(Buffer.alloc(0), SHA256)
      }),
    ).toEqual({ code: 'content-mismatch', claimed: SHA256, computed: EMPTY_SHA256 })
  })
})
