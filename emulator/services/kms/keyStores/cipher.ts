import { openBlob, parseBlob, type BlobKind, type ParsedBlob } from '../../../crypto/envelope.ts'
import {
  externalAad,
  parseExternalBlob,
  writeExternalBlob,
  type ExternalBlob,
} from '../../../crypto/externalEnvelope.ts'
import type { EncryptionContext, SecretBytes } from '../../../crypto/types.ts'
import { invalidCiphertext } from '../errors.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { useFailure, worded, XksFailure } from '../xks/failures.ts'
import { decryptOutside, encryptOutside } from '../xks/proxy.ts'
import { requireCommunication } from './clusters.ts'
import { keyStoreOf } from './find.ts'
import { metadataFor, proxyOf } from './proxies.ts'
import type { ExternalKeyStore, KeyStoreRecord } from './state.ts'

/** A ciphertext of any symmetric key. */
export type AnyBlob = ParsedBlob | ExternalBlob

/** The parts of a ciphertext, or undefined when no symmetric key makes such. */
export const readBlob = (bytes: Buffer): AnyBlob | undefined => parseBlob(bytes) ?? parseExternalBlob(bytes)

interface Sealed {
  readonly blob: Buffer
  readonly materialId: string
}

/**
 * What becomes of a ciphertext of KMS's own under a key in a custom key store. A cluster's key has been used then, if it can be reached. An
 * external key manager encrypts once more what KMS has encrypted, so that it sees no plaintext, and neither opens it alone.
 */
export function sealInStore(
  key: KeyRecord,
  sealed: Sealed,
  { kind, context }: { readonly kind: BlobKind; readonly context: EncryptionContext },
  call: KmsCall,
): Sealed | Promise<Sealed> {
  const { blob, materialId } = sealed
  const store = storeOf(key, call)
  if (store.type === 'AWS_CLOUDHSM') {
    requireCommunication(store, call.state)
    return sealed
  }
  const encrypted = encryptOutside(
    proxyOf(store, call.state, call.env),
    key.xksKeyId ?? '',
    { plaintext: blob, aad: externalAad(context) },
    metadataFor(call, key),
  )
  return worded(
    encrypted.then((outer) => ({ blob: writeExternalBlob({ kind, materialId, outer }), materialId })),
    useFailure,
  )
}

/** The plaintext of a ciphertext under a key in a custom key store. */
export function openInStore(
  key: KeyRecord,
  blob: AnyBlob,
  material: SecretBytes,
  context: EncryptionContext,
  call: KmsCall,
): Buffer | Promise<Buffer> {
  const store = storeOf(key, call)
  if (store.type === 'EXTERNAL_KEY_STORE') {
    if (!('outer' in blob)) throw invalidCiphertext()
    return worded(openTwice({ store, key, call }, blob, material, context), useFailure)
  }
  requireCommunication(store, call.state)
  const plaintext = 'outer' in blob ? undefined : openBlob(blob, material, context)
  if (!plaintext) throw invalidCiphertext()
  return plaintext
}

/** The outer layer by the external key manager, the inner one by KMS. Rejects with XksFailure. */
async function openTwice(
  { store, key, call }: { readonly store: ExternalKeyStore; readonly key: KeyRecord; readonly call: KmsCall },
  { kind, materialId, outer }: ExternalBlob,
  material: SecretBytes,
  context: EncryptionContext,
): Promise<Buffer> {
  const opened = await decryptOutside(
    proxyOf(store, call.state, call.env),
    key.xksKeyId ?? '',
    { sealed: outer, aad: externalAad(context) },
    metadataFor(call, key),
  )
  const inner = parseBlob(opened)
  const whole = inner?.kind === kind && inner.materialId === materialId
  const plaintext = inner && whole ? openBlob(inner, material, context) : undefined
  if (!plaintext) throw new XksFailure('returnedInvalidCiphertext')
  return plaintext
}

/** INVARIANT: a key store with keys is not deleted. */
function storeOf(key: KeyRecord, call: KmsCall): KeyStoreRecord {
  const store = keyStoreOf(key, call.state)
  if (!store) throw new Error(`the custom key store of ${key.arn} is missing from the state`)
  return store
}
