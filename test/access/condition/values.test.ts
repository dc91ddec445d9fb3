import { describe, expect, it } from '@jest/globals'
import { compareDecimals, readDecimal } from '../../../emulator/access/condition/decimal.ts'
import { readDate } from '../../../emulator/access/condition/date.ts'
import { holds, matches } from './support.ts'

describe('numbers are exact decimals (captures 10.3)', () => {
  it.each(['1', '01', '+1', '1.', '1.0', '1e0', '10e-1', '0.1E+1', '1.000'])('%s equals 1', (one) => {
    expect(matches('NumericEquals', '1', one)).toBe(true)
    expect(matches('NumericEquals', one, '1')).toBe(true)
    expect(matches('NumericNotEquals', '1', one)).toBe(false)
    expect(matches('NumericLessThan', '1', one)).toBe(false)
    expect(matches('NumericGreaterThanEquals', '1', one)).toBe(true)
  })

  it.each(['', 'NaN', 'Infinity', 'text', ' 1 ', '0x10', '.', 'e1', '1e', '-'])('`%s` is no number', (text) => {
    expect(matches('NumericEquals', '1', text)).toBe(false)
    expect(matches('NumericNotEquals', '1', text)).toBe(true)
    expect(matches('NumericLessThan', '1', text)).toBe(false)
    expect(matches('NumericGreaterThan', '1', text)).toBe(false)
    expect(matches('NumericEquals', text, '1')).toBe(false)
    expect(matches('NumericNotEquals', text, '1')).toBe(true)
  })

  it.each([
    ['9007199254740993', '9007199254740992', 1],
    ['-2', '1', -1],
    ['-2', '-1', -1],
    ['-0', '0', 0],
    ['0', '-1', 1],
    ['0.1', '0.10', 0],
    ['0.09', '0.1', -1],
    ['1e9999', '9e9998', 1],
    ['1e99999999999999999999', '1e99999999999999999998', 1],
    ['0e5', '0', 0],
    ['100', '99.999', 1],
  ])('%s and %s', (a, b, order) => {
    expect(Math.sign(compareDecimals(readDecimal(a)!, readDecimal(b)!))).toBe(order)
    expect(Math.sign(compareDecimals(readDecimal(b)!, readDecimal(a)!))).toBe(0 - order)
    expect(matches('NumericGreaterThan', b, a)).toBe(order > 0)
    expect(matches('NumericLessThanEquals', b, a)).toBe(order <= 0)
  })

  it('takes JSON numbers, digit by digit', () => {
    expect(matches('NumericEquals', 365, '365')).toBe(true)
  })

  it('per value under set operators', () => {
    const keys = { 'aws:RequestTag/x': ['no-number'] }
    expect(holds('ForAnyValue:NumericNotEquals', '1', keys)).toBe(true)
  })

  it('kms:RotationPeriodInDays: greater than 100 spares 90 (captures 6)', () => {
    const period = (days: string) =>
      holds('NumericGreaterThan', '100', { 'kms:RotationPeriodInDays': days }, 'kms:RotationPeriodInDays')
    expect([period('365'), period('180'), period('90')]).toEqual([true, true, false])
  })
})

describe('dates (captures 10.3)', () => {
  const NOON = '2026-01-02T12:00:00Z'
  const EPOCH = String(Date.parse(NOON) / 1000)
  it.each([
    ['2026-01-02T12:00:00', true],
    ['2026-01-02T12:00Z', true],
    ['2026-01-02T12:00:00.000Z', true],
    ['2026-01-02T12:00:00.0001Z', true],
    ['2026-01-02T13:00:00+01:00', true],
    ['2026-01-02T11:30:00-00:30', true],
    [EPOCH, true],
    [`+${EPOCH}`, true],
    ['2026-01-02', false],
    ['2026-01-02T12:00:00.001Z', false],
  ])('%s', (value, same) => {
    expect(matches('DateEquals', NOON, value)).toBe(same)
    expect(matches('DateEquals', value, NOON)).toBe(same)
    expect(matches('DateNotEquals', NOON, value)).toBe(!same)
  })

  it('cuts to milliseconds', () => {
    expect(matches('DateEquals', '2026-01-01T00:00:00.1231Z', '2026-01-01T00:00:00.1239Z')).toBe(true)
    expect(matches('DateEquals', '2026-01-01T00:00:00.123Z', '2026-01-01T00:00:00.124Z')).toBe(false)
  })

  it.each(['', 'not-a-date', '2026-13-01', '2026-02-29', '2026-01-01T25:00:00Z', '2026-1-1', '1.5', 'Infinity'])(
    '`%s` is no date',
    (text) => {
      expect(readDate(text)).toBeUndefined()
      expect(matches('DateEquals', NOON, text)).toBe(false)
      expect(matches('DateNotEquals', NOON, text)).toBe(true)
      expect(matches('DateLessThan', NOON, text)).toBe(false)
      expect(matches('DateNotEquals', text, NOON)).toBe(true)
    },
  )

  it('orders', () => {
    expect(matches('DateLessThan', NOON, '2026-01-02')).toBe(true)
    expect(matches('DateGreaterThanEquals', NOON, '2026-01-02')).toBe(false)
    expect(matches('DateGreaterThan', '2024-02-29', '2024-03-01')).toBe(true)
  })
})

describe('booleans (captures 10.3)', () => {
  it.each([
    ['true', 'true', true],
    ['true', 'TRUE', true],
    ['TRUE', 'true', true],
    [true, 'true', true],
    ['true', 'yes', false],
    ['false', 'yes', true],
    ['false', '1', true],
    ['false', '', true],
    ['false', ' true ', true],
    ['yes', 'false', true],
    ['yes', 'true', false],
  ])('%s against %s', (operand, value, expected) => {
    expect(matches('Bool', operand, value)).toBe(expected)
  })
  it('takes variables', () => {
    expect(holds('Bool', '${aws:ViaAWSService}', { 'aws:RequestTag/x': 'true', 'aws:ViaAWSService': 'true' })).toBe(
      true,
    )
  })
})

describe('BinaryEquals compares the text (captures 10.3)', () => {
  it.each([
    ['YQ==', 'YQ==', true],
    ['YQ==', 'YQ', false],
    ['YQ==', 'YR==', false],
  ])('%s and %s', (operand, value, expected) => {
    expect(matches('BinaryEquals', operand, value)).toBe(expected)
  })
})

describe('ARNs (captures 10.4)', () => {
  const ROLE = 'arn:aws:iam::111111111111:role/team/app'
  it.each([
    [ROLE, true],
    ['arn:aws:iam::111111111111:role/*', true],
    ['arn:aws:iam::*:role/team/app', true],
    ['arn:*:iam::11111111111?:role/*/app', true],
    ['arn:aws:iam::111111111111:role/App', false],
    ['arn:aws:iam::222222222222:role/*', false],
    // A wildcard stays within its part.
    ['arn:aws:*:role/team/app', 'poison'],
    ['arn:aws:iam:*:111111111111:role/team/app', true],
  ])('%s', (operand, like) => {
    expect(matches('ArnLike', operand, ROLE)).toBe(like)
    expect(matches('ArnEquals', operand, ROLE)).toBe(like)
    expect(matches('ArnNotLike', operand, ROLE)).toBe(like === 'poison' ? like : !like)
    expect(matches('ArnNotEquals', operand, ROLE)).toBe(like === 'poison' ? like : !like)
  })

  it.each(['text', '', 'arn:aws:iam', 'urn:aws:iam::111111111111:role/x'])(
    'a request value `%s` matches neither polarity, whatever the operand',
    (value) => {
      for (const operand of [ROLE, 'not-an-arn']) {
        expect(matches('ArnLike', operand, value)).toBe(false)
        expect(matches('ArnNotLike', operand, value)).toBe(false)
      }
    },
  )

  it.each([
    [['not-an-arn'], 'poison', 'poison'],
    [[ROLE, 'not-an-arn'], true, false],
    [['not-an-arn', ROLE], 'poison', 'poison'],
    [['arn:aws:iam::1:role/x', 'not-an-arn'], 'poison', 'poison'],
  ])('the order of a list decides: %j', (operands, like, notLike) => {
    expect(matches('ArnLike', operands, ROLE)).toBe(like)
    expect(matches('ArnNotLike', operands, ROLE)).toBe(notLike)
  })

  it('a bad operand may come through a variable', () => {
    const keys = { 'aws:RequestTag/x': ROLE, 'aws:RequestTag/y': 'not-an-arn' }
    expect(holds('ArnLike', '${aws:RequestTag/y}', keys)).toBe('poison')
    expect(holds('ArnLike', '${aws:RequestTag/y}', { ...keys, 'aws:RequestTag/y': ROLE })).toBe(true)
  })

  it('a variable’s text is literal', () => {
    const keys = { 'aws:RequestTag/x': ROLE, 'aws:RequestTag/y': '*' }
    expect(holds('ArnLike', 'arn:aws:iam::111111111111:role/${aws:RequestTag/y}', keys)).toBe(false)
  })

  it('is poison per value under set operators, and nothing to an absent key', () => {
    expect(holds('ForAnyValue:ArnLike', 'bad', { 'aws:RequestTag/x': [ROLE] })).toBe('poison')
    expect(holds('ArnLikeIfExists', 'bad', {})).toBe(true)
    expect(holds('ArnLike', 'bad', {})).toBe(false)
  })
})
