import type { AwsError } from '../lib/awsError.ts'
import type { Call, Caller, HttpFacts, VpcEndpoint } from '../operation/call.ts'
import type { Trace } from '../operation/trace.ts'

/** One finished request, as every listener sees it. Holds no input, no output, no secrets. */
export interface Outcome {
  readonly requestId: string
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly time: number
  readonly service: string
  /** Undefined when the request named none. */
  readonly operation: string | undefined
  readonly region: string
  readonly caller: Caller
  readonly http: Pick<HttpFacts, 'sourceIp' | 'userAgent' | 'secure'> & {
    readonly host: string
    readonly endpoint?: VpcEndpoint | undefined
  }
  readonly status: number
  readonly error: AwsError | undefined
  /** Undefined when the request was refused before it reached an operation. */
  readonly trace: Trace | undefined
  readonly via?: Call['via']
  /** Roughly how many bytes what the client sent takes as long as the trace is kept; left out when it is next to nothing. */
  readonly size?: number
  /** What came of a request after it was answered: its trace holds the later calls only (operation/continuation.ts). */
  readonly later?: true | undefined
}

/** Hears of every finished request: the decision log, the audit trail, the usage meter. Must be quick and must not throw. */
export type Listener = (outcome: Outcome) => void

export interface Recorder {
  record(outcome: Outcome): void
  listen(listener: Listener): () => void
}

/** @param onFault told when a listener throws: recording never fails the request. */
export function createRecorder(onFault: (error: unknown) => void): Recorder {
  const listeners = new Set<Listener>()
  return {
    record(outcome) {
      for (const listener of listeners) {
        try {
          listener(outcome)
        } catch (error) {
          onFault(error)
        }
      }
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
