import { readFileSync } from 'node:fs'
import { isAuthority, type TrustedRoots } from '../crypto/attestation/chain.ts'
import { readCertificate } from '../crypto/attestation/x509.ts'
import { SettingsError } from './settings.ts'

const VARIABLE = 'TWOKEY_NITRO_ROOT'
const CERTIFICATE = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]*?)-----END CERTIFICATE-----/g
/** Documents carry their chain, root included, in certificates of at most this size. */
const MAX_LENGTH = 1024

/**
 * The root certificates of a PEM file, none without one. Throws SettingsError with a sentence for each certificate that no attestation
 * document could chain to. Their time is not looked at: the emulator's clock can be moved.
 */
export function readNitroRoots(path: string | undefined): TrustedRoots {
  if (path === undefined) return []
  const found = [...readPem(path).matchAll(CERTIFICATE)].map(([, base64 = '']) => Buffer.from(base64, 'base64'))
  if (found.length === 0) throw new SettingsError(`${VARIABLE} is \`${path}\`, which holds no certificate in PEM form`)
  const faults = found.flatMap((bytes, index) => {
    const fault = faultOf(bytes)
    return fault === undefined ? [] : [`${VARIABLE} is \`${path}\`; its certificate ${String(index + 1)} ${fault}`]
  })
  if (faults.length > 0) throw new SettingsError(faults.join('\n'))
  return found
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    const { code } = error as { code?: string }
    throw new SettingsError(`${VARIABLE} is \`${path}\`, which cannot be read${code === undefined ? '' : ` (${code})`}`)
  }
}

function faultOf(bytes: Buffer): string | undefined {
  const certificate = readCertificate(bytes)
  if (!certificate) return 'cannot be read; export it again'
  if (bytes.length > MAX_LENGTH) {
    return `has ${String(bytes.length)} bytes, and attestation documents carry no more than ${String(MAX_LENGTH)}; give it fewer names and extensions`
  }
  if (!isAuthority(certificate)) {
    return 'is not that of an authority with a key on P-384; make one with basicConstraints CA:TRUE and keyUsage keyCertSign'
  }
  return undefined
}
