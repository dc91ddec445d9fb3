import { describe, expect, it } from '@jest/globals'
import { compilePolicy } from '../../emulator/access/document.ts'
import { policySize, validatePolicy, type PolicyChecks, type PolicyKind } from '../../emulator/access/validate.ts'

const OK = undefined
const document = (statement: object, more: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', ...more, Statement: [statement] })

const IDENTITY = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }
const TRUST = { Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'sts:AssumeRole' }
const KEY = { Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'kms:*', Resource: '*' }
const BUCKET = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
const RCP = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }

const message = (text: string, kind: PolicyKind, checks?: PolicyChecks) => validatePolicy(text, kind, checks)?.message
const without = (statement: object, name: string) =>
  Object.fromEntries(Object.entries(statement).filter(([key]) => key !== name))

describe('identity policies', () => {
  it.each([
    ['', 'This policy contains invalid Json'],
    ['[]', 'This policy contains invalid Json'],
    ['{"Version":"2012-10-17"}', 'Syntax errors in policy.'],
    ['{"Version":"2012-10-17","Statement":[]}', 'Syntax errors in policy.'],
    [document(IDENTITY, { Version: '2020-01-01' }), 'Policy document must be version 2012-10-17 or greater.'],
    [document(IDENTITY, { Comment: 'x' }), 'Syntax errors in policy.'],
    [document({ ...IDENTITY, Resources: '*' }), 'Syntax errors in policy.'],
    [document(without(IDENTITY, 'Effect')), 'Syntax errors in policy.'],
    [document({ ...IDENTITY, Effect: 'allow' }), 'Syntax errors in policy.'],
    [document(without(IDENTITY, 'Action')), 'Policy statement must contain actions.'],
    [document({ ...IDENTITY, Action: [] }), 'Policy statement must contain actions.'],
    [document(without(IDENTITY, 'Resource')), 'Policy statement must contain resources.'],
    [document({ ...IDENTITY, Resource: [] }), 'Policy statement must contain resources.'],
    [
      document({ ...IDENTITY, Action: 'GetObject' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [document({ ...IDENTITY, Action: 's3:a:b' }), 'Actions/Condition can contain only one colon.'],
    [document({ ...IDENTITY, Resource: 'bucket' }), 'Resource bucket must be in ARN format or "*".'],
    [document({ ...IDENTITY, Principal: '*' }), 'Policy document should not specify a principal.'],
    [document({ ...IDENTITY, NotPrincipal: '*' }), 'Policy document should not specify a principal.'],
    [
      document({ ...IDENTITY, Sid: 'has space' }),
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    ],
    [
      JSON.stringify({
        Statement: [
          { ...IDENTITY, Sid: 'a' },
          { ...IDENTITY, Sid: 'a' },
        ],
      }),
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    [document({ ...IDENTITY, Condition: { StringIs: { a: 'b' } } }), 'Syntax errors in policy.'],
    [document({ ...IDENTITY, Condition: { StringEquals: 'b' } }), 'Syntax errors in policy.'],
    [document({ ...IDENTITY, Condition: [] }), 'Syntax errors in policy.'],
    [document({ ...IDENTITY, Action: '*', NotAction: 's3:*' }), 'Syntax errors in policy.'],
    [document(IDENTITY), OK],
    [JSON.stringify({ Statement: IDENTITY }), OK],
    [document(IDENTITY, { Version: '2008-10-17', Id: 'x' }), OK],
    [document({ ...IDENTITY, Action: '*', Condition: { StringEqualsIfExists: { a: ['b', 1, true] } } }), OK],
    [document({ Effect: 'Deny', NotAction: 'iam:*', NotResource: 'arn:aws:s3:::x' }), OK],
  ])('%s', (text, expected) => {
    expect(message(text, 'identity')).toBe(expected)
    // INVARIANT of the engine: what is stored can be evaluated.
    if (expected === undefined) expect(() => compilePolicy(text)).not.toThrow()
  })
})

describe('operands that cannot be read (captures 10.6)', () => {
  const stored = (kind: PolicyKind, operator: string, operand: unknown) =>
    validatePolicy(document({ ...IDENTITY, Condition: { [operator]: { 'aws:x': operand } } }), kind)?.fault
  const REFUSED: readonly (readonly [operator: string, operand: string])[] = [
    ['NumericEquals', 'NaN'],
    ['NumericEquals', 'no-number'],
    ['DateEquals', 'not-a-date'],
    ['ArnEquals', 'not-an-arn'],
    ['IpAddress', 'not-an-ip'],
    ['IpAddress', '::ffff:192.0.2.1'],
    ['IpAddress', '2001:db8::192.0.2.1'],
    ['IpAddress', '2001:db8::5/64'],
    ['IpAddress', '2001:db8::5/127'],
    ['IpAddress', '2001:db8::1/0'],
    ['IpAddress', '192.0.2.0/33'],
    ['NotIpAddress', '2001:db8::/129'],
  ]
  it.each(REFUSED)('%s %s: refused by PutUserPolicy, taken by STS', (operator, operand) => {
    expect(stored('identity', operator, operand)).toBe('invalid-condition')
    expect(stored('session', operator, operand)).toBeUndefined()
  })
  it('bad base64 is refused by both', () => {
    expect(stored('identity', 'BinaryEquals', 'not base64!')).toBe('invalid-condition')
    expect(stored('session', 'BinaryEquals', 'not base64!')).toBe('invalid-condition')
    expect(stored('session', 'BinaryEquals', 'YQ==')).toBeUndefined()
  })
  it.each([
    ['NumericEquals', '01'],
    ['Bool', 'TRUE'],
    ['Bool', 'yes'],
    ['Null', 'yes'],
    ['Null', 'TRUE'],
    ['IpAddress', '192.0.2.5/24'],
    ['IpAddress', '192.0.2.0/024'],
    ['IpAddress', '192.0.2.0/+24'],
    ['IpAddress', '192.000.002.1'],
    ['IpAddress', '::ffff:c000:200/120'],
    ['IpAddress', '2001:db8:::1/128'],
    ['IpAddress', '2001:db8::1:/128'],
    ['ArnLike', 'arn:aws:iam::*:role/${aws:username}'],
    ['ArnLike', '${aws:PrincipalArn}'],
  ])('%s %s is accepted', (operator, operand) => {
    expect(stored('identity', operator, operand)).toBeUndefined()
  })
})

describe('trust policies', () => {
  it.each([
    [document(TRUST), OK],
    [
      document({
        ...TRUST,
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
      }),
      OK,
    ],
    [document({ ...TRUST, Resource: '*' }), 'Has prohibited field Resource'],
    [document({ ...TRUST, NotResource: '*' }), 'Has prohibited field NotResource'],
    [document(without(TRUST, 'Principal')), 'Missing required field Principal'],
    [document(without(TRUST, 'Action')), 'Missing required field Action'],
    [document({ ...TRUST, Action: '*' }), 'AssumeRole policy may only specify STS AssumeRole actions.'],
    [document({ ...TRUST, Action: 's3:GetObject' }), 'AssumeRole policy may only specify STS AssumeRole actions.'],
    [
      document({ ...TRUST, Principal: { AWS: 'arn:aws:iam::111111111111:user/gone' } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/gone"',
    ],
    [
      document({ ...TRUST, Principal: { AWS: 'arn:aws:iam::111111111111:group/g' } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:group/g"',
    ],
    [
      document({ ...TRUST, Principal: { AWS: 'arn:aws:iam::111111111111:user/*' } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/*"',
    ],
    [document({ ...TRUST, Principal: { Service: 'lambda' } }), 'Invalid principal in policy: "SERVICE":"lambda"'],
    ['{', 'This policy contains invalid Json'],
  ])('%s', (text, expected) => {
    expect(message(text, 'trust', { principalExists: (arn) => !arn.endsWith('/gone') })).toBe(expected)
  })
})

describe('key policies', () => {
  const INVALID = 'Policy contains a statement with one or more invalid principals.'
  it.each([
    [document(KEY), OK],
    [document({ ...KEY, Sid: 'Enable IAM User Permissions' }), OK],
    [document(without(KEY, 'Action')), OK],
    [document(without(KEY, 'Resource')), OK],
    [JSON.stringify({ Statement: [KEY, KEY] }), OK],
    [document(without(KEY, 'Principal')), ''],
    ['{', ''],
    [document({ ...KEY, Effect: 'Maybe' }), ''],
    [document({ ...KEY, Principal: { AWS: 'arn:aws:iam::111111111111:role/gone' } }), INVALID],
    [document({ ...KEY, Principal: { AWS: 'alice' } }), INVALID],
    [document({ ...KEY, Principal: { Service: 'nonsense' } }), INVALID],
    [document({ ...KEY, Principal: { AWS: 'AROADELETED' } }), INVALID],
  ])('%s', (text, expected) => {
    const principalExists = (who: string) => !/gone$|^AROADELETED$/.test(who)
    expect(message(text, 'key', { principalExists })).toBe(expected)
  })

  it.each(['kms:EncryptionContext:team', 'aws:RequestTag/team', 'AWS:requesttag/x'])(
    'ForAllValues on %s, which has one value',
    (key) => {
      const Condition = { 'ForAllValues:StringEquals': { [key]: 'x' } }
      expect(message(document({ ...KEY, Condition }), 'key')).toMatch(/^OverlyPermissiveCondition: /)
      const fine = { 'ForAnyValue:StringEquals': { [key]: 'x' } }
      expect(message(document({ ...KEY, Condition: fine }), 'key')).toBeUndefined()
    },
  )
  it('ForAllValues on a multi-valued key is fine', () => {
    const Condition = { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': 'x' } }
    expect(message(document({ ...KEY, Condition }), 'key')).toBeUndefined()
  })
  it('at most 32 KiB', () => {
    const long = document(KEY).replace('{', `{${' '.repeat(32_768)}`)
    expect(validatePolicy(long, 'key')).toEqual({ fault: 'too-long', message: '' })
  })
})

describe('bucket policies', () => {
  const bucketArn = 'arn:aws:s3:::bucket'
  it.each([
    [document(BUCKET), OK],
    [document({ ...BUCKET, Resource: ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/*'] }), OK],
    [document({ ...BUCKET, Resource: 'arn:aws:s3:::bucket*' }), OK],
    ['nope', "Policies must be valid JSON and the first byte must be '{'"],
    ['{"Version":"2012-10-17"}', 'Missing required field Statement'],
    [document(without(BUCKET, 'Effect')), 'Missing required field Effect'],
    [document(without(BUCKET, 'Principal')), 'Missing required field Principal'],
    [document(without(BUCKET, 'Action')), 'Missing required field Action'],
    [document(without(BUCKET, 'Resource')), 'Missing required field Resource'],
    [document({ ...BUCKET, Effect: 'allow' }), 'Invalid effect: allow'],
    [document({ ...BUCKET, Foo: 1 }), 'Unknown field Foo'],
    [document({ ...BUCKET, Action: 'kms:Decrypt' }), 'Policy has invalid action'],
    [document({ ...BUCKET, Action: 's3:ListObjects' }), 'Policy has invalid action'],
    [document({ ...BUCKET, Action: ['s3:GetObject', 's3:Frobnicate*'] }), 'Policy has invalid action'],
    [document({ ...BUCKET, Action: 's3:ListAllMyBuckets' }), 'Policy has invalid action'],
    [document({ ...BUCKET, Action: 's3:ListBucket' }), 'Action does not apply to any resource(s) in statement'],
    [document({ ...BUCKET, Resource: bucketArn }), 'Action does not apply to any resource(s) in statement'],
    [
      document({ ...BUCKET, Action: ['s3:GetObject', 's3:listbucket'] }),
      'Action does not apply to any resource(s) in statement',
    ],
    [
      document({ ...BUCKET, Action: 's3:GetBucket*', Resource: 'arn:aws:s3:::bucket*/x' }),
      'Action does not apply to any resource(s) in statement',
    ],
    [
      document({
        ...BUCKET,
        Action: ['s3:ListBucket', 's3:GetBucketLocation'],
        Resource: bucketArn,
        Condition: { StringLike: { 's3:prefix': 'home/*' } },
      }),
      'Conditions do not apply to combination of actions and resources in statement',
    ],
    [
      document({ ...BUCKET, Condition: { NumericLessThan: { 'S3:Max-Keys': '10' } } }),
      'Conditions do not apply to combination of actions and resources in statement',
    ],
    ...[
      {
        Action: ['s3:ListBucket', 's3:List*Versions'],
        Resource: bucketArn,
        Condition: { Null: { 's3:delimiter': 'true' } },
      },
      { Action: 's3:*', Condition: { StringLike: { 's3:prefix': 'home/*' } } },
      { Action: '*' },
      { Action: 's3:*' },
      { Action: 'S3:getobject' },
      { Action: 's3:*Tagging', Resource: bucketArn },
      { Action: ['s3:ListBucket', 's3:PutObject'], Resource: [bucketArn, `${bucketArn}/*`] },
      { Action: ['s3:ListBucket', 's3:PutObject'], Resource: `${bucketArn}*` },
      { Action: 's3:GetObject', Resource: `${bucketArn}/a` },
    ].map((more) => [document({ ...BUCKET, ...more }), OK] as const),
    [document({ ...without(BUCKET, 'Action'), NotAction: 's3:ListBucket' }), OK],
    [document({ ...without(BUCKET, 'Resource'), Effect: 'Deny', NotResource: `${bucketArn}/open/*` }), OK],
    [document({ ...BUCKET, Resource: '*' }), 'Policy has invalid resource'],
    [document({ ...BUCKET, Resource: 'arn:aws:s3:::other/*' }), 'Policy has invalid resource'],
    [document({ ...BUCKET, Resource: 'arn:aws:s3:::bucket2/*' }), 'Policy has invalid resource'],
    [document({ ...BUCKET, Principal: { AWS: 'arn:aws:iam::111111111111:user/gone' } }), 'Invalid principal in policy'],
  ])('%s', (text, expected) => {
    expect(message(text, 'bucket', { bucketArn, principalExists: () => false })).toBe(expected)
  })
})

describe('organization policies (captures 9.5)', () => {
  const REFUSED = 'The provided policy document does not meet the requirements of the specified policy type.'
  it.each([
    [RCP, OK],
    [{ ...RCP, Principal: { AWS: '*' } }, OK],
    [{ ...RCP, Action: 'S3:GetObject' }, OK],
    [{ ...RCP, Action: 's3:NoSuchAction' }, OK],
    [{ Effect: 'Deny', Principal: '*', Action: 'kms:*', NotResource: 'arn:aws:s3:::x' }, OK],
    [{ ...RCP, Effect: 'Allow' }, REFUSED],
    [{ ...RCP, Action: '*' }, REFUSED],
    [{ ...RCP, Action: 'madeup:Thing' }, REFUSED],
    [{ ...RCP, Action: 'iam:GetUser' }, REFUSED],
    [{ ...RCP, Principal: ['*'] }, REFUSED],
    [{ ...RCP, Principal: { AWS: ['*'] } }, REFUSED],
    [{ ...RCP, Principal: { AWS: '111111111111' } }, REFUSED],
    [{ ...without(RCP, 'Action'), NotAction: 's3:*' }, REFUSED],
    [{ ...without(RCP, 'Principal'), NotPrincipal: '*' }, REFUSED],
  ])('RCP %j', (statement, expected) => {
    expect(message(document(statement), 'rcp')).toBe(expected)
    expect(message(JSON.stringify({ Statement: statement }), 'rcp')).toBe(expected)
  })
  it('SCPs have no principal, and at most 5120 characters', () => {
    expect(message(document(IDENTITY), 'scp')).toBeUndefined()
    expect(message(document({ ...IDENTITY, Principal: '*' }), 'scp')).toBe(REFUSED)
    expect(validatePolicy(document({ ...IDENTITY, Sid: 'x'.repeat(5120) }), 'scp')?.fault).toBe('too-long')
  })
})

it('policySize does not count white space', () => {
  expect(policySize('{ "a" :\t1,\r\n "b": 2 }')).toBe('{"a":1,"b":2}'.length)
})
