import type { DefaultEncryption } from '../state.ts'

/** What a bucket has that was never told otherwise (facts: captures 7.6). */
export const DEFAULT_ENCRYPTION: DefaultEncryption = { algorithm: 'AES256', bucketKey: false, blocked: ['SSE-C'] }

/** Whether somebody has put it: to S3 that is not the same as having it from the beginning. */
export const isConfigured = ({ configured, algorithm, bucketKey, blocked }: DefaultEncryption): boolean =>
  configured ?? (algorithm !== 'AES256' || bucketKey || !blocked.includes('SSE-C'))
