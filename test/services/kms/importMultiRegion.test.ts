import { describe, expect, it } from '@jest/globals'
import {
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetParametersForImportCommand,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { CREATING_MS, ON_DEMAND_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { importsFor, material, type ImportOptions } from './importing.ts'
import { ACCOUNT, kmsForTests, refusal, refused } from './support.ts'

const HERE = 'us-east-1'
const THERE = 'eu-west-1'
const kms = kmsForTests()
const { importInto, inSeconds } = importsFor(kms)

const NEW = { ImportType: 'NEW_KEY_MATERIAL' } as const
const AWAITS = 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
const pendingImport = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending import.`)

/** One of two related keys, as its own Region sees it. */
function keyIn(region: string, KeyId: string) {
  const client = (): KMSClient => kms.of(ACCOUNT, region)
  return {
    Arn: `arn:aws:kms:${region}:${ACCOUNT}:key/${KeyId}`,
    bring: (bytes: Buffer, options: ImportOptions = {}) => importInto(KeyId, bytes, options, client()),
    remove: (KeyMaterialId?: string) => client().send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId })),
    metadata: async () => (await client().send(new DescribeKeyCommand({ KeyId }))).KeyMetadata,
    history: async () =>
      (await client().send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))).Rotations,
    encrypt: async () =>
      (await client().send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }))).CiphertextBlob,
    decrypt: (CiphertextBlob: Uint8Array | undefined) => client().send(new DecryptCommand({ CiphertextBlob })),
    rotate: () => client().send(new RotateKeyOnDemandCommand({ KeyId })),
  }
}

/** A primary key with material, and a replica that waits for its copy. */
async function related(options: ImportOptions = { KeyMaterialDescription: 'first' }) {
  const { KeyId } = await kms.createKey({ Origin: 'EXTERNAL', MultiRegion: true })
  const first = material()
  const primary = keyIn(HERE, KeyId)
  const replica = keyIn(THERE, KeyId)
  const { KeyMaterialId: firstId } = await primary.bring(first, options)
  const replicate = () => kms.root.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: THERE }))
  const { ReplicaKeyMetadata } = await replicate()
  kms.advance(CREATING_MS + 1)
  return { KeyId, primary, replica, first, firstId, answered: ReplicaKeyMetadata }
}

/** The same, both with the first material, and new material that the primary has. */
async function staged(options: ImportOptions = {}) {
  const keys = await related()
  await keys.replica.bring(keys.first)
  const second = material()
  const { KeyMaterialId: secondId } = await keys.primary.bring(second, { ...NEW, ...options })
  return { ...keys, second, secondId }
}

describe('a replica of a key with imported material', () => {
  it('is not made before the primary has its material', async () => {
    const { KeyId, Arn } = await kms.createKey({ Origin: 'EXTERNAL', MultiRegion: true })
    const call = kms.root.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: THERE }))
    expect(await refusal(call)).toEqual(pendingImport(Arn))
  })

  it('waits for its own copy, and knows which', async () => {
    const { primary, replica, first, firstId, answered } = await related()
    expect(answered).toMatchObject({ KeyState: 'Creating', ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' })
    expect(answered).not.toHaveProperty('CurrentKeyMaterialId')
    const waiting = await replica.metadata()
    expect(waiting).toMatchObject({ KeyState: 'PendingImport', Enabled: false, CurrentKeyMaterialId: firstId })
    expect(waiting).not.toHaveProperty('ExpirationModel')
    expect(await replica.history()).toEqual([
      {
        KeyId: replica.Arn,
        KeyMaterialId: firstId,
        KeyMaterialDescription: 'first',
        ImportState: 'PENDING_IMPORT',
        KeyMaterialState: 'CURRENT',
      },
    ])
    const blob = await primary.encrypt()
    expect(await refusal(replica.decrypt(blob))).toEqual(pendingImport(replica.Arn))
    expect((await primary.metadata())?.KeyState).toBe('Enabled')

    expect((await replica.bring(first)).KeyMaterialId).toBe(firstId)
    expect((await replica.metadata())?.KeyState).toBe('Enabled')
    expect((await replica.decrypt(blob)).KeyId).toBe(replica.Arn)
    await primary.decrypt(await replica.encrypt())
  })

  it('takes neither new material, nor a description, nor other bytes', async () => {
    const { replica, first, firstId } = await related()
    expect(await refusal(replica.bring(first, { KeyMaterialDescription: 'mine' }))).toEqual(
      refused('ValidationException', 'Key material description can only be specified on primary Multi-Region keys'),
    )
    expect(await refusal(replica.bring(material(), NEW))).toEqual(
      refused(
        'ValidationException',
        'Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys',
      ),
    )
    expect(await refusal(replica.bring(material()))).toEqual(
      refused(
        'IncorrectKeyMaterialException',
        `Imported key material does not have the expected identifier (${String(firstId)}).`,
      ),
    )
  })

  it('takes no token of its relative', async () => {
    const { KeyId, replica, first } = await related()
    const { ImportToken } = await kms.root.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      }),
    )
    const call = replica.bring(first, { ImportToken, EncryptedKeyMaterial: Buffer.alloc(256) })
    expect(await refusal(call)).toEqual(refused('InvalidImportTokenException', ''))
  })

  it('loses its material alone, and so does the primary', async () => {
    const { primary, replica, first } = await related()
    await replica.bring(first, { ValidTo: inSeconds(60) })
    await primary.remove()
    expect((await primary.metadata())?.KeyState).toBe('PendingImport')
    expect((await replica.metadata())?.KeyState).toBe('Enabled')
    await primary.bring(first)
    kms.advance(61_000)
    expect((await replica.metadata())?.KeyState).toBe('PendingImport')
    expect((await primary.metadata())?.KeyState).toBe('Enabled')
    await replica.bring(first)
    await replica.decrypt(await primary.encrypt())
  })
})

describe('new material of a multi-Region key', () => {
  it('awaits every Region, and then its rotation', async () => {
    const { primary, replica, second, secondId } = await staged({ KeyMaterialDescription: 'second' })
    expect((await primary.history())?.[1]).toMatchObject({
      KeyMaterialId: secondId,
      ImportState: 'IMPORTED',
      KeyMaterialState: AWAITS,
    })
    expect((await replica.history())?.[1]).toEqual({
      KeyId: replica.Arn,
      KeyMaterialId: secondId,
      KeyMaterialDescription: 'second',
      ImportState: 'PENDING_IMPORT',
      KeyMaterialState: AWAITS,
    })
    expect((await replica.metadata())?.KeyState).toBe('Enabled')
    expect(await refusal(primary.rotate())).toEqual(
      refused(
        'KMSInvalidStateException',
        'Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region key.',
      ),
    )
    await replica.bring(second)
    for (const key of [primary, replica]) {
      expect((await key.history())?.[1]).toMatchObject({
        ImportState: 'IMPORTED',
        KeyMaterialState: 'PENDING_ROTATION',
      })
    }
    const old = await primary.encrypt()
    expect(await refusal(replica.rotate())).toEqual(
      refused(
        'UnsupportedOperationException',
        `${replica.Arn} is a multi-region replica key which is not valid for RotateKeyOnDemand.`,
      ),
    )
    await primary.rotate()
    kms.advance(ON_DEMAND_MS + 1)
    for (const key of [primary, replica]) {
      expect(await key.metadata()).toMatchObject({ KeyState: 'Enabled', CurrentKeyMaterialId: secondId })
      expect((await key.history())?.[1]).toMatchObject({ KeyMaterialState: 'CURRENT', RotationType: 'ON_DEMAND' })
      await key.decrypt(old)
    }
    await replica.decrypt(await primary.encrypt())
  })

  it('deleted in the replica resets that Region; deleted in the primary it is forgotten everywhere', async () => {
    const { primary, replica, second, secondId } = await staged()
    await replica.bring(second)
    await replica.remove(secondId)
    expect((await replica.history())?.[1]).toMatchObject({ ImportState: 'PENDING_IMPORT', KeyMaterialState: AWAITS })
    expect((await primary.history())?.[1]).toMatchObject({ ImportState: 'IMPORTED', KeyMaterialState: AWAITS })
    await replica.bring(second)
    await primary.remove(secondId)
    for (const key of [primary, replica]) {
      expect(await key.history()).toHaveLength(1)
      expect((await key.metadata())?.KeyState).toBe('Enabled')
    }
    const stored = JSON.stringify(kms.running.emulator.store.export({ secrets: true }))
    expect(stored).not.toContain(secondId)
    expect(stored).not.toContain(second.toString('base64'))
  })

  it('can be staged and rotated in while a replica lacks an older one', async () => {
    const { primary, replica, second, secondId, firstId, first } = await staged()
    await replica.remove(firstId)
    await replica.bring(second)
    await primary.rotate()
    kms.advance(ON_DEMAND_MS + 1)
    expect(await primary.metadata()).toMatchObject({ KeyState: 'Enabled', CurrentKeyMaterialId: secondId })
    expect(await replica.metadata()).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: secondId })
    await replica.bring(first)
    expect((await replica.metadata())?.KeyState).toBe('Enabled')
  })

  it('deleted in the replica during the rotation is current all the same, and missing there', async () => {
    const { primary, replica, second, secondId } = await staged()
    await replica.bring(second)
    await primary.rotate()
    await replica.remove(secondId)
    kms.advance(ON_DEMAND_MS + 1)
    expect((await primary.metadata())?.KeyState).toBe('Enabled')
    expect(await replica.metadata()).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: secondId })
    expect((await replica.history())?.[1]).toMatchObject({
      ImportState: 'PENDING_IMPORT',
      KeyMaterialState: 'CURRENT',
      RotationDate: expect.any(Date),
    })
    const blob = await primary.encrypt()
    expect(await refusal(replica.decrypt(blob))).toEqual(pendingImport(replica.Arn))
    await replica.bring(second)
    expect((await replica.decrypt(blob)).KeyMaterialId).toBe(secondId)
  })

  it('comes back by its bytes where several are missing', async () => {
    const { primary, replica, first, second, firstId } = await staged()
    await replica.bring(second)
    await primary.rotate()
    kms.advance(ON_DEMAND_MS + 1)
    await replica.remove()
    await replica.remove(firstId)
    await replica.bring(second)
    expect((await replica.metadata())?.KeyState).toBe('PendingImport')
    await replica.bring(first)
    expect((await replica.metadata())?.KeyState).toBe('Enabled')
  })

  it('is missing in a replica that is made while it is pending', async () => {
    const { KeyId, primary, secondId } = await staged()
    const late = keyIn('ap-southeast-2', KeyId)
    await kms.root.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'ap-southeast-2' }))
    kms.advance(CREATING_MS + 1)
    expect(await late.history()).toMatchObject([
      { ImportState: 'PENDING_IMPORT', KeyMaterialState: 'CURRENT' },
      { KeyMaterialId: secondId, ImportState: 'PENDING_IMPORT', KeyMaterialState: AWAITS },
    ])
    expect((await primary.history())?.[1]).toMatchObject({ KeyMaterialState: AWAITS })
  })
})
