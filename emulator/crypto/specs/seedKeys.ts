import { der } from '../der.ts'
import { generateSecret, revealBytes, secretOf } from '../material.ts'
import type { SecretBytes } from '../types.ts'
import { perMaterial } from './descriptor.ts'
import { SEQUENCE, decodePkcs8, encodePkcs8, encodeSpki, oid } from './pkcs8.ts'

/** The expanded keys of a seed. */
export interface ExpandedKeys {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

export interface SeedKeys {
  readonly generate: () => SecretBytes
  readonly accept: (bytes: Buffer) => SecretBytes | undefined
  /** SPKI DER. */
  readonly publicKey: (material: SecretBytes) => Buffer
  readonly expanded: (material: SecretBytes) => ExpandedKeys
}

const IMPLICIT_0 = 0x80

/**
 * Keys of the lattice schemes, kept as PKCS#8 with the seed alone (RFC 9881 for ML-DSA, RFC 9935 for ML-KEM). The other
 * two forms of those standards, expanded keys with or without their seed, are not accepted from outside: KMS imports
 * no such keys (captures-kms-iam §5.3), and no seed comes back out of an expanded key.
 * @param id content bytes of the algorithm's object identifier, in hexadecimal
 * @param seedLength bytes
 */
export function seedKeys(id: string, seedLength: number, keygen: (seed: Uint8Array) => ExpandedKeys): SeedKeys {
  const algorithm = der(SEQUENCE, oid(id))

  function materialOf(seed: Buffer): SecretBytes {
    const tagged = der(IMPLICIT_0, seed)
    const whole = encodePkcs8(algorithm, tagged)
    const material = secretOf(whole)
    tagged.fill(0)
    whole.fill(0)
    return material
  }

  function seedOf(bytes: Buffer): Buffer | undefined {
    const tagged = decodePkcs8(bytes, algorithm)
    const fits = tagged?.length === 2 + seedLength && tagged[0] === IMPLICIT_0 && tagged[1] === seedLength
    return fits ? tagged.subarray(2) : undefined
  }

  const expanded = perMaterial((material) => {
    const seed = seedOf(revealBytes(material))
    if (!seed) throw new TypeError('not the seed form of this key spec')
    return keygen(seed)
  })

  return {
    generate: () => materialOf(revealBytes(generateSecret(seedLength))),
    accept(bytes) {
      const seed = seedOf(bytes)
      return seed && materialOf(seed)
    },
    expanded,
    publicKey: perMaterial((material) => encodeSpki(algorithm, Buffer.from(expanded(material).publicKey))),
  }
}
