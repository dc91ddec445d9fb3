import { AwsError } from '../lib/awsError.ts'
import type { Params } from './params.ts'
import type { Level, RestPath } from './restRouter.ts'
import { invalidArgument } from './s3Errors.ts'

/**
 * Which sub-resources S3 knows where, and how it refuses what they do not take. The model tells operations apart but not what
 * is none: S3 refuses a sub-resource asked with a wrong method or beside another before it looks at anything else. Measured at
 * S3 and told in public by brekkylab/backlot (issues 230, 267, 312, and its S3 router): the types' names, the methods in `Allow`
 * and their order, and the ones that are the bucket's even below a key.
 */
interface Subresource {
  /** What error documents call it. */
  readonly type: string
  /** In the order of `Allow`. */
  readonly methods: readonly string[]
}

const is = (type: string, methods: string): Subresource => ({ type, methods: methods.split(' ') })

/** A bucket's that S3 serves below any key too, as if the key were not there. */
const WITH_ANY_KEY: Readonly<Record<string, Subresource>> = {
  accelerate: is('ACCELERATE', 'GET PUT'),
  cors: is('CORS', 'DELETE GET PUT'),
  delete: is('MULTI_OBJECT_DELETE', 'POST'),
  inventory: is('INVENTORY', 'DELETE GET PUT'),
  lifecycle: is('LIFECYCLE', 'DELETE GET PUT'),
  location: is('LOCATION', 'GET'),
  logging: is('LOGGING_STATUS', 'GET PUT'),
  notification: is('NOTIFICATION', 'GET PUT'),
  policy: is('BUCKETPOLICY', 'DELETE GET PUT'),
  replication: is('REPLICATION', 'DELETE GET PUT'),
  requestPayment: is('REQUEST_PAYMENT', 'GET PUT'),
  versioning: is('VERSIONING', 'GET PUT'),
  versions: is('BUCKETVERSIONS', 'GET'),
  website: is('WEBSITE', 'DELETE GET PUT'),
}

/** An object's, or what is asked about objects: at a bucket's path S3 knows them and wants a key. */
const UPLOAD = is('UPLOAD', 'DELETE POST GET')
const UPLOADS = is('UPLOADS', 'POST GET')
const RESTORE = is('RESTORE', 'POST')
const TORRENT = is('TORRENT', 'GET')
const ACL = is('ACL', 'GET PUT')
/** An upload's id beside a part's number. */
const PART = is('PART', 'PUT')

const SUBRESOURCES: Readonly<Record<Level, Readonly<Record<string, Subresource>>>> = {
  service: {},
  bucket: {
    ...WITH_ANY_KEY,
    abac: is('BUCKET_ABAC', 'GET PUT'),
    acl: ACL,
    analytics: is('ANALYTICS', 'DELETE GET PUT'),
    encryption: is('ENCRYPTION', 'DELETE GET PUT'),
    'intelligent-tiering': is('INTELLIGENT_TIERING', 'DELETE GET PUT'),
    metadataAnnotationTable: is('BUCKET_METADATA_ANNOTATION_TABLE_CONFIGURATION', 'PUT'),
    metadataConfiguration: is('BUCKET_METADATA_CONFIGURATION', 'DELETE POST GET'),
    metadataInventoryTable: is('BUCKET_METADATA_INVENTORY_TABLE_CONFIGURATION', 'PUT'),
    metadataJournalTable: is('BUCKET_METADATA_JOURNAL_TABLE_CONFIGURATION', 'PUT'),
    metadataTable: is('BUCKET_METADATA_TABLE_CONFIGURATION', 'DELETE POST GET'),
    metrics: is('METRICS', 'DELETE GET PUT'),
    'object-lock': is('OBJECT_LOCK_CONFIGURATION', 'GET PUT'),
    ownershipControls: is('OWNERSHIP_CONTROLS', 'DELETE GET PUT'),
    policyStatus: is('POLICY_STATUS', 'GET'),
    publicAccessBlock: is('PUBLIC_ACCESS_BLOCK', 'DELETE GET PUT'),
    restore: RESTORE,
    tagging: is('TAGGING', 'DELETE GET PUT'),
    torrent: TORRENT,
    uploadId: UPLOAD,
    uploads: UPLOADS,
  },
  object: {
    ...WITH_ANY_KEY,
    acl: ACL,
    annotation: is('OBJECT_ANNOTATIONS', 'DELETE GET PUT'),
    attributes: is('OBJECT_ATTRIBUTES', 'GET'),
    encryption: is('OBJECT_ENCRYPTION', 'PUT'),
    'legal-hold': is('OBJECT_LOCK_LEGALHOLD', 'GET PUT'),
    restore: RESTORE,
    retention: is('OBJECT_LOCK_RETENTION', 'GET PUT'),
    select: is('SELECT', 'POST'),
    tagging: is('OBJECT_TAGGING', 'DELETE GET PUT'),
    torrent: TORRENT,
    uploadId: UPLOAD,
    uploads: UPLOADS,
  },
}

const WITHOUT: Readonly<Record<Level, Subresource>> = {
  service: is('SERVICE', 'GET'),
  bucket: is('BUCKET', 'HEAD DELETE POST GET PUT'),
  object: is('OBJECT', 'HEAD DELETE GET PUT'),
}

/** What S3 has a meaning for at all; anything else it cannot read as a request. */
const METHODS = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'])

/** Where to look for the operation of a request: some sub-resources below a key are the bucket's. Undefined: it has none. */
export function levelOf(method: string, { level }: RestPath, params: Params): Level | undefined {
  const [name] = namesOf(level, params)
  if (name === undefined) return level
  if (!subresource(level, name, params).methods.includes(method) || isMisplaced(method, level, name)) return undefined
  return level === 'object' && Object.hasOwn(WITH_ANY_KEY, name) ? 'bucket' : level
}

/** Refuses what S3 refuses before it looks at who asks. */
export function refuseRequestLine(method: string, { level }: RestPath, params: Params): void {
  if (!METHODS.has(method)) throw new AwsError('BadRequest', 400, 'An error occurred when parsing the HTTP request.')
  const names = namesOf(level, params)
  const [name] = names
  if (name !== undefined && names.length > 1)
    throw invalidArgument('ResourceType', name, `Conflicting query string parameters: ${names.join(', ')}`)
  if (name === 'partNumber') throw new AwsError('InvalidRequest', 400, 'Object must have a valid key name.')
  const { versionId, website } = params
  const fault = versionId === undefined ? undefined : VERSION_FAULTS[level](method, name)
  if (versionId !== undefined && fault !== undefined) throw invalidArgument('versionId', versionId, fault)
  // Of the others the value does not matter.
  if (website !== undefined && website !== '' && level !== 'service')
    throw invalidArgument('website', website, 'The website parameter must not have a value')
}

const NO_VERSION = 'This operation does not accept a version-id.'

/** What is wrong with asking for a version of what has none. */
const VERSION_FAULTS: Readonly<Record<Level, (method: string, name: string | undefined) => string | undefined>> = {
  service: () => undefined,
  bucket(method, name) {
    if (method === 'POST' && name === undefined) return undefined
    return name === 'restore' || (name === 'acl' && method !== 'DELETE') ? 'Invalid version id specified' : NO_VERSION
  },
  object(method, name) {
    if (name === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined
    const unversioned = Object.hasOwn(WITH_ANY_KEY, name) || VERSIONLESS.has(name)
    return unversioned ? NO_VERSION : undefined
  },
}

const VERSIONLESS = new Set(['torrent', 'uploadId', 'uploads'])

/** Why the request is no operation. */
export function notAllowed(method: string, { level }: RestPath, params: Params): AwsError {
  const [name = ''] = namesOf(level, params)
  const { type, methods } = subresource(level, name, params)
  const misplaced = methods.includes(method) && isMisplaced(method, level, name) ? MISPLACED[level][name] : undefined
  if (misplaced) return new AwsError(misplaced.code, 400, misplaced.text)
  return new AwsError('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.', {
    fields: { Method: method, ResourceType: type },
    headers: { allow: methods.join(', ') },
  })
}

interface Misplaced {
  readonly code: string
  readonly text: string
}

const invalid = (text: string): Misplaced => ({ code: 'InvalidRequest', text })

/** What S3 knows, and where it has no operation for a method that it takes elsewhere. */
const MISPLACED: Readonly<Record<Level, Readonly<Record<string, Misplaced>>>> = {
  service: {},
  bucket: {
    restore: { code: 'UserKeyMustBeSpecified', text: 'User key must be specified.' },
    uploadId: invalid('A key must be specified'),
  },
  object: {
    logging: {
      code: 'NoLoggingStatusForKey',
      text: 'There is no such thing as the ?logging sub-resource for a key',
    },
    uploads: invalid('Key is not expected for the GET method ?uploads subresource'),
    versions: invalid('There is no such thing as the ?versions sub-resource for a key'),
  },
}

function isMisplaced(method: string, level: Level, name: string): boolean {
  if (level === 'bucket') return name === 'torrent' || name in MISPLACED.bucket
  return method === 'GET' && name in MISPLACED[level]
}

function subresource(level: Level, name: string, params: Params): Subresource {
  return name === 'uploadId' && 'partNumber' in params ? PART : (SUBRESOURCES[level][name] ?? WITHOUT[level])
}

/** The sub-resources that the query names, in S3's order: by name. Their values do not matter, nor do other parameters. */
function namesOf(level: Level, params: Params): string[] {
  const names = Object.keys(params).filter((name) => Object.hasOwn(SUBRESOURCES[level], name))
  // A part's number belongs to an object or to an upload.
  if ('partNumber' in params && level !== 'service' && (names.length > 0 || level === 'bucket')) {
    if (names.length !== 1 || names[0] !== 'uploadId') names.push('partNumber')
  }
  return names.sort()
}
