import { describe, expect, it } from '@jest/globals'
import { allows, denies, holds, matches } from './support.ts'

/** aws:TagKeys: none, [team], [env], [team, env]. */
const REQUESTS = [undefined, ['team'], ['env'], ['team', 'env']] as const
const row = (operator: string, operand: unknown = 'team') =>
  REQUESTS.map((keys) => Number(holds(operator, operand, { 'aws:TagKeys': keys }, 'aws:TagKeys'))).join('')

describe('multi-valued keys (captures 10.1)', () => {
  it.each([
    ['StringEquals', '0000'],
    ['StringNotEquals', '1000'],
    ['StringEqualsIfExists', '1000'],
    ['StringNotEqualsIfExists', '1000'],
    ['ForAnyValue:StringEquals', '0101'],
    ['ForAllValues:StringEquals', '1100'],
    ['ForAnyValue:StringNotEquals', '0011'],
    ['ForAllValues:StringNotEquals', '1010'],
  ])('%s team', (operator, expected) => {
    expect(row(operator)).toBe(expected)
  })

  it('an empty list is an absent key', () => {
    expect(holds('ForAllValues:StringEquals', 'team', { 'aws:TagKeys': [] }, 'aws:TagKeys')).toBe(true)
    expect(holds('Null', 'true', { 'aws:TagKeys': [] }, 'aws:TagKeys')).toBe(true)
    expect(holds('StringEquals', 'team', { 'aws:TagKeys': [] }, 'aws:TagKeys')).toBe(false)
  })

  it('an empty list of operands matches nothing but an absent key', () => {
    expect(row('ForAllValues:StringEquals', [])).toBe('1000')
    expect(matches('StringNotEquals', [], 'a')).toBe(false)
    expect(matches('StringEquals', [], 'a')).toBe(false)
  })

  it('never stands in a variable, not even with a default', () => {
    const keys = { 'aws:TagKeys': ['team'], 'aws:RequestTag/x': 'fallback' }
    for (const variable of ['${aws:TagKeys}', "${aws:TagKeys, 'fallback'}"]) {
      expect(holds('StringEquals', variable, keys)).toBe(false)
      expect(holds('StringNotEquals', variable, keys)).toBe(true)
    }
  })

  it('a value’s spelling counts', () => {
    expect(holds('ForAllValues:StringEquals', 'team', { 'aws:TagKeys': ['TEAM'] }, 'aws:TagKeys')).toBe(false)
  })
})

describe('absent keys', () => {
  it.each([
    ['StringEquals', false],
    ['StringNotEquals', true],
    ['StringLike', false],
    ['StringNotLike', true],
    ['StringEqualsIgnoreCase', false],
    ['StringNotEqualsIgnoreCase', true],
    ['StringEqualsIfExists', true],
    ['ForAllValues:StringEquals', true],
    ['ForAllValues:StringNotEquals', true],
    ['ForAnyValue:StringEquals', false],
    ['ForAnyValue:StringNotEquals', false],
    ['NumericLessThan', false],
    ['NumericNotEquals', true],
    ['DateGreaterThan', false],
    ['DateNotEquals', true],
    ['Bool', false],
    ['BoolIfExists', true],
    ['BinaryEquals', false],
    ['IpAddress', false],
    ['NotIpAddress', true],
    ['ArnLike', false],
    ['ArnNotLike', true],
  ])('%s', (operator, expected) => {
    expect(holds(operator, '1', {})).toBe(expected)
  })
})

describe('Null', () => {
  const absent = {}
  const empty = { 'aws:RequestTag/x': '' }
  it.each([
    ['true', absent, true],
    ['true', empty, false],
    ['false', absent, false],
    ['false', empty, true],
    ['TRUE', absent, true],
    ['yes', absent, false],
    ['yes', empty, true],
    [true, absent, true],
  ])('%s', (operand, keys, expected) => {
    expect(holds('Null', operand, keys)).toBe(expected)
  })
})

describe('lists of operands', () => {
  it('positive operators want one of them, negated ones none (NOR)', () => {
    expect(matches('StringEquals', ['a', 'b'], 'b')).toBe(true)
    expect(matches('StringNotEquals', ['a', 'b'], 'b')).toBe(false)
    expect(matches('StringNotEquals', ['a', 'b'], 'c')).toBe(true)
    expect(matches('StringNotLike', ['a*', 'b*'], 'bc')).toBe(false)
    expect(matches('NumericNotEquals', ['1', '2'], '2')).toBe(false)
    expect(matches('NotIpAddress', ['10.0.0.0/8', '192.0.2.0/24'], '192.0.2.1')).toBe(false)
  })
})

describe('blocks, keys and operators are all required', () => {
  const keys = { 'aws:RequestTag/x': 'a', 'aws:RequestTag/y': 'b' }
  it('two keys', () => {
    expect(allows({ StringEquals: { 'aws:RequestTag/x': 'a', 'aws:RequestTag/y': 'b' } }, keys)).toBe(true)
    expect(allows({ StringEquals: { 'aws:RequestTag/x': 'a', 'aws:RequestTag/y': 'c' } }, keys)).toBe(false)
  })
  it('two operators', () => {
    expect(allows({ StringEquals: { 'aws:RequestTag/x': 'a' }, StringLike: { 'aws:RequestTag/y': 'c*' } }, keys)).toBe(
      false,
    )
  })
  it('names of keys without regard to case', () => {
    expect(allows({ StringEquals: { 'AWS:requesttag/X': 'a' } }, keys)).toBe(true)
  })
})

describe('unknown operators are never true', () => {
  it.each(['StringSounds', 'NotStringEquals', 'NullIfExists', 'ForAnyValue:Null', 'ForSome:StringEquals'])(
    '%s',
    (operator) => {
      expect(matches(operator, 'a', 'a')).toBe(false)
      expect(allows({ [operator]: { 'aws:RequestTag/x': 'a' } }, {})).toBe(false)
      expect(denies({ [operator]: { 'aws:RequestTag/x': 'a' } }, {})).toBe(false)
    },
  )
})
