import { describe, expect, it } from '@jest/globals'
import {
  beginningWith,
  exactly,
  operandText,
  resourceText,
  widened,
} from '../../../emulator/access/generate/pattern.ts'
import { documentsFor, sizeOf } from '../../../emulator/access/generate/documents.ts'
import { statementsFor } from '../../../emulator/access/generate/statements.ts'
import type { Use, UseCondition } from '../../../emulator/access/generate/use.ts'
import { validatePolicy } from '../../../emulator/access/validate.ts'

const KEY = 'arn:aws:kms:us-east-1:111111111111:key/1'
const when = (key: string, ...values: readonly string[]): UseCondition => ({
  key,
  values: values.map(exactly),
  type: 'String',
  many: false,
})
const use = (action: string, resource: string, ...conditions: readonly UseCondition[]): Use => ({
  action,
  resource: exactly(resource),
  conditions,
  guard: 'none',
  account: undefined,
})

describe('a pattern', () => {
  it.each([
    ['arn:aws:s3:::b/a/1', 'arn:aws:s3:::b/a/2', 'arn:aws:s3:::b/a/'],
    ['arn:aws:s3:::b/a/1', 'arn:aws:s3:::b/c', 'arn:aws:s3:::b/'],
    ['arn:aws:s3:::one', 'arn:aws:s3:::other', 'arn:aws:s3:::'],
    ['tenant-1', 'tenant-2', ''],
  ])('of %s and %s begins with %s', (a, b, common) => {
    expect(widened(exactly(a), exactly(b))).toEqual(beginningWith(common))
    expect(widened(beginningWith(common), exactly(b))).toEqual(beginningWith(common))
  })
  it('of a name and itself is the name', () => {
    expect(widened(exactly('a'), exactly('a'))).toEqual(exactly('a'))
    expect(widened(exactly('a'), beginningWith('a'))).toEqual(beginningWith('a'))
  })
  it("is written so that an object's own characters are none of a policy's", () => {
    expect(resourceText(exactly('arn:aws:s3:::b/*?${x}$'))).toBe('arn:aws:s3:::b/${*}${?}${$}{x}$')
    expect(resourceText(beginningWith('arn:aws:s3:::b/*/'))).toBe('arn:aws:s3:::b/${*}/*')
    expect(operandText(exactly('*${x}'), false)).toBe('*${$}{x}')
    expect(operandText(beginningWith('*${x}/'), true)).toBe('${*}${$}{x}/*')
  })
  it('keeps the star of an ARN that a service leaves open', () => {
    expect(resourceText(exactly('arn:aws:ec2:us-east-1::snapshot/*'))).toBe('arn:aws:ec2:us-east-1::snapshot/*')
    expect(resourceText(exactly('*'))).toBe('*')
  })
})

describe('statements', () => {
  it('put together what differs in its action, in its resource, or in one condition', () => {
    const via = when('kms:ViaService', 's3.us-east-1.amazonaws.com')
    const of = (name: string) => when('kms:EncryptionContext:aws:s3:arn', name)
    const uses = [
      use('s3:PutObject', 'arn:aws:s3:::b/2'),
      use('s3:GetObject', 'arn:aws:s3:::b/2'),
      use('s3:PutObject', 'arn:aws:s3:::b/1'),
      use('s3:GetObject', 'arn:aws:s3:::b/1'),
      use('s3:GetObject', 'arn:aws:s3:::b/3'),
      use('kms:Decrypt', KEY, of('b'), via),
      use('kms:Decrypt', KEY, via, of('a')),
      use('kms:ListKeys', '*'),
    ]
    const statements = [
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: KEY,
        Condition: {
          StringEquals: {
            'kms:EncryptionContext:aws:s3:arn': ['a', 'b'],
            'kms:ViaService': 's3.us-east-1.amazonaws.com',
          },
        },
      },
      { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' },
      { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/3' },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: ['arn:aws:s3:::b/1', 'arn:aws:s3:::b/2'],
      },
    ]
    expect(new Set(statementsFor(uses))).toEqual(new Set(statements))
    expect(JSON.stringify(statementsFor([...uses].reverse()))).toBe(JSON.stringify(statementsFor(uses)))
  })
  it('never mix the values of contexts that differ in two pairs', () => {
    const context = (team: string, purpose: string) => [
      when('kms:EncryptionContext:team', team),
      when('kms:EncryptionContext:purpose', purpose),
    ]
    const statements = statementsFor([
      use('kms:Decrypt', KEY, ...context('blue', 'cache')),
      use('kms:Decrypt', KEY, ...context('red', 'log')),
    ])
    expect(statements.map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { 'kms:EncryptionContext:purpose': 'cache', 'kms:EncryptionContext:team': 'blue' } },
      { StringEquals: { 'kms:EncryptionContext:purpose': 'log', 'kms:EncryptionContext:team': 'red' } },
    ])
  })
  it('leave out what another one allows anyway', () => {
    const blue = when('kms:EncryptionContext:team', 'blue')
    expect(
      statementsFor([
        use('kms:Decrypt', KEY, blue, when('kms:ViaService', 's3.us-east-1.amazonaws.com')),
        use('kms:Decrypt', KEY, blue),
      ]),
    ).toEqual([
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: KEY,
        Condition: { StringEquals: { 'kms:EncryptionContext:team': 'blue' } },
      },
    ])
    expect(statementsFor([use('kms:Decrypt', KEY, blue), use('kms:Decrypt', KEY)])).toEqual([
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: KEY },
    ])
  })
  it('write patterns, flags and lists of values with the operators that they need', () => {
    expect(
      statementsFor([
        use(
          'kms:CreateGrant',
          KEY,
          {
            key: 'kms:EncryptionContext:id',
            values: [beginningWith('vol-'), exactly('a*')],
            type: 'String',
            many: false,
          },
          { key: 'kms:GrantIsForAWSResource', values: [exactly('true')], type: 'Bool', many: false },
          { key: 'kms:GrantOperations', values: [exactly('Encrypt'), exactly('Decrypt')], type: 'String', many: true },
        ),
      ])[0]?.Condition,
    ).toEqual({
      Bool: { 'kms:GrantIsForAWSResource': 'true' },
      'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'Encrypt'] },
      StringLike: { 'kms:EncryptionContext:id': ['a${*}', 'vol-*'] },
    })
  })
})

describe('documents', () => {
  const objects = (count: number) =>
    Array.from({ length: count }, (_, index) => use('s3:GetObject', `arn:aws:s3:::bucket/reports/${String(index)}.txt`))

  it('are one when that is enough', () => {
    expect(documentsFor(statementsFor(objects(10)), 6144)).toHaveLength(1)
    expect(documentsFor([], 6144)).toEqual([])
  })
  it('are several that are each valid and together say the same', () => {
    const contexts = Array.from({ length: 500 }, (_, index) =>
      use('kms:Decrypt', KEY, when('kms:EncryptionContext:tenant', `tenant-${String(index)}`)),
    )
    const documents = documentsFor(statementsFor([...objects(1000), ...contexts]), 6144)
    expect(documents.length).toBeGreaterThan(5)
    for (const document of documents) {
      expect(sizeOf(document)).toBeLessThanOrEqual(6144)
      expect(validatePolicy(JSON.stringify(document), 'identity')).toBeUndefined()
    }
    const statements = documents.flatMap(({ Statement }) => Statement)
    expect(
      new Set(statements.filter(({ Action }) => Action === 's3:GetObject').flatMap(({ Resource }) => Resource)).size,
    ).toBe(1000)
    const tenants = statements.flatMap(
      ({ Condition }) => Condition?.['StringEquals']?.['kms:EncryptionContext:tenant'] ?? [],
    )
    expect(new Set(tenants).size).toBe(500)
  })
})
