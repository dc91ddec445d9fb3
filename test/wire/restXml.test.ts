import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import type { WireRequest } from '../../emulator/wire/protocol.ts'
import { restXml } from '../../emulator/wire/restXml.ts'
import { anyText, inputOf, outputOf, plainText, type Limits } from './arbitrary.ts'
import { answering, s3 } from './clients.ts'
import { bare } from './helpers.ts'

/** Header values are Latin-1 and trimmed, so bound texts are plain. */
const limits: Limits = { nonEmpty: true, text: anyText, binding: plainText }

/** Not emulated, and not of bucket and key: event streams, other hosts. */
const APART = new Set(['SelectObjectContent', 'WriteGetObjectResponse', 'CreateSession', 'ListDirectoryBuckets'])
const names = [...s3.model.operations.keys()].filter((name) => !APART.has(name))

/** What the client adds of its own, and what stays in the stream. */
const ADDED = /^(Checksum|ContentMD5|ContentLength|Body|AnnotationPayload|ClientToken|ExpiresString)/

describe('S3 and its official client', () => {
  it.each(names)('%s: input and output survive the wire', async (name) => {
    const operation = s3.operation(name)
    await fc.assert(
      fc.asyncProperty(inputOf(operation, limits), outputOf(operation, limits), async (input, output) => {
        const sent = without(input as object, ADDED)
        const answered = without(output as object, ADDED)
        let seen: WireRequest | undefined
        const answer = await s3.send(name, sent, (wire) => {
          seen = wire
          return restXml.encode(answered, operation, answering(wire))
        })
        expect(restXml.operationOf(seen!, s3.model)).toBe(name)
        expect(bare(without(restXml.decode(seen!, operation), ADDED))).toEqual(bare(sent))
        const { $metadata, ...got } = answer
        expect($metadata).toMatchObject({ httpStatusCode: operation.http?.status, requestId: answering().requestId })
        expect(bare(without(got, ADDED))).toEqual(bare(answered))
      }),
      { numRuns: 5 },
    )
  })
})

const without = (value: object, names: RegExp): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.test(name)))
void AwsError
