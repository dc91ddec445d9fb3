import { describe, expect, it } from '@jest/globals'
import { lowerCase } from '../../../emulator/access/condition/lowerCase.ts'
import { holds, matches } from './support.ts'

const DESERET_CAPITAL = '\u{10400}'
const DESERET_SMALL = '\u{10428}'

describe('StringEqualsIgnoreCase (captures 10.2)', () => {
  it.each([
    ['prod', 'PrOd', true],
    ['É', 'é', true],
    ['k', '\u212a', true],
    ['ß', '\u1e9e', true],
    ['ß', 'SS', false],
    ['I', '\u0131', false],
    ['i', '\u0130', false],
    ['s', '\u017f', false],
    ['\u039f\u03a3', '\u03bf\u03c2', true],
    ['\u039f\u03a3', '\u03bf\u03c3', false],
    ['\u03a3', '\u03c3', true],
    ['\u03a3', '\u03c2', false],
    ['\u039f\u03a3\u039f', '\u03bf\u03c3\u03bf', true],
    [DESERET_CAPITAL, DESERET_SMALL, false],
    [DESERET_CAPITAL, DESERET_CAPITAL, true],
    // An astral letter before it makes the sigma final; one after it makes it medial.
    [`${DESERET_CAPITAL}\u03a3`, `${DESERET_CAPITAL}\u03c2`, true],
    [`\u039f\u03a3${DESERET_CAPITAL}`, `\u03bf\u03c3${DESERET_CAPITAL}`, true],
    ['e\u0301', 'é', false],
  ])('%s and %s', (operand, value, same) => {
    expect(matches('StringEqualsIgnoreCase', operand, value)).toBe(same)
    expect(matches('StringNotEqualsIgnoreCase', operand, value)).toBe(!same)
    expect(holds('ForAnyValue:StringEqualsIgnoreCase', operand, { 'aws:RequestTag/x': [value] })).toBe(same)
    const viaVariable = { 'aws:RequestTag/x': value, 'aws:RequestTag/y': operand }
    expect(holds('StringEqualsIgnoreCase', '${aws:RequestTag/y}', viaVariable)).toBe(same)
  })

  it('keeps its place behind a letter that grows', () => {
    expect(lowerCase(`\u0130${DESERET_CAPITAL}A`)).toBe(`i\u0307${DESERET_CAPITAL}a`)
  })
})

describe('StringEquals', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'A', false],
    ['*', 'a', false],
    ['*', '*', true],
    ['', '', true],
    ['é', 'e\u0301', false],
  ])('%s and %s', (operand, value, same) => {
    expect(matches('StringEquals', operand, value)).toBe(same)
    expect(matches('StringNotEquals', operand, value)).toBe(!same)
  })
})

describe('StringLike', () => {
  it.each([
    ['*', '', true],
    ['*', 'a/b:c\nd', true],
    ['?', 'a', true],
    ['?', '', false],
    ['?', DESERET_SMALL, false],
    ['??', DESERET_SMALL, true],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbbd', false],
    ['a*b*c', 'axxbyybzzc', true],
    ['*a', 'ba', true],
    ['a[b]', 'ab', false],
    ['a[b]', 'a[b]', true],
    ['a\\*b', 'a*b', false],
    ['a\\*b', 'a\\xb', true],
    ['a.c', 'abc', false],
    ['A*', 'ab', false],
    ['a**b', 'ab', true],
  ])('%s and %s', (operand, value, like) => {
    expect(matches('StringLike', operand, value)).toBe(like)
    expect(matches('StringNotLike', operand, value)).toBe(!like)
  })

  it('does not take exponential time', () => {
    expect(matches('StringLike', `${'*a'.repeat(200)}b`, 'a'.repeat(2000))).toBe(false)
  })
})

describe('variables (facts C9)', () => {
  const keys = { 'aws:RequestTag/x': 'blue', 'aws:PrincipalTag/team': 'blue', 'aws:PrincipalTag/star': '*' }
  it.each([
    ['StringEquals', '${aws:PrincipalTag/team}', true],
    ['StringEquals', '${AWS:principaltag/TEAM}', true],
    ['StringEquals', '${aws:PrincipalTag/none}', false],
    ['StringNotEquals', '${aws:PrincipalTag/none}', true],
    ['StringEquals', "${aws:PrincipalTag/none, 'blue'}", true],
    ['StringEquals', "${aws:PrincipalTag/team, 'red'}", true],
    ['StringEquals', "${aws:PrincipalTag/none, ''}blue", true],
    ['StringEquals', '${aws:PrincipalTag/none, "blue"}', false],
    ['StringEquals', '${aws:PrincipalTag/none, blue}', false],
    ['StringLike', 'bl${aws:PrincipalTag/none}*', false],
    ['StringLike', '${aws:PrincipalTag/star}', false],
    ['StringLike', '${*}', false],
    ['StringLike', "b*${aws:PrincipalTag/none, 'e'}", true],
    ['StringEquals', '${', false],
  ])('%s %s', (operator, operand, expected) => {
    expect(holds(operator, operand, keys)).toBe(expected)
  })

  it('escapes stand for themselves', () => {
    expect(matches('StringEquals', '${*}${?}${$}', '*?$')).toBe(true)
    expect(matches('StringLike', 'a${*}', 'ab')).toBe(false)
    expect(matches('StringLike', 'a${*}', 'a*')).toBe(true)
    expect(matches('StringLike', '${$}{*}', '${x}')).toBe(true)
  })
})
