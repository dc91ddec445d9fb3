import type { AwsError } from '../lib/awsError.ts'
import type { ByteStream } from '../lib/byteStream.ts'
import type { OperationModel, ServiceModel } from './schema.ts'

/** A request as it came, before anything is known about it. Header names are lower case. */
export interface WireRequest {
  readonly method: string
  /** The path as sent, still percent-encoded, without the query. For S3 in path form: `/bucket/key`, whatever the host. */
  readonly path: string
  /** The query string as sent, without `?`. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The whole body; empty for operations that stream theirs. */
  readonly body: Buffer
}

export interface WireResponse {
  readonly status: number
  readonly headers: Record<string, string>
  /** Bytes, or chunks to be streamed (then `content-length` is in the headers when it is known). */
  readonly body: Buffer | string | ByteStream
}

/** What an answer repeats about its request. */
export interface Answering {
  readonly requestId: string
  readonly method: string
  /** The path as sent: S3 errors repeat it as `Resource` where AWS does. */
  readonly path: string
}

/** A wire protocol, written once and handed to whoever needs one. Stateless. */
export interface Protocol {
  readonly name: 'awsJson' | 'awsQuery' | 'ec2Query' | 'restJson' | 'restXml'
  /** The operation the request names, or undefined when the model has none such. */
  operationOf(request: WireRequest, model: ServiceModel): string | undefined
  /**
   * Wire to the operation's input, by schema. Throws AwsError: SerializationException, MalformedInput, InvalidArgument …
   * REST XML: a body that is missing or malformed throws MalformedXML only when its member is read, because S3 looks for the
   * bucket and the permission first. The property is then not enumerable, so input may be copied and logged.
   */
  decode(request: WireRequest, operation: OperationModel): Record<string, unknown>
  /** The operation's output to the wire, by schema; with the status of `withStatus` (status.ts), if any. */
  encode(output: object, operation: OperationModel, answering: Answering): WireResponse
  fail(error: AwsError, model: ServiceModel | undefined, answering: Answering): WireResponse
}
