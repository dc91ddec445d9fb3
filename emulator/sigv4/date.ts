const FORM = /^\d{8}T\d{6}Z$/

let last = { text: '', time: undefined as number | undefined }

/**
 * Reads `YYYYMMDD'T'HHMMSS'Z'`; milliseconds since the epoch, or undefined when it is no such date.
 * The last answer is kept: requests come many to the second.
 */
export function parseAmzDate(text: string): number | undefined {
  if (text !== last.text) last = { text, time: read(text) }
  return last.time
}

function read(text: string): number | undefined {
  if (!FORM.test(text)) return undefined
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 11)}:${text.slice(11, 13)}:${text.slice(13, 15)}.000Z`
  const time = Date.parse(iso)
  // Date.parse takes 24:00 and (in some engines) 30 February; a date must be the one it prints.
  return !Number.isNaN(time) && new Date(time).toISOString() === iso ? time : undefined
}

/** @param time milliseconds since the epoch. @returns `YYYYMMDD'T'HHMMSS'Z'` */
export function formatAmzDate(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
}
