import { describe, expect, it } from '@jest/globals'
import { parseDuration } from '../../emulator/server/admin/duration.ts'

const DAY = 86_400_000

describe('durations', () => {
  it.each([
    ['P8D', 8 * DAY],
    ['PT15M', 900_000],
    ['P1DT2H3M4S', DAY + 2 * 3_600_000 + 3 * 60_000 + 4000],
    ['-PT1H', -3_600_000],
    ['PT0S', 0],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  it.each(['', 'P', 'PT', '-P', '8D', 'P1M', 'PT1.5S', 'P8D '])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})
