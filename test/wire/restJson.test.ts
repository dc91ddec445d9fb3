import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import type { WireRequest } from '../../emulator/wire/protocol.ts'
import { restJson } from '../../emulator/wire/restJson.ts'
import { anyText, inputOf, outputOf, plainText, type Limits } from './arbitrary.ts'
import { answering, ebs, request } from './clients.ts'
import { bare, refusal } from './helpers.ts'

const limits: Limits = { nonEmpty: true, text: anyText, binding: plainText }

describe('EBS direct and its official client', () => {
  // Streamed blocks are read by the handler.
  const operations = [...ebs.model.operations.keys()].filter((name) => !name.endsWith('tSnapshotBlock'))
  it.each(operations)('%s: input and output survive the wire', async (name) => {
    const operation = ebs.operation(name)
    await fc.assert(
      fc.asyncProperty(inputOf(operation, limits), outputOf(operation, limits), async (input, output) => {
        let seen: WireRequest | undefined
        const answer = await ebs.send(name, input as object, (wire) => {
          seen = wire
          return restJson.encode(output as object, operation, answering(wire))
        })
        expect(restJson.operationOf(seen!, ebs.model)).toBe(name)
        expect(bare(restJson.decode(seen!, operation))).toMatchObject(bare(input) as object)
        const { $metadata, ...got } = answer
        expect($metadata).toMatchObject({ httpStatusCode: operation.http?.status, requestId: answering().requestId })
        expect(bare(got)).toEqual(bare(output))
      }),
      { numRuns: 20 },
    )
  })
})

describe('operationOf', () => {
  const of = (method: string, path: string) => restJson.operationOf(request({ method, path }), ebs.model)

  it('goes by method and path', () => {
    expect(of('POST', '/snapshots')).toBe('StartSnapshot')
    expect(of('POST', '/snapshots/')).toBe('StartSnapshot')
    expect(of('POST', '/snapshots/completion/snap-1')).toBe('CompleteSnapshot')
    expect(of('PUT', '/snapshots/snap-1/blocks/7')).toBe('PutSnapshotBlock')
    expect(of('GET', '/snapshots/snap-1/blocks/7')).toBe('GetSnapshotBlock')
    expect(of('GET', '/snapshots/snap-1/blocks')).toBe('ListSnapshotBlocks')
    expect(of('GET', '/snapshots/snap-1/changedblocks')).toBe('ListChangedBlocks')
  })

  it.each([
    ['GET', '/snapshots'],
    ['PUT', '/snapshots/snap-1/blocks'],
    ['GET', '/'],
    ['GET', '/snapshots/%zz/blocks'],
    ['GET', '/snapshots/a/b/c/d'],
  ])('knows no %s %s', (method, path) => {
    expect(of(method, path)).toBeUndefined()
  })
})

describe('decode', () => {
  const decode = (name: string, parts: Parameters<typeof request>[0]) =>
    restJson.decode(request(parts), ebs.operation(name))

  it('reads labels, query, headers and body, each where it stands', () => {
    expect(
      decode('PutSnapshotBlock', {
        method: 'PUT',
        path: '/snapshots/snap%2D1/blocks/12',
        headers: { 'x-amz-data-length': '524288', 'x-amz-checksum': 'abc=', 'x-amz-checksum-algorithm': 'SHA256' },
        body: 'its bytes',
      }),
    ).toEqual({
      SnapshotId: 'snap-1',
      BlockIndex: 12,
      BlockData: Buffer.from('its bytes'),
      DataLength: 524_288,
      Checksum: 'abc=',
      ChecksumAlgorithm: 'SHA256',
    })
    expect(
      decode('ListSnapshotBlocks', { method: 'GET', path: '/snapshots/s/blocks', query: 'maxResults=100&pageToken=t' }),
    ).toEqual({
      SnapshotId: 's',
      MaxResults: 100,
      NextToken: 't',
    })
    expect(
      decode('StartSnapshot', { method: 'POST', path: '/snapshots', body: '{"VolumeSize":1,"Tags":null,"x":2}' }),
    ).toEqual({
      VolumeSize: 1,
    })
  })

  it.each(['[]', '"a"', '{', '1', '{"VolumeSize":"x"}'])('refuses the body %s', (body) => {
    const { code, status } = refusal(() => decode('StartSnapshot', { method: 'POST', path: '/snapshots', body }))
    expect({ code, status }).toEqual({ code: 'SerializationException', status: 400 })
  })

  it('refuses an index that is no number', () => {
    const { code } = refusal(() => decode('GetSnapshotBlock', { method: 'GET', path: '/snapshots/s/blocks/one' }))
    expect(code).toBe('SerializationException')
  })
})

describe('answers', () => {
  it('carry a block as it is, and its facts in headers', () => {
    const bytes = Buffer.from([1, 2, 3])
    const output = { BlockData: bytes, DataLength: 3, Checksum: 'c', ChecksumAlgorithm: 'SHA256' }
    const { status, headers, body } = restJson.encode(output, ebs.operation('GetSnapshotBlock'), answering())
    expect({ status, body }).toEqual({ status: 200, body: bytes })
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-amz-Data-Length': '3',
      'x-amz-Checksum': 'c',
      'x-amz-Checksum-Algorithm': 'SHA256',
    })
  })

  it('refuse with the name and its origin in a header, and the reason beside the text', () => {
    const error = new AwsError('ValidationException', 400, 'Failed to read block data', {
      fields: { Reason: 'INVALID_PARAMETER_VALUE' },
    })
    const { status, headers, body } = restJson.fail(error, ebs.model, answering())
    expect(status).toBe(400)
    expect(headers['x-amzn-errortype']).toBe('ValidationException:http://example.com/ebs/')
    expect(body).toBe('{"Message":"Failed to read block data","Reason":"INVALID_PARAMETER_VALUE"}')
    const unmodelled = new AwsError('InvalidSignatureException', 403, 'text', { unmodelled: true })
    expect(restJson.fail(unmodelled, ebs.model, answering()).body).toBe('{"message":"text"}')
  })
})
