import { request as httpRequest, type Agent } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** The admin door of an emulator (docs/admin.md): asks it, and throws what it refuses. */
export type Door = (
  path: string,
  options?: { readonly method?: 'GET' | 'POST'; readonly body?: unknown },
) => Promise<unknown>

/** The admin door answered with an error; its sentence is the message. */
export class DoorError extends Error {
  override readonly name = 'DoorError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * @param url where the emulator answers; of one in this process any address will do
 * @param agent the way into this process
 */
export function createDoor(url: string, agent?: Agent): Door {
  const base = new URL(url)
  const request = base.protocol === 'https:' ? httpsRequest : httpRequest
  return (path, { method = 'GET', body } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(`${base.pathname.replace(/\/$/, '')}/_twokey${path}`, base),
        { method, ...(agent && { agent }), headers: { 'content-type': 'application/json' } },
        (incoming) => {
          let text = ''
          incoming.setEncoding('utf8')
          incoming.on('data', (chunk: string) => (text += chunk))
          incoming.once('error', reject)
          incoming.once('end', () => {
            const status = incoming.statusCode ?? 0
            const answer = parse(text)
            if (status === 200) resolve(answer)
            else reject(new DoorError(status, sentenceOf(answer, `${url} answered ${status} to ${method} ${path}`)))
          })
        },
      )
      outgoing.once('error', (error) => {
        reject(new Error(`no emulator answers at ${url}: ${error.message}`, { cause: error }))
      })
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const sentenceOf = (answer: unknown, otherwise: string): string =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : otherwise
