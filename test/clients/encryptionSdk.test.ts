import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import {
  buildClient,
  CommitmentPolicy,
  getClient,
  getLocalCryptographicMaterialsCache,
  KMS,
  KmsKeyringNode,
  type KeyringNode,
  type KmsKeyringNodeInput,
  NodeCachingMaterialsManager,
} from '@aws-crypto/client-node'
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { ACCOUNT, REGION, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const context = { purpose: 'test', 'unicode ключ': 'värde' }

let world: TestEmulator
let kms: KMSClient
beforeAll(async () => {
  world = await startEmulator()
  kms = world.client(KMSClient)
})
afterAll(() => world.stop())

const newKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''

function keyring(generatorKeyId: string, ...keyIds: string[]): KeyringNode {
  const config = { endpoint: world.url, credentials: rootOf(ACCOUNT), region: REGION }
  // Its types are stricter than those of the KMS client it is made for.
  const clientProvider: NonNullable<KmsKeyringNodeInput['clientProvider']> = getClient(KMS as never, config)
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- its class is made by a mixin
  return new KmsKeyringNode({ clientProvider, generatorKeyId, keyIds })
}

const calls = (operation: string) =>
  world.emulator.trail.list(1000).filter(({ eventName }) => eventName === operation).length

describe('the AWS Encryption SDK for JavaScript', () => {
  it('round-trips messages under a generator and a second key, either of which opens them', async () => {
    const [first, second] = [await newKey(), await newKey()]
    const plaintext = randomBytes(100_000)
    const { result } = await encrypt(keyring(first, second), plaintext, { encryptionContext: context })
    for (const key of [first, second]) {
      const opened = await decrypt(keyring(key), result)
      expect(opened.plaintext.equals(plaintext)).toBe(true)
      expect(opened.messageHeader.encryptionContext).toMatchObject(context)
    }
    await kms.send(new DisableKeyCommand({ KeyId: first }))
    expect((await decrypt(keyring(first, second), result)).plaintext.equals(plaintext)).toBe(true)
    await expect(decrypt(keyring(first), result)).rejects.toThrow(`${first} is disabled.`)
  })

  it('asks for one data key for many messages when it caches them', async () => {
    const materials = new NodeCachingMaterialsManager({
      backingMaterials: keyring(await newKey()),
      cache: getLocalCryptographicMaterialsCache(10),
      maxAge: 60_000,
      maxMessagesEncrypted: 100,
    })
    const before = { made: calls('GenerateDataKey'), opened: calls('Decrypt') }
    for (let message = 0; message < 5; message++) {
      const plaintext = Buffer.from(`message ${String(message)}`)
      const { result } = await encrypt(materials, plaintext, { encryptionContext: context, plaintextLength: 9 })
      expect((await decrypt(materials, result)).plaintext.equals(plaintext)).toBe(true)
    }
    expect(calls('GenerateDataKey') - before.made).toBe(1)
    expect(calls('Decrypt') - before.opened).toBe(1)
  })
})
