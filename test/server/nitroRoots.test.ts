import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import forge from 'node-forge'
import { createEmulator } from '../../emulator/server/app.ts'
import { readNitroRoots } from '../../emulator/server/nitroRoots.ts'
import { DEFAULTS, SettingsError } from '../../emulator/server/settings.ts'
import { certificate, leafRequest, pem, rootRequest, USAGE } from '../support/attestation.ts'

const dir = mkdtempSync(join(tmpdir(), 'twokey-roots-'))
let files = 0
const file = (text: string) => {
  const path = join(dir, `${String(files++)}.pem`)
  writeFileSync(path, text)
  return path
}
const root = certificate(rootRequest())

/** A root of the kind that everybody has: RSA. */
function rsaRoot(): string {
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const cert = forge.pki.createCertificate()
  cert.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  cert.serialNumber = '01'
  cert.validity.notAfter = new Date(Date.now() + 3_600_000)
  cert.setSubject([{ name: 'commonName', value: 'rsa' }])
  cert.setIssuer([{ name: 'commonName', value: 'rsa' }])
  cert.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ])
  cert.sign(forge.pki.privateKeyFromPem(keys.privateKey), forge.md.sha384.create())
  return forge.pki.certificateToPem(cert)
}

describe('TWOKEY_NITRO_ROOT', () => {
  it('names a file with one certificate or more, and whatever else is in it', () => {
    const other = certificate(rootRequest())
    const path = file(
      `subject=CN = test\n${pem(root.der)}\nsubject=CN = other\r\n${pem(other.der).replaceAll('\n', '\r\n')}`,
    )
    expect(readNitroRoots(path)).toEqual([root.der, other.der])
    expect(readNitroRoots(undefined)).toEqual([])
  })

  it('names one that the command in docs/settings.md makes', () => {
    const text = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8')
    const command = /^```\n(openssl [^]*?)^```$/m.exec(text)?.[1] ?? 'false'
    const cwd = mkdtempSync(join(dir, 'made-'))
    execFileSync('sh', ['-c', command], { cwd, stdio: 'pipe' })
    expect(readNitroRoots(join(cwd, 'root.pem'))).toHaveLength(1)
  })

  it('may hold an expired one: the emulator’s clock can be moved', () => {
    const expired = certificate({ ...rootRequest(), notAfter: Date.now() - 3_600_000 })
    expect(readNitroRoots(file(pem(expired.der)))).toEqual([expired.der])
  })

  const NOT_AUTHORITY =
    'is not that of an authority with a key on P-384; make one with basicConstraints CA:TRUE and keyUsage keyCertSign'
  const critical = ['1.3.6.1.4.1.99999.1']
  it.each([
    ['no authority', pem(certificate({ ...leafRequest(root) }).der), NOT_AUTHORITY],
    [
      'an authority for something else',
      pem(certificate({ ca: true, usage: USAGE.digitalSignature }).der),
      NOT_AUTHORITY,
    ],
    [
      'an authority on P-256',
      pem(certificate({ ...rootRequest(), curve: 'P-256', digest: 'sha256' }).der),
      NOT_AUTHORITY,
    ],
    ['an authority nobody understands', pem(certificate({ ...rootRequest(), critical }).der), NOT_AUTHORITY],
    ['an RSA authority', rsaRoot(), NOT_AUTHORITY],
    ['base64 of something else', pem(Buffer.from('something else')), 'cannot be read; export it again'],
    [
      'a certificate too long for a document',
      pem(certificate({ ...rootRequest(), name: 'x'.repeat(400) }).der),
      /has \d+ bytes, and attestation documents carry no more than 1024; give it fewer names and extensions$/,
    ],
  ])('is refused with %s', (_what, text, fault) => {
    const path = file(text)
    expect(() => readNitroRoots(path)).toThrow(SettingsError)
    expect(() => readNitroRoots(path)).toThrow(`TWOKEY_NITRO_ROOT is \`${path}\`; its certificate 1 `)
    expect(() => readNitroRoots(path)).toThrow(fault)
  })

  it('is refused without a certificate or a file, with a sentence for each mistake', () => {
    const empty = file('-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n')
    expect(() => readNitroRoots(empty)).toThrow(
      `TWOKEY_NITRO_ROOT is \`${empty}\`, which holds no certificate in PEM form`,
    )
    expect(() => readNitroRoots(join(dir, 'missing.pem'))).toThrow(/missing\.pem`, which cannot be read \(ENOENT\)$/)
    expect(() => readNitroRoots(dir)).toThrow(/which cannot be read \(EISDIR\)$/)
    const leaf = pem(certificate(leafRequest(root)).der)
    expect(() => readNitroRoots(file(`${leaf}${pem(root.der)}${leaf}`))).toThrow(
      /its certificate 1 .*\n.*its certificate 3 /,
    )
  })

  it('stops the start', async () => {
    const settings = { ...DEFAULTS, dataDir: ':memory:', nitroRoot: join(dir, 'missing.pem') }
    await expect(createEmulator(settings)).rejects.toThrow(SettingsError)
  })
})
