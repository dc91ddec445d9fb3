import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'

/** Opens a connection to an emulator in this process: the client's end. Throws when there is none any more. */
export type Connect = () => Duplex

/**
 * What carries requests to an emulator in this process, whatever host they name. Those to `https:` URLs, such as AWS's own endpoints,
 * too: nothing leaves the process, so nothing is encrypted.
 */
export const inProcessAgents = (connect: Connect) => ({
  httpAgent: connecting(new HttpAgent({ keepAlive: true }), connect),
  httpsAgent: connecting(new HttpsAgent({ keepAlive: true }), connect),
})

function connecting<A extends HttpAgent>(agent: A, connect: Connect): A {
  agent.createConnection = (_options, opened) => {
    try {
      return connect()
    } catch (error) {
      opened?.(error instanceof Error ? error : new Error(String(error)), NONE)
      return null
    }
  }
  return agent
}

/** INVARIANT: who is told of an error does not look at the connection. */
const NONE = undefined as unknown as Duplex
