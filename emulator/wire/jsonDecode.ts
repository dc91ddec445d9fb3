import { AwsError } from '../lib/awsError.ts'
import type { Shape, StructShape } from './shape.ts'
import { fromBase64, setEntry, validDate } from './values.ts'

/** JSON value to the handler's value. Throws AwsError SerializationException. */
export type JsonDecoder = (value: unknown) => unknown

/** How AWS's JSON front end refuses (facts: A3). Not part of any service's model, hence `Message` on the wire. */
export const serializationException = (text = '') =>
  new AwsError('SerializationException', 400, text, { unmodelled: true })

/** Compiled structures, kept for good: a process sees a fixed number of shapes. */
const structs = new WeakMap<object, JsonDecoder>()

/** Compiles, once per shape, the function that checks and converts a parsed JSON value. */
export function jsonDecoder(shape: Shape): JsonDecoder {
  switch (shape.kind) {
    case 'struct':
      return structDecoder(shape)
    case 'list':
      return listDecoder(jsonDecoder(shape.element))
    case 'map':
      return mapDecoder(jsonDecoder(shape.value))
    case 'string':
      return (value) => (typeof value === 'string' ? value : refuse(value, 'String'))
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : refuse(value, 'Boolean'))
    case 'number':
      // Whole numbers are all that the models use; a fraction is cut off, as Java's parser does.
      return (value) => (typeof value === 'number' ? Math.trunc(value) : refuse(value, 'Integer'))
    case 'blob':
      return blob
    case 'timestamp':
      return timestamp
    case 'document':
    case 'unit':
      return (value) => value
  }
}

function structDecoder(shape: StructShape): JsonDecoder {
  const known = structs.get(shape.identity)
  if (known) return known
  // Shapes may contain themselves, so members are compiled on first use.
  let members: ReadonlyMap<string, JsonDecoder> | undefined
  const decode: JsonDecoder = (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuseScalar(value)
    members ??= new Map(shape.members().map((member) => [member.name, jsonDecoder(member.shape)]))
    const source = value as Readonly<Record<string, unknown>>
    const target: Record<string, unknown> = {}
    // Unknown members are ignored and null ones are absent; only names of the model are ever set.
    for (const name in source) {
      const member = source[name]
      if (member === null) continue
      const decodeMember = members.get(name)
      if (decodeMember) target[name] = decodeMember(member)
    }
    return target
  }
  structs.set(shape.identity, decode)
  return decode
}

const listDecoder =
  (element: JsonDecoder): JsonDecoder =>
  (value) => {
    if (!Array.isArray(value)) return refuseScalar(value)
    return value.map((item) => {
      if (item === null) throw serializationException()
      return element(item)
    })
  }

const mapDecoder =
  (element: JsonDecoder): JsonDecoder =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuseScalar(value)
    const target: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      // A dropped entry would change what an encryption context authenticates: refuse instead.
      if (item === null) throw serializationException()
      setEntry(target, key, element(item))
    }
    return target
  }

function blob(value: unknown): Buffer {
  if (typeof value !== 'string') return refuse(value, 'Blob')
  const bytes = fromBase64(value)
  if (!bytes) throw serializationException()
  return bytes
}

/** Epoch seconds, fractions allowed (facts: A1). */
function timestamp(value: unknown): Date {
  if (typeof value !== 'number') return refuse(value, 'milliseconds since epoch')
  const date = validDate(new Date(Math.round(value * 1000)))
  if (!date) throw serializationException()
  return date
}

/** The article is AWS's: `an Integer`, `an Boolean`, `a String`; none before `milliseconds since epoch`. */
const TARGETS = {
  String: 'a String',
  Boolean: 'an Boolean',
  Integer: 'an Integer',
  Blob: 'a Blob',
  'milliseconds since epoch': 'milliseconds since epoch',
} as const

function refuse(value: unknown, target: keyof typeof TARGETS): never {
  if (Array.isArray(value)) throw serializationException('Start of list found where not expected')
  if (typeof value === 'object') throw serializationException('Start of structure or map found where not expected')
  throw serializationException(`${tokenOf(value)} can not be converted to ${TARGETS[target]}`)
}

/** Something else stands where a structure, map or list belongs. */
function refuseScalar(value: unknown): never {
  if (Array.isArray(value)) throw serializationException('Start of list found where not expected')
  if (typeof value === 'object') throw serializationException('Start of structure or map found where not expected')
  throw serializationException('Unexpected field type')
}

/** Jackson's name of the token. */
function tokenOf(value: unknown): string {
  if (typeof value === 'string') return 'STRING_VALUE'
  if (typeof value === 'number') return 'NUMBER_VALUE'
  return value === true ? 'TRUE_VALUE' : 'FALSE_VALUE'
}
