import { createHash } from 'node:crypto'
import type { ExternalCiphertext } from '../../../crypto/externalEnvelope.ts'
import {
  bodyOf,
  readDecryption,
  readEncryption,
  readIntegrityValue,
  readKeyMetadata,
  requireHealthy,
  type ExternalKeyMetadata,
} from './answers.ts'
import { XksFailure } from './failures.ts'
import { post, type ProxyAddress } from './transport.ts'

/** On whose behalf a proxy is asked (proxy API specification, requestMetadata). It is for the proxy's log and own authorization. */
export interface RequestMetadata {
  readonly awsPrincipalArn?: string | undefined
  readonly kmsKeyArn?: string | undefined
  readonly kmsOperation: string
  readonly kmsRequestId: string
  readonly kmsViaService?: string | undefined
}

/** A proxy as its key store describes it. */
export interface Proxy {
  readonly address: ProxyAddress
  /** `/prefix/kms/xks/v1` */
  readonly path: string
}

/** What the proxy's four operations have in common. Rejects with XksFailure. */
async function ask(proxy: Proxy, suffix: string, request: object) {
  return bodyOf(await post(proxy.address, proxy.path + suffix, JSON.stringify(request)))
}

/** GetHealthStatus. Rejects with XksFailure unless the proxy has an external key manager that serves. */
export async function checkHealth(proxy: Proxy, requestMetadata: RequestMetadata): Promise<void> {
  requireHealthy(await ask(proxy, '/health', { requestMetadata }))
}

/** GetKeyMetadata. */
export async function keyMetadataOf(
  proxy: Proxy,
  externalKeyId: string,
  requestMetadata: RequestMetadata,
): Promise<ExternalKeyMetadata> {
  return readKeyMetadata(await ask(proxy, `/keys/${externalKeyId}/metadata`, { requestMetadata }))
}

/** Encrypt. */
export async function encryptOutside(
  proxy: Proxy,
  externalKeyId: string,
  request: { readonly plaintext: Buffer; readonly aad: Buffer | undefined },
  requestMetadata: RequestMetadata,
): Promise<ExternalCiphertext> {
  const { plaintext, aad } = request
  const members = await ask(proxy, `/keys/${externalKeyId}/encrypt`, {
    requestMetadata,
    ...(aad && { additionalAuthenticatedData: aad.toString('base64') }),
    plaintext: plaintext.toString('base64'),
    encryptionAlgorithm: 'AES_GCM',
    ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
  })
  const made = readEncryption(members, plaintext.length)
  if (!readIntegrityValue(members).equals(integrityValue(made, aad))) throw new XksFailure('malformed')
  return made
}

function integrityValue(made: ExternalCiphertext, aad: Buffer | undefined): Buffer {
  const hash = createHash('sha256')
  if (aad) hash.update(aad)
  const { ciphertextMetadata, initializationVector, ciphertext, authenticationTag } = made
  for (const part of [ciphertextMetadata, initializationVector, ciphertext, authenticationTag]) hash.update(part)
  return hash.digest()
}

/** Decrypt. */
export async function decryptOutside(
  proxy: Proxy,
  externalKeyId: string,
  request: { readonly sealed: ExternalCiphertext; readonly aad: Buffer | undefined },
  requestMetadata: RequestMetadata,
): Promise<Buffer> {
  const { sealed, aad } = request
  const { ciphertext, ciphertextMetadata, initializationVector, authenticationTag } = sealed
  const members = await ask(proxy, `/keys/${externalKeyId}/decrypt`, {
    requestMetadata,
    ...(aad && { additionalAuthenticatedData: aad.toString('base64') }),
    ciphertext: ciphertext.toString('base64'),
    ...(ciphertextMetadata.length > 0 && { ciphertextMetadata: ciphertextMetadata.toString('base64') }),
    encryptionAlgorithm: 'AES_GCM',
    initializationVector: initializationVector.toString('base64'),
    authenticationTag: authenticationTag.toString('base64'),
  })
  return readDecryption(members, ciphertext.length)
}
