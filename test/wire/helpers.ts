import { AwsError } from '../../emulator/lib/awsError.ts'

/** The AwsError that `work` throws; anything else fails the test. */
export function refusal(work: () => unknown): AwsError {
  try {
    work()
  } catch (error) {
    if (error instanceof AwsError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** Buffers as plain byte lists, so that kinds of byte arrays do not matter. */
export function bare(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (value instanceof Date) return value
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bare(item)]))
  }
  return value
}
