import type { DefaultEncryption } from '../state.ts'

/** What a bucket has that was never told otherwise (facts: captures 7.6). */
export const DEFAULT_ENCRYPTION: DefaultEncryption = { algorithm: 'AES256', bucketKey: false, blocked: ['SSE-C'] }
