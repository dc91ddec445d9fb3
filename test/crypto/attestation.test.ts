import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, randomBytes, X509Certificate, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'cborg'
import fc from 'fast-check'
import { verifyAttestation } from '../../emulator/crypto/attestation/attestation.ts'
import type { TrustedRoots } from '../../emulator/crypto/attestation/chain.ts'
import { AttestationError, type AttestationFault } from '../../emulator/crypto/attestation/fault.ts'
import {
  attest,
  certificate,
  enclavePcrs,
  fieldsOf,
  instanceRequest,
  leafRequest,
  MODULE_ID,
  PCR0,
  pem,
  pki,
  rootRequest,
  signCose,
  USAGE,
  zonalRequest,
  type CertificateRequest,
  type Issued,
  type Pki,
} from '../support/attestation.ts'

const HOUR = 3_600_000
const nitro = pki()
const roots = [nitro.root.der]
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).publicKey
const recipient = rsa(2048)

const verified = (bytes: Uint8Array) => verifyAttestation(bytes, roots, Date.now())

/** Why a document is refused; undefined when it is not. Anything but an AttestationError fails the test. */
const fault = (bytes: Uint8Array, now?: number) => faultUnder(roots, bytes, now)

function faultUnder(trusted: TrustedRoots, bytes: Uint8Array, now = Date.now()): AttestationFault | undefined {
  try {
    verifyAttestation(bytes, trusted, now)
    return undefined
  } catch (error) {
    if (error instanceof AttestationError) return error.because
    throw error
  }
}

describe('a valid document', () => {
  it('tells where it comes from and whom to answer', () => {
    const { platform, moduleId, pcrs, recipient: key } = verified(attest(nitro, recipient))
    expect({ platform, moduleId }).toEqual({ platform: 'enclave', moduleId: MODULE_ID })
    expect([...pcrs.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    expect(Buffer.from(pcrs.get(0) ?? []).toString('hex')).toBe(PCR0)
    expect(key.equals(recipient)).toBe(true)
  })

  it('begins as real ones do (github.com/yawn/ned, README)', () => {
    expect(attest(nitro, recipient).toString('hex')).toMatch(/^8444a1013822a059....a9/)
    expect(attest(nitro, recipient).includes(Buffer.from('696d6f64756c655f6964', 'hex'))).toBe(true)
  })

  it('may end its map with a mark', () => {
    const fields = Buffer.from(encode(fieldsOf(nitro, recipient)))
    const open = (bytes: Buffer) => Buffer.concat([Buffer.from([0xbf]), bytes.subarray(1), Buffer.from([0xff])])
    expect(fault(signCose(open(fields), nitro.leaf.key))).toBeUndefined()
    expect(fault(signCose(open(fields).subarray(0, -1), nitro.leaf.key))).toBe(
      'does not carry a map of the documented fields',
    )
  })

  it('may be tagged', () => {
    expect(fault(attest(nitro, recipient, {}, { tagged: true }))).toBeUndefined()
  })

  it('may leave optional fields out, and may use all of them', () => {
    expect(fault(attest(nitro, recipient, { user_data: undefined, nonce: undefined }))).toBeUndefined()
    const full = { user_data: Buffer.alloc(512), nonce: Buffer.alloc(0), timestamp: 2n ** 64n - 1n }
    expect(fault(attest(nitro, recipient, full))).toBeUndefined()
  })

  it.each([2048, 3072, 4096])('may carry an RSA key of %i bits', (bits) => {
    expect(fault(attest(nitro, rsa(bits)))).toBeUndefined()
  })

  it('may come from a NitroTPM', () => {
    const changes = { pcrs: undefined, nitrotpm_pcrs: new Map([[4, Buffer.alloc(48, 4)]]) }
    expect(verified(attest(nitro, recipient, changes))).toMatchObject({ platform: 'tpm' })
  })

  it('has a chain that OpenSSL verifies as well', () => {
    const dir = mkdtempSync(join(tmpdir(), 'twokey-chain-'))
    const file = (name: string, ...certificates: readonly Issued[]) => {
      writeFileSync(join(dir, name), certificates.map(({ der }) => pem(der)).join(''))
      return join(dir, name)
    }
    const trusted = file('root.pem', nitro.root)
    const between = file('between.pem', nitro.zonal, nitro.instance)
    const leaf = file('leaf.pem', nitro.leaf)
    const said = execFileSync('openssl', ['verify', '-CAfile', trusted, '-untrusted', between, leaf])
    expect(said.toString()).toMatch(/: OK\n$/)
  })
})

/** Documents of real enclaves, and AWS's root certificate. None of them has a public_key, which is looked at last. */
const REAL = JSON.parse(readFileSync(new URL('attestations.json', import.meta.url), 'utf8')) as {
  readonly root: string
  readonly documents: readonly { readonly source: string; readonly at: string; readonly base64: string }[]
}

describe('documents of real enclaves', () => {
  const root = new X509Certificate(REAL.root)
  const real = (bytes: Buffer, now: number) => faultUnder([root.raw], bytes, now)

  it('chain to the root that AWS publishes the fingerprint of', () => {
    expect(root.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(
      '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b',
    )
  })

  it.each(REAL.documents)('are verified: $source', ({ at, base64 }) => {
    const document = Buffer.from(base64, 'base64')
    const then = Date.parse(at)
    expect(real(document, then)).toBe('has no public_key')
    expect(real(document, then + 4 * HOUR)).toBe('carries a certificate that is expired or not yet valid')
    expect(real(document, then - 24 * HOUR)).toBe('carries a certificate that is expired or not yet valid')
    // The last byte of the signature, and a byte of the registers.
    for (const at of [document.length - 1, 200]) {
      const forged = Buffer.from(document)
      forged[at] = (forged[at] ?? 0) ^ 1
      expect(real(forged, then)).toBe('is not signed by its certificate')
    }
    expect(faultUnder(roots, document, then)).toBe('does not chain to a trusted root certificate')
  })
})

describe('the COSE_Sign1 structure', () => {
  const payload = Buffer.from(encode(fieldsOf(nitro, recipient)))
  const cose = (parts: Parameters<typeof signCose>[2]) => signCose(payload, nitro.leaf.key, parts)
  const NOT_COSE = 'is not a COSE_Sign1 structure in CBOR'

  it.each<readonly [string, Buffer, AttestationFault]>([
    ['nothing', Buffer.alloc(0), NOT_COSE],
    ['one tag and nothing else', Buffer.from([0xd2]), NOT_COSE],
    ['another tag', Buffer.concat([Buffer.from([0xd1]), attest(nitro, recipient)]), NOT_COSE],
    ['text', Buffer.from('attestation document'), NOT_COSE],
    ['a trailing byte', Buffer.concat([attest(nitro, recipient), Buffer.alloc(1)]), NOT_COSE],
    ['the last byte missing', attest(nitro, recipient).subarray(0, -1), NOT_COSE],
    ['three parts', Buffer.from(encode([Buffer.from('a1013822', 'hex'), new Map(), payload])), NOT_COSE],
    [
      'an indefinite length',
      Buffer.concat([Buffer.from([0x9f]), attest(nitro, recipient).subarray(1), Buffer.from([0xff])]),
      NOT_COSE,
    ],
    ['deep nesting', Buffer.alloc(16_000, 0x81), NOT_COSE],
    ['deep nesting of the greatest length', Buffer.alloc(262_144, 0x81), NOT_COSE],
    ['an array that claims four billion items', Buffer.from('9affffffff', 'hex'), NOT_COSE],
    ['an unprotected header', cose({ unprotected: Buffer.from(encode(new Map([[4, 1]]))) }), NOT_COSE],
    ['ES256', cose({ header: Buffer.from('a10126', 'hex') }), 'is not signed with ES384'],
    ['two protected headers', cose({ header: Buffer.from('a2013822040a', 'hex') }), 'is not signed with ES384'],
    ['no protected header', cose({ header: Buffer.alloc(0) }), 'is not signed with ES384'],
    ['an empty payload', signCose(Buffer.alloc(0), nitro.leaf.key), 'has no payload of 1 to 16384 bytes'],
    ['too long a payload', signCose(Buffer.alloc(16_385), nitro.leaf.key), 'has no payload of 1 to 16384 bytes'],
    ['a short signature', cose({ signature: Buffer.alloc(64) }), 'has no signature of 96 bytes'],
    ['a signature of zeros', cose({ signature: Buffer.alloc(96) }), 'is not signed by its certificate'],
    ['the signature of another key', signCose(payload, nitro.instance.key), 'is not signed by its certificate'],
  ])('with %s is refused', (_what, bytes, because) => {
    expect(fault(bytes)).toBe(because)
  })

  it('is covered by its signature everywhere', () => {
    const document = attest(nitro, recipient)
    for (let at = 0; at < document.length; at += 61) {
      const forged = Buffer.from(document)
      forged[at] = (forged[at] ?? 0) ^ 1
      expect(fault(forged)).toBeDefined()
    }
  })
})

describe('the fields', () => {
  const NOT_FIELDS = 'does not carry a map of the documented fields'
  const pcrs = (entries: readonly (readonly [unknown, unknown])[]) => ({ pcrs: new Map(entries) })
  const many = Array.from({ length: 33 }, (_, index) => [index, Buffer.alloc(48)] as const)

  it.each(['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle', 'public_key'] as const)(
    'must include %s',
    (name) => {
      expect(fault(attest(nitro, recipient, { [name]: undefined }))).toBe(`has no ${name}`)
      expect(fault(attest(nitro, recipient, { [name]: null }))).toBe(`has no ${name}`)
    },
  )

  it.each<readonly [string, Readonly<Record<string, unknown>>, AttestationFault]>([
    ['an unknown field', { more: 1 }, NOT_FIELDS],
    ['an empty module_id', { module_id: '' }, 'has a malformed module_id'],
    ['a module_id in bytes', { module_id: Buffer.from('i-1') }, 'has a malformed module_id'],
    ['another digest', { digest: 'SHA256' }, 'has a malformed digest'],
    ['time zero', { timestamp: 0 }, 'has a malformed timestamp'],
    ['a time before 1970', { timestamp: -1 }, 'has a malformed timestamp'],
    ['a time in text', { timestamp: '1' }, 'has a malformed timestamp'],
    ['half a millisecond', { timestamp: 1.5 }, 'has a malformed timestamp'],
    ['no register', pcrs([]), 'has a malformed pcrs'],
    ['33 registers', pcrs(many), 'has a malformed pcrs'],
    ['register 32', pcrs([[32, Buffer.alloc(48)]]), 'has a malformed pcrs'],
    ['register -1', pcrs([[-1, Buffer.alloc(48)]]), 'has a malformed pcrs'],
    ['a register named in text', pcrs([['0', Buffer.alloc(48)]]), 'has a malformed pcrs'],
    ['a register of 47 bytes', pcrs([[0, Buffer.alloc(47)]]), 'has a malformed pcrs'],
    ['a register in text', pcrs([[0, 'a'.repeat(48)]]), 'has a malformed pcrs'],
    ['registers in an array', { pcrs: [Buffer.alloc(48)] }, 'has a malformed pcrs'],
    ['registers of both platforms', { nitrotpm_pcrs: enclavePcrs() }, 'has a malformed nitrotpm_pcrs'],
    ['an empty certificate', { certificate: Buffer.alloc(0) }, 'has a malformed certificate'],
    ['a certificate of 1025 bytes', { certificate: Buffer.alloc(1025) }, 'has a malformed certificate'],
    ['an empty bundle', { cabundle: [] }, 'has a malformed cabundle'],
    ['a bundle that is no array', { cabundle: nitro.root.der }, 'has a malformed cabundle'],
    [
      'a bundle with an empty certificate',
      { cabundle: [...nitro.bundle, Buffer.alloc(0)] },
      'has a malformed cabundle',
    ],
    ['a bundle with text', { cabundle: ['root'] }, 'has a malformed cabundle'],
    ['an empty public_key', { public_key: Buffer.alloc(0) }, 'has a malformed public_key'],
    ['a public_key of 1025 bytes', { public_key: Buffer.alloc(1025) }, 'has a malformed public_key'],
    ['user_data of 513 bytes', { user_data: Buffer.alloc(513) }, 'has a malformed user_data'],
    ['user_data in text', { user_data: 'x' }, 'has a malformed user_data'],
    ['a nonce of 513 bytes', { nonce: Buffer.alloc(513) }, 'has a malformed nonce'],
  ])('with %s are refused', (_what, changes, because) => {
    expect(fault(attest(nitro, recipient, changes))).toBe(because)
  })

  it.each([
    ['no map', Buffer.from(encode(['module_id']))],
    ['no CBOR', Buffer.from('no CBOR')],
    ['the same field twice', Buffer.from('a2656e6f6e6365f6656e6f6e6365f6', 'hex')],
    ['an integer longer than need be', Buffer.from('a16974696d657374616d701800', 'hex')],
    ['deep nesting', Buffer.alloc(16_000, 0x81)],
    ['one map inside another', Buffer.alloc(16_000, 0xa1)],
    ['one endless map inside another', Buffer.alloc(16_000, 0xbf)],
    ['text in pieces', Buffer.from('bf7f656e6f6e6365fff6ff', 'hex')],
  ])('that are %s are refused', (_what, payload) => {
    expect(fault(signCose(payload, nitro.leaf.key))).toBe(NOT_FIELDS)
  })

  const UNUSABLE = 'has a public_key that is not an RSA key of 2048, 3072 or 4096 bits'
  const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' })
  it.each([
    ['a short RSA key', spki(rsa(1024))],
    ['an RSA key of an unusual length', spki(rsa(2056))],
    ['an elliptic curve key', spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
    ['a key for RSA-PSS only', spki(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey)],
    ['a key in PEM', Buffer.from(recipient.export({ type: 'spki', format: 'pem' }))],
    ['noise', randomBytes(294)],
  ])('whose public_key is %s are refused', (_what, key) => {
    expect(fault(attest(nitro, recipient, { public_key: key }))).toBe(UNUSABLE)
  })

  /** The number, or `change` of it, as the exponent or modulus of a public key that OpenSSL still reads. */
  const changed = (part: 'n' | 'e', change: (bytes: Buffer) => Buffer) => {
    const jwk = recipient.export({ format: 'jwk' })
    const bytes = change(Buffer.from(jwk[part] ?? '', 'base64url'))
    return spki(createPublicKey({ key: { ...jwk, [part]: bytes.toString('base64url') }, format: 'jwk' }))
  }
  it.each([
    ['encrypts nothing', () => changed('e', () => Buffer.from([1]))],
    ['has an even exponent', () => changed('e', () => Buffer.from([4]))],
    ['has an exponent that takes forever', () => changed('e', (bytes) => Buffer.concat([bytes, Buffer.alloc(200, 1)]))],
    [
      'has an even modulus',
      () => changed('n', (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) & 0xfe])])),
    ],
  ])('whose public_key %s are refused', (_what, key) => {
    expect(fault(attest(nitro, recipient, { public_key: key() }))).toBe('has a public_key that cannot encrypt')
  })
})

describe('the chain of certificates', () => {
  /** A document under a chain in which some certificates are made differently. */
  function under(changes: Partial<Record<'root' | 'zonal' | 'instance' | 'leaf', CertificateRequest>>) {
    const root = certificate({ ...rootRequest(), ...changes.root })
    const zonal = certificate({ ...zonalRequest(root), ...changes.zonal })
    const instance = certificate({ ...instanceRequest(zonal), ...changes.instance })
    const leaf = certificate({ ...leafRequest(instance), ...changes.leaf })
    const made: Pki = { root, zonal, instance, leaf, bundle: [root.der, zonal.der, instance.der] }
    return faultUnder([root.der], attest(made, recipient))
  }

  const EXPIRED = 'carries a certificate that is expired or not yet valid'
  const MISPLACED = 'carries a certificate that may not be used in its place'
  const UNSIGNED = 'carries a certificate that its issuer did not sign'
  const UNTRUSTED = 'does not chain to a trusted root certificate'
  let stranger: Pki
  beforeAll(() => {
    stranger = pki()
  })

  it('as made here is fine', () => {
    expect(under({})).toBeUndefined()
    expect(under({ root: { pathLength: 2 } })).toBeUndefined()
  })

  it.each<readonly [string, Parameters<typeof under>[0], AttestationFault]>([
    ['a leaf that is an authority', { leaf: { ca: true } }, MISPLACED],
    ['a leaf with a path length', { leaf: { pathLength: 0 } }, MISPLACED],
    ['a leaf that may not sign', { leaf: { usage: USAGE.keyEncipherment } }, MISPLACED],
    ['a leaf without a key usage', { leaf: { usage: undefined } }, MISPLACED],
    ['a leaf with an unknown critical extension', { leaf: { critical: ['1.3.6.1.4.1.99999.1'] } }, MISPLACED],
    ['a leaf signed with SHA-256', { leaf: { digest: 'sha256' } }, UNSIGNED],
    ['a leaf that names another issuer', { leaf: { issuerName: 'somebody else' } }, UNSIGNED],
    ['an authority that is none', { instance: { ca: false } }, MISPLACED],
    ['an authority without basicConstraints', { instance: { ca: 'absent' } }, MISPLACED],
    ['an authority that may not sign certificates', { instance: { usage: USAGE.digitalSignature } }, MISPLACED],
    ['an authority on another curve', { instance: { curve: 'P-256' } }, MISPLACED],
    ['an authority with an unknown critical extension', { zonal: { critical: ['2.5.29.30'] } }, MISPLACED],
    ['more authorities than one below it allows', { zonal: { pathLength: 0 } }, MISPLACED],
    ['more authorities than its root allows', { root: { pathLength: 1 } }, MISPLACED],
    ['an expired authority', { zonal: { notAfter: Date.now() - HOUR } }, EXPIRED],
    ['an expired root', { root: { notAfter: Date.now() - HOUR } }, EXPIRED],
    ['a leaf from tomorrow', { leaf: { notBefore: Date.now() + HOUR } }, EXPIRED],
    ['a root that may not sign certificates', { root: { usage: undefined } }, MISPLACED],
  ])('with %s is refused', (_what, changes, because) => {
    expect(under(changes)).toBe(because)
  })

  it('with a leaf on another curve is refused', () => {
    const leaf = certificate({ ...leafRequest(nitro.instance), curve: 'P-256' })
    const signature = Buffer.alloc(96, 1)
    expect(fault(attest({ leaf, bundle: nitro.bundle }, recipient, {}, { signature }))).toBe(MISPLACED)
  })

  it('holds as long as its certificates do, to the second', () => {
    const notAfter = Math.floor(Date.now() / 1000) * 1000 + HOUR
    const leaf = certificate({ ...leafRequest(nitro.instance), notAfter })
    const document = attest({ leaf, bundle: nitro.bundle }, recipient)
    expect(fault(document, notAfter + 999)).toBeUndefined()
    expect(fault(document, notAfter + 1000)).toBe(EXPIRED)
    expect(fault(document, Date.now() - 2 * HOUR)).toBe(EXPIRED)
  })

  it('begins with a root that is trusted', () => {
    expect(fault(attest(stranger, recipient))).toBe(UNTRUSTED)
    expect(fault(attest(nitro, recipient, { cabundle: nitro.bundle.slice(1) }))).toBe(UNTRUSTED)
    expect(fault(attest(nitro, recipient, { cabundle: [...nitro.bundle].reverse() }))).toBe(UNTRUSTED)
    expect(() => verifyAttestation(attest(nitro, recipient), [], Date.now())).toThrow(UNTRUSTED)
  })

  it('may not be joined from two', () => {
    const cabundle = [nitro.root.der, stranger.zonal.der, stranger.instance.der]
    expect(fault(attest(stranger, recipient, { cabundle }))).toBe(UNSIGNED)
    expect(fault(attest(nitro, recipient, { certificate: stranger.leaf.der }))).toBe(UNSIGNED)
    expect(fault(attest(nitro, recipient, { cabundle: [nitro.root.der, nitro.instance.der] }))).toBe(UNSIGNED)
  })

  it.each([
    ['noise', randomBytes(600)],
    ['PEM', Buffer.from(pem(nitro.leaf.der))],
    ['a certificate and a byte', Buffer.concat([nitro.leaf.der, Buffer.alloc(1)])],
  ])('with %s for a certificate is refused', (_what, bytes) => {
    expect(fault(attest(nitro, recipient, { certificate: bytes }))).toBe('carries a certificate that cannot be read')
  })
})

describe('arbitrary bytes', () => {
  it('are refused, never with another error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => fault(bytes) !== undefined))
  })

  it('are refused as payload, certificate and key', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom('payload', 'certificate', 'public_key', 'cabundle', 'pcrs'),
        (noise, where) => {
          if (where === 'payload') return fault(signCose(Buffer.from(noise), nitro.leaf.key)) !== undefined
          const value = where === 'cabundle' ? [nitro.root.der, noise] : noise
          return fault(attest(nitro, recipient, { [where]: value })) !== undefined
        },
      ),
    )
  })

  it('in place of a certificate’s own are refused', () => {
    fc.assert(
      fc.property(fc.nat(nitro.leaf.der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const forged = Buffer.from(nitro.leaf.der)
        forged[at] = (forged[at] ?? 0) ^ change
        return fault(attest(nitro, recipient, { certificate: forged })) !== undefined
      }),
    )
  })
})
