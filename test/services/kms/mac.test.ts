import { createHmac } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  ScheduleKeyDeletionCommand,
  VerifyMacCommand,
  type GenerateMacCommandInput,
  type KeySpec,
  type MacAlgorithmSpec,
} from '@aws-sdk/client-kms'
import { DRY, allow, allowIf, answer, bufferOf, invalid, kmsForTests, notAllowed, refusal, refused } from './support.ts'
import type { Key } from './support.ts'

const kms = kmsForTests()
const MESSAGE = Buffer.from('to be authenticated')
const BAD_MAC = refused('KMSInvalidMacException', '')
const make = (KeySpec: KeySpec = 'HMAC_224') => kms.createKey({ KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })

let key: Key
beforeAll(async () => {
  key = await make()
})
const generate = (input: Partial<GenerateMacCommandInput> = {}) =>
  kms.root.send(new GenerateMacCommand({ KeyId: key.KeyId, Message: MESSAGE, MacAlgorithm: 'HMAC_SHA_224', ...input }))
const verify = (Mac: Uint8Array | undefined, input: Partial<GenerateMacCommandInput> = {}) =>
  kms.root.send(
    new VerifyMacCommand({ KeyId: key.KeyId, Message: MESSAGE, MacAlgorithm: 'HMAC_SHA_224', Mac, ...input }),
  )

describe('GenerateMac', () => {
  it.each<[KeySpec, MacAlgorithmSpec, string, number]>([
    ['HMAC_224', 'HMAC_SHA_224', 'sha224', 28],
    ['HMAC_256', 'HMAC_SHA_256', 'sha256', 32],
    ['HMAC_384', 'HMAC_SHA_384', 'sha384', 48],
    ['HMAC_512', 'HMAC_SHA_512', 'sha512', 64],
  ])('of %s is HMAC under the material of the key', async (spec, MacAlgorithm, hash, length) => {
    const { KeyId, Arn } = await make(spec)
    const made = await answer(generate({ KeyId, MacAlgorithm }))
    expect(made).toEqual({ Mac: expect.any(Uint8Array), MacAlgorithm, KeyId: Arn })
    const materials = kms.running.emulator.store.export({ secrets: true }).collections['kms.material']?.['']
    const material = Object.values(materials ?? {}).find((it) => (it as { keyId: string }).keyId === KeyId)
    const bytes = Buffer.from((material as { bytes: string }).bytes, 'base64')
    expect(bytes).toHaveLength(length)
    expect(bufferOf(made.Mac)).toEqual(createHmac(hash, bytes).update(MESSAGE).digest())
    // The same again, since it is deterministic.
    expect(bufferOf((await generate({ KeyId, MacAlgorithm })).Mac)).toEqual(bufferOf(made.Mac))
    await verify(made.Mac, { KeyId, MacAlgorithm })
  })

  it('takes as much as 4096 bytes', async () => {
    const Message = Buffer.alloc(4096, 1)
    await verify((await generate({ Message })).Mac, { Message })
    expect(await refusal(generate({ Message: Buffer.alloc(4097) }))).toEqual(
      invalid("Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096"),
    )
    expect(await refusal(generate({ Message: Buffer.of() }))).toEqual(
      invalid("Value at 'message' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    )
  })
})

describe('VerifyMac', () => {
  it('answers true', async () => {
    const { Mac } = await generate()
    expect(await answer(verify(Mac))).toEqual({ KeyId: key.Arn, MacValid: true, MacAlgorithm: 'HMAC_SHA_224' })
  })

  it('refuses all else, in a dry run too', async () => {
    const mac = bufferOf((await generate()).Mac)
    const other = await make()
    for (const DryRun of [false, true]) {
      for (const call of [
        verify(mac.subarray(1), { DryRun }),
        verify(Buffer.of(1), { DryRun }),
        verify(Buffer.concat([mac, Buffer.of(0)]), { DryRun }),
        verify(mac, { DryRun, Message: Buffer.from('another') }),
        verify(mac, { DryRun, KeyId: other.KeyId }),
      ]) {
        expect(await refusal(call)).toEqual(BAD_MAC)
      }
    }
  })
})

describe('GenerateMac and VerifyMac', () => {
  it('dry runs end where they would succeed', async () => {
    expect(await refusal(generate({ DryRun: true }))).toEqual(DRY)
    expect(await refusal(verify((await generate()).Mac, { DryRun: true }))).toEqual(DRY)
  })

  it('refuse algorithms of other keys, and what is no algorithm', async () => {
    const incompatible = refused(
      'InvalidKeyUsageException',
      'Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_224.',
    )
    expect(await refusal(generate({ MacAlgorithm: 'HMAC_SHA_512' }))).toEqual(incompatible)
    expect(await refusal(verify(Buffer.of(1), { MacAlgorithm: 'HMAC_SHA_512' }))).toEqual(incompatible)
    expect(await refusal(generate({ MacAlgorithm: 'HMAC_MD5' as never }))).toEqual(
      invalid(
        "Value 'HMAC_MD5' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]",
      ),
    )
  })

  it('refuse other keys, as other operations refuse theirs', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const says = (arn: string, usage: string, operation: string) =>
      refused('InvalidKeyUsageException', `${arn} key usage is ${usage} which is not valid for ${operation}.`)
    expect(await refusal(generate({ KeyId }))).toEqual(says(Arn, 'ENCRYPT_DECRYPT', 'GenerateMac'))
    expect(await refusal(verify(Buffer.of(1), { KeyId }))).toEqual(says(Arn, 'ENCRYPT_DECRYPT', 'VerifyMac'))
    const encrypt = kms.root.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: MESSAGE }))
    expect(await refusal(encrypt)).toEqual(says(key.Arn, 'GENERATE_VERIFY_MAC', 'Encrypt'))
  })

  it('look at the state before the algorithm', async () => {
    const { KeyId, Arn } = await make()
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    expect(await refusal(generate({ KeyId, MacAlgorithm: 'HMAC_SHA_512' }))).toEqual(
      refused('DisabledException', `${Arn} is disabled.`),
    )
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await refusal(verify(Buffer.of(1), { KeyId, MacAlgorithm: 'HMAC_SHA_512' }))).toEqual(
      refused('KMSInvalidStateException', `${Arn} is pending deletion.`),
    )
  })

  it('are two permissions, which a grant can give', async () => {
    const { KeyId, Arn } = await make()
    const role = await kms.role('mac-grantee')
    const { kms: grantee, arn } = await kms.session(role)
    const input = { KeyId, Message: MESSAGE, MacAlgorithm: 'HMAC_SHA_224' } as const
    await kms.root.send(new CreateGrantCommand({ KeyId, GranteePrincipal: role, Operations: ['GenerateMac'] }))
    const { Mac } = await grantee.send(new GenerateMacCommand(input))
    const check = () => grantee.send(new VerifyMacCommand({ ...input, Mac }))
    expect(await refusal(check())).toEqual(notAllowed(arn, 'kms:VerifyMac', Arn))
    await kms.root.send(new CreateGrantCommand({ KeyId, GranteePrincipal: role, Operations: ['VerifyMac'] }))
    expect((await check()).MacValid).toBe(true)
  })

  it('depend on the algorithm', async () => {
    const strong = await make('HMAC_512')
    const user = await kms.user('mac-512', allowIf('kms:GenerateMac', { 'kms:MacAlgorithm': 'HMAC_SHA_512' }))
    await user.kms.send(new GenerateMacCommand({ KeyId: strong.KeyId, Message: MESSAGE, MacAlgorithm: 'HMAC_SHA_512' }))
    const weak = new GenerateMacCommand({ KeyId: key.KeyId, Message: MESSAGE, MacAlgorithm: 'HMAC_SHA_224' })
    expect(await refusal(user.kms.send(weak))).toEqual(notAllowed(user.arn, 'kms:GenerateMac', key.Arn))
    const other = await kms.user('mac-other', allow('kms:VerifyMac'))
    expect(await refusal(other.kms.send(weak))).toEqual(notAllowed(other.arn, 'kms:GenerateMac', key.Arn))
  })
})
