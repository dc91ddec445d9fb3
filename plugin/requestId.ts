/** The request behind what a test holds in its hands. */
export interface Answered {
  /** As the emulator knows it; undefined when the thing carries none. */
  readonly requestId: string | undefined
  /** What was thrown, if anything. */
  readonly thrown: unknown
}

/**
 * Finds the request of an AWS SDK call: of its promise (a rejected one too), its output, the error it threw, an HTTP answer (of `fetch`, to
 * a presigned URL), or a request id itself.
 */
export async function answered(received: unknown): Promise<Answered> {
  try {
    const value = await received
    return { requestId: requestIdOf(value), thrown: value instanceof Error || isError(value) ? value : undefined }
  } catch (thrown) {
    return { requestId: requestIdOf(thrown), thrown }
  }
}

/** Errors of another realm (Jest gives each test file its own) are no instances of this one's. */
const isError = (value: unknown) => Object.prototype.toString.call(value) === '[object Error]'

/** As services name it in their answers' headers. */
const HEADERS = ['x-amzn-requestid', 'x-amz-request-id', 'x-amzn-request-id']

function requestIdOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return undefined
  const { $metadata, headers } = value as {
    readonly $metadata?: { readonly requestId?: string }
    readonly headers?: { get?(name: string): string | null }
  }
  if ($metadata?.requestId !== undefined) return $metadata.requestId
  if (typeof headers?.get !== 'function') return undefined
  for (const name of HEADERS) {
    const id = headers.get(name)
    if (id) return id
  }
  return undefined
}
