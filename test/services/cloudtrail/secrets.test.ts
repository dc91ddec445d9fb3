import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PutEventSelectorsCommand, paginateLookupEvents } from '@aws-sdk/client-cloudtrail'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  ReEncryptCommand,
  SignCommand,
} from '@aws-sdk/client-kms'
import { RunInstancesCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { CreateBucketCommand, GetObjectCommand, PutBucketEncryptionCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetFederationTokenCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { createHash, randomBytes } from 'node:crypto'
import { wrap } from '../kms/importing.ts'
import { ACCOUNT, MINUTE, allow, policy, refusal, startTrails, type TrailWorld } from './support.ts'

let world: TrailWorld
beforeAll(async () => {
  world = await startTrails()
})
afterAll(() => world.stop())

/** What must never be seen, by what it is. */
const secrets = new Map<string, Buffer>()
const secret = (name: string, bytes: Uint8Array | string | undefined): void => {
  if (bytes === undefined || bytes.length < 8) throw new Error(`there is no ${name}`)
  secrets.set(name, Buffer.from(bytes))
}
/** In whatever way it could be written: as text, base64, hexadecimal. */
const written = (bytes: Buffer) => [
  bytes.toString('latin1'),
  JSON.stringify(bytes.toString('utf8')).slice(1, -1),
  bytes.toString('base64').replace(/=+$/, '').slice(0, -1),
  bytes.toString('base64url').slice(0, -1),
  bytes.toString('hex'),
  [...bytes.subarray(0, 12)].join(','),
]

async function useKms(): Promise<void> {
  const { kms } = world
  const make = async (input: object) => (await kms.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId
  const KeyId = await make({})
  const Plaintext = Buffer.from('the plaintext of the encrypted message')
  secret('plaintext', Plaintext)
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }))
  secret('ciphertext', CiphertextBlob)
  await kms.send(new DecryptCommand({ CiphertextBlob }))
  await kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: await make({}) }))
  secret('data key', (await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).Plaintext)
  const pair = await kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }))
  secret('private key', pair.PrivateKeyPlaintext)
  secret('random bytes', (await kms.send(new GenerateRandomCommand({ NumberOfBytes: 32 }))).Plaintext)
  const { GrantToken } = await kms.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Decrypt'] }),
  )
  secret('grant token', GrantToken)
  await kms.send(new DecryptCommand({ CiphertextBlob, GrantTokens: [GrantToken ?? ''] }))
  const Message = Buffer.from('the message that is signed and authenticated')
  secret('message', Message)
  const signer = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  await kms.send(new SignCommand({ KeyId: signer, Message, SigningAlgorithm: 'ECDSA_SHA_256' }))
  const mac = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  await kms.send(new GenerateMacCommand({ KeyId: mac, Message, MacAlgorithm: 'HMAC_SHA_256' }))
  const agree = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: agree }))
  const shared = await kms.send(
    new DeriveSharedSecretCommand({ KeyId: agree, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
  )
  secret('shared secret', shared.SharedSecret)
  // A refused request is recorded with what it said, if at all.
  await refusal(kms.send(new EncryptCommand({ KeyId: 'alias/none', Plaintext })))
  await refusal(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { wrong: 'context' } })))
}

async function importMaterial(): Promise<void> {
  const { kms } = world
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
  const algorithm = 'RSAES_OAEP_SHA_256'
  const made = await kms.send(
    new GetParametersForImportCommand({
      KeyId: KeyMetadata?.KeyId,
      WrappingAlgorithm: algorithm,
      WrappingKeySpec: 'RSA_2048',
    }),
  )
  const bytes = randomBytes(32)
  secret('imported key material', bytes)
  secret('import token', made.ImportToken)
  const EncryptedKeyMaterial = wrap({ publicKey: Buffer.from(made.PublicKey ?? []), algorithm }, bytes)
  secret('wrapped key material', EncryptedKeyMaterial)
  await kms.send(
    new ImportKeyMaterialCommand({
      KeyId: KeyMetadata?.KeyId,
      ImportToken: made.ImportToken,
      EncryptedKeyMaterial,
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    }),
  )
}

async function useIdentities(): Promise<void> {
  const iam = world.emulator.client(IAMClient)
  await iam.send(new CreateUserCommand({ UserName: 'u' }))
  await iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument: policy(allow('*')) }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }))
  secret('secret access key', AccessKey?.SecretAccessKey)
  const trust = policy({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' })
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust }))
  await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: policy(allow('*')) }))
  const credentials = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
  const sts = world.emulator.client(STSClient, { credentials })
  const sessions = {
    role: await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'session' })),
    user: await sts.send(new GetSessionTokenCommand({})),
    federated: await sts.send(new GetFederationTokenCommand({ Name: 'federated', Policy: policy(allow('*')) })),
  }
  for (const [name, { Credentials }] of Object.entries(sessions)) {
    secret(`secret access key of a ${name} session`, Credentials?.SecretAccessKey)
    secret(`session token of a ${name} session`, Credentials?.SessionToken)
  }
  const { Credentials } = sessions.role
  const session = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken,
  }
  const { url } = await presigned(session)
  expect((await fetch(url)).status).toBe(200)
  secret('signature of a URL', new URL(url).searchParams.get('X-Amz-Signature') ?? undefined)
}

async function presigned(credentials: Parameters<TrailWorld['as']>[0]) {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  return { url: await getSignedUrl(world.as(credentials), new GetObjectCommand({ Bucket: 'secrets', Key: 'plain' })) }
}

async function useObjects(): Promise<void> {
  const { s3 } = world
  const Body = Buffer.from('what is in the object that is written')
  secret('object', Body)
  await s3.send(new PutObjectCommand({ Bucket: 'secrets', Key: 'plain', Body }))
  await s3.send(new PutObjectCommand({ Bucket: 'secrets', Key: 'kms', Body, ServerSideEncryption: 'aws:kms' }))
  const key = randomBytes(32)
  secret('customer key', key)
  secret('MD5 of a customer key', createHash('md5').update(key).digest())
  const customer = {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  }
  await s3.send(new PutObjectCommand({ Bucket: 'secrets', Key: 'own', Body, ...customer }))
  await s3.send(new GetObjectCommand({ Bucket: 'secrets', Key: 'own', ...customer }))
  await s3.send(new GetObjectCommand({ Bucket: 'secrets', Key: 'kms' }))
}

async function runInstances(): Promise<void> {
  const ec2 = world.emulator.client(EC2Client)
  const UserData = Buffer.from('#!/bin/sh\nexport PASSWORD=in-the-user-data').toString('base64')
  secret('user data', UserData)
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }))
  await ec2.send(new RunInstancesCommand({ ImageId: Images[0]?.ImageId, MinCount: 1, MaxCount: 1, UserData }))
}

describe('no secret', () => {
  it('is in a record, a log file or what LookupEvents answers', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'secrets' }))
    // So that customers' keys may be used.
    await world.s3.send(
      new PutBucketEncryptionCommand({
        Bucket: 'secrets',
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
              BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
            },
          ],
        },
      }),
    )
    const bucket = await world.logging('everything')
    const all = { DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] }
    await world.trails.send(new PutEventSelectorsCommand({ TrailName: 'everything', EventSelectors: [all] }))
    await useKms()
    await importMaterial()
    await useObjects()
    await useIdentities()
    await runInstances()

    const looked: string[] = []
    for await (const { Events = [] } of paginateLookupEvents({ client: world.trails }, {}))
      looked.push(JSON.stringify(Events))
    const records = JSON.stringify(world.emulator.emulator.trail.list(1000))
    const waitingUntil = await world.advance(5 * MINUTE).then(() => world.delivered(bucket))
    const [files, log] = [JSON.stringify(waitingUntil), world.emulator.lines.join('\n')]
    // Everything that was done is there.
    const told = [
      'ImportKeyMaterial',
      'GetFederationToken',
      'GenerateDataKeyPair',
      'DeriveSharedSecret',
      'CreateAccessKey',
      'RunInstances',
    ]
    for (const name of [...told, 'PutObject', 'GetObject']) expect(`${records}${files}`).toContain(`"${name}"`)
    for (const name of told) for (const text of [files, looked.join()]) expect(text).toContain(name)
    expect(secrets.size).toBeGreaterThanOrEqual(20)
    for (const [name, bytes] of secrets) {
      for (const text of written(bytes)) {
        for (const [place, content] of Object.entries({ records, files, looked: looked.join(), log })) {
          // As a truth value, so that a failure does not print the secret.
          expect([name, place, content.includes(text)]).toEqual([name, place, false])
        }
      }
    }
  }, 20_000)
})
