import type { NormalizedSchema } from '@smithy/core/schema'

/** Traits of the SDK's schemas that matter on the wire. */
export interface Traits {
  readonly httpLabel?: 1
  readonly httpHeader?: string
  readonly httpPrefixHeaders?: string
  readonly httpQuery?: string
  readonly httpPayload?: 1
  readonly sensitive?: 1
  readonly streaming?: 1
  readonly xmlName?: string
  readonly ec2QueryName?: string
  readonly xmlFlattened?: 1
  readonly xmlAttribute?: 1
  /** `[prefix, uri]` */
  readonly xmlNamespace?: readonly [string, string]
}

export interface Member {
  readonly name: string
  readonly shape: Shape
  /** The SDK lists required members first and ends the schema with their number. */
  readonly required: boolean
}

/** How a timestamp is written: as its place demands, or as its own trait says. */
export type TimestampFormat = 'default' | 'date-time' | 'http-date' | 'epoch-seconds'

/** A schema as the compilers of this folder see it. The SDK's internals are read here and nowhere else. */
export type Shape = { readonly traits: Traits } & (
  | StructShape
  | { readonly kind: 'list'; readonly element: Shape }
  | { readonly kind: 'map'; readonly key: Shape; readonly value: Shape }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat }
  | { readonly kind: 'string' | 'blob' | 'boolean' | 'number' | 'document' | 'unit' }
)

export interface StructShape {
  readonly kind: 'struct'
  /** AWS's name of the shape. */
  readonly name: string
  /** The same object for the same shape, wherever it is used: what compiled code is cached under. */
  readonly identity: object
  readonly union: boolean
  /** Read on demand, because shapes may contain themselves. */
  members(): readonly Member[]
}

const TIMESTAMP_FORMATS: Readonly<Record<number, TimestampFormat>> = {
  4: 'default',
  5: 'date-time',
  6: 'http-date',
  7: 'epoch-seconds',
}

/** Reads one schema of the SDK. Slow: for compilation, never per request. */
export function shapeOf(schema: NormalizedSchema): Shape {
  const traits = schema.getMergedTraits() as Traits
  if (schema.isUnitSchema()) return { kind: 'unit', traits }
  if (schema.isStructSchema()) return { ...structOf(schema), traits }
  if (schema.isListSchema()) return { kind: 'list', traits, element: shapeOf(schema.getValueSchema()) }
  if (schema.isMapSchema()) {
    return { kind: 'map', traits, key: shapeOf(schema.getKeySchema()), value: shapeOf(schema.getValueSchema()) }
  }
  if (schema.isTimestampSchema()) {
    return { kind: 'timestamp', traits, format: TIMESTAMP_FORMATS[Number(schema.getSchema())] ?? 'default' }
  }
  return { kind: simpleKind(schema), traits }
}

function simpleKind(schema: NormalizedSchema) {
  if (schema.isBlobSchema()) return 'blob'
  if (schema.isBooleanSchema()) return 'boolean'
  if (schema.isNumericSchema() || schema.isBigIntegerSchema() || schema.isBigDecimalSchema()) return 'number'
  if (schema.isStringSchema()) return 'string'
  return 'document'
}

function structOf(schema: NormalizedSchema): StructShape {
  // `[3, namespace, name, traits, memberNames, memberSchemas, requiredCount?]`
  const identity = schema.getSchema() as unknown as readonly unknown[]
  const required = typeof identity[6] === 'number' ? identity[6] : 0
  return {
    kind: 'struct',
    name: schema.getName() ?? '',
    identity,
    union: schema.isUnionSchema(),
    members: () =>
      [...schema.structIterator()].map(([name, member], index) => ({
        name,
        shape: shapeOf(member),
        required: index < required,
      })),
  }
}
