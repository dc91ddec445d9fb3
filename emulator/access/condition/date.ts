const DATE =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?)?)?$/
const EPOCH = /^[+-]?\d+$/
const MINUTE = 60_000

/**
 * ISO 8601 (a bare date, no zone meaning UTC) or epoch seconds, cut to milliseconds (facts: captures 10.3).
 * @returns milliseconds since the epoch, or undefined when it is no date
 */
export function readDate(text: string): number | undefined {
  if (EPOCH.test(text)) return Number(text) * 1000
  const [whole, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] =
    DATE.exec(text) ?? []
  if (whole === undefined) return undefined
  const offset = zoneMinutes(zone)
  if (offset === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  date.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds)
  return date.getTime() - offset * MINUTE
}

function zoneMinutes(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
