import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateCustomKeyStoreCommand, DescribeCustomKeyStoresCommand, KMSClient } from '@aws-sdk/client-kms'
import forge from 'node-forge'
import { startServer, type ServerProcess } from '../../support/server.ts'
import { startXksProxy, type XksProxy } from '../../support/xksProxy.ts'
import { ACCOUNT, REGION, refusal, refused } from './support.ts'

/** Only a process of its own reads NODE_EXTRA_CA_CERTS. */
let server: ServerProcess
let trusted: XksProxy
let expired: XksProxy
let stranger: XksProxy
let plain: XksProxy
const directory = mkdtempSync(join(tmpdir(), 'twokey-xks-'))

const DAY = 86_400_000

function certificate(name: string, signer?: { cert: forge.pki.Certificate; key: forge.pki.PrivateKey }, days = 2) {
  const keys = forge.pki.rsa.generateKeyPair(2048)
  const cert = forge.pki.createCertificate()
  cert.publicKey = keys.publicKey
  cert.serialNumber = `01${Math.floor(Math.random() * 1e9)
    .toString(16)
    .padStart(8, '0')}`
  cert.validity.notBefore = new Date(Date.now() - 10 * DAY)
  cert.validity.notAfter = new Date(Date.now() + days * DAY)
  cert.setSubject([{ name: 'commonName', value: name }])
  cert.setIssuer(signer ? signer.cert.subject.attributes : cert.subject.attributes)
  cert.setExtensions(
    signer
      ? [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }]
      : [{ name: 'basicConstraints', cA: true, critical: true }],
  )
  cert.sign((signer?.key ?? keys.privateKey) as forge.pki.rsa.PrivateKey, forge.md.sha256.create())
  const pem = { key: forge.pki.privateKeyToPem(keys.privateKey), cert: forge.pki.certificateToPem(cert) }
  return { cert, key: keys.privateKey, pem }
}

beforeAll(async () => {
  const authority = certificate('Test authority')
  const caFile = join(directory, 'ca.pem')
  writeFileSync(caFile, authority.pem.cert)
  trusted = await startXksProxy({ tls: certificate('xks.example.com', authority).pem })
  expired = await startXksProxy({ tls: certificate('expired.example.com', authority, -1).pem })
  stranger = await startXksProxy({ tls: certificate('stranger.example.com', certificate('Another authority')).pem })
  plain = await startXksProxy()
  const targets = {
    'xks.example.com': trusted.url,
    // The certificate is another name's.
    'other.example.com': trusted.url,
    'expired.example.com': expired.url,
    'stranger.example.com': stranger.url,
    'plain.example.com': plain.url.replace('http:', 'https:'),
  }
  server = await startServer({
    TWOKEY_DATA_DIR: ':memory:',
    TWOKEY_XKS_ENDPOINTS: Object.entries(targets)
      .map(([name, url]) => `https://${name}=${url}`)
      .join(','),
    NODE_EXTRA_CA_CERTS: caFile,
    // A variable that would switch the verification off for others does nothing here.
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  })
}, 60_000)

afterAll(async () => {
  await Promise.all([server.stop(), trusted.stop(), expired.stop(), stranger.stop(), plain.stop()])
  rmSync(directory, { recursive: true })
})

const client = () =>
  new KMSClient({
    endpoint: server.url,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
    maxAttempts: 1,
  })

const create = (name: string, proxy: XksProxy) =>
  client().send(
    new CreateCustomKeyStoreCommand({
      CustomKeyStoreName: name,
      CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
      XksProxyUriEndpoint: `https://${name}`,
      XksProxyUriPath: '/kms/xks/v1',
      XksProxyConnectivity: 'PUBLIC_ENDPOINT',
      XksProxyAuthenticationCredential: proxy.credential,
    }),
  )

const NO_TLS = refused(
  'XksProxyInvalidConfigurationException',
  'AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, including its certificate.',
)

describe('a proxy behind TLS', () => {
  it('is asked when its certificate is valid for the endpoint and from a known authority', async () => {
    const { CustomKeyStoreId } = await create('xks.example.com', trusted)
    const { CustomKeyStores } = await client().send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreId }))
    expect(CustomKeyStores).toHaveLength(1)
    expect(trusted.requests.map(({ headers }) => headers['host'])).toEqual(['xks.example.com'])
  })

  it.each([
    ['has a certificate for another name', 'other.example.com', () => trusted],
    ['has a certificate that is over', 'expired.example.com', () => expired],
    ['has a certificate from an authority nobody knows', 'stranger.example.com', () => stranger],
    ['speaks no TLS', 'plain.example.com', () => plain],
  ])('is refused when it %s', async (_what, name, proxy) => {
    const asked = proxy().requests.length
    expect(await refusal(create(name, proxy()))).toEqual(NO_TLS)
    expect(proxy().requests).toHaveLength(asked)
  })

  it('is looked for at the endpoint itself when no other place is given', async () => {
    // Reserved names lead nowhere (RFC 6761).
    const { code } = await refusal(create('nowhere.invalid', trusted))
    expect(code).toBe('XksProxyUriUnreachableException')
  })
})

describe('TWOKEY_XKS_ENDPOINTS', () => {
  it('stops the start with a sentence when it cannot be read', async () => {
    await expect(startServer({ TWOKEY_DATA_DIR: ':memory:', TWOKEY_XKS_ENDPOINTS: 'xks.example.com' })).rejects.toThrow(
      /TWOKEY_XKS_ENDPOINTS is `xks\.example\.com`; it must be pairs like `https:\/\/xks\.example\.com=http:\/\/127\.0\.0\.1:9000`/,
    )
  })
})
