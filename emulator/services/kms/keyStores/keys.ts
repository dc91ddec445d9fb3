import type { CreateKeyRequest } from '@aws-sdk/client-kms'
import { AwsError } from '../../../lib/awsError.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { externalKeyInUse, keyStoreChoice, keyStoreState, notInKeyStores } from '../unsourced.ts'
import type { ExternalKeyMetadata } from '../xks/answers.ts'
import { createKeyFailure, worded } from '../xks/failures.ts'
import { keyMetadataOf } from '../xks/proxy.ts'
import { requireClusterForKeys } from './clusters.ts'
import { keyStoreById } from './find.ts'
import { metadataFor, proxyOf } from './proxies.ts'
import type { ExternalKeyStore, KeyStoreRecord } from './state.ts'

type NewKey = Pick<KeyRecord, 'spec' | 'usage' | 'origin' | 'multiRegion'>

/** Where a key of a custom key store has its material. */
export type KeyPlace = Pick<KeyRecord, 'customKeyStoreId' | 'xksKeyId'>

const inKeyStore = (origin: string): boolean => origin === 'AWS_CLOUDHSM' || origin === 'EXTERNAL_KEY_STORE'

/** What CreateKey refuses about key stores before it looks for one (CreateKey: Origin, CustomKeyStoreId, XksKeyId). */
export function requireKeyStoreChoices(input: CreateKeyRequest, { spec, origin, multiRegion }: NewKey): void {
  const external = origin === 'EXTERNAL_KEY_STORE'
  if (inKeyStore(origin) !== (input.CustomKeyStoreId !== undefined)) {
    throw keyStoreChoice(
      inKeyStore(origin)
        ? `CustomKeyStoreId is required when Origin is ${origin}.`
        : 'CustomKeyStoreId is valid only when Origin is AWS_CLOUDHSM or EXTERNAL_KEY_STORE.',
    )
  }
  if (external !== (input.XksKeyId !== undefined)) {
    throw keyStoreChoice(
      external
        ? 'XksKeyId is required when Origin is EXTERNAL_KEY_STORE.'
        : 'XksKeyId is valid only when Origin is EXTERNAL_KEY_STORE.',
    )
  }
  if (!inKeyStore(origin)) return
  if (spec !== 'SYMMETRIC_DEFAULT') throw notInKeyStores(`A key of KeySpec ${spec}`)
  if (multiRegion) throw notInKeyStores('A multi-Region key')
}

/**
 * Finds the place of a new key in the custom key store that the request names, and looks at its cluster or external key. Undefined for keys of
 * KMS's own. What it has seen may have changed when it resolves: `requirePlace` looks again.
 */
export async function placeOf(input: CreateKeyRequest, call: KmsCall): Promise<KeyPlace | undefined> {
  if (input.CustomKeyStoreId === undefined) return undefined
  const place: KeyPlace = { customKeyStoreId: input.CustomKeyStoreId, xksKeyId: input.XksKeyId }
  requirePlace(place, input.Origin, call)
  const store = keyStoreById(input.CustomKeyStoreId, call)
  if (store.type === 'EXTERNAL_KEY_STORE') await requireExternalKey(store, input.XksKeyId ?? '', call)
  return place
}

/** Throws unless a key store, its cluster, and the name of the external key can take a new key. */
export function requirePlace(
  { customKeyStoreId, xksKeyId }: KeyPlace,
  origin: CreateKeyRequest['Origin'],
  call: KmsCall,
): void {
  const store = keyStoreById(customKeyStoreId, call)
  if (store.type !== origin)
    throw keyStoreChoice(`Origin ${origin ?? ''} does not fit a custom key store of type ${store.type}.`)
  requireConnected(store)
  if (store.type === 'AWS_CLOUDHSM') requireClusterForKeys(store, call.state)
  else if (isUsed(store, xksKeyId ?? '', call)) throw externalKeyInUse(xksKeyId ?? '')
}

function requireConnected(store: KeyStoreRecord): void {
  const { id, connection } = store
  if (connection.state !== 'CONNECTED') throw keyStoreState(id, connection.state, 'CreateKey')
}

const isUsed = ({ id, account, region }: ExternalKeyStore, xksKeyId: string, { state }: KmsCall): boolean =>
  state.keys.in(account, region).count('externalKey', `${id}/${xksKeyId}`) > 0

async function requireExternalKey(store: ExternalKeyStore, xksKeyId: string, call: KmsCall): Promise<void> {
  const proxy = proxyOf(store, call.state, call.env)
  const external = await worded(keyMetadataOf(proxy, xksKeyId, metadataFor(call)), createKeyFailure)
  const fault = faultOf(external)
  if (fault !== undefined) throw new AwsError('XksKeyInvalidConfigurationException', 400, fault)
}

/** Texts as documented (Troubleshooting external key stores, External key errors). How AWS prints several usages is not. */
function faultOf({ keySpec, keyUsage, keyStatus }: ExternalKeyMetadata): string | undefined {
  if (keySpec !== 'AES_256') {
    return `The key spec of the external key must be AES_256. The key spec of specified external key is ${keySpec}.`
  }
  if (keyStatus !== 'ENABLED') {
    return `The status of the external key must be ENABLED. The status of specified external key is ${keyStatus}.`
  }
  if (!keyUsage.includes('ENCRYPT') || !keyUsage.includes('DECRYPT')) {
    return `The key usage of the external key must include ENCRYPT and DECRYPT. The key use of specified external key is ${keyUsage.join(', ')}.`
  }
  return undefined
}
