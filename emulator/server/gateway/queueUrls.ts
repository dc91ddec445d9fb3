/**
 * The address of a queue is what clients send their next requests to: it must lead back here, or they would pass the gateway by. That is
 * the only thing in answers that is changed.
 */
const TELL_URLS: ReadonlySet<string> = new Set([
  'CreateQueue',
  'GetQueueUrl',
  'ListQueues',
  'ListDeadLetterSourceQueues',
])

export const tellsQueueUrls = (service: string, operation: string): boolean =>
  service === 'sqs' && TELL_URLS.has(operation)

/** An answer with more queues is passed on as it came. */
export const LARGEST_ANSWER = 4 * 1024 * 1024

const ORIGIN = /^https?:\/\/[^/]+/

/**
 * @param body JSON or XML
 * @param origin ours, as the client called us: `http://localhost:4566`
 */
export function withOwnUrls(body: string, origin: string): string {
  const moved = (url: string) => url.replace(ORIGIN, () => origin)
  if (body.trimStart().startsWith('<')) {
    return body.replace(/(<QueueUrl>)([^<]*)/g, (_, tag: string, url: string) => `${tag}${moved(url)}`)
  }
  return body
    .replace(
      /("QueueUrl"\s*:\s*)("(?:[^"\\]|\\.)*")/g,
      (_, name: string, url: string) => `${name}${inJson(url, moved)}`,
    )
    .replace(
      /("(?:QueueUrls|queueUrls)"\s*:\s*\[)([^\]]*)/g,
      (_, name: string, urls: string) => `${name}${urls.replace(/"(?:[^"\\]|\\.)*"/g, (url) => inJson(url, moved))}`,
    )
}

const inJson = (literal: string, change: (text: string) => string) =>
  JSON.stringify(change(JSON.parse(literal) as string))

/** Where the client found us, as far as its Host header can be believed. */
export function originOf(host: string | undefined, secure: boolean): string | undefined {
  return host !== undefined && /^[\w.:[\]-]+$/.test(host) ? `${secure ? 'https' : 'http'}://${host}` : undefined
}
