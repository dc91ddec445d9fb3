import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPair,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { promisify } from 'node:util'
import { createTurns } from '../../lib/turns.ts'
import { revealBytes, secretOf } from '../material.ts'
import type { SecretBytes } from '../types.ts'
import { ofLength, perMaterial } from './descriptor.ts'
import type { EncryptionScheme, SigningScheme, SpecDescriptor } from './descriptor.ts'
import { pkcs1v15, pss } from './rsaEncodings.ts'
import type { SignatureEncoding } from './rsaEncodings.ts'
import { isSoundRsaKey } from './rsaKeys.ts'
import { privateKey, readOutsideKey } from './pkcs8.ts'

const generatePair = promisify(generateKeyPair)
const OVERHEAD_BESIDES_DIGESTS = 2
/** Key pairs that one owner may wait for: minutes' worth of the largest. */
const MOST_WAITING = 200

const publicKeyObject = perMaterial((material) => createPublicKey(privateKey(material)))

/** Encryption and signing with a modulus of `bits` bits; ciphertexts and signatures are as long as the modulus. */
export function rsa(bits: number): SpecDescriptor {
  const length = bits / 8
  return {
    generate: (waiter) => generations.take(waiter, () => generate(bits)),
    accept: (bytes) => accept(bits, bytes),
    publicKey: perMaterial((material) => publicKeyObject(material).export({ format: 'der', type: 'spki' })),
    encryption: {
      RSAES_OAEP_SHA_1: oaep(length, 'sha1', 20),
      RSAES_OAEP_SHA_256: oaep(length, 'sha256', 32),
    },
    signing: {
      RSASSA_PKCS1_V1_5_SHA_256: rsassa(length, 'sha256', 32, pkcs1v15),
      RSASSA_PKCS1_V1_5_SHA_384: rsassa(length, 'sha384', 48, pkcs1v15),
      RSASSA_PKCS1_V1_5_SHA_512: rsassa(length, 'sha512', 64, pkcs1v15),
      RSASSA_PSS_SHA_256: rsassa(length, 'sha256', 32, pss),
      RSASSA_PSS_SHA_384: rsassa(length, 'sha384', 48, pss),
      RSASSA_PSS_SHA_512: rsassa(length, 'sha512', 64, pss),
    },
  }
}

/** A generation occupies a thread of the pool for up to seconds; the pool's other threads serve the files. */
const generations = createTurns(MOST_WAITING)

async function generate(bits: number): Promise<SecretBytes> {
  const pair = await generatePair('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  })
  return taken(pair.privateKey)
}

function accept(bits: number, bytes: Buffer): SecretBytes | undefined {
  const outside = readOutsideKey(bytes)
  if (!outside) return undefined
  const { key, der } = outside
  const fits = key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails?.modulusLength === bits
  const material = taken(der)
  return fits && isSoundRsaKey(key, revealBytes(material)) ? material : undefined
}

function taken(der: Buffer): SecretBytes {
  const material = secretOf(der)
  der.fill(0)
  return material
}

/** OAEP with MGF1 over the same hash (facts: B6). */
function oaep(length: number, oaepHash: string, digestLength: number): EncryptionScheme {
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }
  return {
    longestPlaintext: length - 2 * digestLength - OVERHEAD_BESIDES_DIGESTS,
    encrypt: (material, plaintext) => publicEncrypt({ key: publicKeyObject(material), ...padding }, plaintext),
    decrypt: (material, ciphertext) =>
      ciphertext.length === length ? privateDecrypt({ key: privateKey(material), ...padding }, ciphertext) : undefined,
  }
}

/** Signs digests, which node:crypto does not offer for PSS: the encodings are ours, the arithmetic OpenSSL's. */
function rsassa(length: number, hash: string, digestLength: number, encoding: SignatureEncoding): SigningScheme {
  const padding = constants.RSA_NO_PADDING
  return {
    digestLength,
    represent: {
      RAW: (message) => createHash(hash).update(message).digest(),
      DIGEST: ofLength(digestLength),
    },
    sign: (material, digest) =>
      privateEncrypt({ key: privateKey(material), padding }, encoding.encode(hash, digest, length)),
    verify: (material, digest, signature) =>
      signature.length === length &&
      encoding.matches(hash, digest, publicDecrypt({ key: publicKeyObject(material), padding }, signature)),
  }
}
