import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  ConnectCustomKeyStoreCommand,
  CreateCustomKeyStoreCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisconnectCustomKeyStoreCommand,
  EncryptCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  ListKeysCommand,
  SignCommand,
  type KeySpec,
  type KeyUsageType,
} from '@aws-sdk/client-kms'
import { newExternalKey, startXksProxy, type XksProxy } from '../../support/xksProxy.ts'
import { kmsForTests, refusal, type Refusal } from './support.ts'

const ENDPOINT = 'https://xks.example.com'
const endpoints = new Map<string, string>()
const kms = kmsForTests({ xksEndpoints: endpoints })
let proxy: XksProxy
beforeAll(async () => {
  proxy = await startXksProxy()
  proxy.keys.set('k1', newExternalKey())
  endpoints.set(ENDPOINT, proxy.url)
})
afterAll(() => proxy.stop())

/** As AWS's code for keys that are not available, which has this status. */
const missing = (what: string): Refusal => ({
  code: 'KeyUnavailableException',
  status: 500,
  message: `${what} is not in this state, which was exported without --secrets.`,
})

async function exportedWithoutSecrets(): Promise<void> {
  const url = `${kms.running.url}/_twokey/state`
  const body = await (await fetch(url)).text()
  expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
}

const plain = Buffer.from('plain')
const make = (KeySpec: KeySpec, KeyUsage: KeyUsageType) => kms.createKey({ KeySpec, KeyUsage })

async function storeWithKey() {
  const { CustomKeyStoreId } = await kms.root.send(
    new CreateCustomKeyStoreCommand({
      CustomKeyStoreName: 'outside',
      CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
      XksProxyUriEndpoint: ENDPOINT,
      XksProxyUriPath: proxy.path,
      XksProxyConnectivity: 'PUBLIC_ENDPOINT',
      XksProxyAuthenticationCredential: proxy.credential,
    }),
  )
  await kms.root.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
  kms.advance(5_000)
  const { KeyId } = await kms.createKey({ Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId: 'k1' })
  return { CustomKeyStoreId, KeyId }
}

describe('a state that was exported without secrets', () => {
  it('has keys that say so', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const { CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: plain }))
    const signing = await make('ECC_NIST_P256', 'SIGN_VERIFY')
    const macs = await make('HMAC_256', 'GENERATE_VERIFY_MAC')
    await exportedWithoutSecrets()

    expect((await kms.root.send(new ListKeysCommand({}))).Keys).toHaveLength(3)
    expect((await kms.root.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe('Enabled')
    const material = missing(`The material of ${Arn}`)
    expect(await refusal(kms.root.send(new EncryptCommand({ KeyId, Plaintext: plain })))).toEqual(material)
    expect(await refusal(kms.root.send(new DecryptCommand({ KeyId, CiphertextBlob })))).toEqual(material)
    const pair = new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })
    expect(await refusal(kms.root.send(pair))).toEqual(material)
    const sign = new SignCommand({ KeyId: signing.KeyId, Message: plain, SigningAlgorithm: 'ECDSA_SHA_256' })
    for (const command of [sign, new GetPublicKeyCommand({ KeyId: signing.KeyId })]) {
      expect(await refusal(kms.root.send(command as SignCommand))).toEqual(missing(`The material of ${signing.Arn}`))
    }
    const mac = new GenerateMacCommand({ KeyId: macs.KeyId, Message: plain, MacAlgorithm: 'HMAC_SHA_256' })
    expect(await refusal(kms.root.send(mac))).toEqual(missing(`The material of ${macs.Arn}`))
  })

  it('has external key stores that say so', async () => {
    const { CustomKeyStoreId } = await storeWithKey()
    await exportedWithoutSecrets()
    await kms.root.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    expect(await refusal(kms.root.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId })))).toEqual(
      missing(`The proxy credential of ${CustomKeyStoreId ?? ''}`),
    )
  })
})
