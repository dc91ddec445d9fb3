import type { NormalizedSchema } from '@smithy/core/schema'

/** What the SDK does not say about a service's wire form. */
export interface ServiceWire {
  /** Smithy namespace, e.g. `com.amazonaws.kms`. */
  readonly namespace: string
  /** API version, e.g. `2014-11-01`; query protocols check it. */
  readonly version: string
  /** JSON protocols: what stands before the dot in X-Amz-Target. */
  readonly target?: string
  /** XML protocols: the namespace of answers. */
  readonly xmlns?: string
}

export interface OperationModel {
  readonly name: string
  readonly service: ServiceModel
  readonly input: NormalizedSchema
  readonly output: NormalizedSchema
  /** REST protocols: method, URI pattern with its constant query, success status. */
  readonly http?: { readonly method: string; readonly uri: string; readonly status: number }
}

/** A service's wire contract, read from the SDK module's schemas. */
export interface ServiceModel {
  readonly wire: ServiceWire
  readonly operations: ReadonlyMap<string, OperationModel>
}
