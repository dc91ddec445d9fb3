import forge from 'node-forge'
import type { Environment } from '../operation/call.ts'
import type { Store } from '../state/store.ts'

interface Pem {
  readonly key: string
  readonly cert: string
}

const YEARS = 10
const NAMES = ['localhost', '*.localhost', '*.s3.localhost', 's3.localhost', 'twokey', 'host.docker.internal']

/** PEM texts; `ca` is the authority's certificate. */
export interface LocalCertificate extends Pem {
  readonly ca: string
  /** Writes it to the state again, after that was emptied or replaced: who trusts the authority goes on doing so. */
  keep(): void
}

/**
 * Key and certificate for HTTPS, signed by a local authority that is made once and kept with the state (secret). Clients trust it
 * with `AWS_CA_BUNDLE`; `GET /_twokey/ca.pem` hands it out.
 */
export function localCertificate(store: Store, env: Environment): LocalCertificate {
  const table = store.collection<Pem>({ name: 'tls', scope: 'global', secret: true }).in()
  const authority = table.get('authority') ?? selfSigned(env)
  const server = table.get('server') ?? signedBy(authority, env)
  const keep = () => {
    store.transaction(() => {
      table.put('authority', authority)
      table.put('server', server)
    })
  }
  keep()
  return { ...server, ca: authority.cert, keep }
}

function selfSigned(env: Environment): Pem {
  const { cert, keys } = blank('Twokey local authority', env)
  cert.setIssuer(cert.subject.attributes)
  cert.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  cert.sign(keys.privateKey, forge.md.sha256.create())
  return pem(cert, keys.privateKey)
}

function signedBy(authority: Pem, env: Environment): Pem {
  const issuer = forge.pki.certificateFromPem(authority.cert)
  const { cert, keys } = blank('localhost', env)
  cert.setIssuer(issuer.subject.attributes)
  cert.setExtensions([
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [...NAMES.map((value) => ({ type: 2, value })), { type: 7, ip: '127.0.0.1' }, { type: 7, ip: '::1' }],
    },
  ])
  cert.sign(forge.pki.privateKeyFromPem(authority.key), forge.md.sha256.create())
  return pem(cert, keys.privateKey)
}

function blank(commonName: string, env: Environment) {
  const keys = forge.pki.rsa.generateKeyPair(2048)
  const cert = forge.pki.createCertificate()
  cert.publicKey = keys.publicKey
  cert.serialNumber = `00${env.ids.hex(30)}`
  cert.validity.notBefore = new Date(Date.now() - 86_400_000)
  cert.validity.notAfter = new Date(Date.now() + YEARS * 365 * 86_400_000)
  cert.setSubject([{ name: 'commonName', value: commonName }])
  return { cert, keys }
}

const pem = (cert: forge.pki.Certificate, key: forge.pki.PrivateKey): Pem => ({
  cert: forge.pki.certificateToPem(cert),
  key: forge.pki.privateKeyToPem(key),
})
