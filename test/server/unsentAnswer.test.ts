import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Exchange } from '../../emulator/server/exchange.ts'
import { send } from '../../emulator/server/steps/respond.ts'

let server: Server
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** A body that tells whether it was let go, having been read or not. */
function watched() {
  const seen = { read: 0, released: false }
  const body: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => body,
    next: () => Promise.resolve({ done: false, value: Buffer.alloc(64 * 1024 * ++seen.read) }),
    return() {
      seen.released = true
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return { seen, body }
}

/** What comes of sending these headers and an endless body to whoever asks. */
async function answering(method: string, headers: Record<string, string>, leavesFirst = false) {
  const { seen, body } = watched()
  const outcome = new Promise<string>((resolve) => {
    server = createServer((req, res) => {
      void (async () => {
        if (leavesFirst) await once(res, 'close')
        const exchange = { req, res, method, headers: {} } as unknown as Exchange
        await send(exchange, { status: 200, headers, body }).then(
          () => {
            resolve('sent')
          },
          (error: unknown) => {
            resolve(String(error))
          },
        )
      })()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`${method} / HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await once(server, 'request')
  if (leavesFirst) socket.destroy()
  const ended = await outcome
  socket.destroy()
  return { ended, seen }
}

describe('a body that is not sent is let go', () => {
  it('when the head of the answer cannot be written', async () => {
    const { ended, seen } = await answering('GET', { spoilt: 'a\nb' })
    expect(ended).toContain('Invalid character in header content ["spoilt"]')
    expect(seen).toEqual({ read: 0, released: true })
  })

  it('when the client has gone before the first byte', async () => {
    const { ended, seen } = await answering('GET', {}, true)
    expect([ended, seen.released]).toEqual(['sent', true])
  })

  it('when the client leaves while an earlier answer is on its way', async () => {
    const { seen, body } = watched()
    const outcome = new Promise<void>((resolve) => {
      server = createServer((req, res) => {
        const exchange = { req, res, method: 'GET', headers: {} } as unknown as Exchange
        // The first answer never comes, so that the second one waits behind it, without a socket.
        if (req.url === '/second') void send(exchange, { status: 200, headers: {}, body }).then(resolve)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (const path of ['/first', '/second']) socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    while (seen.read === 0) await new Promise(setImmediate)
    socket.destroy()
    await outcome
    expect(seen.released).toBe(true)
  })

  it('when only the head was asked for', async () => {
    const { ended, seen } = await answering('HEAD', {})
    expect([ended, seen]).toEqual(['sent', { read: 0, released: true }])
  })
})
