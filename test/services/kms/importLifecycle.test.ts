import { describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { ON_DEMAND_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { importsFor, material } from './importing.ts'
import { DAY, answer, kmsForTests, refusal, refused } from './support.ts'

const kms = kmsForTests()
const { parametersFor, importInto, createExternal, imported, metadata, history, inSeconds } = importsFor(kms)

const pendingImport = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending import.`)
const pendingDeletion = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending deletion.`)
const wrongOrigin = (arn: string, origin: string) =>
  refused('UnsupportedOperationException', `${arn} origin is ${origin} which is not valid for this operation.`)
const unexpected = (id: string | undefined) =>
  refused(
    'IncorrectKeyMaterialException',
    `Imported key material does not have the expected identifier (${String(id)}).`,
  )
const validation = (text: string) => refused('ValidationException', text)

const encrypt = (KeyId: string) => kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }))
const decrypt = (CiphertextBlob: Uint8Array | undefined) => kms.root.send(new DecryptCommand({ CiphertextBlob }))
const remove = (KeyId: string, KeyMaterialId?: string) =>
  kms.root.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId }))
const status = (KeyId: string) => answer(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))
const rotate = (KeyId: string) => kms.root.send(new RotateKeyOnDemandCommand({ KeyId }))
const rotated = async (KeyId: string) => {
  await rotate(KeyId)
  kms.advance(ON_DEMAND_MS + 1)
}
/** Everything the emulator keeps, secrets too. */
const everything = () => JSON.stringify(kms.running.emulator.store.export({ secrets: true }))

describe('importing again', () => {
  it('takes only the bytes that the key knows', async () => {
    const { KeyId, KeyMaterialId, bytes } = await imported()
    expect(await refusal(importInto(KeyId, material()))).toEqual(unexpected(KeyMaterialId))
    expect(await refusal(importInto(KeyId, bytes, { KeyMaterialId: 'cd'.repeat(32) }))).toEqual(
      unexpected('cd'.repeat(32)),
    )
    await importInto(KeyId, bytes, { KeyMaterialId, ImportType: 'EXISTING_KEY_MATERIAL' })
    await remove(KeyId)
    expect(await refusal(importInto(KeyId, material()))).toEqual(unexpected(KeyMaterialId))
  })

  it('finds nothing to bring back in a key that never had material', async () => {
    const { KeyId } = await createExternal()
    expect(await refusal(importInto(KeyId, material(), { ImportType: 'EXISTING_KEY_MATERIAL' }))).toMatchObject({
      code: 'IncorrectKeyMaterialException',
    })
  })

  it('changes the expiry, and keeps a description that is not given again', async () => {
    const { KeyId, bytes } = await imported(material(), { KeyMaterialDescription: 'first' })
    const ValidTo = inSeconds(3600)
    await importInto(KeyId, bytes, { ValidTo: new Date(ValidTo.getTime() + 956) })
    expect(await metadata(KeyId)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo })
    expect(await history(KeyId)).toMatchObject([{ ValidTo, KeyMaterialDescription: 'first' }])
    await importInto(KeyId, bytes, { KeyMaterialDescription: 'second' })
    expect(await history(KeyId)).toMatchObject([{ KeyMaterialDescription: 'second' }])
    expect(await metadata(KeyId)).not.toHaveProperty('ValidTo')
    kms.advance(3_601_000)
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
  })

  it('enables a disabled key', async () => {
    const { KeyId, bytes } = await imported()
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    await importInto(KeyId, bytes)
    expect(await metadata(KeyId)).toMatchObject({ KeyState: 'Enabled', Enabled: true })
  })

  it('is refused while the key is pending deletion', async () => {
    const { KeyId, Arn, bytes } = await imported()
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await refusal(importInto(KeyId, bytes))).toEqual(pendingDeletion(Arn))
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    expect((await metadata(KeyId))?.KeyState).toBe('Disabled')
  })
})

describe('DeleteImportedKeyMaterial', () => {
  it('takes the bytes out of the state, and the key waits for them', async () => {
    const { KeyId, Arn, KeyMaterialId, bytes } = await imported()
    const { CiphertextBlob } = await encrypt(KeyId)
    expect(everything()).toContain(bytes.toString('base64'))
    for (let i = 0; i < 2; i++) expect(await answer(remove(KeyId))).toEqual({ KeyId: Arn, KeyMaterialId })
    expect(everything()).not.toContain(bytes.toString('base64'))

    const waiting = await metadata(KeyId)
    expect(waiting).toMatchObject({ KeyState: 'PendingImport', Enabled: false, CurrentKeyMaterialId: KeyMaterialId })
    for (const member of ['ExpirationModel', 'ValidTo']) expect(waiting).not.toHaveProperty(member)
    expect(await history(KeyId)).toEqual([
      { KeyId: Arn, KeyMaterialId, ImportState: 'PENDING_IMPORT', KeyMaterialState: 'CURRENT' },
    ])
    expect(await refusal(encrypt(KeyId))).toEqual(pendingImport(Arn))
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(pendingImport(Arn))

    expect((await importInto(KeyId, bytes)).KeyMaterialId).toBe(KeyMaterialId)
    expect(Buffer.from((await decrypt(CiphertextBlob)).Plaintext ?? []).toString()).toBe('secret')
  })

  it('works in any state, and cancelling a deletion does not bring material back', async () => {
    const { KeyId, KeyMaterialId, bytes } = await imported()
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    await remove(KeyId)
    expect((await metadata(KeyId))?.KeyState).toBe('PendingDeletion')
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
    expect((await importInto(KeyId, bytes)).KeyMaterialId).toBe(KeyMaterialId)
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')

    await kms.root.send(new DisableKeyCommand({ KeyId }))
    await remove(KeyId)
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
  })
})

describe('expiry', () => {
  it('happens when the clock gets there; the same bytes open old ciphertexts again', async () => {
    const bytes = material()
    const ValidTo = inSeconds(600)
    const { KeyId, Arn, KeyMaterialId } = await imported(bytes, { ValidTo })
    expect(await metadata(KeyId)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo })
    const { CiphertextBlob } = await encrypt(KeyId)
    kms.advance(590_000)
    await decrypt(CiphertextBlob)
    kms.advance(11_000)

    const waiting = await metadata(KeyId)
    expect(waiting).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: KeyMaterialId })
    for (const member of ['ExpirationModel', 'ValidTo']) expect(waiting).not.toHaveProperty(member)
    expect(everything()).not.toContain(bytes.toString('base64'))
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(pendingImport(Arn))
    expect(await history(KeyId)).toEqual([
      {
        KeyId: Arn,
        KeyMaterialId,
        ImportState: 'IMPORTED',
        KeyMaterialState: 'CURRENT',
        ExpirationModel: 'KEY_MATERIAL_EXPIRES',
        ValidTo,
      },
    ])
    await importInto(KeyId, bytes, { ValidTo: inSeconds(600) })
    expect(Buffer.from((await decrypt(CiphertextBlob)).Plaintext ?? []).toString()).toBe('secret')
    kms.advance(601_000)
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
  })

  it('leaves disabled keys waiting, and those pending deletion as they are', async () => {
    const off = await imported(material(), { ValidTo: inSeconds(600) })
    const going = await imported(material(), { ValidTo: inSeconds(600) })
    await kms.root.send(new DisableKeyCommand({ KeyId: off.KeyId }))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: going.KeyId }))
    expect(await metadata(going.KeyId)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES' })
    kms.advance(601_000)
    expect((await metadata(off.KeyId))?.KeyState).toBe('PendingImport')
    expect((await metadata(going.KeyId))?.KeyState).toBe('PendingDeletion')
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId: going.KeyId }))
    expect((await metadata(going.KeyId))?.KeyState).toBe('PendingImport')
  })

  it('is taken up again after a restart', async () => {
    const { KeyId } = await imported(material(), { ValidTo: inSeconds(600) })
    kms.running.emulator.clock.stop()
    kms.running.emulator.rearm()
    kms.advance(601_000)
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
  })
})

describe('new material', () => {
  const NEW = { ImportType: 'NEW_KEY_MATERIAL' } as const

  it('waits for a rotation, and becomes current by it', async () => {
    const { KeyId, Arn, KeyMaterialId: first } = await imported()
    const { CiphertextBlob } = await encrypt(KeyId)
    expect(await refusal(rotate(KeyId))).toEqual(
      refused('KMSInvalidStateException', `No available key material pending rotation for the key: ${Arn}.`),
    )
    const { KeyMaterialId: second } = await importInto(KeyId, material(), { ...NEW, KeyMaterialDescription: 'b' })
    expect((await metadata(KeyId))?.CurrentKeyMaterialId).toBe(first)
    const model = { ImportState: 'IMPORTED', ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
    expect(await history(KeyId)).toEqual([
      { KeyId: Arn, KeyMaterialId: first, KeyMaterialState: 'CURRENT', ...model },
      {
        KeyId: Arn,
        KeyMaterialId: second,
        KeyMaterialState: 'PENDING_ROTATION',
        KeyMaterialDescription: 'b',
        ...model,
      },
    ])
    expect((await decrypt((await encrypt(KeyId)).CiphertextBlob)).KeyMaterialId).toBe(first)

    expect(await answer(rotate(KeyId))).toEqual({ KeyId: Arn })
    const during = await status(KeyId)
    expect(during).toEqual({ KeyRotationEnabled: false, KeyId: Arn, OnDemandRotationStartDate: expect.any(Date) })
    await rotate(KeyId)
    kms.advance(ON_DEMAND_MS + 1)
    expect(await status(KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: Arn })
    expect(await metadata(KeyId)).toMatchObject({ KeyState: 'Enabled', CurrentKeyMaterialId: second })
    expect(await history(KeyId)).toMatchObject([
      { KeyMaterialId: first, KeyMaterialState: 'NON_CURRENT' },
      { KeyMaterialId: second, KeyMaterialState: 'CURRENT', RotationType: 'ON_DEMAND', RotationDate: expect.any(Date) },
    ])
    expect((await kms.root.send(new ListKeyRotationsCommand({ KeyId }))).Rotations).toMatchObject([
      { KeyMaterialId: second, RotationType: 'ON_DEMAND' },
    ])
    expect((await decrypt(CiphertextBlob)).KeyMaterialId).toBe(first)
    expect((await decrypt((await encrypt(KeyId)).CiphertextBlob)).KeyMaterialId).toBe(second)
  })

  it('must be new, alone, and without an expected id', async () => {
    const { KeyId, Arn, KeyMaterialId: first, bytes } = await imported()
    const known = (id: string | undefined) =>
      refused(
        'IncorrectKeyMaterialException',
        `Key material (id: ${String(id)}) being imported as NEW_KEY_MATERIAL is already associated with KMS key ${Arn}.`,
      )
    expect(await refusal(importInto(KeyId, bytes, NEW))).toEqual(known(first))
    expect(await refusal(importInto(KeyId, material(), { ...NEW, KeyMaterialId: first }))).toEqual(
      validation('Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.'),
    )
    const next = material()
    const { KeyMaterialId: second } = await importInto(KeyId, next, NEW)
    expect(await refusal(importInto(KeyId, next, NEW))).toEqual(known(second))
    const third = material()
    const refusedThird = await refusal(importInto(KeyId, third, NEW))
    await remove(KeyId, second)
    const { KeyMaterialId: thirdId } = await importInto(KeyId, third, NEW)
    expect(refusedThird).toEqual(
      refused(
        'KMSInvalidStateException',
        `New key material (id: ${String(thirdId)}) cannot be imported into KMS key ${Arn}, because another key material (id: ${String(second)}) is pending rotation.`,
      ),
    )
  })

  it('is forgotten with its description when it is deleted before it was used', async () => {
    const { KeyId, KeyMaterialId: first } = await imported()
    const bytes = material()
    const { KeyMaterialId: second } = await importInto(KeyId, bytes, { ...NEW, KeyMaterialDescription: 'gone' })
    expect((await remove(KeyId, second)).KeyMaterialId).toBe(second)
    expect(await history(KeyId)).toMatchObject([{ KeyMaterialId: first, KeyMaterialState: 'CURRENT' }])
    expect(everything()).not.toContain(String(second))
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
    expect((await importInto(KeyId, bytes, NEW)).KeyMaterialId).toBe(second)
    expect((await history(KeyId))[1]).not.toHaveProperty('KeyMaterialDescription')
  })

  it('may expire unused: the key goes on until it is rotated in, and comes back with the bytes', async () => {
    const { KeyId, Arn } = await imported()
    const { CiphertextBlob } = await encrypt(KeyId)
    const bytes = material()
    const { KeyMaterialId: second } = await importInto(KeyId, bytes, { ...NEW, ValidTo: inSeconds(60) })
    kms.advance(61_000)
    expect((await history(KeyId))[1]).toMatchObject({ ImportState: 'IMPORTED', KeyMaterialState: 'PENDING_ROTATION' })
    expect(everything()).not.toContain(bytes.toString('base64'))
    await encrypt(KeyId)
    expect(await refusal(importInto(KeyId, bytes, NEW))).toMatchObject({ code: 'IncorrectKeyMaterialException' })

    await rotated(KeyId)
    expect(await metadata(KeyId)).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: second })
    expect((await history(KeyId))[1]).toMatchObject({ KeyMaterialState: 'CURRENT', RotationType: 'ON_DEMAND' })
    expect(await refusal(encrypt(KeyId))).toEqual(pendingImport(Arn))
    expect(await refusal(decrypt(CiphertextBlob))).toEqual(pendingImport(Arn))
    await importInto(KeyId, bytes)
    await encrypt(KeyId)
    await decrypt(CiphertextBlob)
  })

  it('may be imported again while it waits', async () => {
    const { KeyId } = await imported()
    const bytes = material()
    await importInto(KeyId, bytes, { ...NEW, ValidTo: inSeconds(60) })
    kms.advance(61_000)
    await importInto(KeyId, bytes)
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    await importInto(KeyId, bytes)
    expect((await metadata(KeyId))?.KeyState).toBe('Disabled')
    await kms.root.send(new EnableKeyCommand({ KeyId }))
    await rotated(KeyId)
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
  })

  it('deleted during its rotation ends it without one', async () => {
    const { KeyId, Arn, KeyMaterialId: first } = await imported()
    const { KeyMaterialId: second } = await importInto(KeyId, material(), NEW)
    await rotate(KeyId)
    const before = await status(KeyId)
    await remove(KeyId, second)
    expect(await status(KeyId)).toEqual(before)
    kms.advance(ON_DEMAND_MS + 1)
    expect(await status(KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: Arn })
    expect(await history(KeyId)).toMatchObject([{ KeyMaterialId: first, KeyMaterialState: 'CURRENT' }])
  })

  it('may be replaced during its rotation', async () => {
    const { KeyId } = await imported()
    const { KeyMaterialId: second } = await importInto(KeyId, material(), NEW)
    await rotate(KeyId)
    await remove(KeyId, second)
    const { KeyMaterialId: third } = await importInto(KeyId, material(), NEW)
    kms.advance(ON_DEMAND_MS + 1)
    expect((await metadata(KeyId))?.CurrentKeyMaterialId).toBe(third)
    expect(await history(KeyId)).toHaveLength(2)
  })

  it('rotates in though the key is disabled or scheduled for deletion meanwhile', async () => {
    const off = await imported()
    const going = await imported()
    for (const { KeyId } of [off, going]) {
      await importInto(KeyId, material(), NEW)
      await rotate(KeyId)
    }
    await kms.root.send(new DisableKeyCommand({ KeyId: off.KeyId }))
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: going.KeyId }))
    kms.advance(ON_DEMAND_MS + 1)
    expect((await metadata(off.KeyId))?.KeyState).toBe('Disabled')
    expect((await metadata(going.KeyId))?.KeyState).toBe('PendingDeletion')
    for (const { KeyId } of [off, going]) {
      expect((await history(KeyId))[1]).toMatchObject({ KeyMaterialState: 'CURRENT' })
    }
  })
})

describe('a key with several materials', () => {
  async function twice() {
    const first = material()
    const second = material()
    const { KeyId, Arn, KeyMaterialId: firstId } = await imported(first)
    const { CiphertextBlob: old } = await encrypt(KeyId)
    const options = { ImportType: 'NEW_KEY_MATERIAL', KeyMaterialDescription: 'later' } as const
    const { KeyMaterialId: secondId } = await importInto(KeyId, second, options)
    await rotated(KeyId)
    return { KeyId, Arn, first, second, firstId, secondId, old }
  }

  it('needs them all: without an old one even new ciphertexts are refused', async () => {
    const { KeyId, Arn, first, firstId, secondId, old } = await twice()
    const { CiphertextBlob: recent } = await encrypt(KeyId)
    expect((await remove(KeyId, firstId)).KeyMaterialId).toBe(firstId)
    const waiting = await metadata(KeyId)
    expect(waiting).toMatchObject({ KeyState: 'PendingImport', Enabled: false, CurrentKeyMaterialId: secondId })
    expect(waiting).not.toHaveProperty('ExpirationModel')
    const entries = await history(KeyId)
    expect(entries[0]).toEqual({
      KeyId: Arn,
      KeyMaterialId: firstId,
      ImportState: 'PENDING_IMPORT',
      KeyMaterialState: 'NON_CURRENT',
    })
    expect(entries[1]).toMatchObject({ ImportState: 'IMPORTED', KeyMaterialState: 'CURRENT' })
    for (const call of [encrypt(KeyId), decrypt(old), decrypt(recent)]) {
      expect(await refusal(call)).toEqual(pendingImport(Arn))
    }
    await importInto(KeyId, first)
    await decrypt(old)
    await decrypt(recent)
  })

  it('takes back the missing ones in any order, and works when the last is there', async () => {
    const { KeyId, first, second, firstId, secondId, old } = await twice()
    await remove(KeyId)
    await remove(KeyId, firstId)
    await importInto(KeyId, second, { KeyMaterialId: secondId })
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
    await importInto(KeyId, first)
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
    expect((await history(KeyId))[1]).toMatchObject({ KeyMaterialDescription: 'later' })
    await decrypt(old)
  })

  it('shows the earliest date, and loses each material on its own', async () => {
    const { KeyId, first, second } = await twice()
    const early = inSeconds(600)
    await importInto(KeyId, first, { ValidTo: early })
    await importInto(KeyId, second, { ValidTo: inSeconds(1200) })
    expect(await metadata(KeyId)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: early })
    kms.advance(601_000)
    expect(everything()).not.toContain(first.toString('base64'))
    expect(everything()).toContain(second.toString('base64'))
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
    kms.advance(600_000)
    expect(everything()).not.toContain(second.toString('base64'))
  })
})

describe('automatic rotation', () => {
  it('is not for imported material, before and after it is there', async () => {
    const { KeyId, Arn } = await createExternal()
    const refuses = async () => {
      for (const call of [
        kms.root.send(new EnableKeyRotationCommand({ KeyId })),
        kms.root.send(new DisableKeyRotationCommand({ KeyId })),
      ]) {
        expect(await refusal(call)).toEqual(wrongOrigin(Arn, 'EXTERNAL'))
      }
      expect(await status(KeyId)).toEqual({ KeyRotationEnabled: false, KeyId: Arn })
    }
    await refuses()
    await importInto(KeyId, material())
    await refuses()
  })
})

describe('deletion of the key', () => {
  it('takes material, wrapping keys and what was known of missing material along', async () => {
    const { KeyId, KeyMaterialId, bytes } = await imported()
    const { KeyMaterialId: second } = await importInto(KeyId, material(), { ImportType: 'NEW_KEY_MATERIAL' })
    await remove(KeyId, KeyMaterialId)
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advance(7 * DAY + 1000)
    const stored = everything()
    for (const trace of [KeyId, KeyMaterialId, String(second), bytes.toString('base64')]) {
      expect(stored).not.toContain(trace)
    }
  })

  it('leaves nothing behind when it comes before the parameters expire', async () => {
    const { KeyId } = await createExternal()
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    await kms.root.send(new CancelKeyDeletionCommand({ KeyId }))
    kms.advance(6 * DAY)
    await parametersFor(KeyId)
    const { emulator } = kms.running
    expect(everything()).toContain(`"keyId":"${KeyId}"`)
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advance(7 * DAY + 1000)
    expect(everything()).not.toContain(KeyId)
    expect(JSON.stringify(emulator.store.export({ secrets: false }))).not.toContain('privateKey')
  })
})
