import { createHash } from 'node:crypto'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import type { SecretBytes } from '../types.ts'
import { ofLength, perMaterial } from './descriptor.ts'
import type { SpecDescriptor } from './descriptor.ts'
import { seedKeys } from './seedKeys.ts'

/** FIPS 204: parameter sets by their number, with the contents of 2.16.840.1.101.3.4.3.17 to 19. */
const PARAMETER_SETS = {
  44: { scheme: ml_dsa44, oid: '608648016503040311' },
  65: { scheme: ml_dsa65, oid: '608648016503040312' },
  87: { scheme: ml_dsa87, oid: '608648016503040313' },
} as const

const SEED_LENGTH = 32
const MU_LENGTH = 64
/** Pure ML-DSA, and a context of no bytes. */
const NO_CONTEXT = Buffer.alloc(2)

/**
 * Signatures are hedged. What is signed is mu, made of the message here or by the caller, so that signatures from RAW
 * and from EXTERNAL_MU verify either way (captures-kms-iam §8).
 */
export function mlDsa(parameters: keyof typeof PARAMETER_SETS): SpecDescriptor {
  const { scheme, oid } = PARAMETER_SETS[parameters]
  const { expanded, generate, accept, publicKey } = seedKeys(oid, SEED_LENGTH, (seed) => scheme.keygen(seed))
  const publicKeyHash = perMaterial((material) => shake256(expanded(material).publicKey))
  const mu = (message: Buffer, material: SecretBytes): Buffer => shake256(publicKeyHash(material), NO_CONTEXT, message)
  return {
    generate,
    accept,
    publicKey,
    signing: {
      ML_DSA_SHAKE_256: {
        digestLength: MU_LENGTH,
        represent: { RAW: mu, EXTERNAL_MU: ofLength(MU_LENGTH) },
        sign: (material, representative) =>
          Buffer.from(scheme.internal.sign(representative, expanded(material).secretKey, { externalMu: true })),
        verify: (material, representative, signature) =>
          scheme.internal.verify(signature, representative, expanded(material).publicKey, { externalMu: true }),
      },
    },
  }
}

function shake256(...parts: readonly Uint8Array[]): Buffer {
  const running = createHash('shake256', { outputLength: MU_LENGTH })
  for (const part of parts) running.update(part)
  return running.digest()
}
