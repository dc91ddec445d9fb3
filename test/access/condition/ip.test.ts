import { describe, expect, it } from '@jest/globals'
import { matches } from './support.ts'

/** [network, address, in it]; unreadable addresses are below. */
const CASES: readonly (readonly [network: string, address: string, inside: boolean])[] = [
  ['192.0.2.0/24', '192.0.2.1', true],
  ['192.0.2.5/24', '192.0.2.200', true],
  ['192.0.2.5/24', '192.0.3.1', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.1/32', '192.0.2.1', true],
  ['192.000.002.1', '192.0.2.1', true],
  ['192.0.2.0/024', '192.0.2.9', true],
  ['192.0.2.0/+24', '192.0.2.9', true],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['10.0.0.0/0', '203.0.113.9', true],
  ['128.0.0.0/1', '255.255.255.255', true],
  ['128.0.0.0/1', '127.0.0.1', false],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['192.0.2.0/24', '192.000.002.001', true],
  // Operands that cannot be read match nothing.
  ['not-an-ip', '192.0.2.1', false],
  ['192.0.2.0/33', '192.0.2.1', false],
  ['2001:db8::/129', '2001:db8::1', false],
  ['::ffff:192.0.2.1', '192.0.2.1', false],
  ['2001:db8::192.0.2.1', '2001:db8::c000:201', false],
  // IPv6.
  ['2001:db8::/64', '2001:db8::1', true],
  ['2001:db8::/64', '2001:db8:0:1::1', false],
  ['2001:DB8::1', '2001:db8::1', true],
  ['2001:db8::1/128', '2001:db8::1', true],
  ['::/0', '2001:db8::1', true],
  ['::/0', '192.0.2.1', false],
  ['2001:db8::5/64', '2001:db8::5', false],
  ['2001:db8::5/127', '2001:db8::5', false],
  ['2001:db8::1/0', '2001:db8::1', false],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', true],
  // Mapped requests are IPv4; mapped networks hold nothing.
  ['192.0.2.0/24', '::ffff:192.0.2.1', true],
  ['192.0.2.0/24', '::FFFF:c000:201', true],
  ['::/0', '::ffff:192.0.2.1', false],
  ['::ffff:c000:200/120', '::ffff:192.0.2.1', false],
  ['::ffff:c000:200/120', '192.0.2.1', false],
  // Odd spellings.
  ['2001:db8::1', '2001:db8:::1', true],
  ['2001:db8:::1/128', '2001:db8::1', true],
  ['2001:db8::1', '2001:db8::1:', true],
  ['::', ':::', true],
  ['0:1:2:3:4:5:6:7', ':1:2:3:4:5:6:7', true],
]

describe('IP addresses (captures 10.5)', () => {
  it.each(CASES)('%s contains %s: %s', (network, address, inside) => {
    expect(matches('IpAddress', network, address)).toBe(inside)
    expect(matches('NotIpAddress', network, address)).toBe(!inside)
  })

  it.each([
    '',
    '192.0.513',
    '3221225985',
    '192.0.2.1/32',
    '192.0.2.256',
    '2001:db8::192.0.2.1',
    '::192.0.2.1',
    '2001:db8::::1',
    '2001::db8::1',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3',
    '12345::',
    'fe80::1%eth0',
  ])('`%s` cannot be read, and matches neither polarity', (address) => {
    for (const network of ['0.0.0.0/0', '::/0', 'not-an-ip']) {
      expect(matches('IpAddress', network, address)).toBe(false)
      expect(matches('NotIpAddress', network, address)).toBe(false)
    }
  })

  it('an unreadable operand leaves the others of its list standing', () => {
    expect(matches('IpAddress', ['not-an-ip', '192.0.2.0/24'], '192.0.2.1')).toBe(true)
    expect(matches('NotIpAddress', ['not-an-ip', '192.0.2.0/24'], '192.0.2.1')).toBe(false)
  })
})
