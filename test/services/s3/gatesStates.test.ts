import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DeleteImportedKeyMaterialCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { material, wrap } from '../kms/importing.ts'
import { CORE_OPERATIONS } from './gates/operations.ts'
import { ACCOUNT, Bucket, GatesWorld, isKeyCheck, rootOf } from './gates/world.ts'

const DAY = 86_400_000
let world: GatesWorld
const materials = new Map<string, Buffer>()
beforeAll(async () => {
  world = await GatesWorld.start()
  world.key = await externalKey()
  world.sourceKey = await externalKey()
})
afterAll(() => world.stop())

/** A key whose material can be taken away and given back. */
async function externalKey(): Promise<string> {
  const { KeyMetadata } = await world.kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
  const KeyId = KeyMetadata?.Arn ?? ''
  materials.set(KeyId, material())
  await importInto(KeyId)
  return KeyId
}

async function importInto(KeyId: string, ValidTo?: Date): Promise<void> {
  const algorithm = 'RSAES_OAEP_SHA_256'
  const { PublicKey, ImportToken } = await world.kms.send(
    new GetParametersForImportCommand({ KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec: 'RSA_2048' }),
  )
  const publicKey = Buffer.from(PublicKey ?? [])
  const EncryptedKeyMaterial = wrap({ publicKey, algorithm }, materials.get(KeyId) ?? Buffer.alloc(0))
  const expiry = ValidTo ? { ValidTo } : { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' as const }
  await world.kms.send(new ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ...expiry }))
}

function advance(milliseconds: number): void {
  const { clock } = world.emulator
  clock.setOffset(clock.offset + milliseconds)
}

interface State {
  readonly name: string
  readonly code: string
  readonly says: string
  enter(KeyId: string): Promise<unknown>
  leave(KeyId: string): Promise<unknown>
}

const STATES: readonly State[] = [
  {
    name: 'disabled',
    code: 'KMS.DisabledException',
    says: 'is disabled.',
    enter: (KeyId) => world.kms.send(new DisableKeyCommand({ KeyId })),
    leave: (KeyId) => world.kms.send(new EnableKeyCommand({ KeyId })),
  },
  {
    name: 'to be deleted',
    code: 'KMS.KMSInvalidStateException',
    says: 'is pending deletion.',
    enter: (KeyId) => world.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
    async leave(KeyId) {
      await world.kms.send(new CancelKeyDeletionCommand({ KeyId }))
      await world.kms.send(new EnableKeyCommand({ KeyId }))
    },
  },
  {
    name: 'without its imported material',
    code: 'KMS.KMSInvalidStateException',
    says: 'is pending import.',
    enter: (KeyId) => world.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId })),
    leave: (KeyId) => importInto(KeyId),
  },
]

/** Each key that an operation uses: what is about the other one comes before or after. */
const uses = CORE_OPERATIONS.flatMap((operation) => {
  const keys = operation.checks({ key: 'key', sourceKey: 'sourceKey', targetKey: '' }).filter(isKeyCheck)
  return keys.map(({ resource }) => ({ operation, name: operation.name, which: resource as 'key' | 'sourceKey' }))
})
const keyless = CORE_OPERATIONS.filter(
  ({ checks }) => !checks({ key: '', sourceKey: '', targetKey: '' }).some(isKeyCheck),
)

describe.each(STATES)('a key that is $name', (state) => {
  beforeEach(() => world.prepare())

  it.each(uses)('stops $name ($which)', async ({ operation, which }) => {
    const KeyId = world[which]
    const before = world.snapshot()
    await state.enter(KeyId)
    try {
      const { status, code, message, view } = await world.end(operation.run(world.user.s3, world))
      expect({ status, code, message }).toEqual({ status: 400, code: state.code, message: `${KeyId} ${state.says}` })
      // It is nobody's refusal: all policies allow it.
      expect(view.outcome).toBe('failed')
      const failed = view.gates.filter(({ outcome }) => outcome !== 'allowed')
      expect(failed).toMatchObject([{ gate: 'key', outcome: 'failed' }])
      expect(world.snapshot()).toEqual(before)
    } finally {
      await state.leave(KeyId)
    }
    expect((await world.end(operation.run(world.user.s3, world))).view.outcome).toBe('allowed')
  })

  it.each(keyless)('does not stop $name', async ({ run }) => {
    await state.enter(world.key)
    try {
      expect((await world.end(run(world.user.s3, world))).view.outcome).toBe('allowed')
    } finally {
      await state.leave(world.key)
    }
  })
})

describe('a key', () => {
  beforeEach(() => world.prepare())

  it('whose material expires stops reads at that moment, until it is imported again', async () => {
    await world.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: world.key }))
    await importInto(world.key, new Date(Math.floor(world.emulator.clock.now() / 1000) * 1000 + 3_600_000))
    const read = () => world.end(world.s3.send(new GetObjectCommand({ Bucket, Key: 'object' })))
    expect((await read()).status).toBe(200)
    advance(3_601_000)
    expect((await read()).view.error).toEqual({
      code: 'KMS.KMSInvalidStateException',
      message: `${world.key} is pending import.`,
    })
    await importInto(world.key)
    expect((await read()).status).toBe(200)
  })

  it.each(
    CORE_OPERATIONS.filter(
      ({ checks }) => checks({ key: '', sourceKey: '', targetKey: '' })[0]?.action === 'kms:GenerateDataKey',
    ),
  )('of another Region cannot be written under: $name', async ({ run }) => {
    const west = world.organization.test.client(KMSClient, { credentials: rootOf(ACCOUNT), region: 'us-west-2' })
    const { KeyMetadata } = await west.send(new CreateKeyCommand({}))
    const before = world.snapshot()
    const mine = world.key
    world.key = KeyMetadata?.Arn ?? ''
    const { status, code, message } = await world.end(run(world.user.s3, world))
    world.key = mine
    expect({ status, code, message }).toEqual({
      status: 400,
      code: 'KMS.NotFoundException',
      message: 'Invalid arn us-west-2',
    })
    expect(world.snapshot()).toEqual(before)
  })
})

/** The last test: there is no way back. */
describe('a key that is deleted', () => {
  beforeAll(async () => {
    await world.prepare()
    for (const KeyId of [world.key, world.sourceKey]) {
      await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    }
    advance(7 * DAY + 1000)
  })

  it.each(uses)('stops $name', async ({ operation: { checks, run } }) => {
    const before = world.snapshot()
    const { status, code, message, view } = await world.end(run(world.user.s3, world))
    const [first] = checks(world).filter(isKeyCheck)
    if (first?.action === 'kms:GenerateDataKey') {
      const says = `Key '${world.key}' does not exist`
      expect({ status, code, message }).toEqual({ status: 400, code: 'KMS.NotFoundException', message: says })
    } else {
      const says = `User: ${world.user.arn} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`
      expect({ status, code, message }).toEqual({ status: 403, code: 'AccessDenied', message: says })
      expect(view.outcome).toBe('denied')
    }
    expect(world.snapshot()).toEqual(before)
  })

  // What takes things away comes last.
  it.each([...keyless].sort((a, b) => Number(ends(a)) - Number(ends(b))))('does not stop $name', async ({ run }) => {
    expect((await world.end(run(world.user.s3, world))).view.outcome).toBe('allowed')
  })
})

function ends({ name }: { readonly name: string }): boolean {
  return name === 'DeleteObject'
}
