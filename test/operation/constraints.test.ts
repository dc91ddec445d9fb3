import { describe, expect, it } from '@jest/globals'
import { compileConstraints, type ConstraintTable } from '../../emulator/operation/constraints.ts'
import { hashOrder } from '../../emulator/operation/javaHash.ts'
import { awsQuery } from '../../emulator/wire/awsQuery.ts'
import { iam, kms, request, s3, sts, type Service } from '../wire/clients.ts'

/** What the validator says of an input: code, status and text, or undefined when it is content. */
function verdict(service: Service, operation: string, table: ConstraintTable | undefined, input: object) {
  const error = compileConstraints(service.operation(operation), table, service.protocol.name)(input)
  return error && { code: error.code, status: error.status, text: error.text }
}
const table = (operations: ConstraintTable['operations']): ConstraintTable => ({ operations })
const one = (text: string) => `1 validation error detected: ${text}`

const keyId = { minLength: 1, maxLength: 2048 }
const KMS = table({
  Encrypt: {
    KeyId: keyId,
    Plaintext: { minLength: 1, maxLength: 4096 },
    EncryptionAlgorithm: { enum: ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1'] },
    GrantTokens: { maxLength: 10 },
    'GrantTokens.member': { minLength: 1, maxLength: 8192 },
    'EncryptionContext.key': { maxLength: 3 },
    'EncryptionContext.value': { maxLength: 4 },
  },
  EnableKeyRotation: { KeyId: keyId, RotationPeriodInDays: { min: 90, max: 2560 } },
  TagResource: {
    KeyId: keyId,
    Tags: { maxLength: 1 },
    'Tags.member.TagKey': { minLength: 1, maxLength: 128 },
    'Tags.member.TagValue': { maxLength: 256 },
  },
  CreateAlias: { AliasName: { minLength: 1, maxLength: 256, pattern: '^[a-zA-Z0-9:/_-]+$' } },
})
const encrypt = (input: object) => verdict(kms, 'Encrypt', KMS, { KeyId: 'k', Plaintext: Buffer.from('p'), ...input })

describe('the sentence', () => {
  it('is not written for an input that satisfies the model', () => {
    expect(
      encrypt({
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        GrantTokens: ['t'],
        EncryptionContext: { a: 'b' },
      }),
    ).toBeUndefined()
  })

  it.each([
    [
      { KeyId: '' },
      "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      { Plaintext: Buffer.alloc(4097) },
      "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    ],
    [
      { Plaintext: Buffer.alloc(0) },
      "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      { EncryptionAlgorithm: 'ROT13' },
      "Value 'ROT13' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: " +
        '[SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1]',
    ],
    [{ KeyId: undefined }, "Value null at 'keyId' failed to satisfy constraint: Member must not be null"],
    [
      { GrantTokens: ['a', ''] },
      "Value '[a, ]' at 'grantTokens' failed to satisfy constraint: Member must satisfy constraint: " +
        '[Member must have length less than or equal to 8192, Member must have length greater than or equal to 1]',
    ],
    [
      { EncryptionContext: { long: 'b' } },
      "Value '{long=b}' at 'encryptionContext' failed to satisfy constraint: Map keys must satisfy constraint: " +
        '[Member must have length less than or equal to 3]',
    ],
    [
      { EncryptionContext: { a: 'b', c: 'longer' } },
      "Value '{a=b, c=longer}' at 'encryptionContext' failed to satisfy constraint: Map value must satisfy constraint: " +
        '[Member must have length less than or equal to 4]',
    ],
  ])('names what is wrong, no. %#', (input, text) => {
    expect(encrypt(input)).toEqual({ code: 'ValidationException', status: 400, text: one(text) })
  })

  it('quotes integers (recorded: rotation:enable_2561)', () => {
    expect(verdict(kms, 'EnableKeyRotation', KMS, { KeyId: 'k', RotationPeriodInDays: 2561 })?.text).toBe(
      "1 validation error detected: Value '2561' at 'rotationPeriodInDays' failed to satisfy constraint: " +
        'Member must have value less than or equal to 2560',
    )
    expect(verdict(kms, 'EnableKeyRotation', KMS, { KeyId: 'k', RotationPeriodInDays: 89 })?.text).toContain(
      'Member must have value greater than or equal to 90',
    )
  })

  it('prints the path of members inside lists, and structures as Java does', () => {
    expect(verdict(kms, 'TagResource', KMS, { KeyId: 'k', Tags: [{ TagKey: '', TagValue: 'v' }] })?.text).toBe(
      one(
        "Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
      ),
    )
    const tag = { TagKey: 'k', TagValue: 'v' }
    expect(verdict(kms, 'TagResource', KMS, { KeyId: 'k', Tags: [tag, tag] })?.text).toMatch(
      /^1 validation error detected: Value '\[com\.amazonaws\.kms\.v20141101\.Tag@[\da-f]+, com\.amazonaws\.kms\.v20141101\.Tag@[\da-f]+\]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 1$/,
    )
  })

  it('names the pattern before the length when a value breaks both', () => {
    expect(verdict(kms, 'CreateAlias', KMS, { AliasName: '', TargetKeyId: 'k' })?.text).toBe(
      "2 validation errors detected: Value '' at 'aliasName' failed to satisfy constraint: Member must satisfy regular " +
        "expression pattern: ^[a-zA-Z0-9:/_-]+$; Value '' at 'aliasName' failed to satisfy constraint: Member must have " +
        'length greater than or equal to 1',
    )
  })

  it('demands required members without any table', () => {
    expect(verdict(kms, 'DescribeKey', undefined, {})).toEqual({
      code: 'ValidationException',
      status: 400,
      text: one("Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
    })
  })

  it('lifts or adds a requirement where the table says so', () => {
    const lifted = table({ Decrypt: { KeyId: { required: true }, CiphertextBlob: { required: false } } })
    expect(verdict(kms, 'Decrypt', lifted, {})?.text).toBe(
      one("Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
    )
  })
})

describe('query services', () => {
  const PATTERN = '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+'
  const IAM: ConstraintTable = {
    values: 'withheld',
    operations: {
      TagUser: { 'Tags.member.Key': { minLength: 1 }, UserName: { pattern: '[\\w+=,.@-]+' } },
      UpdateAccessKey: { Status: { enum: ['Active', 'Inactive'], unlisted: true } },
      SetSecurityTokenServicePreferences: { GlobalEndpointTokenVersion: { enum: ['v2Token', 'v1Token'] } },
      GetContextKeysForCustomPolicy: {
        'PolicyInputList.member': { minLength: 1, maxLength: 131072, pattern: PATTERN },
      },
    },
  }
  const sent = (operation: string, body: string) =>
    verdict(iam, operation, IAM, awsQuery.decode(request({ body }), iam.operation(operation)))

  it('reports the gaps of a list, value before key (captures 12.1)', () => {
    expect(sent('TagUser', 'UserName=u&Tags.member.2.Key=k&Tags.member.2.Value=v')).toEqual({
      code: 'ValidationError',
      status: 400,
      text:
        "2 validation errors detected: Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null; " +
        "Value at 'tags.1.member.key' failed to satisfy constraint: Member must not be null",
    })
  })

  it('reports ten problems at most (captures 12.1)', () => {
    for (const index of [10, 11]) {
      const text = sent('TagUser', `UserName=u&Tags.member.${index}.Key=k&Tags.member.${index}.Value=v`)?.text ?? ''
      expect(text).toMatch(/^10 validation errors detected: Value at 'tags\.1\.member\.value'/)
      expect(text.split('; ')).toHaveLength(10)
      expect(text).toMatch(/'tags\.5\.member\.key' failed to satisfy constraint: Member must not be null$/)
    }
  })

  it('reports the holes of a plain list as the list (captures 12.1)', () => {
    expect(sent('GetContextKeysForCustomPolicy', 'PolicyInputList.member.2=p')?.text).toBe(
      "1 validation error detected: Value at 'policyInputList' failed to satisfy constraint: Member must satisfy constraint: " +
        '[Member must have length less than or equal to 131072, Member must have length greater than or equal to 1, ' +
        `Member must satisfy regular expression pattern: ${PATTERN}]`,
    )
  })

  it('withholds values, and lists enums or not (captures 13, facts H3)', () => {
    expect(sent('SetSecurityTokenServicePreferences', 'GlobalEndpointTokenVersion=V1Token')?.text).toBe(
      one(
        "Value at 'globalEndpointTokenVersion' failed to satisfy constraint: Member must satisfy enum value set: " +
          '[v2Token, v1Token]',
      ),
    )
    expect(sent('UpdateAccessKey', 'AccessKeyId=a&Status=Expired')?.text).toBe(
      one("Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"),
    )
  })

  it('takes a trailing newline for part of the value (captures 12.2)', () => {
    expect(sent('TagUser', 'UserName=u%0A&Tags=')?.text).toBe(
      one(
        "Value at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
      ),
    )
  })

  it('quotes values in STS (facts H3)', () => {
    const STS = table({ AssumeRole: { RoleSessionName: { pattern: '[\\w+=,.@-]*' } } })
    expect(verdict(sts, 'AssumeRole', STS, { RoleArn: 'r', RoleSessionName: 'Session1:2' })).toEqual({
      code: 'ValidationError',
      status: 400,
      text: one(
        "Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression " +
          'pattern: [\\w+=,.@-]*',
      ),
    })
  })
})

describe('compileConstraints', () => {
  it('refuses a table that names what is no member', () => {
    expect(() => compileConstraints(kms.operation('Encrypt'), table({ Encrypt: { KeyID: {} } }), 'awsJson')).toThrow(
      'constraint on `Encrypt`: no member `KeyID`',
    )
    expect(() =>
      compileConstraints(kms.operation('TagResource'), table({ TagResource: { 'Tags.member': {} } }), 'awsJson'),
    ).toThrow('constraint on `TagResource`: no member `Tags.member`')
  })

  it('leaves S3 to its own words', () => {
    expect(verdict(s3, 'PutBucketEncryption', undefined, {})).toBeUndefined()
  })

  it('never quotes what is sensitive', () => {
    const password = table({ ChangePassword: { OldPassword: { minLength: 3 } } })
    expect(verdict(iam, 'ChangePassword', password, { OldPassword: 'no', NewPassword: 'x' })?.text).toBe(
      one("Value at 'oldPassword' failed to satisfy constraint: Member must have length greater than or equal to 3"),
    )
  })

  it('reads Java patterns with \\p classes and needless escapes', () => {
    const tags = (pattern: string) => table({ TagResource: { 'Tags.member.TagValue': { pattern } } })
    const tagged = (pattern: string, TagValue: string) =>
      verdict(kms, 'TagResource', tags(pattern), { KeyId: 'k', Tags: [{ TagKey: 'k', TagValue }] })
    expect(tagged('[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*', 'Größe 1')).toBeUndefined()
    expect(tagged('[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*', 'a#b')?.text).toContain("Value 'a#b' at 'tags.1.member.tagValue'")
    expect(tagged('[a-z\\_]+', 'a_b')).toBeUndefined()
  })
})

describe('hashOrder', () => {
  it('walks names as a Java HashMap does', () => {
    const order = (...names: string[]) => hashOrder(names, (name) => name)
    expect(order('key', 'value')).toEqual(['value', 'key'])
    expect(order('readCapacityUnits', 'writeCapacityUnits')).toEqual(['writeCapacityUnits', 'readCapacityUnits'])
  })
})
