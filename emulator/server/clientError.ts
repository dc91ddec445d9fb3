import type { Server } from 'node:http'
import type { Ids } from '../lib/ids.ts'

/**
 * Answers what is not HTTP, and heads too large to be read, which never reach a request handler. Which service was meant is not known;
 * the words are S3's, the service that is sent long heads.
 */
export function answerClientErrors(server: Server, ids: Ids): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    socket.end(answer(error.code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : UNREADABLE, ids.base32(16)))
  })
}

// S3 API Reference, "List of error codes"; the first as answers of S3 quoted in public issue threads.
const TOO_LARGE =
  '<Code>RequestHeaderSectionTooLarge</Code><Message>Your request header section exceeds the maximum allowed size.</Message><MaxSizeAllowed>8192</MaxSizeAllowed>'
const UNREADABLE = '<Code>BadRequest</Code><Message>An error occurred when parsing the HTTP request.</Message>'

function answer(error: string, requestId: string): string {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${error}<RequestId>${requestId}</RequestId></Error>`
  const head = [
    'HTTP/1.1 400 Bad Request',
    `x-amz-request-id: ${requestId}`,
    'content-type: application/xml',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
