import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  CreateGrantCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateRandomCommand,
  type DecryptCommandInput,
  type KMSClient,
  type RecipientInfo,
} from '@aws-sdk/client-kms'
import { attest, certificate, leafRequest, MODULE_ID, PCR0, pem, pki } from '../../support/attestation.ts'
import {
  ACCOUNT,
  allow,
  answer,
  denied,
  invalid,
  kmsForTests,
  policyOf,
  refusal,
  refused,
  type Key,
} from './support.ts'

const HOUR = 3_600_000
const nitro = pki()
const dir = mkdtempSync(join(tmpdir(), 'twokey-nitro-'))
const inDir = (name: string, content: string) => {
  writeFileSync(join(dir, name), content)
  return join(dir, name)
}
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keyFile = inDir('enclave.pem', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const kms = kmsForTests({ nitroRoot: inDir('root.pem', pem(nitro.root.der)) })
const untrusting = kmsForTests()

/** Opens an answer as the enclave would. */
const opened = (ciphertext: Uint8Array | undefined) =>
  execFileSync('openssl', ['cms', '-decrypt', '-binary', '-inform', 'DER', '-inkey', keyFile], {
    input: ciphertext,
    stdio: 'pipe',
  })

const recipient = (AttestationDocument: Uint8Array = attest(nitro, pair.publicKey)): RecipientInfo => ({
  KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  AttestationDocument,
})
const zeros = { pcrs: new Map([[0, Buffer.alloc(48)]]) }
const debug = () => recipient(attest(nitro, pair.publicKey, zeros))

const SECRET = Buffer.from('a secret for the enclave')
let key: Key
let agreeing: Key
let CiphertextBlob: Uint8Array | undefined
beforeAll(async () => {
  key = await kms.createKey()
  agreeing = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
  ;({ CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: SECRET })))
})

const PublicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
const derive = (Recipient: RecipientInfo, KeyId = agreeing.KeyId, client: KMSClient = kms.root) =>
  client.send(new DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH', Recipient }))
const dataKeyPair = (Recipient: RecipientInfo, KeyId = key.KeyId, client: KMSClient = kms.root) =>
  client.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_2048', Recipient }))

const decrypt = (input: Partial<DecryptCommandInput> = {}, client: KMSClient = kms.root) =>
  answer(client.send(new DecryptCommand({ CiphertextBlob, ...input })))
const bad = (because: string) =>
  refused('ValidationException', `The attestation document in Recipient is not valid: it ${because}.`)

describe('with a valid attestation document', () => {
  it('Decrypt answers for the enclave alone', async () => {
    const answered = await decrypt({ Recipient: recipient() })
    expect(answered).toEqual({
      KeyId: key.Arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      KeyMaterialId: key.CurrentKeyMaterialId,
      CiphertextForRecipient: expect.any(Uint8Array),
    })
    expect(opened(answered.CiphertextForRecipient)).toEqual(SECRET)
  })

  it('Decrypt answers any length', async () => {
    const Plaintext = randomBytes(4096)
    const sealed = await kms.root.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext }))
    const { CiphertextForRecipient } = await decrypt({
      CiphertextBlob: sealed.CiphertextBlob,
      Recipient: recipient(),
    })
    expect(opened(CiphertextForRecipient).equals(Plaintext)).toBe(true)
  })

  it('GenerateDataKey does, too, and hands out the encrypted key as ever', async () => {
    const input = { KeyId: key.KeyId, KeySpec: 'AES_256' as const, Recipient: recipient() }
    const made = await answer(kms.root.send(new GenerateDataKeyCommand(input)))
    expect(made).toEqual({
      KeyId: key.Arn,
      KeyMaterialId: key.CurrentKeyMaterialId,
      CiphertextBlob: expect.any(Uint8Array),
      CiphertextForRecipient: expect.any(Uint8Array),
    })
    const dataKey = opened(made.CiphertextForRecipient)
    expect(dataKey).toHaveLength(32)
    const { Plaintext } = await decrypt({ CiphertextBlob: made.CiphertextBlob })
    expect(dataKey.equals(Plaintext ?? Buffer.alloc(0))).toBe(true)
    // Not the buffer that was cleared after it had been encrypted.
    expect(dataKey.equals(Buffer.alloc(32))).toBe(false)
  })

  it('GenerateRandom does, too', async () => {
    const made = await answer(kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 24, Recipient: recipient() })))
    expect(made).toEqual({ CiphertextForRecipient: expect.any(Uint8Array) })
    const bytes = opened(made.CiphertextForRecipient)
    expect(bytes).toHaveLength(24)
    expect(bytes.equals(Buffer.alloc(24))).toBe(false)
  })

  it('GenerateDataKeyPair does, too, with the private key', async () => {
    const made = await answer(dataKeyPair(recipient()))
    expect(made).toEqual({
      KeyId: key.Arn,
      KeyPairSpec: 'RSA_2048',
      KeyMaterialId: key.CurrentKeyMaterialId,
      PublicKey: expect.any(Uint8Array),
      PrivateKeyCiphertextBlob: expect.any(Uint8Array),
      CiphertextForRecipient: expect.any(Uint8Array),
    })
    const pkcs8 = opened(made.CiphertextForRecipient)
    const publicKey = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
    expect(publicKey.export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(made.PublicKey ?? []))
    const { Plaintext } = await decrypt({ CiphertextBlob: made.PrivateKeyCiphertextBlob })
    expect(pkcs8.equals(Plaintext ?? Buffer.alloc(0))).toBe(true)
  })

  it('DeriveSharedSecret does, too', async () => {
    const made = await answer(derive(recipient()))
    expect(made).toEqual({
      KeyId: agreeing.Arn,
      KeyAgreementAlgorithm: 'ECDH',
      KeyOrigin: 'AWS_KMS',
      CiphertextForRecipient: expect.any(Uint8Array),
    })
    const bare = await kms.root.send(
      new DeriveSharedSecretCommand({ KeyId: agreeing.KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
    )
    expect(opened(made.CiphertextForRecipient).equals(bare.SharedSecret ?? Buffer.alloc(0))).toBe(true)
    expect(bare.CiphertextForRecipient).toBeUndefined()
  })

  it('the ciphertext is no other key’s', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { CiphertextForRecipient } = await decrypt({ Recipient: recipient(attest(nitro, other.publicKey)) })
    expect(() => opened(CiphertextForRecipient)).toThrow()
  })

  it('the rest of the order of checks is the same', async () => {
    expect((await refusal(decrypt({ Recipient: recipient(), DryRun: true }))).code).toBe('DryRunOperationException')
    expect((await refusal(decrypt({ Recipient: recipient(), EncryptionContext: { a: 'b' } }))).code).toBe(
      'InvalidCiphertextException',
    )
    const { KeyId, Arn } = await kms.createKey()
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    const input = { KeyId, KeySpec: 'AES_256' as const }
    const call = (Recipient: RecipientInfo) => kms.root.send(new GenerateDataKeyCommand({ ...input, Recipient }))
    expect(await refusal(call(recipient()))).toEqual(refused('DisabledException', `${Arn} is disabled.`))
    expect(await refusal(call(recipient(Buffer.from('x'))))).toEqual(bad('is not a COSE_Sign1 structure in CBOR'))
  })
})

describe('a document that proves nothing', () => {
  const calls = (Recipient: RecipientInfo, client: KMSClient, KeyId = key.KeyId, agreeingId = agreeing.KeyId) => [
    () => client.send(new DecryptCommand({ CiphertextBlob, KeyId, Recipient })),
    () => client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient })),
    () => client.send(new GenerateRandomCommand({ NumberOfBytes: 8, Recipient })),
    () => dataKeyPair(Recipient, KeyId, client),
    () => derive(Recipient, agreeingId, client),
  ]

  it.each([
    ['noise', Buffer.from('noise'), 'is not a COSE_Sign1 structure in CBOR'],
    ['the longest there may be', Buffer.alloc(262_144, 0x81), 'is not a COSE_Sign1 structure in CBOR'],
    ['signed by strangers', attest(pki(), pair.publicKey), 'does not chain to a trusted root certificate'],
    ['without a key to answer to', attest(nitro, undefined), 'has no public_key'],
    [
      'with a signature of noise',
      attest(nitro, pair.publicKey, {}, { signature: randomBytes(96) }),
      'is not signed by its certificate',
    ],
  ])('%s is refused by every operation', async (_what, document, because) => {
    for (const call of calls(recipient(document), kms.root)) expect(await refusal(call())).toEqual(bad(because))
  })

  it('is any, while no root is trusted', async () => {
    const { KeyId } = await untrusting.createKey()
    const other = await untrusting.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const because = 'does not chain to a trusted root certificate'
    for (const call of calls(recipient(), untrusting.root, KeyId, other.KeyId)) {
      expect(await refusal(call())).toEqual(bad(because))
    }
  })

  it('is one whose certificate has expired by the emulator’s clock', async () => {
    const leaf = certificate({ ...leafRequest(nitro.instance), notAfter: Date.now() + HOUR })
    const Recipient = recipient(attest({ leaf, bundle: nitro.bundle }, pair.publicKey))
    expect(opened((await decrypt({ Recipient })).CiphertextForRecipient)).toEqual(SECRET)
    kms.advance(2 * HOUR)
    try {
      expect(await refusal(decrypt({ Recipient }))).toEqual(
        bad('carries a certificate that is expired or not yet valid'),
      )
    } finally {
      kms.advance(-2 * HOUR)
    }
  })

  it('is half a recipient', async () => {
    const halves = [{}, { AttestationDocument: attest(nitro, pair.publicKey) }] as RecipientInfo[]
    halves.push({ KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' })
    for (const Recipient of halves) {
      expect(await refusal(decrypt({ Recipient }))).toEqual(
        refused('ValidationException', 'Recipient must have both AttestationDocument and KeyEncryptionAlgorithm.'),
      )
    }
  })

  it('is one that is too long or too short, or for another algorithm', async () => {
    const length = async (bytes: number) =>
      (await refusal(decrypt({ Recipient: recipient(Buffer.alloc(bytes)) }))).message
    expect(await length(262_145)).toMatch(/Member must have length less than or equal to 262144$/)
    expect(await length(0)).toMatch(/Member must have length greater than or equal to 1$/)
    const Recipient = { ...recipient(), KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_1' as never }
    expect(await refusal(decrypt({ Recipient }))).toEqual(
      invalid(
        "Value 'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]",
      ),
    )
  })

  it('never answers a plaintext or an error of the emulator’s own', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(bytes, async (document) => {
        const { code, status } = await refusal(decrypt({ Recipient: recipient(document) }))
        expect({ code, status }).toEqual({ code: 'ValidationException', status: 400 })
      }),
      { numRuns: 50 },
    )
  })
})

describe('policies about the document', () => {
  const IMAGE = 'kms:RecipientAttestation:ImageSha384'
  /** A key that an identity may use for decryption, and everybody manage, under a condition on its use. */
  const keyFor = async (principal: string, Condition: object) => {
    const { KeyId, Arn } = await kms.createKey({
      Policy: JSON.stringify(
        policyOf(
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
            NotAction: 'kms:Decrypt',
            Resource: '*',
          },
          { Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:Decrypt', Resource: '*', Condition },
        ),
      ),
    })
    const sealed = await kms.root.send(new EncryptCommand({ KeyId, Plaintext: SECRET }))
    return { KeyId, Arn, CiphertextBlob: sealed.CiphertextBlob }
  }
  const layer = () => {
    const { decisions } = kms.running.emulator
    const [latest] = decisions.list({ limit: 1, deniedOnly: true })
    return decisions.refusal(latest?.requestId ?? '')?.layer
  }
  let made = 0
  const enclaveUser = () => kms.user(`enclave-${String(made++)}`)
  const noKeyPolicy = (user: string, arn: string) =>
    denied(
      `User: ${user} is not authorized to perform: kms:Decrypt on resource: ${arn} because no resource-based policy allows the kms:Decrypt action`,
    )

  it.each([
    ['the image', 'StringEqualsIgnoreCase', IMAGE, PCR0.toUpperCase()],
    ['register 0', 'StringEquals', 'kms:RecipientAttestation:PCR0', PCR0],
    ['register 4', 'StringEquals', 'kms:RecipientAttestation:PCR4', 'a4'.repeat(48)],
    ['a register of zeros', 'StringEquals', 'kms:RecipientAttestation:PCR8', '0'.repeat(96)],
  ])('a key policy admits an enclave by %s', async (_what, operator, name, value) => {
    const user = await enclaveUser()
    const { Arn, ...sealed } = await keyFor(user.arn, { [operator]: { [name]: value } })
    const admitted = await decrypt({ ...sealed, Recipient: recipient() }, user.kms)
    expect(opened(admitted.CiphertextForRecipient)).toEqual(SECRET)

    // Not the caller without a document, not another image, not a document that proves nothing.
    const registers = new Map([
      [0, Buffer.alloc(48, 1)],
      [4, Buffer.alloc(48, 1)],
      [8, Buffer.alloc(48, 1)],
    ])
    const others = [undefined, attest(nitro, pair.publicKey, { pcrs: registers }), attest(pki(), pair.publicKey)]
    for (const document of others) {
      const Recipient = document && recipient(document)
      expect(await refusal(decrypt({ ...sealed, ...(Recipient && { Recipient }) }, user.kms))).toEqual(
        noKeyPolicy(user.arn, Arn),
      )
      expect(layer()).toBe('resource')
    }
  })

  it('a document without the register has no such key', async () => {
    const user = await enclaveUser()
    const { Arn, ...sealed } = await keyFor(user.arn, { Null: { 'kms:RecipientAttestation:PCR31': 'true' } })
    expect((await decrypt({ ...sealed, Recipient: recipient() }, user.kms)).CiphertextForRecipient).toBeDefined()
    const all = new Map(Array.from({ length: 32 }, (_, index) => [index, Buffer.alloc(48, index)]))
    const Recipient = recipient(attest(nitro, pair.publicKey, { pcrs: all }))
    expect(await refusal(decrypt({ ...sealed, Recipient }, user.kms))).toEqual(noKeyPolicy(user.arn, Arn))
  })

  it('an enclave in debug mode is one whose image is zeros', async () => {
    const user = await enclaveUser()
    const { Arn, ...sealed } = await keyFor(user.arn, { StringEqualsIgnoreCase: { [IMAGE]: '0'.repeat(96) } })
    expect(opened((await decrypt({ ...sealed, Recipient: debug() }, user.kms)).CiphertextForRecipient)).toEqual(SECRET)
    expect(await refusal(decrypt({ ...sealed, Recipient: recipient() }, user.kms))).toEqual(noKeyPolicy(user.arn, Arn))
  })

  it('a Deny to everything but an enclave holds for bad documents, and names itself', async () => {
    const user = await enclaveUser()
    const { KeyId, Arn } = await kms.createKey({
      Policy: JSON.stringify(
        policyOf(
          { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' },
          {
            Effect: 'Deny',
            Principal: { AWS: user.arn },
            Action: 'kms:GenerateDataKey',
            Resource: '*',
            Condition: { StringNotEquals: { [IMAGE]: PCR0 } },
          },
        ),
      ),
    })
    const call = (Recipient?: RecipientInfo) =>
      user.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', ...(Recipient && { Recipient }) }))
    expect((await call(recipient())).CiphertextForRecipient).toBeDefined()
    for (const Recipient of [undefined, debug(), recipient(Buffer.from('noise'))]) {
      expect(await refusal(call(Recipient))).toEqual(
        denied(
          `User: ${user.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${Arn} with an explicit deny in a resource-based policy`,
        ),
      )
      expect(layer()).toBe('resource')
    }
  })

  it('the operations on pairs and secrets are asked about it as well', async () => {
    const user = await kms.user(
      `enclave-${String(made++)}`,
      policyOf({
        Effect: 'Allow',
        Action: ['kms:GenerateDataKeyPair', 'kms:DeriveSharedSecret'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:RecipientAttestation:PCR2': 'a2'.repeat(48) } },
      }),
    )
    expect((await dataKeyPair(recipient(), key.KeyId, user.kms)).CiphertextForRecipient).toBeDefined()
    expect((await derive(recipient(), agreeing.KeyId, user.kms)).CiphertextForRecipient).toBeDefined()
    const denial = (action: string, arn: string) =>
      denied(
        `User: ${user.arn} is not authorized to perform: ${action} on resource: ${arn} because no identity-based policy allows the ${action} action`,
      )
    expect(await refusal(dataKeyPair(debug(), key.KeyId, user.kms))).toEqual(denial('kms:GenerateDataKeyPair', key.Arn))
    expect(layer()).toBe('identity')
    expect(await refusal(derive(debug(), agreeing.KeyId, user.kms))).toEqual(
      denial('kms:DeriveSharedSecret', agreeing.Arn),
    )
    expect(layer()).toBe('identity')
  })

  it('an identity policy decides over GenerateRandom', async () => {
    const user = await kms.user(
      `enclave-${String(made++)}`,
      policyOf({
        Effect: 'Allow',
        Action: 'kms:GenerateRandom',
        Resource: '*',
        Condition: { StringEquals: { [IMAGE]: PCR0 } },
      }),
    )
    const call = (Recipient?: RecipientInfo) =>
      user.kms.send(new GenerateRandomCommand({ NumberOfBytes: 8, ...(Recipient && { Recipient }) }))
    expect((await call(recipient())).CiphertextForRecipient).toBeDefined()
    for (const Recipient of [undefined, debug()]) {
      expect(await refusal(call(Recipient))).toEqual(
        denied(
          `User: ${user.arn} is not authorized to perform: kms:GenerateRandom on resource: * because no identity-based policy allows the kms:GenerateRandom action`,
        ),
      )
      expect(layer()).toBe('identity')
    }
  })

  it('a bad document is not told of to callers who are not admitted', async () => {
    const { Arn } = await kms.createKey()
    const stranger = await kms.user(`enclave-${String(made++)}`, allow('kms:GenerateRandom'))
    const call = stranger.kms.send(
      new GenerateDataKeyCommand({ KeyId: Arn, KeySpec: 'AES_256', Recipient: recipient(Buffer.from('noise')) }),
    )
    expect(await refusal(call)).toEqual(
      denied(
        `User: ${stranger.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${Arn} because no identity-based policy allows the kms:GenerateDataKey action`,
      ),
    )
  })

  it('a grant admits a caller with a document as without', async () => {
    const user = await enclaveUser()
    await kms.root.send(
      new CreateGrantCommand({ KeyId: key.KeyId, GranteePrincipal: user.arn, Operations: ['Decrypt'] }),
    )
    expect(opened((await decrypt({ Recipient: recipient() }, user.kms)).CiphertextForRecipient)).toEqual(SECRET)
    expect(await refusal(decrypt({ Recipient: recipient(Buffer.from('x')) }, user.kms))).toEqual(
      bad('is not a COSE_Sign1 structure in CBOR'),
    )
  })

  it('registers of a NitroTPM have names of their own', async () => {
    const user = await enclaveUser()
    const registers = { pcrs: undefined, nitrotpm_pcrs: new Map([[4, Buffer.alloc(48, 0xa4)]]) }
    const tpm = recipient(attest(nitro, pair.publicKey, registers))
    const { Arn, ...sealed } = await keyFor(user.arn, {
      StringEquals: { 'kms:RecipientAttestation:NitroTPMPCR4': 'a4'.repeat(48) },
    })
    expect(opened((await decrypt({ ...sealed, Recipient: tpm }, user.kms)).CiphertextForRecipient)).toEqual(SECRET)
    expect(await refusal(decrypt({ ...sealed, Recipient: recipient() }, user.kms))).toEqual(noKeyPolicy(user.arn, Arn))
  })
})

describe('the audit trail', () => {
  const last = () => kms.running.emulator.trail.list(1)[0] ?? {}
  const base64 = (byte: number) => Buffer.alloc(48, byte).toString('base64')
  const ENCLAVE = {
    attestationDocumentModuleId: MODULE_ID,
    attestationDocumentEnclaveImageDigest: base64(0xa0),
    attestationDocumentEnclavePCR1: base64(0xa1),
    attestationDocumentEnclavePCR2: base64(0xa2),
    attestationDocumentEnclavePCR3: base64(0xa3),
    attestationDocumentEnclavePCR4: base64(0xa4),
    attestationDocumentEnclavePCR8: base64(0),
  }

  it('tells which enclave was answered', async () => {
    await decrypt({ Recipient: recipient() })
    expect(last()).toMatchObject({
      eventName: 'Decrypt',
      requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      responseElements: null,
    })
    expect(last()['additionalEventData']).toEqual({ keyMaterialId: key.CurrentKeyMaterialId, recipient: ENCLAVE })
    await kms.root.send(new GenerateRandomCommand({ NumberOfBytes: 8, Recipient: recipient() }))
    expect(last()['additionalEventData']).toEqual({ recipient: ENCLAVE })
    await kms.root.send(new GenerateDataKeyCommand({ KeyId: key.KeyId, NumberOfBytes: 8, Recipient: recipient() }))
    expect(last()['additionalEventData']).toEqual({ keyMaterialId: key.CurrentKeyMaterialId, recipient: ENCLAVE })
    await dataKeyPair(recipient())
    expect(last()['additionalEventData']).toEqual({ keyMaterialId: key.CurrentKeyMaterialId, recipient: ENCLAVE })
    await derive(recipient())
    expect(last()['additionalEventData']).toEqual({ recipient: ENCLAVE })
  })

  it('tells of registers that the document has', async () => {
    await decrypt({ Recipient: debug() })
    expect(last()['additionalEventData']).toMatchObject({
      recipient: {
        attestationDocumentModuleId: MODULE_ID,
        attestationDocumentEnclaveImageDigest: base64(0),
      },
    })
    expect(JSON.stringify(last())).not.toContain('PCR1')
  })

  it('tells of a NitroTPM in its own words', async () => {
    const registers = new Map([4, 7, 12].map((index) => [index, Buffer.alloc(48, index)]))
    const changes = { module_id: 'i-0123456789abcdef0-tpm0000000000000000', pcrs: undefined, nitrotpm_pcrs: registers }
    await decrypt({ Recipient: recipient(attest(nitro, pair.publicKey, changes)) })
    expect(last()['additionalEventData']).toEqual({
      keyMaterialId: key.CurrentKeyMaterialId,
      recipient: {
        attestationDocumentModuleId: 'i-0123456789abcdef0-tpm0000000000000000',
        attestationDocumentNitroTPMPCR4: base64(4),
        attestationDocumentNitroTPMPCR7: base64(7),
      },
    })
  })

  it('carries neither the document nor what was answered', async () => {
    const Recipient = recipient()
    const { CiphertextForRecipient } = await decrypt({ Recipient })
    const { emulator, lines } = kms.running
    const seen = JSON.stringify([emulator.trail.list(1000), emulator.decisions.list({ limit: 1000 }), lines])
    for (const bytes of [SECRET, Recipient.AttestationDocument ?? [], CiphertextForRecipient ?? []]) {
      expect(seen).not.toContain(Buffer.from(bytes).toString('base64').slice(0, 24))
    }
    expect(seen).not.toContain(SECRET.toString())
  })
})
