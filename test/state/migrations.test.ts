import { describe, expect, it } from '@jest/globals'
import { StateError } from '../../emulator/state/errors.ts'
import { migrate } from '../../emulator/state/migrations/index.ts'
import type { Migration } from '../../emulator/state/migrations/index.ts'
import type { StateDocument } from '../../emulator/state/store.ts'

const document = (version: number, collections: StateDocument['collections'] = {}): StateDocument => ({
  format: 'twokey-state',
  version,
  collections,
})

describe('migrations', () => {
  const rename: Migration = (old) => ({ ...old, collections: { new: old.collections['old'] ?? {} } })
  const add: Migration = (old) => ({ ...old, collections: { ...old.collections, added: {} } })

  it('run step by step to the current version', () => {
    const migrated = migrate(document(1, { old: { '': { a: 1 } } }), { 1: rename, 2: add }, 3)
    expect(migrated).toEqual(document(3, { new: { '': { a: 1 } }, added: {} }))
  })

  it('leave the current version as it is', () => {
    const current = document(1, { c: {} })
    expect(migrate(current)).toBe(current)
  })

  it('refuse a newer version and one they no longer know', () => {
    expect(() => migrate(document(4), { 1: rename }, 3)).toThrow(
      new StateError(
        'the document was written by a newer twokey (format 4, this one reads up to 3); ' +
          'upgrade twokey, or use another data directory',
      ),
    )
    expect(() => migrate(document(1), { 2: add }, 3)).toThrow(
      new StateError('state of format 1 can no longer be read; use an older twokey'),
    )
  })
})
