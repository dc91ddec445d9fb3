import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { decodeChunked } from '../../emulator/sigv4/chunked.ts'
import { parseAmzDate } from '../../emulator/sigv4/date.ts'
import { queryValue } from '../../emulator/sigv4/authorization.ts'
import { frameChunks } from '../../emulator/sigv4/sign.ts'
import type { SignedRequest } from '../../emulator/sigv4/types.ts'
import { accept, expecting, inPieces, onWire, problemOf, readAll } from './support.ts'

interface Example {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly chunks?: readonly { readonly bytes: number; readonly signature: string }[]
  readonly trailers?: readonly string[]
  readonly length?: number
}

interface Suite {
  readonly secret: string
  readonly service: string
  readonly region: string
  readonly cases: readonly Example[]
}

function suite(name: string): Suite {
  const text = readFileSync(new URL(`../../fixtures/sigv4/${name}.json`, import.meta.url), 'utf8')
  return JSON.parse(text) as Suite // our own fixture
}

function requestOf(example: Example): SignedRequest {
  return { ...example, path: onWire(example.path), query: onWire(example.query) }
}

function timeOf(example: Example): number {
  const date = example.headers['x-amz-date'] ?? queryValue(example.query, 'X-Amz-Date') ?? ''
  return parseAmzDate(date) ?? NaN
}

describe.each(['awsTestSuite', 's3Examples'])('%s', (name) => {
  const { secret, service, region, cases } = suite(name)

  it.each(cases)('accepts $name', (example) => {
    const expected = expecting(service, timeOf(example), region)
    expect(accept(requestOf(example), secret, expected, Buffer.from(example.body)).claim.signature).toMatch(
      /^[0-9a-f]{64}$/,
    )
  })

  it.each(cases)('refuses $name for another secret', (example) => {
    const expected = expecting(service, timeOf(example), region)
    const problem = problemOf(() => accept(requestOf(example), `${secret}x`, expected, Buffer.from(example.body)))
    expect(problem).toMatchObject({ code: 'mismatch' })
  })
})

describe('chunked examples of the S3 documentation', () => {
  const { secret, service, region, cases } = suite('s3Examples')
  const chunked = cases.filter((example) => example.chunks !== undefined)

  const bodyOf = ({ chunks = [], trailers = [] }: Example): Buffer => {
    const parts = chunks.map(({ bytes, signature }) => {
      const data = bytes === 0 ? '' : `${'a'.repeat(bytes)}\r\n`
      return `${bytes.toString(16)};chunk-signature=${signature}\r\n${data}`
    })
    return Buffer.from(`${parts.join('')}${trailers.map((line) => `${line}\r\n`).join('')}\r\n`)
  }

  it('are two', () => {
    expect(chunked.map((example) => example.name)).toEqual(['chunked upload', 'chunked upload with trailer'])
  })

  it.each(chunked)('$name has the documented length, decodes, and is what our signer writes', async (example) => {
    const body = bodyOf(example)
    expect(body.length).toBe(example.length)
    const { payload, seed } = accept(requestOf(example), secret, expecting(service, timeOf(example), region))
    if (payload.kind !== 'chunked') throw new Error('the payload is not chunked')

    const decoded = decodeChunked(inPieces(body), payload, seed)
    expect((await readAll(decoded.data)).equals(Buffer.alloc(66560, 'a'))).toBe(true)
    const checksum = { 'x-amz-checksum-crc32c': 'sOO8/Q==' }
    expect(decoded.trailers()).toEqual(payload.trailer ? checksum : {})

    const pieces = [Buffer.alloc(65536, 'a'), Buffer.alloc(1024, 'a')]
    const framed = await readAll(frameChunks(pieces, seed, payload.trailer ? checksum : undefined))
    expect(framed.equals(body)).toBe(true)
  })
})
