import { describe, expect, it } from '@jest/globals'
import { createQuotas } from '../../emulator/operation/rates.ts'

const NOW = 1_800_000_000_000
const twoPerSecond = () => createQuotas((quota) => (quota === 'Op' ? 2 : quota === 'Slow' ? 0.1 : undefined))

describe('request rates', () => {
  it('admit a second of requests at once, and refill at the rate', () => {
    const quotas = twoPerSecond()
    const ask = (time: number) => quotas.admits('1', 'r', 'Op', time)
    expect([ask(NOW), ask(NOW), ask(NOW)]).toEqual([true, true, false])
    expect([ask(NOW + 499), ask(NOW + 500), ask(NOW + 500)]).toEqual([false, true, false])
    // A pause fills the bucket, and no further.
    expect([1, 2, 3].map(() => ask(NOW + 3_600_000))).toEqual([true, true, false])
  })

  it('below one a second admit one at a time', () => {
    const quotas = twoPerSecond()
    const ask = (time: number) => quotas.admits('1', 'r', 'Slow', time)
    expect([ask(NOW), ask(NOW + 9_000), ask(NOW + 10_000)]).toEqual([true, false, true])
  })

  it('count each account, Region and quota by itself', () => {
    const quotas = twoPerSecond()
    const ask = (account: string, region: string, quota: string) => quotas.admits(account, region, quota, NOW)
    expect([ask('1', 'r', 'Slow'), ask('1', 'r', 'Slow')]).toEqual([true, false])
    expect([ask('2', 'r', 'Slow'), ask('1', 's', 'Slow'), ask('1', 'r', 'Op')]).toEqual([true, true, true])
  })

  it('limit nothing that has no quota', () => {
    const quotas = twoPerSecond()
    expect(Array.from({ length: 50 }, () => quotas.admits('1', 'r', 'Other', NOW))).not.toContain(false)
    expect(quotas.limit('Other', 'r')).toBeUndefined()
  })

  it('gain nothing from a clock that is moved back, and lose nothing either', () => {
    const quotas = twoPerSecond()
    const ask = (time: number) => quotas.admits('1', 'r', 'Slow', time)
    expect([ask(NOW), ask(NOW - 86_400_000), ask(NOW - 86_400_000 + 10_000)]).toEqual([true, false, true])
  })

  it('are not forgotten because somebody else makes many', () => {
    const quotas = twoPerSecond()
    expect([1, 2].map(() => quotas.admits('1', 'r', 'Slow', NOW))).toEqual([true, false])
    // Callers choose Regions. Of this quota, all are full again half a second later; the one above is not.
    for (let made = 0; made < 25_000; made++) quotas.admits('2', `region-${made}`, 'Op', NOW + made / 10)
    expect(quotas.admits('1', 'r', 'Slow', NOW + 5_000)).toBe(false)
    expect(quotas.admits('1', 'r', 'Slow', NOW + 10_000)).toBe(true)
  })

  it('forget everything when told to', () => {
    const quotas = twoPerSecond()
    quotas.admits('1', 'r', 'Slow', NOW)
    quotas.clear()
    expect(quotas.admits('1', 'r', 'Slow', NOW)).toBe(true)
  })
})
