import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  ConnectCustomKeyStoreCommand,
  CreateCustomKeyStoreCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteCustomKeyStoreCommand,
  DescribeCustomKeyStoresCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  DisconnectCustomKeyStoreCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateRandomCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UpdateCustomKeyStoreCommand,
  UpdateKeyDescriptionCommand,
  type CreateCustomKeyStoreCommandInput,
  type CustomKeyStoresListEntry,
  type UpdateCustomKeyStoreCommandInput,
} from '@aws-sdk/client-kms'
import type { ClusterSpec } from '../../../emulator/services/kms/keyStores/declare.ts'
import { ACCOUNT, DAY, OTHER_ACCOUNT, answer, denied, invalid, kmsForTests, refusal, refused } from './support.ts'

const kms = kmsForTests()

beforeEach(() => {
  kms.running.emulator.reset()
})

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const PASSWORD = 'kmsPswd-1'
const CONNECTING_MS = 5_000

const door = (body: object) =>
  fetch(`${kms.running.url}/_twokey/cloudhsm`, { method: 'POST', body: JSON.stringify(body) })

let made = 0
const newClusterId = () =>
  `cluster-${'abcdefghijk'.slice(0, 9)}${String(++made)
    .replace(/[^2-7]/g, 'x')
    .padStart(4, 'a')}${letters(made)}`
const letters = (n: number) => String.fromCharCode(97 + (Math.floor(n / 26) % 26), 97 + (n % 26))

/** Declares a cluster with a certificate of its own; its id. */
async function cluster(
  spec: Partial<ClusterSpec> = {},
  clusterId = newClusterId(),
  account = ACCOUNT,
): Promise<string> {
  const whole = { trustAnchorCertificate: CERTIFICATE + clusterId, kmsUserPassword: PASSWORD, ...spec }
  const response = await door({ account, clusters: { [clusterId]: whole } })
  expect(await response.json()).toEqual({ declared: [clusterId] })
  return clusterId
}

const inputFor = (
  CloudHsmClusterId: string,
  more: Partial<CreateCustomKeyStoreCommandInput> = {},
): CreateCustomKeyStoreCommandInput => ({
  CustomKeyStoreName: `store of ${CloudHsmClusterId}`,
  CloudHsmClusterId,
  TrustAnchorCertificate: CERTIFICATE + CloudHsmClusterId,
  KeyStorePassword: PASSWORD,
  ...more,
})

const create = async (clusterId: string, more: Partial<CreateCustomKeyStoreCommandInput> = {}, client = kms.root) =>
  (await client.send(new CreateCustomKeyStoreCommand(inputFor(clusterId, more)))).CustomKeyStoreId ?? ''
const update = (CustomKeyStoreId: string, more: Partial<UpdateCustomKeyStoreCommandInput>) =>
  kms.root.send(new UpdateCustomKeyStoreCommand({ CustomKeyStoreId, ...more }))
const connect = (CustomKeyStoreId: string) => kms.root.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
const disconnect = (CustomKeyStoreId: string) =>
  kms.root.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
const remove = (CustomKeyStoreId: string) => kms.root.send(new DeleteCustomKeyStoreCommand({ CustomKeyStoreId }))
const random = (CustomKeyStoreId: string) =>
  kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 16, CustomKeyStoreId }))

async function describeStore(CustomKeyStoreId: string): Promise<CustomKeyStoresListEntry> {
  const { CustomKeyStores = [] } = await kms.root.send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreId }))
  expect(CustomKeyStores).toHaveLength(1)
  return CustomKeyStores[0] ?? {}
}

/** Connects and waits until that has ended, by the emulator's clock. */
async function connection(id: string) {
  await connect(id)
  kms.advance(CONNECTING_MS)
  const { ConnectionState, ConnectionErrorCode } = await describeStore(id)
  return { ConnectionState, ...(ConnectionErrorCode !== undefined && { ConnectionErrorCode }) }
}

async function connectedStore(): Promise<{ readonly id: string; readonly clusterId: string }> {
  const clusterId = await cluster()
  const id = await create(clusterId)
  expect(await connection(id)).toEqual({ ConnectionState: 'CONNECTED' })
  return { id, clusterId }
}

const keyIn = (CustomKeyStoreId: string) => kms.createKey({ Origin: 'AWS_CLOUDHSM', CustomKeyStoreId })
const stateOf = async (KeyId: string) => (await kms.root.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState

describe('declaring clusters', () => {
  it.each([
    [{}, 'say {"account":"111111111111","region":"us-east-1","clusters":{"cluster-…":{…}}}; see docs/admin.md'],
    [
      { account: ACCOUNT, clusters: { 'cluster-1': {} } },
      'cluster `cluster-1`: its id must be `cluster-` and 11 to 16 letters and digits from 2 to 7',
    ],
    [
      {
        account: ACCOUNT,
        clusters: { 'cluster-abcdefghijk': { trustAnchorCertificate: 'x', kmsUserPassword: 'short' } },
      },
      'cluster `cluster-abcdefghijk`: `kmsUserPassword` must be a text of 7 to 32 characters, or null when the cluster has no kmsuser',
    ],
    [
      {
        account: ACCOUNT,
        clusters: { 'cluster-abcdefghijk': { trustAnchorCertificate: 'x', kmsUserPassword: null, hsms: 3 } },
      },
      'cluster `cluster-abcdefghijk`: there is no `hsms`; there are trustAnchorCertificate, kmsUserPassword, state, activeHsms, connectionError',
    ],
  ])('refuses %j with a sentence', async (body, error) => {
    const response = await door(body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error })
  })

  it('in a world', async () => {
    const clusterId = newClusterId()
    const spec = { trustAnchorCertificate: CERTIFICATE + clusterId, kmsUserPassword: PASSWORD }
    const world = { accounts: { [ACCOUNT]: { cloudHsmClusters: { [clusterId]: spec } } } }
    const response = await fetch(`${kms.running.url}/_twokey/worlds`, { method: 'POST', body: JSON.stringify(world) })
    expect(response.status).toBe(200)
    expect(await create(clusterId)).toMatch(/^cks-[0-9a-f]{17}$/)
  })
})

describe('CreateCustomKeyStore', () => {
  it('makes a key store that is not connected', async () => {
    const clusterId = await cluster()
    const id = await create(clusterId)
    expect(id).toMatch(/^cks-[0-9a-f]{17}$/)
    const { CreationDate, ...rest } = await describeStore(id)
    expect(CreationDate?.getTime()).toBeGreaterThan(0)
    expect(rest).toEqual({
      CustomKeyStoreId: id,
      CustomKeyStoreName: `store of ${clusterId}`,
      CloudHsmClusterId: clusterId,
      TrustAnchorCertificate: CERTIFICATE + clusterId,
      ConnectionState: 'DISCONNECTED',
      CustomKeyStoreType: 'AWS_CLOUDHSM',
    })
  })

  it('validates', async () => {
    const call = kms.root.send(new CreateCustomKeyStoreCommand(inputFor('cluster-1', { KeyStorePassword: 'short' })))
    const { code, message } = await refusal(call)
    expect(code).toBe('ValidationException')
    expect(message).toContain(
      "Value at 'keyStorePassword' failed to satisfy constraint: Member must have length greater",
    )
    expect(message).not.toContain('short')
    const long = new CreateCustomKeyStoreCommand(inputFor(newClusterId(), { CustomKeyStoreName: 'x'.repeat(257) }))
    expect(await refusal(kms.root.send(long))).toEqual(
      invalid(
        `Value '${'x'.repeat(257)}' at 'customKeyStoreName' failed to satisfy constraint: Member must have length less than or equal to 256`,
      ),
    )
  })

  it.each(['CloudHsmClusterId', 'KeyStorePassword', 'TrustAnchorCertificate'] as const)('needs %s', async (member) => {
    const call = create(newClusterId(), { [member]: undefined })
    expect(await refusal(call)).toEqual(
      refused('ValidationException', `A custom key store of type AWS_CLOUDHSM requires ${member}.`),
    )
  })

  it('takes no members of external key stores', async () => {
    expect(await refusal(create(await cluster(), { XksProxyUriPath: '/kms/xks/v1' }))).toEqual(
      refused('ValidationException', 'A custom key store of type AWS_CLOUDHSM does not allow XksProxyUriPath.'),
    )
  })

  it('refuses a cluster that is not there, or in another account', async () => {
    const clusterId = newClusterId()
    expect((await refusal(create(clusterId))).code).toBe('CloudHsmClusterNotFoundException')
    await cluster({}, clusterId, OTHER_ACCOUNT)
    expect((await refusal(create(clusterId))).code).toBe('CloudHsmClusterNotFoundException')
    expect(await create(clusterId, {}, kms.of(OTHER_ACCOUNT))).toMatch(/^cks-/)
  })

  it.each([
    [{ state: 'INITIALIZED' } as const, 'CloudHsmClusterNotActiveException'],
    [{ activeHsms: 1 }, 'CloudHsmClusterInvalidConfigurationException'],
    [{ trustAnchorCertificate: 'another' }, 'IncorrectTrustAnchorException'],
    [{ state: 'DELETED' } as const, 'CloudHsmClusterNotFoundException'],
  ])('refuses a cluster with %j', async (spec, code) => {
    expect((await refusal(create(await cluster(spec)))).code).toBe(code)
  })

  it('refuses a cluster that another key store has, or one of the same backup history', async () => {
    const clusterId = await cluster()
    await create(clusterId)
    expect((await refusal(create(clusterId, { CustomKeyStoreName: 'other' }))).code).toBe(
      'CloudHsmClusterInUseException',
    )
    const copy = await cluster({ trustAnchorCertificate: CERTIFICATE + clusterId })
    expect((await refusal(create(copy, { TrustAnchorCertificate: CERTIFICATE + clusterId }))).code).toBe(
      'CloudHsmClusterInUseException',
    )
  })

  it('refuses a name that is taken', async () => {
    await create(await cluster(), { CustomKeyStoreName: 'taken' })
    expect((await refusal(create(await cluster(), { CustomKeyStoreName: 'taken' }))).code).toBe(
      'CustomKeyStoreNameInUseException',
    )
  })
})

describe('the quota of key stores', () => {
  const limited = kmsForTests({ quotas: new Map([['CustomKeyStores', 2]]) })

  it('is enforced where quotas are', async () => {
    const one = async (name: string) => {
      const spec = { trustAnchorCertificate: CERTIFICATE + name, kmsUserPassword: PASSWORD }
      const body = JSON.stringify({ account: ACCOUNT, clusters: { [name]: spec } })
      await fetch(`${limited.running.url}/_twokey/cloudhsm`, { method: 'POST', body })
      return create(name, {}, limited.root)
    }
    await one('cluster-aaaaaaaaaaa')
    await one('cluster-bbbbbbbbbbb')
    expect((await refusal(one('cluster-ccccccccccc'))).code).toBe('LimitExceededException')
  })
})

describe('permissions', () => {
  it.each([
    ['CreateCustomKeyStore', () => new CreateCustomKeyStoreCommand(inputFor('cluster-abcdefghijk'))],
    ['UpdateCustomKeyStore', () => new UpdateCustomKeyStoreCommand({ CustomKeyStoreId: 'cks-1' })],
    ['DeleteCustomKeyStore', () => new DeleteCustomKeyStoreCommand({ CustomKeyStoreId: 'cks-1' })],
    ['ConnectCustomKeyStore', () => new ConnectCustomKeyStoreCommand({ CustomKeyStoreId: 'cks-1' })],
    ['DisconnectCustomKeyStore', () => new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId: 'cks-1' })],
    ['DescribeCustomKeyStores', () => new DescribeCustomKeyStoresCommand({})],
  ] as readonly (readonly [string, () => object])[])('%s', async (operation, command) => {
    const { arn, kms: client } = await kms.user(`no-${operation}`)
    expect(await refusal(client.send(command() as never))).toEqual(
      denied(
        `User: ${arn} is not authorized to perform: kms:${operation} on resource: * because no identity-based policy allows the kms:${operation} action`,
      ),
    )
    const view = kms.running.emulator.decisions.list({ limit: 1, deniedOnly: true })[0]
    expect(view).toMatchObject({ operation })
  })

  it('are asked of IAM policies, with kms:CallerAccount', async () => {
    const { kms: client } = await kms.user('lister', {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'kms:DescribeCustomKeyStores',
          Resource: '*',
          Condition: { StringEquals: { 'kms:CallerAccount': ACCOUNT } },
        },
      ],
    })
    expect((await client.send(new DescribeCustomKeyStoresCommand({}))).Truncated).toBe(false)
  })
})

describe('DescribeCustomKeyStores', () => {
  it('finds one by id or name, and pages through all', async () => {
    const other = kms.of('333333333333')
    const ids: string[] = []
    for (let at = 0; at < 3; at++) {
      ids.push(
        await create(
          await cluster({}, newClusterId(), '333333333333'),
          { CustomKeyStoreName: `s${String(at)}` },
          other,
        ),
      )
    }
    const byName = await other.send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreName: 's1' }))
    expect(byName.CustomKeyStores?.map(({ CustomKeyStoreId }) => CustomKeyStoreId)).toEqual([ids[1]])
    const first = await other.send(new DescribeCustomKeyStoresCommand({ Limit: 2 }))
    expect(first).toMatchObject({ Truncated: true })
    const second = await other.send(new DescribeCustomKeyStoresCommand({ Limit: 2, Marker: first.NextMarker }))
    expect(second).toMatchObject({ Truncated: false })
    const all = [...(first.CustomKeyStores ?? []), ...(second.CustomKeyStores ?? [])]
    expect(all.map(({ CustomKeyStoreId }) => CustomKeyStoreId)).toEqual([...ids].sort())
  })

  it('refuses an id or a name that is not there, and both', async () => {
    const missing = refused('CustomKeyStoreNotFoundException', "Custom key store 'nobody' does not exist.")
    const by = (input: object) => refusal(kms.root.send(new DescribeCustomKeyStoresCommand(input)))
    expect(await by({ CustomKeyStoreId: 'nobody' })).toEqual(missing)
    expect(await by({ CustomKeyStoreName: 'nobody' })).toEqual(missing)
    expect((await by({ CustomKeyStoreId: 'a', CustomKeyStoreName: 'b' })).code).toBe('ValidationException')
    expect((await by({ Marker: 'bm8=' })).code).toBe('InvalidMarkerException')
  })
})

describe('connecting', () => {
  it('takes its time, and says CONNECTING meanwhile', async () => {
    const id = await create(await cluster())
    expect(await answer(connect(id))).toEqual({})
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'CONNECTING' })
    await connect(id)
    kms.advance(CONNECTING_MS - 1_000)
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'CONNECTING' })
    kms.advance(1_000)
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'CONNECTED' })
    await connect(id)
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'CONNECTED' })
  })

  it.each([
    ['INVALID_CREDENTIALS', { kmsUserPassword: 'changed-meanwhile' }],
    ['USER_NOT_FOUND', { kmsUserPassword: null }],
    ['USER_LOGGED_IN', { connectionError: 'USER_LOGGED_IN' as const }],
    ['SUBNET_NOT_FOUND', { connectionError: 'SUBNET_NOT_FOUND' as const }],
    ['CLUSTER_NOT_FOUND', { state: 'DELETED' as const }],
  ])('fails with %s', async (ConnectionErrorCode, spec) => {
    const clusterId = await cluster()
    const id = await create(clusterId)
    await cluster(spec, clusterId)
    expect(await connection(id)).toEqual({ ConnectionState: 'FAILED', ConnectionErrorCode })
    expect((await refusal(connect(id))).code).toBe('CustomKeyStoreInvalidStateException')
    await disconnect(id)
    await cluster({}, clusterId)
    expect(await connection(id)).toEqual({ ConnectionState: 'CONNECTED' })
  })

  it('fails with INSUFFICIENT_CLOUDHSM_HSMS when they go away meanwhile, and is refused when there are none', async () => {
    const clusterId = await cluster()
    const id = await create(clusterId)
    await connect(id)
    await cluster({ activeHsms: 0 }, clusterId)
    kms.advance(CONNECTING_MS)
    expect(await describeStore(id)).toMatchObject({
      ConnectionState: 'FAILED',
      ConnectionErrorCode: 'INSUFFICIENT_CLOUDHSM_HSMS',
    })
    await disconnect(id)
    expect((await refusal(connect(id))).code).toBe('CloudHsmClusterInvalidConfigurationException')
    await cluster({ state: 'DEGRADED' }, clusterId)
    expect((await refusal(connect(id))).code).toBe('CloudHsmClusterNotActiveException')
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'DISCONNECTED' })
    await cluster({ activeHsms: 1 }, clusterId)
    expect(await connection(id)).toEqual({ ConnectionState: 'CONNECTED' })
  })

  it('locks kmsuser out after five wrong passwords', async () => {
    const clusterId = await cluster({ kmsUserPassword: 'another-one' })
    const id = await create(clusterId)
    for (let at = 0; at < 5; at++) {
      expect(await connection(id)).toMatchObject({ ConnectionErrorCode: 'INVALID_CREDENTIALS' })
      await disconnect(id)
    }
    await update(id, { KeyStorePassword: 'another-one' })
    expect(await connection(id)).toMatchObject({ ConnectionErrorCode: 'USER_LOCKED_OUT' })
  })

  it('is called off by disconnecting', async () => {
    const id = await create(await cluster())
    await connect(id)
    await disconnect(id)
    kms.advance(CONNECTING_MS)
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'DISCONNECTED' })
    expect((await refusal(disconnect(id))).code).toBe('CustomKeyStoreInvalidStateException')
  })

  it('knows only key stores of its account', async () => {
    const id = await create(await cluster())
    const other = kms.of(OTHER_ACCOUNT).send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId: id }))
    expect(await refusal(other)).toEqual(
      refused('CustomKeyStoreNotFoundException', `Custom key store '${id}' does not exist.`),
    )
  })
})

describe('UpdateCustomKeyStore', () => {
  it('changes the name in either state, and the password only while disconnected', async () => {
    const { id } = await connectedStore()
    expect(await answer(update(id, { NewCustomKeyStoreName: `renamed ${id}` }))).toEqual({})
    expect((await refusal(update(id, { KeyStorePassword: 'new-password' }))).code).toBe(
      'CustomKeyStoreInvalidStateException',
    )
    await disconnect(id)
    await update(id, { KeyStorePassword: 'new-password', NewCustomKeyStoreName: `again ${id}` })
    expect(await describeStore(id)).toMatchObject({ CustomKeyStoreName: `again ${id}` })
    expect(await connection(id)).toMatchObject({ ConnectionErrorCode: 'INVALID_CREDENTIALS' })
    expect((await refusal(update(id, { NewCustomKeyStoreName: 'x' }))).code).toBe('CustomKeyStoreInvalidStateException')
  })

  it('moves to a related cluster and to no other', async () => {
    const clusterId = await cluster()
    const id = await create(clusterId)
    const related = await cluster({ trustAnchorCertificate: CERTIFICATE + clusterId })
    const stranger = await cluster()
    expect((await refusal(update(id, { CloudHsmClusterId: stranger }))).code).toBe('CloudHsmClusterNotRelatedException')
    expect((await refusal(update(id, { CloudHsmClusterId: newClusterId() }))).code).toBe(
      'CloudHsmClusterNotFoundException',
    )
    await update(id, { CloudHsmClusterId: related })
    expect(await describeStore(id)).toMatchObject({ CloudHsmClusterId: related })
  })

  it('refuses a name that is taken, members of the other type, and a key store that is not there', async () => {
    await create(await cluster(), { CustomKeyStoreName: 'mine' })
    const id = await create(await cluster())
    expect((await refusal(update(id, { NewCustomKeyStoreName: 'mine' }))).code).toBe('CustomKeyStoreNameInUseException')
    expect((await refusal(update(id, { XksProxyUriPath: '/kms/xks/v1' }))).code).toBe('ValidationException')
    expect((await refusal(update('cks-nobody', {}))).code).toBe('CustomKeyStoreNotFoundException')
  })
})

describe('DeleteCustomKeyStore', () => {
  it('needs a key store that is disconnected and empty', async () => {
    const { id } = await connectedStore()
    const { KeyId } = await keyIn(id)
    expect((await refusal(remove(id))).code).toBe('CustomKeyStoreInvalidStateException')
    await disconnect(id)
    expect((await refusal(remove(id))).code).toBe('CustomKeyStoreHasCMKsException')
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect((await refusal(remove(id))).code).toBe('CustomKeyStoreHasCMKsException')
    kms.advance(7 * DAY)
    expect(await answer(remove(id))).toEqual({})
    expect((await refusal(remove(id))).code).toBe('CustomKeyStoreNotFoundException')
  })
})

describe('keys', () => {
  it('say where they are, and are used like others', async () => {
    const { id, clusterId } = await connectedStore()
    const key = await keyIn(id)
    expect(key).toMatchObject({
      Origin: 'AWS_CLOUDHSM',
      CustomKeyStoreId: id,
      CloudHsmClusterId: clusterId,
      KeyState: 'Enabled',
      KeySpec: 'SYMMETRIC_DEFAULT',
      MultiRegion: false,
    })
    expect(key).not.toHaveProperty('CurrentKeyMaterialId')
    expect(key).not.toHaveProperty('XksKeyConfiguration')
    const { KeyId, Arn } = key
    const EncryptionContext = { a: 'b' }
    const { CiphertextBlob } = await kms.root.send(
      new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret'), EncryptionContext }),
    )
    const opened = await kms.root.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(opened).toMatchObject({ KeyId: Arn, Plaintext: new Uint8Array(Buffer.from('secret')) })
    expect((await refusal(kms.root.send(new DecryptCommand({ CiphertextBlob })))).code).toBe(
      'InvalidCiphertextException',
    )
    const plain = await kms.createKey()
    const moved = await kms.root.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: EncryptionContext,
        DestinationKeyId: plain.KeyId,
      }),
    )
    expect(moved).toMatchObject({ SourceKeyId: Arn, KeyId: plain.Arn })
  })

  it('are Unavailable while the key store is disconnected', async () => {
    const { id } = await connectedStore()
    const { KeyId, Arn } = await keyIn(id)
    const { CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    await disconnect(id)
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ KeyState: 'Unavailable', Enabled: false })
    const unavailable = refused('KMSInvalidStateException', `${Arn} is unavailable.`)
    expect(await refusal(kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))).toEqual(
      unavailable,
    )
    expect(await refusal(kms.root.send(new DecryptCommand({ CiphertextBlob })))).toEqual(unavailable)
    expect(await refusal(kms.root.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })))).toEqual(unavailable)
    const plain = await kms.createKey()
    expect(
      await refusal(kms.root.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: plain.KeyId }))),
    ).toEqual(unavailable)

    // What is managed meanwhile stays managed, and none of it makes the key available.
    await kms.root.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }))
    await kms.root.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'managed' }))
    await connect(id)
    expect(await stateOf(KeyId)).toBe('Unavailable')
    kms.advance(CONNECTING_MS)
    expect(await stateOf(KeyId)).toBe('Enabled')
    expect(await kms.root.send(new DecryptCommand({ CiphertextBlob }))).toMatchObject({ KeyId: Arn })
  })

  it('are enabled and disabled when they are available again', async () => {
    const { id } = await connectedStore()
    const { KeyId } = await keyIn(id)
    await disconnect(id)
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    expect(await stateOf(KeyId)).toBe('Unavailable')
    await connection(id)
    expect(await stateOf(KeyId)).toBe('Disabled')
    await disconnect(id)
    await kms.root.send(new EnableKeyCommand({ KeyId }))
    expect(await stateOf(KeyId)).toBe('Unavailable')
    await connection(id)
    expect(await stateOf(KeyId)).toBe('Enabled')
  })

  it('stay pending deletion while unavailable, and come back Unavailable', async () => {
    const { id } = await connectedStore()
    const { KeyId, Arn } = await keyIn(id)
    await disconnect(id)
    expect(await refusal(kms.root.send(new CancelKeyDeletionCommand({ KeyId })))).toEqual(
      refused('KMSInvalidStateException', `${Arn} is not pending deletion.`),
    )
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(await stateOf(KeyId)).toBe('PendingDeletion')
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(await stateOf(KeyId)).toBe('Unavailable')
    await connection(id)
    expect(await stateOf(KeyId)).toBe('Disabled')
  })

  it('do not rotate, available or not', async () => {
    const { id } = await connectedStore()
    const { KeyId, Arn } = await keyIn(id)
    const unfit = refused(
      'UnsupportedOperationException',
      `${Arn} origin is AWS_CLOUDHSM which is not valid for this operation.`,
    )
    for (const disconnected of [false, true]) {
      if (disconnected) await disconnect(id)
      expect(await refusal(kms.root.send(new EnableKeyRotationCommand({ KeyId })))).toEqual(unfit)
      expect(await refusal(kms.root.send(new DisableKeyRotationCommand({ KeyId })))).toEqual(unfit)
      expect(await refusal(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))).toEqual(unfit)
      expect(await refusal(kms.root.send(new ListKeyRotationsCommand({ KeyId })))).toEqual(unfit)
      expect(await refusal(kms.root.send(new RotateKeyOnDemandCommand({ KeyId })))).toEqual(unfit)
    }
  })

  it('cannot be used while a connected cluster cannot be reached', async () => {
    const { id, clusterId } = await connectedStore()
    const { KeyId } = await keyIn(id)
    const { CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    await cluster({ activeHsms: 0 }, clusterId)
    const silent = refused('KMSInvalidStateException', 'KMS cannot communicate with your CloudHSM cluster')
    expect(await refusal(kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))).toEqual(silent)
    expect(await refusal(kms.root.send(new DecryptCommand({ CiphertextBlob })))).toEqual(silent)
    expect(await refusal(random(id))).toEqual(silent)
    expect(await stateOf(KeyId)).toBe('Enabled')
    expect((await refusal(keyIn(id))).code).toBe('CloudHsmClusterInvalidConfigurationException')
    await cluster({}, clusterId)
    await kms.root.send(new DecryptCommand({ CiphertextBlob }))
  })
})

describe('CreateKey', () => {
  it.each([
    [{ Origin: 'AWS_CLOUDHSM' as const }, 'ValidationException'],
    [{ CustomKeyStoreId: 'cks-1' }, 'ValidationException'],
    [{ Origin: 'AWS_CLOUDHSM' as const, CustomKeyStoreId: 'cks-1', XksKeyId: 'x' }, 'ValidationException'],
    [{ Origin: 'AWS_CLOUDHSM' as const, CustomKeyStoreId: 'cks-1' }, 'CustomKeyStoreNotFoundException'],
    [
      { Origin: 'AWS_CLOUDHSM' as const, CustomKeyStoreId: 'cks-1', MultiRegion: true },
      'UnsupportedOperationException',
    ],
    [
      {
        Origin: 'AWS_CLOUDHSM' as const,
        CustomKeyStoreId: 'cks-1',
        KeySpec: 'RSA_2048' as const,
        KeyUsage: 'SIGN_VERIFY' as const,
      },
      'UnsupportedOperationException',
    ],
  ])('%j answers %s', async (input, code) => {
    expect((await refusal(kms.root.send(new CreateKeyCommand(input)))).code).toBe(code)
  })

  it('needs a connected key store of its type', async () => {
    const id = await create(await cluster())
    expect((await refusal(keyIn(id))).code).toBe('CustomKeyStoreInvalidStateException')
    const external = kms.createKey({ Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: id, XksKeyId: 'x' })
    expect((await refusal(external)).code).toBe('ValidationException')
  })
})

describe('GenerateRandom', () => {
  it('asks the cluster of a connected key store', async () => {
    const { id } = await connectedStore()
    expect((await random(id)).Plaintext).toHaveLength(16)
    await disconnect(id)
    expect((await refusal(random(id))).code).toBe('CustomKeyStoreInvalidStateException')
    expect((await refusal(random('cks-nobody'))).code).toBe('CustomKeyStoreNotFoundException')
  })
})

describe('what is recorded', () => {
  it('names the key store, and no secret is in the trail, the log, the state or an answer', async () => {
    const { id, clusterId } = await connectedStore()
    const { KeyId } = await keyIn(id)
    await kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    await disconnect(id)
    const { Records } = (await (await fetch(`${kms.running.url}/_twokey/events?limit=50`)).json()) as {
      Records: { eventName: string }[]
    }
    const latest = (name: string) => Records.find(({ eventName }) => eventName === name)
    expect(latest('CreateCustomKeyStore')).toMatchObject({
      requestParameters: { customKeyStoreName: `store of ${clusterId}`, clusterId },
      responseElements: { customKeyStoreId: id },
      readOnly: false,
    })
    for (const name of ['ConnectCustomKeyStore', 'DisconnectCustomKeyStore']) {
      expect(latest(name)).toMatchObject({
        requestParameters: { customKeyStoreId: id },
        responseElements: null,
        additionalEventData: { customKeyStoreName: `store of ${clusterId}`, clusterId },
      })
    }
    expect(latest('CreateKey')).toMatchObject({ requestParameters: { origin: 'AWS_CLOUDHSM', customKeyStoreId: id } })
    expect(latest('Encrypt')).toMatchObject({ additionalEventData: { customKeyStoreId: id } })
    const state = await (await fetch(`${kms.running.url}/_twokey/state`)).text()
    const decisions = await (await fetch(`${kms.running.url}/_twokey/decisions?limit=1000`)).text()
    for (const text of [JSON.stringify(Records), state, decisions, kms.running.lines.join('\n')]) {
      expect(text).not.toContain(PASSWORD)
    }
    expect(state).toContain(clusterId)
    expect(await (await fetch(`${kms.running.url}/_twokey/state?secrets=1`)).text()).toContain(PASSWORD)
  })
})

describe('a restored state', () => {
  it('brings attempts to connect to their end', async () => {
    const id = await create(await cluster())
    await connect(id)
    const { emulator } = kms.running
    emulator.restore(emulator.store.export({ secrets: true }))
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'CONNECTING' })
    kms.advance(CONNECTING_MS)
    expect(await describeStore(id)).toMatchObject({ ConnectionState: 'CONNECTED' })
  })
})
