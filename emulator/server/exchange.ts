import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AwsError } from '../lib/awsError.ts'
import type { Call, Caller, Environment, VpcEndpoint } from '../operation/call.ts'
import type { AnyRow, FormRequest } from '../operation/define.ts'
import type { BoundService, Registry } from '../operation/registry.ts'
import type { Gateway } from './gateway/gateway.ts'
import type { Forwarding } from './gateway/steps.ts'
import type { VpcEndpoints } from './endpoints/endpoints.ts'
import type { Recorder } from '../audit/recorder.ts'
import type { Claim } from '../sigv4/types.ts'
import type { Verifier } from '../sigv4/verify.ts'
import type { Protocol, WireRequest, WireResponse } from '../wire/protocol.ts'
import type { OperationModel, ServiceModel } from '../wire/schema.ts'

/** What every request shares. */
export interface Core {
  readonly registry: Registry
  readonly env: Environment
  readonly verifier: Verifier
  readonly recorder: Recorder
  readonly endpoints: VpcEndpoints
  /** Undefined without an upstream. */
  readonly gateway: Gateway | undefined
  /** Plain HTTP stands in for HTTPS (aws:SecureTransport true) where no TLS port was asked for. */
  readonly plainIsSecure: boolean
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A form of which the fields have been read and the file is still to come. */
export interface FormInHand {
  readonly answer: FormRequest['answer']
  /** Stops reading. */
  readonly abandon: () => Promise<void>
}

/** One request on its way down the steps: each fills in what it decides. */
export interface Exchange {
  readonly core: Core
  readonly req: IncomingMessage
  readonly res: ServerResponse
  // receive
  readonly time: number
  readonly method: string
  /** Percent-encoded, as sent; below the path at which another server has mounted this one. */
  readonly path: string
  /** The whole of it: what the client has signed. */
  readonly signedPath: string
  readonly query: string
  /** Of a form, once it has been authenticated: its fields, and those headers that are about the connection. */
  headers: Readonly<Record<string, string | undefined>>
  requestId: string
  // identify
  serviceName: string
  region: string
  protocol: Protocol
  service: BoundService | undefined
  model: ServiceModel | undefined
  /** The path the protocol reads: S3's virtual-host form is turned into `/bucket/key`. */
  routedPath: string
  /** The VPC endpoint that it came through. */
  endpoint: VpcEndpoint | undefined
  /** The service is elsewhere. */
  forwarding: Forwarding | undefined
  // match
  /** What the protocol reads. */
  wire: Mutable<WireRequest> | undefined
  operation: string | undefined
  operationModel: OperationModel | undefined
  row: AnyRow['row'] | undefined
  // read
  body: Buffer
  stream: AsyncIterable<Buffer> | undefined
  trailers: (() => Readonly<Record<string, string>>) | undefined
  /** An HTML form instead of an operation's own request. */
  isForm: boolean
  /** Set once its fields have been read. */
  form: FormInHand | undefined
  // authenticate
  claim: Claim
  caller: Caller
  // decode … encode
  input: object
  call: Call | undefined
  output: object
  response: WireResponse | undefined
  error: AwsError | undefined
}

/** One step of the request path. It may be asynchronous, and throws AwsError or SignatureProblem to refuse. */
export type Step = (exchange: Exchange) => void | Promise<void>
