import { NormalizedSchema } from '@smithy/core/schema'

/** What the SDK does not say about a service's wire form. */
export interface ServiceWire {
  /** Smithy namespace, e.g. `com.amazonaws.kms`. */
  readonly namespace: string
  /** API version, e.g. `2014-11-01`; query protocols check it. */
  readonly version: string
  /** JSON protocols: what stands before the dot in X-Amz-Target. */
  readonly target?: string
  /** Packages that some clients write before it: CloudTrail's `com.amazonaws.cloudtrail.v20131101.`; others leave them out. */
  readonly targetPackage?: string
  /** XML protocols: the namespace of answers. */
  readonly xmlns?: string
  /** REST JSON: what stands behind the error's name in `x-amzn-ErrorType`. */
  readonly errorOrigin?: string
  /** JSON protocols, by shape: members that AWS writes before the required ones, which the SDK lists first. */
  readonly leading?: Readonly<Record<string, readonly string[]>>
}

/** Whether this, which stands before the dot in X-Amz-Target, means the service. */
export const isTargetOf = ({ target, targetPackage }: ServiceWire, prefix: string): boolean =>
  target !== undefined && (prefix === target || (targetPackage !== undefined && prefix === targetPackage + target))

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

/** An operation as the SDK writes it: `[9, namespace, name, traits, input, output]`. */
type OperationSchema = readonly [9, string, string, unknown, SchemaRef, SchemaRef]
type SchemaRef = Parameters<typeof NormalizedSchema.of>[0]

/**
 * Reads a service's operations from what its SDK client exports (`Encrypt$`, `GetObject$`, …).
 * @param sdkModule the namespace object of `@aws-sdk/client-*`
 * @throws Error when the module holds no operation of the namespace: it is another service's client, or too old.
 */
export function loadModel(wire: ServiceWire, sdkModule: object): ServiceModel {
  const operations = new Map<string, OperationModel>()
  const service: ServiceModel = { wire, operations }
  for (const value of Object.values(sdkModule)) {
    if (!isOperation(value) || value[1] !== wire.namespace) continue
    const [, , name, traits, input, output] = value
    const http = httpOf(traits)
    operations.set(name, {
      name,
      service,
      input: NormalizedSchema.of(input),
      output: NormalizedSchema.of(output),
      ...(http && { http }),
    })
  }
  if (operations.size === 0) throw new Error(`the module holds no operation schemas of \`${wire.namespace}\``)
  return service
}

const isOperation = (value: unknown): value is OperationSchema =>
  Array.isArray(value) && value[0] === 9 && typeof value[2] === 'string'

/** The SDK writes the http trait as `[method, uri, status]`. */
function httpOf(traits: unknown): OperationModel['http'] {
  const http = typeof traits === 'object' && traits !== null && 'http' in traits ? traits.http : undefined
  if (!Array.isArray(http)) return undefined
  return { method: String(http[0]), uri: String(http[1]), status: Number(http[2]) }
}
