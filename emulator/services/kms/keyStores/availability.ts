import type { KeyRecord, KmsState } from '../state.ts'
import { keyStoreOf } from './find.ts'
import type { KeyStoreRecord } from './state.ts'

/** Made once per record and key store, so that what is kept by record (compiled key policies) is kept for these, too. */
const seen = new WeakMap<KeyRecord, { readonly store: KeyStoreRecord | undefined; readonly key: KeyRecord }>()

/**
 * A key as it is at the moment: a key in a custom key store that is not connected is Unavailable, unless it is pending deletion, and
 * becomes what it was, or what it was made meanwhile, as soon as the store is connected (facts: B4, notes 11 to 13).
 * INVARIANT: this state is never stored; `changeKey` starts from the stored record.
 */
export function asItIs(key: KeyRecord, state: KmsState): KeyRecord {
  if (key.customKeyStoreId === undefined) return key
  const store = keyStoreOf(key, state)
  const known = seen.get(key)
  if (known && known.store === store) return known.key
  const view = viewOf(key, store)
  seen.set(key, { store, key: view })
  return view
}

function viewOf(key: KeyRecord, store: KeyStoreRecord | undefined): KeyRecord {
  const usable = store?.connection.state === 'CONNECTED'
  return {
    ...key,
    state: usable || key.state === 'PendingDeletion' ? key.state : 'Unavailable',
    cloudHsmClusterId: store?.type === 'AWS_CLOUDHSM' ? store.clusterId : undefined,
  }
}
