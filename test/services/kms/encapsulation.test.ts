import { beforeAll, describe, expect, it } from '@jest/globals'
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import {
  CreateGrantCommand,
  DecapsulateCommand,
  EncapsulateCommand,
  GetPublicKeyCommand,
  type DecapsulateCommandInput,
  type EncapsulateCommandInput,
  type KeySpec,
} from '@aws-sdk/client-kms'
import {
  DRY,
  OTHER_ACCOUNT,
  WITHHELD,
  allow,
  answer,
  bufferOf,
  denied,
  invalid,
  kmsForTests,
  notAllowed,
  refusal,
  refused,
  type Key,
} from './support.ts'

const kms = kmsForTests()
const make = (KeySpec: KeySpec) => kms.createKey({ KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' })
let key: Key
beforeAll(async () => {
  key = await make('ML_KEM_512')
})
const encapsulate = (input: Partial<EncapsulateCommandInput> = {}, client = kms.root) =>
  client.send(new EncapsulateCommand({ KeyId: key.KeyId, EncapsulationAlgorithm: 'ML_KEM', ...input }))
const decapsulate = (
  SharedSecretCiphertextBlob: Uint8Array | undefined,
  input: Partial<DecapsulateCommandInput> = {},
  client = kms.root,
) =>
  client.send(
    new DecapsulateCommand({
      KeyId: key.KeyId,
      EncapsulationAlgorithm: 'ML_KEM',
      SharedSecretCiphertextBlob,
      ...input,
    }),
  )

const SPECS = [
  ['ML_KEM_512', ml_kem512, 800, 768],
  ['ML_KEM_768', ml_kem768, 1184, 1088],
  ['ML_KEM_1024', ml_kem1024, 1568, 1568],
] as const

describe('Encapsulate and Decapsulate', () => {
  it.each(SPECS)('of %s share a secret, with others too', async (spec, kem, keyLength, length) => {
    const { KeyId, Arn } = await make(spec)
    const sent = await answer(encapsulate({ KeyId }))
    expect(sent).toEqual({
      KeyId: Arn,
      SharedSecret: expect.any(Uint8Array),
      SharedSecretCiphertextBlob: expect.any(Uint8Array),
      EncapsulationAlgorithm: 'ML_KEM',
    })
    expect(sent.SharedSecret).toHaveLength(32)
    expect(sent.SharedSecretCiphertextBlob).toHaveLength(length)
    expect(await answer(decapsulate(sent.SharedSecretCiphertextBlob, { KeyId }))).toEqual({
      KeyId: Arn,
      SharedSecret: sent.SharedSecret,
      EncapsulationAlgorithm: 'ML_KEM',
    })
    const { PublicKey } = await kms.root.send(new GetPublicKeyCommand({ KeyId }))
    const { cipherText, sharedSecret } = kem.encapsulate(bufferOf(PublicKey).subarray(-keyLength))
    expect(bufferOf((await decapsulate(cipherText, { KeyId })).SharedSecret)).toEqual(Buffer.from(sharedSecret))
  })

  it('make a fresh secret each time', async () => {
    const [one, two] = [await encapsulate(), await encapsulate()]
    expect(bufferOf(one.SharedSecret)).not.toEqual(bufferOf(two.SharedSecret))
  })

  it('answer another secret for a ciphertext that was changed, or made for another key', async () => {
    const { SharedSecret, SharedSecretCiphertextBlob } = await encapsulate()
    const changed = bufferOf(SharedSecretCiphertextBlob)
    changed.writeUInt8(changed.readUInt8(10) ^ 1, 10)
    const other = await make('ML_KEM_512')
    const wrong = [await decapsulate(changed), await decapsulate(SharedSecretCiphertextBlob, { KeyId: other.KeyId })]
    for (const answered of wrong) {
      expect(answered.SharedSecret).toHaveLength(32)
      expect(bufferOf(answered.SharedSecret)).not.toEqual(bufferOf(SharedSecret))
    }
    // The same rubbish gives the same secret.
    expect(bufferOf((await decapsulate(changed)).SharedSecret)).toEqual(bufferOf(wrong[0]?.SharedSecret))
  })

  it('refuse a ciphertext of another length, in a dry run too', async () => {
    for (const DryRun of [false, true]) {
      for (const length of [1, 767, 769, 1088]) {
        expect(await refusal(decapsulate(Buffer.alloc(length), { DryRun }))).toEqual(
          refused('InvalidCiphertextException', ''),
        )
      }
    }
  })

  it('can be tried out', async () => {
    const { SharedSecretCiphertextBlob } = await encapsulate()
    expect(await refusal(encapsulate({ DryRun: true }))).toEqual(DRY)
    expect(await refusal(decapsulate(SharedSecretCiphertextBlob, { DryRun: true }))).toEqual(DRY)
  })

  it('refuse what the model does not take, and other keys', async () => {
    expect(await refusal(encapsulate({ EncapsulationAlgorithm: 'RSA_KEM' as never }))).toEqual(
      invalid(
        "Value 'RSA_KEM' at 'encapsulationAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ML_KEM]",
      ),
    )
    expect(await refusal(decapsulate(Buffer.of()))).toEqual(
      invalid(
        "Value at 'sharedSecretCiphertextBlob' failed to satisfy constraint: Member must have length greater than or equal to 1",
      ),
    )
    const { KeyId, Arn } = await kms.createKey()
    const usage = (operation: string) =>
      refused('InvalidKeyUsageException', `${Arn} key usage is ENCRYPT_DECRYPT which is not valid for ${operation}.`)
    expect(await refusal(encapsulate({ KeyId }))).toEqual(usage('Encapsulate'))
    expect(await refusal(decapsulate(Buffer.alloc(768), { KeyId }))).toEqual(usage('Decapsulate'))
  })

  it('are two permissions, which a grant can give', async () => {
    const sender = await kms.user('sender', allow('kms:Encapsulate'))
    const { SharedSecretCiphertextBlob } = await encapsulate({}, sender.kms)
    expect(await refusal(decapsulate(SharedSecretCiphertextBlob, {}, sender.kms))).toEqual(
      notAllowed(sender.arn, 'kms:Decapsulate', key.Arn),
    )
    const role = await kms.role('receiver')
    const { kms: receiver, arn } = await kms.session(role)
    expect(await refusal(encapsulate({}, receiver))).toEqual(notAllowed(arn, 'kms:Encapsulate', key.Arn))
    await kms.root.send(
      new CreateGrantCommand({ KeyId: key.KeyId, GranteePrincipal: role, Operations: ['Decapsulate'] }),
    )
    expect((await decapsulate(SharedSecretCiphertextBlob, {}, receiver)).KeyId).toBe(key.Arn)
    expect(await refusal(encapsulate({ KeyId: key.Arn }, kms.of(OTHER_ACCOUNT)))).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:Encapsulate on this resource ${WITHHELD}`,
      ),
    )
  })
})
