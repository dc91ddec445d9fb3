const DURATION = /^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** ISO 8601 durations of days, hours, minutes and seconds (`P8D`, `PT15M`, `-PT1H`) in milliseconds; undefined otherwise. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text)
  if (!match || /^-?P(?:T)?$/.test(text)) return undefined
  const [, minus, days = '0', hours = '0', minutes = '0', seconds = '0'] = match
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
  return total * 1000 * (minus === undefined ? 1 : -1)
}
