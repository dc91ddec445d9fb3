import type { KmsCall } from '../state.ts'
import { keyStoreState, noRandomBytes } from '../unsourced.ts'
import { requireCommunication } from './clusters.ts'
import { keyStoreById } from './find.ts'

/** Throws unless a custom key store can make random bytes: a CloudHSM key store that is connected (GenerateRandom, CustomKeyStoreId). */
export function requireRandomSource(id: string, call: KmsCall): void {
  const store = keyStoreById(id, call)
  if (store.type !== 'AWS_CLOUDHSM') throw noRandomBytes(id)
  const { state } = store.connection
  if (state !== 'CONNECTED') throw keyStoreState(id, state, 'GenerateRandom')
  requireCommunication(store, call.state)
}
