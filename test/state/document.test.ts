import { describe, expect, it } from '@jest/globals'
import { StateError } from '../../emulator/state/errors.ts'
import type { StateDocument, Store } from '../../emulator/state/store.ts'
import { ITEMS, SECRETS, bothStores, ids } from './bothStores.ts'

describe.each(bothStores())('the state of %s as a document', (_, fresh) => {
  const fill = (store: Store) => {
    const items = store.collection(ITEMS)
    const secrets = store.collection(SECRETS)
    items.in('111122223333', 'us-east-1').put('a', { color: 'red' })
    secrets.in('111122223333').put('s', 'key bytes')
    return { items: items.in('111122223333', 'us-east-1'), secrets: secrets.in('111122223333') }
  }
  const open = { 'test.items': { '111122223333/us-east-1': { a: { color: 'red' } } } }
  const secret = { 'test.secrets': { '111122223333': { s: 'key bytes' } } }

  it('holds secret collections only when asked', async () => {
    const store = await fresh()
    fill(store)
    expect(store.export({ secrets: false })).toEqual({ format: 'twokey-state', version: 1, collections: open })
    expect(store.export({ secrets: true }).collections).toEqual({ ...open, ...secret })
    await store.close()
  })

  it('replaces everything, and collections in use follow', async () => {
    const store = await fresh()
    const { items, secrets } = fill(store)
    const document: StateDocument = {
      format: 'twokey-state',
      version: 1,
      collections: {
        'test.items': { '111122223333/us-east-1': { z: { color: 'red' }, y: {} } },
        'test.later': { '': { k: 1 } },
      },
    }
    store.import(document)
    expect(ids(items.entries())).toEqual(['z', 'y'])
    expect(ids(items.find('color', 'red'))).toEqual(['z'])
    expect(secrets.size).toBe(0)
    // Not declared by anybody: it may be secret.
    expect(store.export({ secrets: false }).collections).not.toHaveProperty('test.later')
    expect(store.export({ secrets: true }).collections).toEqual(document.collections)
    const later = store.collection<number>({ name: 'test.later', scope: 'global', ordered: true })
    expect(later.in().get('k')).toBe(1)
    await store.close()
  })

  it.each([
    [null, 'this is no twokey state: `format` must be `twokey-state`'],
    [[], 'this is no twokey state: `format` must be `twokey-state`'],
    [{ format: 'other' }, 'this is no twokey state: `format` must be `twokey-state`'],
    [
      { format: 'twokey-state', collections: {} },
      'the document does not say which version of the state format it has; use one that twokey wrote',
    ],
    [
      { format: 'twokey-state', version: 2, collections: {} },
      'the document was written by a newer twokey (format 2, this one reads up to 1); upgrade twokey, or use another data directory',
    ],
    [{ format: 'twokey-state', version: 1 }, 'the state document has no `collections`'],
    [
      { format: 'twokey-state', version: 1, collections: { c: [] } },
      'collection `c` of the state document is not an object',
    ],
    [
      { format: 'twokey-state', version: 1, collections: { c: { s: 5 } } },
      'scope `s` of collection `c` of the state document is not an object',
    ],
  ])('that is none is refused and changes nothing: %j', async (document, sentence) => {
    const store = await fresh()
    const { items } = fill(store)
    expect(() => {
      store.import(document as unknown as StateDocument)
    }).toThrow(new StateError(sentence))
    expect(ids(items.entries())).toEqual(['a'])
    await store.close()
  })

  it('whose records an index cannot take changes nothing', async () => {
    const store = await fresh()
    const table = store.collection<{ k: { v: string } }>({
      name: 'test.deep',
      scope: 'global',
      indexes: { v: (r) => r.k.v },
    })
    table.in().put('good', { k: { v: '1' } })
    const bad: StateDocument = {
      format: 'twokey-state',
      version: 1,
      collections: { 'test.deep': { '': { bad: {} } } },
    }
    expect(() => {
      store.import(bad)
    }).toThrow(TypeError)
    expect(ids(table.in().find('v', '1'))).toEqual(['good'])
    await store.close()
  })

  it('is empty after a reset', async () => {
    const store = await fresh()
    const { items } = fill(store)
    store.reset()
    expect(items.size + items.count('color', 'red')).toBe(0)
    expect(store.export({ secrets: true }).collections).toEqual({})
    items.put('b', {})
    expect(ids(items.entries())).toEqual(['b'])
    await store.close()
  })
})
