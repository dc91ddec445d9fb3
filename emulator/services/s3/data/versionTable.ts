import type { Call } from '../../../operation/call.ts'
import type { Range } from '../../../state/rows.ts'
import { fromSortable, sortable } from '../names.ts'
import type { S3State, VersionRecord } from '../state.ts'
import { isLatest, objectsOf, versionRecordId, versionsOf, withoutEnd } from './versions.ts'

/** How version listings write keys in ids. */
export const VERSIONED = {
  write: (text: string): string => withoutEnd(sortable(text)),
  read: (text: string): string => fromSortable(withEnd(text)),
}

const withEnd = (text: string) => text.replaceAll('\0\xff', '\0')

export interface ListedVersion {
  readonly version: VersionRecord
  readonly latest: boolean
}

type Entry = readonly [id: string, record: ListedVersion]

/**
 * Current objects and all other versions as one ordered table, with the ids of `s3.versions`: keys ascending, newest first. Nothing
 * is copied: two cursors advance side by side.
 */
export function versionTable(call: Pick<Call<S3State>, 'state'>, bucket: string) {
  return {
    *entries(range: Range = {}): Generator<Entry, void, undefined> {
      const current = currentEntries(call, bucket, range)
      const others = otherEntries(call, bucket, range)
      let a = current.next()
      let b = others.next()
      while (a.done !== true || b.done !== true) {
        if (b.done === true || (a.done !== true && a.value[0] < b.value[0])) {
          if (a.done === true) return
          yield a.value
          a = current.next()
        } else {
          yield b.value
          b = others.next()
        }
      }
    },
  }
}

function* currentEntries(
  call: Pick<Call<S3State>, 'state'>,
  bucket: string,
  { from = '', after = '', prefix = '' }: Range,
): Generator<Entry, void, undefined> {
  const range = { from: keyId(from > after ? from : after), prefix: keyId(prefix) }
  for (const [, version] of objectsOf(call).entries(range)) {
    const id = versionRecordId(bucket, version)
    // The first key may be the one in whose versions the page begins.
    if (id >= from && (after === '' || id > after)) yield [id, { version, latest: true }]
  }
}

function* otherEntries(
  call: Pick<Call<S3State>, 'state'>,
  bucket: string,
  range: Range,
): Generator<Entry, void, undefined> {
  for (const [id, version] of versionsOf(call).entries(range)) {
    yield [id, { version, latest: isLatest(call, bucket, version) }]
  }
}

/** The id in `s3.objects` at which the ids of `s3.versions` from here on begin: what follows the key's end is cut off. */
function keyId(id: string): string {
  const end = /\0(?!\xff)/.exec(id)
  return withEnd(end ? id.slice(0, end.index) : id)
}
