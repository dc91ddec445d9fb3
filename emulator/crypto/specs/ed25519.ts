import { createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ed25519ph } from '@noble/curves/ed25519.js'
import { der } from '../der.ts'
import { generateSecret, revealBytes, secretOf } from '../material.ts'
import type { SecretBytes } from '../types.ts'
import { ofLength, perMaterial } from './descriptor.ts'
import type { SpecDescriptor } from './descriptor.ts'
import { OCTETS, SEQUENCE, decodePkcs8, encodePkcs8, oid, privateKey } from './pkcs8.ts'

const ALGORITHM = der(SEQUENCE, oid('2b6570')) // 1.3.101.112
const SEED_LENGTH = 32
const DIGEST_LENGTH = 64

const publicKeyObject: (material: SecretBytes) => KeyObject = perMaterial((material) =>
  createPublicKey(privateKey(material)),
)
const spki = perMaterial((material) => publicKeyObject(material).export({ format: 'der', type: 'spki' }))

/** Noble's multiples of the base point: with its own window of 6 bits the first signature takes 70 ms, with 2 it takes 8. */
const WINDOW_BITS = 2
ed25519ph.Point.BASE.precompute(WINDOW_BITS)

/** The seed and the point are the last 32 bytes of their DER. */
const lastBytes = (bytes: Buffer): Buffer => bytes.subarray(bytes.length - SEED_LENGTH)

function materialOf(seed: Buffer): SecretBytes {
  const octets = der(OCTETS, seed)
  const whole = encodePkcs8(ALGORITHM, octets)
  const material = secretOf(whole)
  octets.fill(0)
  whole.fill(0)
  return material
}

/** Strictly DER (captures-kms-iam §5.3), RFC 8410's first version, which has no public key inside. */
function accept(bytes: Buffer): SecretBytes | undefined {
  const octets = decodePkcs8(bytes, ALGORITHM)
  if (octets?.length !== 2 + SEED_LENGTH || octets[0] !== OCTETS || octets[1] !== SEED_LENGTH) return undefined
  return materialOf(octets.subarray(2))
}

export const ed25519: SpecDescriptor = {
  generate: () => materialOf(revealBytes(generateSecret(SEED_LENGTH))),
  accept,
  publicKey: spki,
  signing: {
    ED25519_SHA_512: {
      represent: { RAW: (message) => message },
      sign: (material, message) => sign(null, message, privateKey(material)),
      verify: (material, message, signature) => verify(null, message, publicKeyObject(material), signature),
    },
    /**
     * Ed25519ph hashes what it is given, and it is given a digest: the message is hashed twice, once by the caller and
     * once here, exactly as KMS does (Sign, MessageType).
     */
    ED25519_PH_SHA_512: {
      digestLength: DIGEST_LENGTH,
      represent: { DIGEST: ofLength(DIGEST_LENGTH) },
      sign: (material, digest) => Buffer.from(ed25519ph.sign(digest, lastBytes(revealBytes(material)))),
      verify: (material, digest, signature) =>
        ed25519ph.verify(signature, digest, lastBytes(spki(material)), { zip215: false }),
    },
  },
}
