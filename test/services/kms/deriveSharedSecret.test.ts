import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  DeriveSharedSecretCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  type DeriveSharedSecretCommandInput,
  type KeySpec,
} from '@aws-sdk/client-kms'
import {
  ACCOUNT,
  DRY,
  OTHER_ACCOUNT,
  WITHHELD,
  allowIf,
  answer,
  bufferOf,
  denied,
  invalid,
  kmsForTests,
  notAllowed,
  policyOf,
  refusal,
  refused,
} from './support.ts'

const kms = kmsForTests()
const derive = (input: Partial<DeriveSharedSecretCommandInput>, client = kms.root) =>
  client.send(
    new DeriveSharedSecretCommand({ KeyId: undefined, PublicKey: undefined, KeyAgreementAlgorithm: 'ECDH', ...input }),
  )
const make = (KeySpec: KeySpec = 'ECC_NIST_P256') => kms.createKey({ KeySpec, KeyUsage: 'KEY_AGREEMENT' })
const peerOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
type Peer = ReturnType<typeof peerOf>
const spki = ({ publicKey }: Peer): Buffer => publicKey.export({ format: 'der', type: 'spki' })

describe('DeriveSharedSecret', () => {
  it.each<[KeySpec, string, number]>([
    ['ECC_NIST_P256', 'prime256v1', 32],
    ['ECC_NIST_P384', 'secp384r1', 48],
    ['ECC_NIST_P521', 'secp521r1', 66],
  ])('with %s gives both sides the same', async (spec, curve, length) => {
    const { KeyId, Arn } = await make(spec)
    const peer = peerOf(curve)
    const derived = await answer(derive({ KeyId, PublicKey: spki(peer) }))
    expect(derived).toEqual({
      KeyId: Arn,
      SharedSecret: expect.any(Uint8Array),
      KeyAgreementAlgorithm: 'ECDH',
      KeyOrigin: 'AWS_KMS',
    })
    const { PublicKey } = await kms.root.send(new GetPublicKeyCommand({ KeyId }))
    const publicKey = createPublicKey({ key: bufferOf(PublicKey), format: 'der', type: 'spki' })
    expect(bufferOf(derived.SharedSecret)).toEqual(diffieHellman({ privateKey: peer.privateKey, publicKey }))
    expect(derived.SharedSecret).toHaveLength(length)
  })

  it('takes its own public key for the peer’s', async () => {
    const { KeyId } = await make()
    const { PublicKey } = await kms.root.send(new GetPublicKeyCommand({ KeyId }))
    expect((await derive({ KeyId, PublicKey })).SharedSecret).toHaveLength(32)
  })

  it('agrees on SM2 in China', async () => {
    const china = kms.of(ACCOUNT, 'cn-northwest-1')
    const spec = { KeySpec: 'SM2', KeyUsage: 'KEY_AGREEMENT' } as const
    const [one, two] = [await kms.createKey(spec, china), await kms.createKey(spec, china)]
    const publicKey = async (KeyId: string) => (await china.send(new GetPublicKeyCommand({ KeyId }))).PublicKey
    const here = await derive({ KeyId: one.KeyId, PublicKey: await publicKey(two.KeyId) }, china)
    const there = await derive({ KeyId: two.KeyId, PublicKey: await publicKey(one.KeyId) }, china)
    expect(bufferOf(here.SharedSecret)).toEqual(bufferOf(there.SharedSecret))
    expect(here.SharedSecret).toHaveLength(32)
  })

  it('says nothing about a public key that will not do, in a dry run too', async () => {
    const { KeyId } = await make()
    const right = spki(peerOf('prime256v1'))
    for (const DryRun of [false, true]) {
      for (const PublicKey of [
        Buffer.from('no key'),
        right.subarray(1),
        Buffer.concat([right.subarray(0, -1), Buffer.of((right.at(-1) ?? 0) ^ 1)]),
        spki(peerOf('secp384r1')),
        spki(peerOf('secp256k1')),
      ]) {
        expect(await refusal(derive({ KeyId, PublicKey, DryRun }))).toEqual(refused('ValidationException', ''))
      }
    }
    expect(await refusal(derive({ KeyId, PublicKey: right, DryRun: true }))).toEqual(DRY)
  })

  it('refuses what the model does not take, other keys and states', async () => {
    const { KeyId, Arn } = await make()
    const PublicKey = spki(peerOf('prime256v1'))
    expect(await refusal(derive({ KeyId, PublicKey, KeyAgreementAlgorithm: 'DH' as never }))).toEqual(
      invalid(
        "Value 'DH' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]",
      ),
    )
    const signing = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(await refusal(derive({ KeyId: signing.KeyId, PublicKey }))).toEqual(
      refused(
        'InvalidKeyUsageException',
        `${signing.Arn} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.`,
      ),
    )
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    expect(await refusal(derive({ KeyId, PublicKey }))).toEqual(refused('DisabledException', `${Arn} is disabled.`))
  })

  it('needs permission: a policy that may ask for the algorithm, or a grant', async () => {
    const { KeyId, Arn } = await make()
    const PublicKey = spki(peerOf('prime256v1'))
    const user = await kms.user('agrees', allowIf('kms:DeriveSharedSecret', { 'kms:KeyAgreementAlgorithm': 'ECDH' }))
    await derive({ KeyId, PublicKey }, user.kms)
    const refusing = await kms.user(
      'does-not-agree',
      policyOf(
        { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'kms:DeriveSharedSecret',
          Resource: '*',
          Condition: { StringEquals: { 'kms:KeyAgreementAlgorithm': 'ECDH' } },
        },
      ),
    )
    expect(await refusal(derive({ KeyId, PublicKey }, refusing.kms))).toEqual(
      denied(
        `User: ${refusing.arn} is not authorized to perform: kms:DeriveSharedSecret on resource: ${Arn} with an explicit deny in an identity-based policy`,
      ),
    )
    const role = await kms.role('agreeing')
    const { kms: grantee, arn } = await kms.session(role)
    expect(await refusal(derive({ KeyId, PublicKey }, grantee))).toEqual(notAllowed(arn, 'kms:DeriveSharedSecret', Arn))
    await kms.root.send(new CreateGrantCommand({ KeyId, GranteePrincipal: role, Operations: ['DeriveSharedSecret'] }))
    await derive({ KeyId, PublicKey }, grantee)
    expect(await refusal(derive({ KeyId: Arn, PublicKey }, kms.of(OTHER_ACCOUNT)))).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:DeriveSharedSecret on this resource ${WITHHELD}`,
      ),
    )
  })
})
