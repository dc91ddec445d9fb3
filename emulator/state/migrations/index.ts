import { StateError } from '../errors.ts'
import type { StateDocument } from '../store.ts'

/** The version of the state format that this program writes. */
export const STATE_VERSION = 1

export const EMPTY_DOCUMENT: StateDocument = { format: 'twokey-state', version: STATE_VERSION, collections: {} }

export type Migration = (document: StateDocument) => StateDocument

/** `migrations[n]` turns a document of version n into one of version n + 1. None yet: version 1 is the first. */
const MIGRATIONS: Readonly<Record<number, Migration>> = {}

/** Brings a document to the current version, step by step. Throws a StateError for a version it does not know. */
export function migrate(
  document: StateDocument,
  migrations: Readonly<Record<number, Migration>> = MIGRATIONS,
  current = STATE_VERSION,
): StateDocument {
  checkVersion(document.version, 'the document', current)
  let migrated = document
  for (let version = document.version; version < current; version++) {
    const step = migrations[version]
    if (!step) throw new StateError(`state of format ${String(version)} can no longer be read; use an older twokey`)
    migrated = { ...step(migrated), version: version + 1 }
  }
  return migrated
}

/** Throws a StateError for a version that is no version, or newer than this program. */
export function checkVersion(version: unknown, what: string, current = STATE_VERSION): asserts version is number {
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new StateError(`${what} does not say which version of the state format it has; use one that twokey wrote`)
  }
  if (version > current) {
    throw new StateError(
      `${what} was written by a newer twokey (format ${String(version)}, this one reads up to ${String(current)}); ` +
        'upgrade twokey, or use another data directory',
    )
  }
}

/** The document in the current version. Throws a StateError, naming the place, when it has another shape. */
export function checkDocument(value: unknown): StateDocument {
  if (!isObject(value) || value['format'] !== 'twokey-state') {
    throw new StateError('this is no twokey state: `format` must be `twokey-state`')
  }
  checkVersion(value['version'], 'the document')
  if (!isObject(value['collections'])) throw new StateError('the state document has no `collections`')
  for (const [name, scopes] of Object.entries(value['collections'])) {
    if (!isObject(scopes)) throw new StateError(`collection \`${name}\` of the state document is not an object`)
    for (const [scope, records] of Object.entries(scopes)) {
      if (!isObject(records)) {
        throw new StateError(`scope \`${scope}\` of collection \`${name}\` of the state document is not an object`)
      }
    }
  }
  // Every level that the type promises has been looked at.
  return migrate(value as unknown as StateDocument)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
