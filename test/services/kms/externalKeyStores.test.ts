import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createDecipheriv } from 'node:crypto'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import {
  ConnectCustomKeyStoreCommand,
  CreateAliasCommand,
  CreateCustomKeyStoreCommand,
  DecryptCommand,
  DescribeCustomKeyStoresCommand,
  DescribeKeyCommand,
  DisconnectCustomKeyStoreCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
  UpdateCustomKeyStoreCommand,
  type CreateCustomKeyStoreCommandInput,
  type UpdateCustomKeyStoreCommandInput,
} from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { KmsState } from '../../../emulator/services/kms/state.ts'
import { HEALTHY, newExternalKey, startXksProxy, type Misbehaviour, type XksProxy } from '../../support/xksProxy.ts'
import { ACCOUNT, OTHER_ACCOUNT, REGION, allow, answer, kmsForTests, refusal, refused, type Key } from './support.ts'

const ENDPOINT = 'https://xks.example.com'
const SECOND = 'https://xks-2.example.com'
const PATH = '/kms/xks/v1'
const VPC = 'com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f'
const CONNECTING_MS = 5_000

const endpoints = new Map<string, string>()
const kms = kmsForTests({ xksEndpoints: endpoints })
let proxy: XksProxy

beforeAll(async () => {
  proxy = await startXksProxy({ path: PATH })
})
afterAll(async () => {
  await proxy.stop()
})
beforeEach(() => {
  kms.running.emulator.reset()
  endpoints.clear()
  endpoints.set(ENDPOINT, proxy.url).set(SECOND, proxy.url)
  proxy.misbehave = undefined
  proxy.health = HEALTHY
  proxy.keys.clear()
  proxy.keys.set('k1', newExternalKey()).set('k2', newExternalKey())
  proxy.requests.length = 0
})

const inputFor = (more: Partial<CreateCustomKeyStoreCommandInput> = {}): CreateCustomKeyStoreCommandInput => ({
  CustomKeyStoreName: 'outside',
  CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
  XksProxyUriEndpoint: ENDPOINT,
  XksProxyUriPath: PATH,
  XksProxyConnectivity: 'PUBLIC_ENDPOINT',
  XksProxyAuthenticationCredential: proxy.credential,
  ...more,
})

const create = async (more: Partial<CreateCustomKeyStoreCommandInput> = {}, client = kms.root) =>
  (await client.send(new CreateCustomKeyStoreCommand(inputFor(more)))).CustomKeyStoreId ?? ''
const connect = (CustomKeyStoreId: string) => kms.root.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
const disconnect = (CustomKeyStoreId: string) =>
  kms.root.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
const update = (CustomKeyStoreId: string, more: Partial<UpdateCustomKeyStoreCommandInput>) =>
  kms.root.send(new UpdateCustomKeyStoreCommand({ CustomKeyStoreId, ...more }))
const describeStore = async (CustomKeyStoreId: string) =>
  (await kms.root.send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreId }))).CustomKeyStores?.[0] ?? {}

/** Connects and waits until that has ended, by the emulator's clock. */
async function connection(id: string) {
  await connect(id)
  kms.advance(CONNECTING_MS)
  const { ConnectionState, ConnectionErrorCode } = await describeStore(id)
  return { ConnectionState, ...(ConnectionErrorCode !== undefined && { ConnectionErrorCode }) }
}

async function connectedStore(more: Partial<CreateCustomKeyStoreCommandInput> = {}): Promise<string> {
  const id = await create(more)
  expect(await connection(id)).toEqual({ ConnectionState: 'CONNECTED' })
  return id
}

const keyIn = (CustomKeyStoreId: string, XksKeyId = 'k1'): Promise<Key> =>
  kms.createKey({ Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId })
const encrypt = (KeyId: string, text = 'secret', EncryptionContext?: Record<string, string>) =>
  kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from(text), EncryptionContext }))
const decrypt = (CiphertextBlob: Uint8Array | undefined, EncryptionContext?: Record<string, string>) =>
  kms.root.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
const invalidState = (message: string) => refused('KMSInvalidStateException', message)

const REJECTED_CIPHERTEXT =
  'The external key store proxy rejected the request because the specified ciphertext or additional authenticated data is corrupted, missing, or otherwise invalid.'
const RETURNED_CIPHERTEXT =
  'The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is corrupted, missing, or otherwise invalid.'
const UNREADABLE =
  'AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report it to your external key store proxy administrator.'
const UNREACHABLE =
  'AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue. If you see this error repeatedly, verify that your external key store proxy is active and is connected to the network, and that its endpoint URI is correct in your external key store.'
const TIMED_OUT =
  'AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator.'

describe('CreateCustomKeyStore', () => {
  it('asks the proxy for its health, signed with the credential', async () => {
    const id = await create()
    const { CreationDate, ...rest } = await describeStore(id)
    expect(CreationDate?.getTime()).toBeGreaterThan(0)
    expect(rest).toEqual({
      CustomKeyStoreId: id,
      CustomKeyStoreName: 'outside',
      ConnectionState: 'DISCONNECTED',
      CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
      XksProxyConfiguration: {
        Connectivity: 'PUBLIC_ENDPOINT',
        AccessKeyId: proxy.credential.AccessKeyId,
        UriEndpoint: ENDPOINT,
        UriPath: PATH,
      },
    })
    expect(proxy.requests).toHaveLength(1)
    const [{ path, headers, body }] = proxy.requests as [(typeof proxy.requests)[0]]
    expect(path).toBe('/kms/xks/v1/health')
    // The proxy has verified the signature over this host, whatever address it was reached at.
    expect(headers).toMatchObject({ host: 'xks.example.com', 'content-type': 'application/json' })
    expect(headers['authorization']).toMatch(
      /Credential=XKSACCESSKEYEXAMPLE2\/\d{8}\/us-east-1\/kms-xks-proxy\/aws4_request/,
    )
    expect(body).toEqual({
      requestMetadata: {
        kmsOperation: 'CreateCustomKeyStore',
        kmsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    })
  })

  it.each(['https://1.2.3.4.5', 'https://256.256.256.256', 'https://xn--a.b'])(
    'cannot reach %s, which AWS takes for an endpoint',
    async (XksProxyUriEndpoint) => {
      expect(await refusal(create({ XksProxyUriEndpoint }))).toEqual(
        refused('XksProxyUriUnreachableException', UNREACHABLE),
      )
      endpoints.set(XksProxyUriEndpoint, proxy.url)
      expect((await refusal(create({ XksProxyUriEndpoint }))).code).toBe('XksProxyUriUnreachableException')
    },
  )

  it('signs with the time of the machine, however far the clock was moved', async () => {
    kms.advance(400 * 86_400_000)
    expect(await create()).toMatch(/^cks-/)
  })

  it.each([
    'XksProxyUriEndpoint',
    'XksProxyUriPath',
    'XksProxyAuthenticationCredential',
    'XksProxyConnectivity',
  ] as const)('needs %s', async (member) => {
    expect(await refusal(create({ [member]: undefined }))).toEqual(
      refused('ValidationException', `A custom key store of type EXTERNAL_KEY_STORE requires ${member}.`),
    )
  })

  it('validates, without quoting the credential', async () => {
    const secret = 'too-short-to-be-one'
    const { code, message } = await refusal(
      create({
        XksProxyUriEndpoint: 'http://xks.example.com',
        XksProxyAuthenticationCredential: { AccessKeyId: 'XKSACCESSKEYEXAMPLE2', RawSecretAccessKey: secret },
      }),
    )
    expect(code).toBe('ValidationException')
    expect(message).toContain(
      "Value 'http://xks.example.com' at 'xksProxyUriEndpoint' failed to satisfy constraint: Member must satisfy regular expression pattern: ^https://[a-zA-Z0-9.-]+$",
    )
    expect(message).toContain('rawSecretAccessKey')
    expect(message).not.toContain(secret)
  })

  it('takes no members of CloudHSM key stores, and no VPC endpoint service with a public endpoint', async () => {
    expect((await refusal(create({ KeyStorePassword: 'password' }))).code).toBe('ValidationException')
    expect((await refusal(create({ XksProxyVpcEndpointServiceName: VPC }))).code).toBe('ValidationException')
    const withoutName = create({ XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE' })
    expect((await refusal(withoutName)).code).toBe('ValidationException')
  })

  it('wants the whole URI for itself in its account and Region', async () => {
    await create()
    const again = { CustomKeyStoreName: 'again' }
    expect((await refusal(create(again))).code).toBe('XksProxyUriInUseException')
    const shouted = { ...again, XksProxyUriEndpoint: ENDPOINT.replace('xks', 'XKS') }
    expect((await refusal(create(shouted))).code).toBe('XksProxyUriInUseException')
    expect((await refusal(create({ XksProxyUriEndpoint: SECOND }))).code).toBe('CustomKeyStoreNameInUseException')
    expect(await create({ ...again, XksProxyUriEndpoint: SECOND })).toMatch(/^cks-/)
    expect(await create({}, kms.of(OTHER_ACCOUNT))).toMatch(/^cks-/)
    expect(await create({}, kms.of(ACCOUNT, 'eu-west-1'))).toMatch(/^cks-/)
  })

  it('of two requests at once lets one have the URI', async () => {
    const settled = await Promise.allSettled([create(), create({ CustomKeyStoreName: 'other' })])
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(lost.reason).toMatchObject({ name: 'XksProxyUriInUseException' })
  })
})

describe('VPC endpoint services', () => {
  const inVpc = { XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE', XksProxyVpcEndpointServiceName: VPC } as const

  it('are asked when the key store is connected, not before', async () => {
    const id = await create(inVpc)
    expect(proxy.requests).toHaveLength(0)
    expect(await describeStore(id)).toMatchObject({
      XksProxyConfiguration: {
        Connectivity: 'VPC_ENDPOINT_SERVICE',
        VpcEndpointServiceName: VPC,
        VpcEndpointServiceOwner: ACCOUNT,
      },
    })
    expect(await connection(id)).toEqual({ ConnectionState: 'CONNECTED' })
    expect(proxy.requests.map(({ path }) => path)).toEqual(['/kms/xks/v1/health'])
  })

  it('are there when their Region is right and it is said where their name leads', async () => {
    const elsewhere = { ...inVpc, XksProxyVpcEndpointServiceName: VPC.replace('us-east-1', 'us-west-2') }
    expect((await refusal(create(elsewhere))).code).toBe('XksProxyVpcEndpointServiceNotFoundException')
    const id = await create(inVpc)
    endpoints.clear()
    expect(await connection(id)).toEqual({
      ConnectionState: 'FAILED',
      ConnectionErrorCode: 'XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND',
    })
  })

  it('share neither service nor name', async () => {
    await create(inVpc)
    const other = { CustomKeyStoreName: 'other', XksProxyUriPath: '/b/kms/xks/v1' }
    expect((await refusal(create({ ...inVpc, ...other }))).code).toBe('XksProxyUriEndpointInUseException')
    expect((await refusal(create(other))).code).toBe('XksProxyUriEndpointInUseException')
    expect((await refusal(create(other, kms.of(OTHER_ACCOUNT)))).code).toBe('XksProxyUriEndpointInUseException')
    expect((await refusal(create({ ...inVpc, ...other, XksProxyUriEndpoint: SECOND }))).code).toBe(
      'XksProxyVpcEndpointServiceInUseException',
    )
  })
})

/** What a proxy can do wrong; what becomes of it when a key store is made, connected, a key is made, and used. */
interface Fault {
  readonly what: string
  readonly misbehave: Misbehaviour
  readonly text: string
  readonly management: string
  readonly connection: string
  readonly createKey: string
}

const error = (name: string, status: number): Misbehaviour => ({
  kind: 'error',
  name,
  status,
  message: 'Our own words.',
})
const STATE = 'CustomKeyStoreInvalidStateException'

const FAULTS: readonly Fault[] = [
  {
    what: 'ValidationException',
    misbehave: error('ValidationException', 400),
    text: UNREADABLE,
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: STATE,
  },
  {
    what: 'InvalidStateException',
    misbehave: error('InvalidStateException', 400),
    text: 'The external key store proxy rejected the request because the external key is not enabled in the external key manager.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: 'XksKeyInvalidConfigurationException',
  },
  {
    what: 'InvalidCiphertextException',
    misbehave: error('InvalidCiphertextException', 400),
    text: REJECTED_CIPHERTEXT,
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: STATE,
  },
  {
    what: 'InvalidKeyUsageException',
    misbehave: error('InvalidKeyUsageException', 400),
    text: 'The external key store proxy rejected the request because the external key does not support the requested operation.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: 'XksKeyInvalidConfigurationException',
  },
  {
    what: 'AuthenticationFailedException',
    misbehave: error('AuthenticationFailedException', 401),
    text: 'The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the credentials for your external key store and update if necessary.',
    management: 'XksProxyIncorrectAuthenticationCredentialException',
    connection: 'INVALID_CREDENTIALS',
    createKey: STATE,
  },
  {
    what: 'AccessDeniedException',
    misbehave: error('AccessDeniedException', 403),
    text: 'The external key store proxy denied access to the operation. Verify that the user and the external key are both authorized for this operation, and try the request again.',
    management: 'XksProxyInvalidConfigurationException',
    connection: 'XKS_PROXY_ACCESS_DENIED',
    createKey: STATE,
  },
  {
    what: 'KeyNotFoundException',
    misbehave: error('KeyNotFoundException', 404),
    text: 'The external key store proxy rejected the request because it could not find the external key.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: 'XksKeyNotFoundException',
  },
  {
    what: 'InvalidUriPathException',
    misbehave: error('InvalidUriPathException', 404),
    text: 'The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your external key store and update if necessary.',
    management: 'XksProxyInvalidConfigurationException',
    connection: 'XKS_PROXY_INVALID_CONFIGURATION',
    createKey: STATE,
  },
  {
    what: 'ThrottlingException',
    misbehave: error('ThrottlingException', 429),
    text: 'The external key store proxy rejected the request due to a very high request rate. Reduce the frequency of your calls using KMS keys in this external key store.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_NOT_REACHABLE',
    createKey: STATE,
  },
  {
    what: 'UnsupportedOperationException',
    misbehave: error('UnsupportedOperationException', 501),
    text: 'The external key store proxy rejected the request because it does not support the requested cryptographic operation.',
    management: 'UnsupportedOperationException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: STATE,
  },
  {
    what: 'DependencyTimeoutException',
    misbehave: error('DependencyTimeoutException', 503),
    text: 'The external key store proxy did not respond to the request in the time allotted. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator.',
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_TIMED_OUT',
    createKey: STATE,
  },
  {
    what: 'InternalException',
    misbehave: error('InternalException', 500),
    text: 'The external key store proxy rejected the request because it cannot communicate with the external key manager. Verify that the external key store proxy configuration is correct and that the external key manager is available.',
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: STATE,
  },
  ...(
    [
      ['an error nobody knows', error('TeapotException', 418)],
      ['an error without a body', { kind: 'raw', status: 500, body: '' }],
      ['a body that is not JSON', { kind: 'raw', status: 200, body: '<html>' }],
      ['JSON that is no object', { kind: 'raw', status: 200, body: '[]' }],
      ['an object without the members', { kind: 'raw', status: 200, body: '{}' }],
      ['more than there can be to say', { kind: 'raw', status: 200, body: Buffer.alloc(100_000, 32) }],
      ['a redirect', { kind: 'raw', status: 302, body: '{}' }],
    ] as const satisfies readonly (readonly [string, Misbehaviour])[]
  ).map(([what, misbehave]) => ({
    what,
    misbehave,
    text: UNREADABLE,
    management: 'XksProxyInvalidResponseException',
    connection: 'XKS_PROXY_INVALID_RESPONSE',
    createKey: STATE,
  })),
  ...(['silence', 'stall'] as const).map((kind) => ({
    what: kind,
    misbehave: { kind },
    text: TIMED_OUT,
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_TIMED_OUT',
    createKey: STATE,
  })),
  {
    what: 'a connection that is closed',
    misbehave: { kind: 'hang up' },
    text: UNREACHABLE,
    management: 'XksProxyUriUnreachableException',
    connection: 'XKS_PROXY_NOT_REACHABLE',
    createKey: STATE,
  },
]

describe.each(FAULTS)('a proxy that answers $what', ({ misbehave, text, management, connection: code, createKey }) => {
  it('fails CreateCustomKeyStore and UpdateCustomKeyStore', async () => {
    proxy.misbehave = misbehave
    expect(await refusal(create())).toEqual(refused(management, text))
    proxy.misbehave = undefined
    const id = await create()
    proxy.misbehave = misbehave
    const credential = { XksProxyAuthenticationCredential: proxy.credential }
    expect(await refusal(update(id, credential))).toEqual(refused(management, text))
  })

  it('fails to be connected to, and can be connected to when it is well again', async () => {
    const id = await create()
    proxy.misbehave = misbehave
    expect(await connection(id)).toEqual({ ConnectionState: 'FAILED', ConnectionErrorCode: code })
    proxy.misbehave = undefined
    expect((await refusal(connect(id))).code).toBe(STATE)
    await disconnect(id)
    expect(await connection(id)).toEqual({ ConnectionState: 'CONNECTED' })
  })

  it('fails CreateKey and every cryptographic operation', async () => {
    const id = await connectedStore()
    const { KeyId } = await keyIn(id)
    const { CiphertextBlob } = await encrypt(KeyId)
    const plain = await kms.createKey()
    proxy.misbehave = misbehave
    expect(await refusal(keyIn(id, 'k2'))).toEqual(refused(createKey, text))
    expect(await refusal(encrypt(KeyId))).toEqual(invalidState(text))
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(invalidState(text))
    const dataKey = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })
    expect(await refusal(kms.root.send(dataKey))).toEqual(invalidState(text))
    const moved = new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: plain.KeyId })
    expect(await refusal(kms.root.send(moved))).toEqual(invalidState(text))
    proxy.misbehave = undefined
    await keyIn(id, 'k2')
    await decrypt(CiphertextBlob)
  })
})

describe('health', () => {
  const unhealthy =
    'The external key store proxy is in an unhealthy state. If you see this message repeatedly, notify your external key store proxy administrator.'
  const fleet = (...statuses: readonly unknown[]) => ({
    ...HEALTHY,
    ekmFleetDetails: statuses.map((healthStatus, at) => ({ id: `hsm-${String(at)}`, model: 'm', healthStatus })),
  })

  it('needs one external key manager that serves', async () => {
    proxy.health = fleet('UNAVAILABLE', 'UNAVAILABLE')
    expect(await refusal(create())).toEqual(refused('XksProxyUriUnreachableException', unhealthy))
    proxy.health = fleet('UNAVAILABLE', 'DEGRADED')
    const id = await create()
    proxy.health = fleet('UNAVAILABLE')
    expect(await connection(id)).toEqual({
      ConnectionState: 'FAILED',
      ConnectionErrorCode: 'XKS_PROXY_NOT_REACHABLE',
    })
  })

  it.each([
    ['a status nobody knows', fleet('WELL')],
    ['no external key manager', fleet()],
    ['more than ten', fleet(...Array<string>(11).fill('ACTIVE'))],
    ['a fleet of none', { ...HEALTHY, xksProxyFleetSize: 0 }],
    ['a fleet of one and a half', { ...HEALTHY, xksProxyFleetSize: 1.5 }],
    ['a vendor without a name', { ...HEALTHY, ekmVendor: undefined }],
    ['details that are none', { ...HEALTHY, ekmFleetDetails: [null] }],
  ])('is not read from an answer with %s', async (_what, health) => {
    proxy.health = health
    expect(await refusal(create())).toEqual(refused('XksProxyInvalidResponseException', UNREADABLE))
  })
})

describe('credentials', () => {
  it('that the proxy does not know are refused', async () => {
    const wrong = { ...proxy.credential, RawSecretAccessKey: 'x'.repeat(43) }
    expect((await refusal(create({ XksProxyAuthenticationCredential: wrong }))).code).toBe(
      'XksProxyIncorrectAuthenticationCredentialException',
    )
  })

  it('and paths are changed while the key store is connected, and nothing else but the name is', async () => {
    const id = await connectedStore()
    const wrong = { ...proxy.credential, RawSecretAccessKey: 'x'.repeat(43) }
    expect((await refusal(update(id, { XksProxyAuthenticationCredential: wrong }))).code).toBe(
      'XksProxyIncorrectAuthenticationCredentialException',
    )
    // What was refused was not kept.
    await keyIn(id)
    expect((await refusal(update(id, { XksProxyUriPath: '/elsewhere/kms/xks/v1' }))).code).toBe(
      'XksProxyInvalidConfigurationException',
    )
    expect(await answer(update(id, { XksProxyUriPath: PATH, NewCustomKeyStoreName: 'renamed' }))).toEqual({})
    expect((await refusal(update(id, { XksProxyUriEndpoint: SECOND }))).code).toBe(STATE)
    await disconnect(id)
    await update(id, { XksProxyUriEndpoint: SECOND })
    expect(await describeStore(id)).toMatchObject({
      CustomKeyStoreName: 'renamed',
      XksProxyConfiguration: { UriEndpoint: SECOND },
    })
    expect((await refusal(update(id, { KeyStorePassword: 'password' }))).code).toBe('ValidationException')
  })

  it('stay where nobody reads them', async () => {
    const secret = proxy.credential.RawSecretAccessKey
    const id = await connectedStore()
    const { KeyId } = await keyIn(id)
    await encrypt(KeyId)
    await update(id, { XksProxyAuthenticationCredential: proxy.credential })
    const get = async (path: string) => (await fetch(`${kms.running.url}/_twokey/${path}`)).text()
    const texts = [await get('state'), await get('events'), await get('decisions'), kms.running.lines.join('\n')]
    texts.push(JSON.stringify(await describeStore(id)))
    for (const text of texts) expect(text).not.toContain(secret)
    expect(await get('state?secrets=1')).toContain(JSON.stringify(secret).slice(1, -1))
  })
})

describe('CreateKey', () => {
  it('looks at the external key and says where the key is', async () => {
    const id = await connectedStore()
    const { arn, kms: client } = await kms.user('maker', allow('kms:CreateKey'))
    const key = await kms.createKey({ Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: id, XksKeyId: 'k1' }, client)
    expect(key).toMatchObject({
      Origin: 'EXTERNAL_KEY_STORE',
      CustomKeyStoreId: id,
      XksKeyConfiguration: { Id: 'k1' },
      KeyState: 'Enabled',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    })
    expect(key).not.toHaveProperty('CloudHsmClusterId')
    expect(key).not.toHaveProperty('CurrentKeyMaterialId')
    const { path, body } = proxy.requests.at(-1)!
    expect(path).toBe('/kms/xks/v1/keys/k1/metadata')
    expect(body.requestMetadata).toEqual({
      awsPrincipalArn: arn,
      kmsOperation: 'CreateKey',
      kmsRequestId: expect.any(String),
    })
  })

  it.each([
    [
      { keySpec: 'AES_128' },
      'The key spec of the external key must be AES_256. The key spec of specified external key is AES_128.',
    ],
    [
      { keyStatus: 'DISABLED' },
      'The status of the external key must be ENABLED. The status of specified external key is DISABLED.',
    ],
    [
      { keyUsage: ['ENCRYPT', 'SIGN'] },
      'The key usage of the external key must include ENCRYPT and DECRYPT. The key use of specified external key is ENCRYPT, SIGN.',
    ],
  ])('refuses an external key with %j', async (more, message) => {
    const id = await connectedStore()
    proxy.keys.set('odd', newExternalKey(more))
    expect(await refusal(keyIn(id, 'odd'))).toEqual(refused('XksKeyInvalidConfigurationException', message))
    expect((await refusal(keyIn(id, 'nobody'))).code).toBe('XksKeyNotFoundException')
  })

  it.each([
    ['keyUsage that is no list', { keyUsage: 'ENCRYPT' }],
    ['more than ten usages', { keyUsage: Array<string>(11).fill('ENCRYPT') }],
    ['no keySpec', { keySpec: undefined }],
    ['a keyStatus that is no text', { keyStatus: 1 }],
    ['a keySpec that is a book', { keySpec: 'A'.repeat(60_000) }],
    ['a keyStatus in several lines', { keyStatus: 'ENABLED\n200 OK' }],
    ['a usage that is no word', { keyUsage: ['ENCRYPT', 'DECRYPT', '<script>'] }],
  ])('does not read metadata with %s', async (_what, more) => {
    const id = await connectedStore()
    proxy.misbehave = { kind: 'edit', edit: (good) => ({ ...good, ...more }) }
    expect(await refusal(keyIn(id))).toEqual(refused(STATE, UNREADABLE))
  })

  it('gives an external key to one KMS key of a key store', async () => {
    const id = await connectedStore()
    await keyIn(id)
    expect((await refusal(keyIn(id))).code).toBe('XksKeyAlreadyInUseException')
    const settled = await Promise.allSettled([keyIn(id, 'k2'), keyIn(id, 'k2')])
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const other = await connectedStore({ CustomKeyStoreName: 'other', XksProxyUriEndpoint: SECOND })
    await keyIn(other)
  })

  it('needs a connected key store, and an external key', async () => {
    const id = await create()
    expect((await refusal(keyIn(id))).code).toBe(STATE)
    const without = kms.createKey({ Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: id })
    expect(await refusal(without)).toEqual(
      refused('ValidationException', 'XksKeyId is required when Origin is EXTERNAL_KEY_STORE.'),
    )
    await connection(id)
    const asCluster = kms.createKey({ Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: id })
    expect((await refusal(asCluster)).code).toBe('ValidationException')
    const random = new GenerateRandomCommand({ NumberOfBytes: 8, CustomKeyStoreId: id })
    expect((await refusal(kms.root.send(random))).code).toBe('UnsupportedOperationException')
  })
})

describe('double encryption', () => {
  const context = { department: 'marketing', project: 'nile' }

  it('hides the plaintext from the proxy', async () => {
    const { KeyId, Arn } = await keyIn(await connectedStore())
    const text = 'nobody outside may read this'
    const { CiphertextBlob, KeyId: used } = await encrypt(KeyId, text, context)
    expect(used).toBe(Arn)
    const { path, body } = proxy.requests.at(-1)!
    expect(path).toBe('/kms/xks/v1/keys/k1/encrypt')
    expect(body).toMatchObject({
      requestMetadata: {
        awsPrincipalArn: `arn:aws:iam::${ACCOUNT}:root`,
        kmsKeyArn: Arn,
        kmsOperation: 'Encrypt',
        kmsRequestId: expect.any(String),
      },
      encryptionAlgorithm: 'AES_GCM',
      ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
      additionalAuthenticatedData: expect.any(String),
    })
    expect(Buffer.from(body.plaintext ?? '', 'base64').includes(text)).toBe(false)
    expect(Buffer.from(CiphertextBlob ?? []).includes(text)).toBe(false)

    const opened = await decrypt(CiphertextBlob, context)
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe(text)
    expect(opened.KeyId).toBe(Arn)
    const asked = proxy.requests.at(-1)!
    expect(asked.path).toBe('/kms/xks/v1/keys/k1/decrypt')
    expect(asked.body.requestMetadata).toMatchObject({ kmsOperation: 'Decrypt', kmsKeyArn: Arn })
    expect(asked.body.additionalAuthenticatedData).toBe(body.additionalAuthenticatedData)
  })

  it('gives the proxy nothing that its key alone opens, and KMS nothing without the proxy', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    const { CiphertextBlob } = await encrypt(KeyId, 'twice')
    const { body } = proxy.requests.at(-1)!
    expect(body).not.toHaveProperty('additionalAuthenticatedData')
    // The outer layer, opened by hand as the proxy's owner could: what is inside is KMS's ciphertext.
    const blob = Buffer.from(CiphertextBlob ?? [])
    const iv = blob.subarray(43, 55)
    const decipher = createDecipheriv('aes-256-gcm', proxy.keys.get('k1')!.bytes, iv)
    decipher.setAAD(Buffer.from([0, 0, 0]))
    decipher.setAuthTag(blob.subarray(55, 71))
    const inner = Buffer.concat([decipher.update(blob.subarray(71)), decipher.final()])
    expect(inner.toString('base64')).toBe(body.plaintext)
    expect(inner.includes('twice')).toBe(false)
    expect((await refusal(decrypt(inner))).code).toBe('InvalidCiphertextException')

    proxy.keys.set('k1', newExternalKey())
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(invalidState(REJECTED_CIPHERTEXT))
    proxy.keys.delete('k1')
    expect((await refusal(decrypt(CiphertextBlob))).message).toContain('could not find the external key')
  })

  it.each([
    ['another context', { department: 'sales', project: 'nile' }],
    ['no context', undefined],
    ['a context that reads alike', { department: 'marketingproject', nile: '' }],
  ])('refuses %s by the proxy', async (_what, other) => {
    const { KeyId } = await keyIn(await connectedStore())
    const { CiphertextBlob } = await encrypt(KeyId, 'x', context)
    expect(await refusal(decrypt(CiphertextBlob, other))).toEqual(invalidState(REJECTED_CIPHERTEXT))
  })

  it('carries the largest plaintext, and contexts longer than a proxy takes', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    const long = { a: 'x'.repeat(9_000) }
    const { CiphertextBlob } = await encrypt(KeyId, 'p'.repeat(4096), long)
    const { body } = proxy.requests.at(-1)!
    expect(Buffer.from(body.plaintext ?? '', 'base64').length).toBeLessThanOrEqual(4300)
    expect(Buffer.from(body.additionalAuthenticatedData ?? '', 'base64').length).toBeLessThanOrEqual(8192)
    expect(CiphertextBlob?.length).toBeLessThanOrEqual(6144)
    expect((await decrypt(CiphertextBlob, long)).Plaintext).toHaveLength(4096)
    expect(await refusal(decrypt(CiphertextBlob, { a: 'x'.repeat(9_001) }))).toEqual(invalidState(REJECTED_CIPHERTEXT))
  })

  it.each([
    { ivLength: 12 as const, metadata: undefined },
    { ivLength: 16 as const, metadata: Buffer.from('key_version=1') },
    { ivLength: 16 as const, metadata: Buffer.alloc(20, 7) },
  ])('gives back what the proxy wants back: %j', async (more) => {
    proxy.keys.set('k1', newExternalKey(more))
    const { KeyId } = await keyIn(await connectedStore())
    const { CiphertextBlob } = await encrypt(KeyId)
    expect(Buffer.from((await decrypt(CiphertextBlob)).Plaintext ?? []).toString()).toBe('secret')
    expect(proxy.requests.at(-1)!.body.ciphertextMetadata).toBe(more.metadata?.toString('base64'))
  })

  it('refuses a ciphertext in which any byte was changed', async () => {
    proxy.keys.set('k1', newExternalKey({ metadata: Buffer.from('v1') }))
    const { KeyId } = await keyIn(await connectedStore())
    const blob = Buffer.from((await encrypt(KeyId)).CiphertextBlob ?? [])
    for (let at = 0; at < blob.length; at += at < 45 ? 4 : 23) {
      const changed = Buffer.from(blob)
      changed[at] = (changed[at] ?? 0) ^ 1
      const { code } = await refusal(kms.root.send(new DecryptCommand({ CiphertextBlob: changed, KeyId })))
      expect(['InvalidCiphertextException', 'KMSInvalidStateException', 'IncorrectKeyException']).toContain(code)
    }
    for (const cut of [0, 42, 60, blob.length - 1]) {
      const { code } = await refusal(decrypt(cut === 0 ? Buffer.from('x') : blob.subarray(0, cut)))
      expect(code).toBe('InvalidCiphertextException')
    }
    await decrypt(blob)
  })

  it('serves data keys and ReEncrypt in both directions', async () => {
    const id = await connectedStore()
    const [first, second, plain] = [await keyIn(id, 'k1'), await keyIn(id, 'k2'), await kms.createKey()]
    const dataKey = await kms.root.send(new GenerateDataKeyCommand({ KeyId: first.KeyId, KeySpec: 'AES_256' }))
    expect((await decrypt(dataKey.CiphertextBlob)).Plaintext).toEqual(dataKey.Plaintext)
    const sealed = await kms.root.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: first.KeyId, NumberOfBytes: 40 }),
    )
    expect((await decrypt(sealed.CiphertextBlob)).Plaintext).toHaveLength(40)
    let blob = dataKey.CiphertextBlob
    for (const { KeyId, Arn } of [second, plain, first]) {
      const moved = await kms.root.send(new ReEncryptCommand({ CiphertextBlob: blob, DestinationKeyId: KeyId }))
      expect(moved.KeyId).toBe(Arn)
      blob = moved.CiphertextBlob
    }
    expect((await decrypt(blob)).Plaintext).toEqual(dataKey.Plaintext)
    expect(proxy.requests.map(({ body }) => body.requestMetadata['kmsOperation'])).toEqual(
      expect.arrayContaining(['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncrypt']),
    )
  })

  it('tells the proxy for which service S3 asked', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    const s3 = kms.running.client(S3Client)
    await s3.send(new CreateBucketCommand({ Bucket: 'twice' }))
    const object = { Bucket: 'twice', Key: 'a' }
    await s3.send(
      new PutObjectCommand({ ...object, Body: 'text', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId }),
    )
    const { Body } = await s3.send(new GetObjectCommand(object))
    expect(await Body?.transformToString()).toBe('text')
    expect(proxy.requests.at(-1)!.body.requestMetadata).toMatchObject({
      kmsOperation: 'Decrypt',
      kmsViaService: `s3.${REGION}.amazonaws.com`,
      awsPrincipalArn: `arn:aws:iam::${ACCOUNT}:root`,
    })
    proxy.misbehave = { kind: 'hang up' }
    expect((await refusal(s3.send(new GetObjectCommand(object)))).message).toContain(UNREACHABLE)
  })
})

describe('answers to Encrypt and Decrypt', () => {
  const changed = (more: object): Misbehaviour => ({ kind: 'edit', edit: (good) => ({ ...good, ...more }) })
  const flip = (text: unknown) => {
    const bytes = Buffer.from(String(text), 'base64')
    bytes[0] = (bytes[0] ?? 0) ^ 1
    return bytes.toString('base64')
  }

  it.each([
    ['a shorter ciphertext', changed({ ciphertext: 'AAAA' })],
    ['an initialization vector of 13 bytes', changed({ initializationVector: Buffer.alloc(13).toString('base64') })],
    ['a tag of 12 bytes', changed({ authenticationTag: Buffer.alloc(12).toString('base64') })],
    ['metadata of 21 bytes', changed({ ciphertextMetadata: Buffer.alloc(21).toString('base64') })],
    ['base64 that is none', changed({ initializationVector: '!!!!!!!!!!!!!!!!' })],
    ['no integrity value', changed({ ciphertextDataIntegrityValue: undefined })],
    [
      'a bit flipped on the way',
      { kind: 'edit', edit: (good) => ({ ...good, ciphertext: flip(good['ciphertext']) }) } satisfies Misbehaviour,
    ],
    [
      'a wrong tag',
      {
        kind: 'edit',
        edit: (good) => ({ ...good, authenticationTag: flip(good['authenticationTag']) }),
      } satisfies Misbehaviour,
    ],
  ])('with %s are not read', async (_what, misbehave) => {
    const { KeyId } = await keyIn(await connectedStore())
    proxy.misbehave = misbehave
    expect(await refusal(encrypt(KeyId))).toEqual(invalidState(UNREADABLE))
  })

  it('with a plaintext of another length are not read; one that KMS did not make is refused', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    const { CiphertextBlob } = await encrypt(KeyId)
    proxy.misbehave = changed({ plaintext: 'AAAA' })
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(invalidState(UNREADABLE))
    proxy.misbehave = { kind: 'edit', edit: (good) => ({ plaintext: flip(good['plaintext']) }) }
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(invalidState(RETURNED_CIPHERTEXT))
  })
})

describe('keys', () => {
  it('are Unavailable while the key store is disconnected, and the proxy hears nothing', async () => {
    const id = await connectedStore()
    const { KeyId, Arn } = await keyIn(id)
    const { CiphertextBlob } = await encrypt(KeyId)
    await disconnect(id)
    proxy.requests.length = 0
    expect(await refusal(encrypt(KeyId))).toEqual(invalidState(`${Arn} is unavailable.`))
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(invalidState(`${Arn} is unavailable.`))
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeyState: 'Unavailable', XksKeyConfiguration: { Id: 'k1' } })
    expect(proxy.requests).toHaveLength(0)
    await connection(id)
    await decrypt(CiphertextBlob)
  })

  it('are found by alias, do not rotate, and a dry run does not ask the proxy', async () => {
    const { KeyId, Arn } = await keyIn(await connectedStore())
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/outside', TargetKeyId: KeyId }))
    expect((await encrypt('alias/outside')).KeyId).toBe(Arn)
    expect(await refusal(kms.root.send(new EnableKeyRotationCommand({ KeyId })))).toEqual(
      refused(
        'UnsupportedOperationException',
        `${Arn} origin is EXTERNAL_KEY_STORE which is not valid for this operation.`,
      ),
    )
    proxy.requests.length = 0
    const dry = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), DryRun: true })
    expect((await refusal(kms.root.send(dry))).code).toBe('DryRunOperationException')
    expect(proxy.requests).toHaveLength(0)
  })

  it('are authorized before the proxy is asked', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    const { kms: nobody } = await kms.user('nobody')
    proxy.requests.length = 0
    const call = nobody.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    expect((await refusal(call)).code).toBe('AccessDeniedException')
    expect(proxy.requests).toHaveLength(0)
  })

  it('are recorded with their key store and external key, failures included', async () => {
    const id = await connectedStore()
    const { KeyId } = await keyIn(id)
    const { CiphertextBlob } = await encrypt(KeyId)
    await refusal(decrypt(CiphertextBlob, { a: 'b' }))
    const { Records } = (await (await fetch(`${kms.running.url}/_twokey/events`)).json()) as {
      Records: { eventName: string; requestID: string }[]
    }
    const latest = (name: string) => Records.find(({ eventName }) => eventName === name)
    expect(latest('Decrypt')).toMatchObject({
      errorCode: 'KMSInvalidStateException',
      errorMessage: REJECTED_CIPHERTEXT,
      additionalEventData: { customKeyStoreId: id, xksKeyId: 'k1' },
    })
    expect(latest('Encrypt')).toMatchObject({ additionalEventData: { customKeyStoreId: id, xksKeyId: 'k1' } })
    expect(latest('CreateCustomKeyStore')).toMatchObject({
      requestParameters: {
        customKeyStoreName: 'outside',
        customKeyStoreType: 'EXTERNAL_KEY_STORE',
        xksProxyUriEndpoint: ENDPOINT,
        xksProxyUriPath: PATH,
        xksProxyConnectivity: 'PUBLIC_ENDPOINT',
      },
    })
    // The proxy's log and the trail are joined by the request id.
    expect(proxy.requests.at(-1)!.body.requestMetadata['kmsRequestId']).toBe(latest('Decrypt')?.requestID)
  })
})

describe('connections', () => {
  it('are kept and taken up again', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    await encrypt(KeyId)
    const before = proxy.connections
    for (let at = 0; at < 5; at++) await encrypt(KeyId)
    expect(proxy.connections).toBe(before)
  })

  it('that the proxy closed while they were idle are replaced', async () => {
    const other = await startXksProxy()
    try {
      other.keys.set('k1', newExternalKey())
      endpoints.set(ENDPOINT, other.url)
      const { KeyId } = await keyIn(await connectedStore({ XksProxyAuthenticationCredential: other.credential }))
      await encrypt(KeyId)
      other.closeIdle()
      await encrypt(KeyId)
    } finally {
      await other.stop()
    }
  })

  it('that are all closed while something is asked are not tried one after the other', async () => {
    const { KeyId } = await keyIn(await connectedStore())
    await Promise.all(Array.from({ length: 4 }, () => encrypt(KeyId)))
    proxy.misbehave = { kind: 'hang up' }
    const before = proxy.connections
    expect(await refusal(encrypt(KeyId))).toEqual(invalidState(UNREACHABLE))
    expect(proxy.connections).toBe(before + 1)
  })

  it('to nobody fail at once', async () => {
    const id = await connectedStore()
    const { KeyId } = await keyIn(id)
    const gone = await startXksProxy()
    await gone.stop()
    endpoints.set(ENDPOINT, gone.url)
    expect(await refusal(encrypt(KeyId))).toEqual(invalidState(UNREACHABLE))
  })

  it('to something that speaks no HTTP fail', async () => {
    const server: Server = createTcpServer((socket) => socket.end('220 mail.example.com\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endpoints.set(ENDPOINT, `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`)
    expect(await refusal(create())).toEqual(refused('XksProxyInvalidResponseException', UNREADABLE))
    server.close()
  })
})

describe('while the proxy is asked', () => {
  it('a key may go, and nothing is remembered of it', async () => {
    const id = await connectedStore()
    const { KeyId } = await keyIn(id)
    const state = kms.running.emulator.registry.require('kms').state as KmsState
    proxy.misbehave = {
      kind: 'edit',
      edit(good) {
        state.keys.in(ACCOUNT, REGION).delete(KeyId)
        return good
      },
    }
    await encrypt(KeyId)
    expect(state.lastUse.in(ACCOUNT, REGION).has(KeyId)).toBe(false)
    expect(state.recentUse.size).toBe(0)
  })
})
