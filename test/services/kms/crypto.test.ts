import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
  type DecryptCommandInput,
  type EncryptCommandInput,
  type GenerateDataKeyCommandInput,
  type KeyMetadata,
  type ReEncryptCommandInput,
} from '@aws-sdk/client-kms'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  REGION,
  WITHHELD,
  answer,
  denied,
  invalid,
  kmsForTests,
  policyOf,
  refusal,
  refused,
} from './support.ts'

const kms = kmsForTests()
let key: KeyMetadata
let other: KeyMetadata
beforeAll(async () => {
  key = await kms.createKey()
  other = await kms.createKey()
})

const bytes = (text: string) => Buffer.from(text)
const text = (blob: Uint8Array | undefined) => Buffer.from(blob ?? []).toString()
const encrypt = (input: Partial<EncryptCommandInput> = {}) =>
  kms.root.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: bytes('secret'), ...input }))
const decrypt = (input: DecryptCommandInput) => kms.root.send(new DecryptCommand(input))
const dataKey = (input: Partial<GenerateDataKeyCommandInput>) =>
  kms.root.send(new GenerateDataKeyCommand({ KeyId: key.KeyId, ...input }))
const reEncrypt = (input: Partial<ReEncryptCommandInput>) =>
  kms.root.send(new ReEncryptCommand({ CiphertextBlob: undefined, DestinationKeyId: other.KeyId, ...input }))

const DRY = refused('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
const NOT_A_CIPHERTEXT = refused('InvalidCiphertextException', '')
const INCORRECT = refused(
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
)

describe('Encrypt and Decrypt', () => {
  it('give the plaintext back, and name the key by its ARN', async () => {
    const sealed = await encrypt({ EncryptionContext: { a: 'b' } })
    expect(sealed).toMatchObject({ KeyId: key.Arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
    expect(text(sealed.CiphertextBlob)).not.toContain('secret')
    // The recorded shape; two bits of the next digit belong to the material id.
    expect(Buffer.from(sealed.CiphertextBlob ?? []).toString('base64')).toMatch(/^AQICAH[g-j]/)
    const opened = await decrypt({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: { a: 'b' } })
    expect(opened).toMatchObject({
      KeyId: key.Arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      KeyMaterialId: key.CurrentKeyMaterialId,
    })
    expect(text(opened.Plaintext)).toBe('secret')
  })

  it('take as much as 4096 bytes', async () => {
    const Plaintext = Buffer.alloc(4096, 7)
    const { CiphertextBlob } = await encrypt({ Plaintext })
    const opened = await decrypt({ CiphertextBlob })
    expect(Buffer.from(opened.Plaintext ?? []).equals(Plaintext)).toBe(true)
  })

  it.each([
    [4097, 'Member must have length less than or equal to 4096'],
    [0, 'Member must have length greater than or equal to 1'],
  ])('refuse %i bytes of plaintext', async (length, problem) => {
    expect(await refusal(encrypt({ Plaintext: Buffer.alloc(length) }))).toEqual(
      invalid(`Value at 'plaintext' failed to satisfy constraint: ${problem}`),
    )
  })

  it('refuse an algorithm of another kind of key', async () => {
    expect(await refusal(encrypt({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))).toEqual(
      refused(
        'InvalidKeyUsageException',
        'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
      ),
    )
  })

  it.each<[string, (sealed: Uint8Array) => DecryptCommandInput]>([
    ['another context', (CiphertextBlob) => ({ CiphertextBlob, EncryptionContext: { a: 'c' } })],
    ['no context', (CiphertextBlob) => ({ CiphertextBlob })],
    ['a context in another case', (CiphertextBlob) => ({ CiphertextBlob, EncryptionContext: { A: 'b' } })],
    ['a truncated blob', (sealed) => ({ CiphertextBlob: sealed.slice(0, -1), EncryptionContext: { a: 'b' } })],
    ['a flipped bit', (sealed) => ({ CiphertextBlob: flip(sealed, -1), EncryptionContext: { a: 'b' } })],
    ['a flipped salt', (sealed) => ({ CiphertextBlob: flip(sealed, 40), EncryptionContext: { a: 'b' } })],
    ['no ciphertext at all', () => ({ CiphertextBlob: bytes('not a ciphertext') })],
    ['a key, and no ciphertext', () => ({ CiphertextBlob: bytes('not a ciphertext'), KeyId: key.KeyId })],
  ])('all fail alike: %s', async (_what, input) => {
    const { CiphertextBlob } = await encrypt({ EncryptionContext: { a: 'b' } })
    expect(await refusal(decrypt(input(CiphertextBlob ?? new Uint8Array())))).toEqual(NOT_A_CIPHERTEXT)
  })

  it('take pairs of a context in any order', async () => {
    const { CiphertextBlob } = await encrypt({ EncryptionContext: { a: '1', b: '2' } })
    const opened = await decrypt({ CiphertextBlob, EncryptionContext: { b: '2', a: '1' } })
    expect(text(opened.Plaintext)).toBe('secret')
  })

  it('Decrypt with a key that is named must be the right one', async () => {
    const { CiphertextBlob } = await encrypt()
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/right', TargetKeyId: key.KeyId }))
    for (const KeyId of [key.KeyId, key.Arn, 'alias/right']) {
      expect(text((await decrypt({ CiphertextBlob, KeyId })).Plaintext)).toBe('secret')
    }
    expect(await refusal(decrypt({ CiphertextBlob, KeyId: other.KeyId }))).toEqual(INCORRECT)
  })

  it('Decrypt by an asymmetric algorithm needs a key', async () => {
    const { CiphertextBlob } = await encrypt()
    expect(await refusal(decrypt({ CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }))).toEqual(
      refused('ValidationException', 'KeyId must not be null'),
    )
  })

  it('withhold the key behind a ciphertext of another account, and of another Region', async () => {
    const theirs = await kms.createKey({}, kms.of(OTHER_ACCOUNT))
    const away = await kms.createKey({}, kms.of(ACCOUNT, 'eu-west-1'))
    const sealed = [
      await kms.of(OTHER_ACCOUNT).send(new EncryptCommand({ KeyId: theirs.Arn, Plaintext: bytes('x') })),
      await kms.of(ACCOUNT, 'eu-west-1').send(new EncryptCommand({ KeyId: away.Arn, Plaintext: bytes('x') })),
    ]
    for (const { CiphertextBlob } of sealed) {
      expect(await refusal(decrypt({ CiphertextBlob }))).toEqual(
        denied(
          `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext ${WITHHELD}`,
        ),
      )
    }
  })
})

describe('GenerateDataKey', () => {
  it.each<[Partial<GenerateDataKeyCommandInput>, number]>([
    [{ KeySpec: 'AES_128' }, 16],
    [{ KeySpec: 'AES_256' }, 32],
    [{ NumberOfBytes: 1 }, 1],
    [{ NumberOfBytes: 1024 }, 1024],
  ])('gives %j of %i bytes', async (input, length) => {
    const made = await dataKey({ ...input, EncryptionContext: { a: 'b' } })
    expect(made).toMatchObject({ KeyId: key.Arn, KeyMaterialId: key.CurrentKeyMaterialId })
    expect(made.Plaintext).toHaveLength(length)
    expect(Buffer.from(made.CiphertextBlob ?? []).toString('base64')).toMatch(/^AQIDAH[g-j]/)
    const opened = await decrypt({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: { a: 'b' } })
    expect(Buffer.from(opened.Plaintext ?? []).equals(Buffer.from(made.Plaintext ?? []))).toBe(true)
  })

  it('has the recorded length', async () => {
    expect((await dataKey({ KeySpec: 'AES_256' })).CiphertextBlob).toHaveLength(184)
  })

  it.each([{}, { KeySpec: 'AES_256', NumberOfBytes: 32 }] as Partial<GenerateDataKeyCommandInput>[])(
    'wants one of size and spec: %j',
    async (input) => {
      expect(await refusal(dataKey(input))).toEqual(
        refused('ValidationException', 'Please specify either number of bytes or key spec.'),
      )
    },
  )

  it.each<[Partial<GenerateDataKeyCommandInput>, string]>([
    [
      { NumberOfBytes: 1025 },
      "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
    ],
    [
      { NumberOfBytes: 0 },
      "Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      { KeySpec: 'AES_512' as never },
      "Value 'AES_512' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [AES_256, AES_128]",
    ],
  ])('refuses %j', async (input, problem) => {
    expect(await refusal(dataKey(input))).toEqual(invalid(problem))
  })

  it('can keep the plaintext to itself', async () => {
    const input = { KeyId: key.KeyId, NumberOfBytes: 40 }
    const made = await answer(kms.root.send(new GenerateDataKeyWithoutPlaintextCommand(input)))
    expect(made).toEqual({
      KeyId: key.Arn,
      KeyMaterialId: key.CurrentKeyMaterialId,
      CiphertextBlob: expect.any(Uint8Array),
    })
    const opened = await decrypt({ CiphertextBlob: made.CiphertextBlob })
    expect(opened.Plaintext).toHaveLength(40)
    // Not the cleared buffer.
    expect(Buffer.from(opened.Plaintext ?? []).equals(Buffer.alloc(40))).toBe(false)
  })
})

describe('GenerateRandom', () => {
  it('gives bytes', async () => {
    const { Plaintext } = await kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 24 }))
    expect(Plaintext).toHaveLength(24)
  })

  it('wants a number', async () => {
    expect(await refusal(kms.root.send(new GenerateRandomCommand({})))).toEqual(
      refused('ValidationException', 'NumberOfBytes is required.'),
    )
  })
})

describe('ReEncrypt', () => {
  it('moves a ciphertext to another key and context', async () => {
    const { CiphertextBlob } = await encrypt({ EncryptionContext: { a: 'b' } })
    const moved = await reEncrypt({
      CiphertextBlob,
      SourceEncryptionContext: { a: 'b' },
      DestinationEncryptionContext: { c: 'd' },
    })
    expect(moved).toMatchObject({
      SourceKeyId: key.Arn,
      KeyId: other.Arn,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      SourceKeyMaterialId: key.CurrentKeyMaterialId,
      DestinationKeyMaterialId: other.CurrentKeyMaterialId,
    })
    const opened = await decrypt({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { c: 'd' } })
    expect(opened.KeyId).toBe(other.Arn)
    expect(text(opened.Plaintext)).toBe('secret')
  })

  it('refuses a source key that is not the one', async () => {
    const { CiphertextBlob } = await encrypt()
    expect(await refusal(reEncrypt({ CiphertextBlob, SourceKeyId: other.KeyId }))).toEqual(INCORRECT)
  })

  it('refuses another source context', async () => {
    const { CiphertextBlob } = await encrypt({ EncryptionContext: { a: 'b' } })
    expect(await refusal(reEncrypt({ CiphertextBlob }))).toEqual(NOT_A_CIPHERTEXT)
  })

  it('needs both permissions, each on its key', async () => {
    const { CiphertextBlob } = await encrypt()
    const from = { Effect: 'Allow', Action: 'kms:ReEncryptFrom', Resource: key.Arn }
    const to = { Effect: 'Allow', Action: 'kms:ReEncryptTo', Resource: other.Arn }
    const onlyFrom = await kms.user('only-from', policyOf(from))
    const onlyTo = await kms.user('only-to', policyOf(to))
    const both = await kms.user('both', policyOf(from, to))
    const input = { CiphertextBlob, DestinationKeyId: other.KeyId }

    expect(await refusal(onlyFrom.kms.send(new ReEncryptCommand(input)))).toEqual(
      denied(
        `User: ${onlyFrom.arn} is not authorized to perform: kms:ReEncryptTo on resource: ${other.Arn} because no identity-based policy allows the kms:ReEncryptTo action`,
      ),
    )
    expect(await refusal(onlyTo.kms.send(new ReEncryptCommand(input)))).toEqual(
      denied(
        `User: ${onlyTo.arn} is not authorized to perform: kms:ReEncryptFrom on resource: ${key.Arn} because no identity-based policy allows the kms:ReEncryptFrom action`,
      ),
    )
    expect((await both.kms.send(new ReEncryptCommand(input))).KeyId).toBe(other.Arn)
  })
})

describe('DryRun', () => {
  it('succeeds as an error', async () => {
    const { CiphertextBlob } = await encrypt()
    expect(await refusal(encrypt({ DryRun: true }))).toEqual(DRY)
    expect(await refusal(decrypt({ CiphertextBlob, DryRun: true }))).toEqual(DRY)
    expect(await refusal(reEncrypt({ CiphertextBlob, DryRun: true }))).toEqual(DRY)
    expect(await refusal(dataKey({ KeySpec: 'AES_256', DryRun: true }))).toEqual(DRY)
  })

  it('loses to a ciphertext that cannot be opened', async () => {
    const { CiphertextBlob } = await encrypt({ EncryptionContext: { a: 'b' } })
    expect(await refusal(decrypt({ CiphertextBlob, DryRun: true }))).toEqual(NOT_A_CIPHERTEXT)
    expect(await refusal(reEncrypt({ CiphertextBlob, DryRun: true }))).toEqual(NOT_A_CIPHERTEXT)
  })

  it('loses to missing permission', async () => {
    const nobody = await kms.user('dry')
    const call = nobody.kms.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: bytes('x'), DryRun: true }))
    expect(await refusal(call)).toEqual(
      denied(
        `User: ${nobody.arn} is not authorized to perform: kms:Encrypt on resource: ${key.Arn} because no identity-based policy allows the kms:Encrypt action`,
      ),
    )
  })

  it('can leave the ciphertext out of account', async () => {
    const DryRunModifiers = ['IGNORE_CIPHERTEXT' as const]
    expect(await refusal(decrypt({ KeyId: key.KeyId, DryRun: true, DryRunModifiers }))).toEqual(DRY)
    expect(await refusal(reEncrypt({ SourceKeyId: key.KeyId, DryRun: true, DryRunModifiers }))).toEqual(DRY)
    expect(await refusal(decrypt({ DryRun: true, DryRunModifiers }))).toEqual(
      refused('ValidationException', 'KeyId must not be null'),
    )
    expect(await refusal(decrypt({ KeyId: key.KeyId, DryRunModifiers }))).toEqual(
      refused('ValidationException', 'DryRunModifiers can be specified only when DryRun is true.'),
    )
  })
})

describe('two faults at once: AWS answers the first', () => {
  it('state before algorithm, algorithm before size', async () => {
    const off = await kms.createKey()
    await kms.root.send(new DisableKeyCommand({ KeyId: off.KeyId }))
    expect(await refusal(encrypt({ KeyId: off.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }))).toEqual(
      refused('DisabledException', `${off.Arn} is disabled.`),
    )
    expect(await refusal(dataKey({ KeyId: off.KeyId }))).toEqual(
      refused('DisabledException', `${off.Arn} is disabled.`),
    )
  })

  it('permission before state', async () => {
    const off = await kms.createKey()
    await kms.root.send(new DisableKeyCommand({ KeyId: off.KeyId }))
    const nobody = await kms.user('off')
    expect(
      await refusal(nobody.kms.send(new EncryptCommand({ KeyId: off.KeyId, Plaintext: bytes('x') }))),
    ).toMatchObject({ code: 'AccessDeniedException' })
  })

  it('constraints before existence', async () => {
    expect(await refusal(encrypt({ KeyId: 'none', Plaintext: bytes('') }))).toMatchObject({
      code: 'ValidationException',
    })
  })
})

describe('condition keys of cryptographic operations', () => {
  const CONTEXT = { Department: 'IT', tier: 'one' }
  let users = 0

  it.each<[string, object]>([
    ['kms:EncryptionContext:Department', { StringEquals: { 'kms:EncryptionContext:Department': 'IT' } }],
    ['the context key in any case', { StringEquals: { 'kms:encryptioncontext:department': 'IT' } }],
    [
      'kms:EncryptionContextKeys',
      { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['Department', 'tier'] } },
    ],
    ['kms:EncryptionAlgorithm', { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } }],
    ['kms:RequestAlias', { StringEquals: { 'kms:RequestAlias': 'alias/conditions-5' } }],
    ['kms:ResourceAliases', { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/conditions-6' } }],
    ['kms:CallerAccount', { StringEquals: { 'kms:CallerAccount': ACCOUNT } }],
    ['kms:KeySpec', { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } }],
    ['kms:KeyUsage', { StringEquals: { 'kms:KeyUsage': 'ENCRYPT_DECRYPT' } }],
    ['kms:KeyOrigin', { StringEquals: { 'kms:KeyOrigin': 'AWS_KMS' } }],
    ['kms:MultiRegion', { Bool: { 'kms:MultiRegion': 'false' } }],
    ['aws:ResourceTag', { StringEquals: { 'aws:ResourceTag/team': 'red' } }],
    ['no kms:ViaService', { Null: { 'kms:ViaService': 'true' } }],
  ])('%s', async (_name, Condition) => {
    const tagged = await kms.createKey({ Tags: [{ TagKey: 'team', TagValue: 'red' }] })
    const suffix = String(++users)
    const AliasName = `alias/conditions-${suffix}`
    await kms.root.send(new CreateAliasCommand({ AliasName, TargetKeyId: tagged.KeyId }))
    const user = await kms.user(
      `conditional-${suffix}`,
      policyOf({ Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition }),
    )
    const sealed = await user.kms.send(
      new EncryptCommand({ KeyId: AliasName, Plaintext: bytes('x'), EncryptionContext: CONTEXT }),
    )
    expect(sealed.KeyId).toBe(tagged.Arn)
  })

  it('kms:RequestAlias is the name, also when the alias ARN was sent, and absent for key ids', async () => {
    const { KeyId, Arn } = await kms.createKey()
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/asked', TargetKeyId: KeyId }))
    const user = await kms.user(
      'alias-only',
      policyOf({
        Effect: 'Allow',
        Action: 'kms:DescribeKey',
        Resource: '*',
        Condition: { StringEquals: { 'kms:RequestAlias': 'alias/asked' } },
      }),
    )
    const byArn = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/asked`
    expect((await user.kms.send(new DescribeKeyCommand({ KeyId: byArn }))).KeyMetadata?.Arn).toBe(Arn)
    expect(await refusal(user.kms.send(new DescribeKeyCommand({ KeyId })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:DescribeKey on resource: ${Arn} because no identity-based policy allows the kms:DescribeKey action`,
      ),
    )
  })

  it('each side of ReEncrypt has its own context', async () => {
    const { CiphertextBlob } = await encrypt({ EncryptionContext: { side: 'source' } })
    const context = (value: string) => ({ StringEquals: { 'kms:EncryptionContext:side': value } })
    const sided = (from: string, to: string) =>
      policyOf(
        { Effect: 'Allow', Action: 'kms:ReEncryptFrom', Resource: '*', Condition: context(from) },
        { Effect: 'Allow', Action: 'kms:ReEncryptTo', Resource: '*', Condition: context(to) },
      )
    const right = await kms.user('sides-right', sided('source', 'destination'))
    const wrong = await kms.user('sides-wrong', sided('source', 'source'))
    const input = {
      CiphertextBlob,
      SourceEncryptionContext: { side: 'source' },
      DestinationKeyId: other.KeyId,
      DestinationEncryptionContext: { side: 'destination' },
    }
    expect((await right.kms.send(new ReEncryptCommand(input))).KeyId).toBe(other.Arn)
    expect(await refusal(wrong.kms.send(new ReEncryptCommand(input)))).toEqual(
      denied(
        `User: ${wrong.arn} is not authorized to perform: kms:ReEncryptTo on resource: ${String(other.Arn)} because no identity-based policy allows the kms:ReEncryptTo action`,
      ),
    )
  })

  it('kms:ReEncryptOnSameKey compares resolved keys', async () => {
    const { CiphertextBlob } = await encrypt()
    const user = await kms.user(
      'same-key',
      policyOf({
        Effect: 'Allow',
        Action: 'kms:ReEncrypt*',
        Resource: '*',
        Condition: { Bool: { 'kms:ReEncryptOnSameKey': 'true' } },
      }),
    )
    const to = (DestinationKeyId: string | undefined) =>
      user.kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId }))
    expect((await to(key.Arn)).KeyId).toBe(key.Arn)
    expect(await refusal(to(other.KeyId))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:ReEncryptFrom on resource: ${key.Arn} because no identity-based policy allows the kms:ReEncryptFrom action`,
      ),
    )
  })
})

function flip(blob: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(blob)
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}
