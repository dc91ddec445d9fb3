import { createHash } from 'node:crypto'

/** The id of a request's record: stable, so that a record read twice is the same record. */
export function eventId(requestId: string): string {
  const digits = Buffer.from(requestId).toString('hex').padEnd(32, '0').slice(-32)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`
}

/** The id of another record of the same request, or of what they share: as stable. */
export function relatedId(requestId: string, of: string): string {
  return eventId(createHash('sha256').update(`${of}/${requestId}`).digest('hex').slice(0, 16))
}

/** The id of a request that a service made inside one, in S3's form: as stable. */
export const innerRequestId = (requestId: string): string =>
  createHash('sha256').update(`inside/${requestId}`).digest('hex').slice(0, 16).toUpperCase()
