import { hash } from 'node:crypto'

const DIGITS = 75

/** S3's `x-amz-id-2`: looks like 56 bytes in base64. It names no host, so it may as well follow from the request id. */
export const hostId = (requestId: string): string => `${hash('sha512', requestId, 'base64').slice(0, DIGITS)}=`
