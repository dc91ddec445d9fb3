import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  RetireGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
  type KeySpec,
  type KeyUsageType,
} from '@aws-sdk/client-kms'
import { ON_DEMAND_MS } from '../../../emulator/services/kms/keys/timers.ts'
import { ACCOUNT, startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { material, wrap } from './importing.ts'
import { DAY, refusal } from './support.ts'

let dataDir: string
let running: TestEmulator | undefined
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'twokey-kms-'))
})
afterEach(async () => {
  await running?.stop()
  await rm(dataDir, { recursive: true, force: true })
})
async function restart(): Promise<KMSClient> {
  await running?.stop()
  running = await startEmulator({ dataDir })
  return running.client(KMSClient)
}
const advance = (milliseconds: number) => {
  running?.emulator.clock.setOffset(running.emulator.clock.offset + milliseconds)
}

describe('after a restart', () => {
  it('old ciphertexts open, grant tokens hold, rotations go on', async () => {
    let client = await restart()
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('kept') }))
    const { GrantToken } = await client.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Decrypt'] }),
    )
    await client.send(new RotateKeyOnDemandCommand({ KeyId }))

    client = await restart()
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, GrantTokens: [GrantToken ?? ''] }))
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('kept')
    await client.send(new RetireGrantCommand({ GrantToken }))
    advance(ON_DEMAND_MS)
    advance(-ON_DEMAND_MS)
    const after = await client.send(new GetKeyRotationStatusCommand({ KeyId }))
    expect(after.OnDemandRotationStartDate).toBeUndefined()
    const now = await client.send(new DescribeKeyCommand({ KeyId }))
    expect(now.KeyMetadata?.CurrentKeyMaterialId).not.toBe(KeyMetadata?.CurrentKeyMaterialId)
  })

  it('key pairs and HMAC keys are what they were', async () => {
    let client = await restart()
    const make = async (KeySpec: KeySpec, KeyUsage: KeyUsageType) =>
      (await client.send(new CreateKeyCommand({ KeySpec, KeyUsage }))).KeyMetadata?.KeyId
    const Message = Buffer.from('kept')
    const signed = {
      KeyId: await make('ML_DSA_44', 'SIGN_VERIFY'),
      Message,
      SigningAlgorithm: 'ML_DSA_SHAKE_256',
    } as const
    const maced = {
      KeyId: await make('HMAC_256', 'GENERATE_VERIFY_MAC'),
      Message,
      MacAlgorithm: 'HMAC_SHA_256',
    } as const
    const { Signature } = await client.send(new SignCommand(signed))
    const { Mac } = await client.send(new GenerateMacCommand(maced))
    client = await restart()
    expect((await client.send(new VerifyCommand({ ...signed, Signature }))).SignatureValid).toBe(true)
    expect((await client.send(new VerifyMacCommand({ ...maced, Mac }))).MacValid).toBe(true)
  })

  it('import tokens are good for the rest of their day, and imported material expires', async () => {
    let client = await restart()
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
    const KeyId = KeyMetadata?.KeyId
    const { ImportToken, PublicKey } = await client.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      }),
    )
    client = await restart()
    const parameters = { publicKey: Buffer.from(PublicKey ?? []), algorithm: 'RSAES_OAEP_SHA_256' } as const
    const EncryptedKeyMaterial = wrap(parameters, material())
    const bring = (ValidTo: Date) =>
      client.send(new ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ValidTo }))
    await bring(new Date(Date.now() + 3_600_000))

    client = await restart()
    advance(3_601_000)
    expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe('PendingImport')
    advance(DAY)
    expect(await refusal(bring(new Date(Date.now() + 2 * DAY)))).toMatchObject({ code: 'ExpiredImportTokenException' })
  })

  it('a deletion is on the clock again', async () => {
    let client = await restart()
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    client = await restart()
    expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe('PendingDeletion')
    advance(7 * DAY + 1000)
    advance(-7 * DAY - 1000)
    expect(await refusal(client.send(new DescribeKeyCommand({ KeyId })))).toMatchObject({ code: 'NotFoundException' })
  })
})

describe('where denials are not enforced', () => {
  it('calls go through, and keys that are not there still are not', async () => {
    running = await startEmulator({ enforcement: 'soft' })
    const client = running.client(KMSClient)
    const KeyId = 'arn:aws:kms:us-east-1:222222222222:key/12345678-1234-4234-8234-123456789012'
    const answer = await refusal(client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))
    expect(answer).toEqual({ code: 'NotFoundException', status: 400, message: `Key '${KeyId}' does not exist` })
  })
})

describe('a state without its secrets', () => {
  it('says so where a key is used, and makes new ones', async () => {
    const client = await restart()
    const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const
    const plain = (await client.send(new CreateKeyCommand({}))).KeyMetadata
    const pair = (await client.send(new CreateKeyCommand(signing))).KeyMetadata
    const Plaintext = Buffer.from('x')
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: plain?.KeyId, Plaintext }))
    running?.emulator.restore(running.emulator.store.export({ secrets: false }))

    const gone = (arn = '') => ({
      code: 'KeyUnavailableException',
      status: 500,
      message: `The material of ${arn} is not in this state, which was exported without --secrets.`,
    })
    expect(await refusal(client.send(new EncryptCommand({ KeyId: plain?.KeyId, Plaintext })))).toEqual(gone(plain?.Arn))
    expect(await refusal(client.send(new GetPublicKeyCommand({ KeyId: pair?.KeyId })))).toEqual(gone(pair?.Arn))
    expect((await refusal(client.send(new DecryptCommand({ CiphertextBlob })))).status).toBe(400)
    const fresh = (await client.send(new CreateKeyCommand({}))).KeyMetadata
    expect((await client.send(new EncryptCommand({ KeyId: fresh?.KeyId, Plaintext }))).KeyId).toBe(fresh?.Arn)
    // One line each, and no stack.
    expect(running?.lines.filter((line) => line.includes('    at '))).toEqual([])
  })
})
