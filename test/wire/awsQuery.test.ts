import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import { awsQuery } from '../../emulator/wire/awsQuery.ts'
import type { WireRequest } from '../../emulator/wire/protocol.ts'
import { anyText, inputOf, outputOf, type Limits } from './arbitrary.ts'
import { answering, iam, request, sts, type Service } from './clients.ts'
import { bare, refusal } from './helpers.ts'

const limits: Limits = { nonEmpty: true, text: anyText, binding: anyText }

describe.each([
  ['IAM', iam],
  ['STS', sts],
])('%s and its official client', (_name, service: Service) => {
  it.each([...service.model.operations.keys()])('%s: input and output survive the wire', async (name) => {
    const operation = service.operation(name)
    await fc.assert(
      fc.asyncProperty(inputOf(operation, limits), outputOf(operation, limits), async (input, output) => {
        let seen: WireRequest | undefined
        const answer = await service.send(name, input as object, (wire) => {
          seen = wire
          return awsQuery.encode(output as object, operation, answering(wire))
        })
        expect(awsQuery.operationOf(seen!, service.model)).toBe(name)
        expect(bare(awsQuery.decode(seen!, operation))).toEqual(bare(input))
        const { $metadata, ...got } = answer
        expect($metadata).toMatchObject({ httpStatusCode: 200, requestId: answering().requestId })
        expect(bare(got)).toEqual(bare(output))
      }),
      { numRuns: 3 },
    )
  })
})

describe('operationOf', () => {
  const of = (query: string) => awsQuery.operationOf(request({ query }), sts.model)

  it('wants an action of the model and its version', () => {
    expect(of('Action=GetCallerIdentity&Version=2011-06-15')).toBe('GetCallerIdentity')
    expect(of('Action=GetCallerIdentity&Version=2010-05-08')).toBeUndefined()
    expect(of('Action=GetCallerIdentity')).toBeUndefined()
    expect(of('Action=Nope&Version=2011-06-15')).toBeUndefined()
    expect(of('Action=__proto__&Version=2011-06-15')).toBeUndefined()
    expect(of('')).toBeUndefined()
  })

  it('reads the form body, and the query when there is none', () => {
    const body = 'Action=GetSessionToken&Version=2011-06-15'
    expect(awsQuery.operationOf(request({ body }), sts.model)).toBe('GetSessionToken')
    expect(awsQuery.operationOf(request({ method: 'GET', query: body }), sts.model)).toBe('GetSessionToken')
  })
})

const decode = (operation: string, body: string, service: Service = iam) =>
  awsQuery.decode(request({ body }), service.operation(operation))
const malformed = (operation: string, body: string, service: Service = iam) => {
  const { code, status, text } = refusal(() => decode(operation, body, service))
  expect({ code, status }).toEqual({ code: 'MalformedInput', status: 400 })
  return text
}

/** What AWS was recorded to do (captures 12.1). */
describe('decode', () => {
  it.each([
    ['900', 900],
    ['0900', 900],
    ['%2B900', 900],
    ['-1', -1],
  ])('takes %s for an integer', (text, value) => {
    expect(decode('GetSessionToken', `DurationSeconds=${text}`, sts)).toEqual({ DurationSeconds: value })
  })

  it.each(['', '+900', '%20900%20', '%09900%0A', '900.0', '9e2', '2147483648', '-2147483649', '0x10', 'one'])(
    'takes %j for no integer',
    (text) => {
      expect(malformed('GetSessionToken', `DurationSeconds=${text}`, sts)).toMatch(
        / can not be converted to an Integer$/,
      )
    },
  )

  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('takes %s for a boolean', (text, value) => {
    expect(decode('ListPolicies', `OnlyAttached=${text}`)).toEqual({ OnlyAttached: value })
  })

  it.each(['True', '', '%20true', 'null', 'yes'])('takes %j for no boolean', (text) => {
    expect(malformed('ListPolicies', `OnlyAttached=${text}`)).toMatch(/ can not be converted to an Boolean$/)
  })

  it('ignores unknown parameters and members', () => {
    expect(
      decode('TagUser', 'UserName=u&Nope=1&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.1.Nope=1'),
    ).toEqual({
      UserName: 'u',
      Tags: [{ Key: 'k', Value: 'v' }],
    })
  })

  it('takes 01 and 1 for the same index', () => {
    expect(decode('TagUser', 'Tags.member.01.Key=k&Tags.member.1.Value=v')).toEqual({
      Tags: [{ Key: 'k', Value: 'v' }],
    })
  })

  it('leaves a structure without members in a gap, and a null among plain values', () => {
    expect(decode('TagUser', 'Tags.member.2.Key=k')).toEqual({ Tags: [{}, { Key: 'k' }] })
    expect(decode('GetContextKeysForCustomPolicy', 'PolicyInputList.member.3=p')).toEqual({
      PolicyInputList: [null, null, 'p'],
    })
  })

  it.each(['one', '%2B1'])('makes one structure without members of the index %s', (index) => {
    expect(decode('TagUser', `Tags.member.${index}.Key=k&Tags.member.${index}.Value=v`)).toEqual({ Tags: [{}] })
  })

  it('finds a list where a non-numeric index stands among plain values', () => {
    expect(malformed('GetContextKeysForCustomPolicy', 'PolicyInputList.member.one=p')).toBe(
      'Start of list found where not expected',
    )
  })

  it.each([
    ['Tags.member.0.Key=k', '0 is not a valid index'],
    ['Tags.member.-1.Key=k', "Key -1 may not have a leading '-'"],
    ['Tags.member.1.0.Key=k', 'Two index elements may not occur back to back'],
    ['Tags.member.49.Key=k', 'Excessively sparse input would skip 48 list elements'],
    ['Tags.member.12.Key=k', 'Excessively sparse input would skip 11 list elements'],
    [
      'Tags.member.1.Key=a&Tags.member.22.Key=b&Tags.member.43.Key=c',
      'Excessively sparse input would skip 21 list elements',
    ],
    [
      'Tags.member.99999999999999999999.Key=k',
      'Excessively sparse input would skip 100000000000000000000 list elements',
    ],
  ])('refuses %s', (body, text) => {
    expect(malformed('TagUser', body)).toBe(text)
  })

  it('allows a gap of ten', () => {
    expect(decode('GetContextKeysForCustomPolicy', 'PolicyInputList.member.11=p')).toEqual({
      PolicyInputList: [...Array<null>(10).fill(null), 'p'],
    })
    const ten = Array.from({ length: 10 }, (_, i) => `PolicyInputList.member.${i + 1}=p`).join('&')
    expect(malformed('GetContextKeysForCustomPolicy', `${ten}&PolicyInputList.member.21=p`)).toBe(
      'Excessively sparse input would skip 11 list elements',
    )
  })

  it('takes an empty value for an empty list, and any other for none', () => {
    expect(decode('TagUser', 'Tags=')).toEqual({ Tags: [] })
    expect(malformed('TagUser', 'Tags=x')).toBe('Unexpected list element termination')
    expect(malformed('TagUser', 'Tags.member.1=x')).toBe('Unexpected complex element termination')
  })

  it('decodes plus signs and percent escapes, and leaves broken ones as they are', () => {
    expect(decode('GetUser', 'UserName=a+b%2Bc%C3%A9')).toEqual({ UserName: 'a b+cé' })
    expect(decode('GetUser', 'UserName=%zz')).toEqual({ UserName: '%zz' })
  })

  it('keeps hostile names as data', () => {
    expect(decode('GetUser', '__proto__=x&__proto__.polluted=1&constructor.prototype.polluted=1&UserName=u')).toEqual({
      UserName: 'u',
    })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('throws nothing but AwsError 400, whatever comes', () => {
    const index = fc.oneof(fc.nat({ max: 15 }).map(String), fc.constantFrom('-1', '01', 'x', '', '1.1', '__proto__'))
    const tag = fc.record({ index, member: fc.constantFrom('Key', 'Value', 'Nope', '1', ''), value: fc.string() })
    const body = fc.oneof(
      fc.string(),
      fc
        .array(tag)
        .map((tags) => tags.map((t) => `Tags.member.${t.index}.${t.member}=${encodeURIComponent(t.value)}`).join('&')),
      fc.webQueryParameters(),
    )
    fc.assert(
      fc.property(body, (text) => {
        try {
          awsQuery.operationOf(request({ body: text }), iam.model)
          decode('TagUser', text)
          decode('SimulateCustomPolicy', text)
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError)
          expect((error as AwsError).status).toBe(400)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('encode', () => {
  it('writes the envelope of an operation with output', () => {
    const output = {
      Credentials: {
        AccessKeyId: 'ASIA',
        SecretAccessKey: 's',
        SessionToken: 't',
        Expiration: new Date('2026-01-01T00:00:00.999Z'),
      },
    }
    expect(awsQuery.encode(output, sts.operation('GetSessionToken'), answering(undefined, 'id'))).toEqual({
      status: 200,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'id' },
      body:
        '<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials>' +
        '<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>' +
        '<Expiration>2026-01-01T00:00:00Z</Expiration></Credentials></GetSessionTokenResult>' +
        '<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetSessionTokenResponse>',
    })
  })

  it('writes lists as members, and only the metadata where there is no output', () => {
    expect(
      awsQuery.encode(
        { Tags: [{ Key: 'a', Value: '<&' }], IsTruncated: false },
        iam.operation('ListUserTags'),
        answering(),
      ).body,
    ).toContain(
      '<ListUserTagsResult><Tags><member><Key>a</Key><Value>&lt;&amp;</Value></member></Tags>' +
        '<IsTruncated>false</IsTruncated></ListUserTagsResult>',
    )
    expect(awsQuery.encode({}, iam.operation('DeleteUser'), answering(undefined, 'id')).body).toBe(
      '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
        '<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteUserResponse>',
    )
  })
})

describe('fail', () => {
  it('writes the error envelope', () => {
    const error = new AwsError('AccessDenied', 403, 'User: <x>')
    expect(awsQuery.fail(error, sts.model, answering(undefined, 'id'))).toEqual({
      status: 403,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'id' },
      body:
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        '<Code>AccessDenied</Code><Message>User: &lt;x&gt;</Message></Error><RequestId>id</RequestId></ErrorResponse>',
    })
    expect(awsQuery.fail(new AwsError('InternalFailure', 500, ''), undefined, answering(undefined, 'id')).body).toBe(
      '<ErrorResponse><Error><Type>Receiver</Type><Code>InternalFailure</Code></Error><RequestId>id</RequestId></ErrorResponse>',
    )
  })

  it('is understood by the official client', async () => {
    const failing = (error: AwsError) =>
      iam.send('GetUser', { UserName: 'u' }, () => awsQuery.fail(error, iam.model, answering()))
    await expect(
      failing(new AwsError('NoSuchEntity', 404, 'The user with name u cannot be found.')),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'The user with name u cannot be found.',
      $metadata: { httpStatusCode: 404, requestId: answering().requestId },
    })
    await expect(failing(new AwsError('ValidationError', 400, '1 validation error'))).rejects.toMatchObject({
      name: 'ValidationError',
      message: '1 validation error',
    })
  })
})
