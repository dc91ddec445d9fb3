import { createServer, IncomingMessage, ServerResponse, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'

/** `http://127.0.0.1:4566`; IPv6 addresses in brackets. */
export const urlOf = (scheme: string, host: string, port: number) =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${String(port)}`

/**
 * Servers of an application, for plain HTTP and for HTTPS.
 * @param listener what they hand requests to: the application, if not first somebody else
 */
export function serversOf(
  app: Express,
  listener: RequestListener = app,
): {
  readonly plain: () => Server
  readonly secure: (certificate: { readonly key: string; readonly cert: string }) => Server
} {
  const classes = requestClasses(app)
  return {
    plain: () => createServer(classes, listener),
    secure: ({ key, cert }) => createTlsServer({ key, cert, ...classes }, listener),
  }
}

/**
 * Request and response classes whose prototypes are already express's, so that express's per-request `setPrototypeOf` changes
 * nothing: worth more than everything else on the request path together (docs/speed.md). They are ordinary classes with
 * express's methods copied in; constructing through `Reflect.construct` would cost what this saves.
 */
function requestClasses(app: Express) {
  const Request = class extends IncomingMessage {}
  const Response = class extends ServerResponse {}
  app.request = adopt(Request.prototype, express.request, app.request)
  app.response = adopt(Response.prototype, express.response, app.response)
  return { IncomingMessage: Request, ServerResponse: Response }
}

/** Copies the members of express's prototypes onto one of ours and returns it as what it has become. */
function adopt<T extends object>(prototype: object, ...from: readonly [...object[], T]): T {
  for (const source of from) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(source))) {
      if (name !== 'constructor') Object.defineProperty(prototype, name, member)
    }
  }
  return prototype as T
}

/** Opens a port of any server; resolves to its number. */
export function open(server: Server, port: number, host: string): Promise<number> {
  // Large uploads take their time; AWS's own limits are generous.
  server.requestTimeout = 0
  server.keepAliveTimeout = 65_000
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Takes no more connections, and hangs up on those that are still there a second later. */
export function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeIdleConnections()
    setTimeout(() => {
      server.closeAllConnections()
    }, 1000).unref()
  })
}
