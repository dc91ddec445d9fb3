import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import { awsJson } from '../../emulator/wire/awsJson.ts'
import type { WireRequest } from '../../emulator/wire/protocol.ts'
import { anyText, inputOf, outputOf, type Limits } from './arbitrary.ts'
import { bare, refusal } from './helpers.ts'
import { answering, kms, organizations, request, type Service } from './clients.ts'

const limits: Limits = { nonEmpty: false, text: anyText, binding: anyText }
const encrypt = kms.operation('Encrypt')
const decode = (body: string | Buffer, operation = encrypt) => awsJson.decode(request({ body }), operation)

const told = (body: string, operation = encrypt) => {
  const { code, status, text } = refusal(() => decode(body, operation))
  return { code, status, text }
}
const serialization = (text: string) => ({ code: 'SerializationException', status: 400, text })

describe.each([
  ['KMS', kms],
  ['Organizations', organizations],
])('%s and its official client', (_name, service: Service) => {
  it.each([...service.model.operations.keys()])('%s: input and output survive the wire', async (name) => {
    const operation = service.operation(name)
    await fc.assert(
      fc.asyncProperty(inputOf(operation, limits), outputOf(operation, limits), async (input, output) => {
        let seen: WireRequest | undefined
        const answer = await service.send(name, input as object, (wire) => {
          seen = wire
          return awsJson.encode(output as object, operation, answering(wire))
        })
        expect(awsJson.operationOf(seen!, service.model)).toBe(name)
        expect(bare(awsJson.decode(seen!, operation))).toEqual(bare(input))
        const { $metadata, ...got } = answer
        expect($metadata).toMatchObject({ httpStatusCode: 200, requestId: answering().requestId })
        expect(bare(got)).toEqual(bare(output))
      }),
      { numRuns: 3 },
    )
  })
})

describe('operationOf', () => {
  const of = (target?: string) => awsJson.operationOf(request({ headers: { 'x-amz-target': target } }), kms.model)

  it('knows the operations of the model under their prefix', () => {
    expect(of('TrentService.Encrypt')).toBe('Encrypt')
    expect(of('TrentService.Encryp')).toBeUndefined()
    expect(of('trentservice.Encrypt')).toBeUndefined()
    expect(of('Other.Encrypt')).toBeUndefined()
    expect(of('TrentService.__proto__')).toBeUndefined()
    expect(of('Encrypt')).toBeUndefined()
    expect(of()).toBeUndefined()
  })
})

describe('decode', () => {
  it.each(['', ' ', '[]', '"x"', 'null', '1', '{', '{"KeyId":}', 'Action=Encrypt', '\u0000'])(
    'refuses a body that is no JSON object, without a text: %j',
    (body) => {
      expect(told(body)).toEqual(serialization(''))
    },
  )

  it('ignores unknown members and takes null ones as absent', () => {
    expect(decode('{"KeyId":"k","Nope":{"a":[1]},"Plaintext":null}')).toEqual({ KeyId: 'k' })
  })

  it.each([
    ['{"KeyId":1}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"KeyId":true}', 'TRUE_VALUE can not be converted to a String'],
    ['{"KeyId":[]}', 'Start of list found where not expected'],
    ['{"KeyId":{}}', 'Start of structure or map found where not expected'],
    ['{"DryRun":"true"}', 'STRING_VALUE can not be converted to an Boolean'],
    ['{"EncryptionContext":[]}', 'Start of list found where not expected'],
    ['{"EncryptionContext":{"a":1}}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"GrantTokens":{}}', 'Start of structure or map found where not expected'],
    ['{"GrantTokens":[[]]}', 'Start of list found where not expected'],
    ['{"Plaintext":5}', 'NUMBER_VALUE can not be converted to a Blob'],
  ])('names the wrong type: %s', (body, text) => {
    expect(told(body)).toEqual(serialization(text))
  })

  it('names wrong integers and times', () => {
    const random = kms.operation('GenerateRandom')
    expect(told('{"NumberOfBytes":"16"}', random)).toEqual(
      serialization('STRING_VALUE can not be converted to an Integer'),
    )
    expect(told('{"NumberOfBytes":true}', random)).toEqual(
      serialization('TRUE_VALUE can not be converted to an Integer'),
    )
    expect(told('{"ValidTo":"2026-01-01"}', kms.operation('ImportKeyMaterial'))).toEqual(
      serialization('STRING_VALUE can not be converted to milliseconds since epoch'),
    )
    expect(told('{"ValidTo":1e300}', kms.operation('ImportKeyMaterial'))).toEqual(serialization(''))
  })

  it('cuts fractions off integers, as Java does, and keeps those of times', () => {
    expect(decode('{"NumberOfBytes":16.9}', kms.operation('GenerateRandom'))).toEqual({ NumberOfBytes: 16 })
    expect(decode('{"ValidTo":1789209320.955686}', kms.operation('ImportKeyMaterial'))).toEqual({
      ValidTo: new Date(1789209320956),
    })
  })

  it.each(['aGk', 'aGk=\n', 'a-_=', '====', '!!!!', 'QQ==QQ==', 'aG k='])('refuses what is not base64: %j', (text) => {
    expect(told(JSON.stringify({ Plaintext: text }))).toEqual(serialization(''))
  })

  it('refuses null where an entry would silently vanish', () => {
    expect(told('{"EncryptionContext":{"a":null}}')).toEqual(serialization(''))
    expect(told('{"GrantTokens":[null]}')).toEqual(serialization(''))
  })

  it('keeps hostile names as data', () => {
    const input = decode('{"__proto__":{"polluted":1},"constructor":1,"EncryptionContext":{"__proto__":"x"}}')
    expect(Object.keys(input)).toEqual(['EncryptionContext'])
    expect(Object.entries(input['EncryptionContext'] as object)).toEqual([['__proto__', 'x']])
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('survives any depth', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(decode(`{"KeyId":"k","Nope":${deep}}`)).toEqual({ KeyId: 'k' })
    expect(told(`{"KeyId":${deep}}`)).toEqual(serialization('Start of list found where not expected'))
  })

  it('throws nothing but AwsError 400, whatever comes', () => {
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.record({ KeyId: fc.anything(), Plaintext: fc.anything(), EncryptionContext: fc.anything() }).map(asJson),
    )
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          decode(body)
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError)
          expect((error as AwsError).status).toBe(400)
        }
      }),
      { numRuns: 500 },
    )
  })
})

const asJson = (value: unknown) =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))

describe('encode', () => {
  it('answers operations without output with an empty body', () => {
    expect(awsJson.encode({}, kms.operation('EnableKey'), answering())).toEqual({
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': answering().requestId },
      body: '',
    })
  })

  it('writes blobs as base64, times as seconds with a fraction, and leaves out what is undefined', () => {
    const output = {
      KeyId: 'k',
      ImportToken: Buffer.from('hi'),
      PublicKey: new Uint8Array(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2),
      ParametersValidTo: new Date(1789209320955),
      Stray: 'never written',
    }
    expect(awsJson.encode(output, kms.operation('GetParametersForImport'), answering()).body).toBe(
      '{"KeyId":"k","ImportToken":"aGk=","PublicKey":"AQI=","ParametersValidTo":1789209320.955}',
    )
    expect(awsJson.encode({ KeyId: undefined }, kms.operation('Encrypt'), answering()).body).toBe('{}')
  })
})

describe('fail', () => {
  const body = (error: AwsError) => awsJson.fail(error, kms.model, answering()).body

  it('writes the message of a modelled exception in lower case', () => {
    expect(body(new AwsError('NotFoundException', 400, "Key 'x' does not exist"))).toBe(
      `{"__type":"NotFoundException","message":"Key 'x' does not exist"}`,
    )
  })

  it('writes the message of other exceptions with a capital', () => {
    expect(body(new AwsError('AccessDeniedException', 400, 'User: x', { unmodelled: true }))).toBe(
      '{"__type":"AccessDeniedException","Message":"User: x"}',
    )
  })

  it('writes nothing where AWS says nothing, and further members where there are some', () => {
    expect(body(new AwsError('InvalidCiphertextException', 400, ''))).toBe('{"__type":"InvalidCiphertextException"}')
    expect(body(new AwsError('ConstraintViolationException', 400, 'm', { fields: { Reason: 'R' } }))).toBe(
      '{"__type":"ConstraintViolationException","message":"m","Reason":"R"}',
    )
  })

  it('is understood by the official client', async () => {
    const failing = (error: AwsError) =>
      kms.send('DescribeKey', { KeyId: 'x' }, () => awsJson.fail(error, kms.model, answering()))
    await expect(failing(new AwsError('NotFoundException', 400, 'gone'))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'gone',
      $metadata: { httpStatusCode: 400, requestId: answering().requestId },
    })
    await expect(
      failing(new AwsError('AccessDeniedException', 400, 'User: x', { unmodelled: true })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException', message: 'User: x' })
  })
})
