import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { SpecDescriptor } from './descriptor.ts'
import { seedKeys } from './seedKeys.ts'

/** FIPS 203: parameter sets by their number, with the contents of 2.16.840.1.101.3.4.4.1 to 3. */
const PARAMETER_SETS = {
  512: { scheme: ml_kem512, oid: '608648016503040401', ciphertextLength: 768 },
  768: { scheme: ml_kem768, oid: '608648016503040402', ciphertextLength: 1088 },
  1024: { scheme: ml_kem1024, oid: '608648016503040403', ciphertextLength: 1568 },
} as const

/** d and z, 32 bytes each. */
const SEED_LENGTH = 64

export function mlKem(parameters: keyof typeof PARAMETER_SETS): SpecDescriptor {
  const { scheme, oid, ciphertextLength } = PARAMETER_SETS[parameters]
  const { expanded, generate, accept, publicKey } = seedKeys(oid, SEED_LENGTH, (seed) => scheme.keygen(seed))
  return {
    generate,
    accept,
    publicKey,
    kem: {
      encapsulate(material) {
        const { cipherText, sharedSecret } = scheme.encapsulate(expanded(material).publicKey)
        return { ciphertext: Buffer.from(cipherText), sharedSecret: Buffer.from(sharedSecret) }
      },
      decapsulate: (material, ciphertext) =>
        ciphertext.length === ciphertextLength
          ? Buffer.from(scheme.decapsulate(ciphertext, expanded(material).secretKey))
          : undefined,
    },
  }
}
