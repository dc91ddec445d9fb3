import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { ACCOUNT, REGION, startEmulator, type Credentials, type TestEmulator } from '../support/emulator.ts'

let twokey: TestEmulator
let keyArn: string
let s3: S3Client

beforeAll(async () => {
  twokey = await startEmulator()
  s3 = twokey.client(S3Client)
  const made = await twokey.client(KMSClient).send(new CreateKeyCommand({ Description: 'objects' }))
  keyArn = made.KeyMetadata!.Arn!
  await s3.send(new CreateBucketCommand({ Bucket: 'secrets' }))
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: 'secrets',
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn } }],
      },
    }),
  )
})
afterAll(() => twokey.stop())

const allow = (action: string, resource: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] })

async function bytesOf(client: S3Client, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'secrets', Key }))
  return Buffer.from(await Body!.transformToByteArray())
}

/** What the wire saw of a request, by the SDK's own middleware. */
function headersSeen(client: S3Client): Record<string, string>[] {
  const seen: Record<string, string>[] = []
  client.middlewareStack.add(
    (next) => (args) => {
      seen.push({ ...(args.request as { headers: Record<string, string> }).headers })
      return next(args)
    },
    // After the signature, so that nothing is added any more.
    { step: 'finalizeRequest', priority: 'low', name: 'seen' },
  )
  return seen
}

describe('the JavaScript SDK: KMS', () => {
  it('encrypts and decrypts under a context', async () => {
    const kms = twokey.client(KMSClient)
    const context = { EncryptionContext: { purpose: 'test' } }
    const sealed = await kms.send(new EncryptCommand({ KeyId: keyArn, Plaintext: Buffer.from('two keys'), ...context }))
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, ...context }))
    expect(Buffer.from(opened.Plaintext!).toString()).toBe('two keys')
    expect(opened.KeyId).toBe(keyArn)
    const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256' }))
    const unwrapped = await kms.send(new DecryptCommand({ CiphertextBlob: dataKey.CiphertextBlob }))
    expect(unwrapped.Plaintext).toEqual(dataKey.Plaintext)
    await expect(
      kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: {} })),
    ).rejects.toMatchObject({ name: 'InvalidCiphertextException', $metadata: { httpStatusCode: 400 } })
  })
})

describe('the JavaScript SDK: S3', () => {
  it('puts a buffer', async () => {
    const body = randomBytes(100_000)
    const put = await s3.send(new PutObjectCommand({ Bucket: 'secrets', Key: 'buffer', Body: body }))
    expect(put).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn })
    expect((await bytesOf(s3, 'buffer')).equals(body)).toBe(true)
  })

  it('puts a stream as aws-chunked with a checksum in the trailer', async () => {
    const client = twokey.client(S3Client)
    const seen = headersSeen(client)
    const body = randomBytes(3_000_001)
    const pieces = Array.from({ length: 31 }, (_, n) => body.subarray(n * 100_000, (n + 1) * 100_000))
    const put = await client.send(
      new PutObjectCommand({
        Bucket: 'secrets',
        Key: 'stream',
        Body: Readable.from(pieces),
        ContentLength: body.length,
      }),
    )
    expect(seen[0]).toMatchObject({
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'x-amz-decoded-content-length': '3000001',
    })
    expect(put.ChecksumCRC32).toMatch(/^[A-Za-z\d+/]{6}==$/)
    expect((await bytesOf(client, 'stream')).equals(body)).toBe(true)
    const head = await client.send(new HeadObjectCommand({ Bucket: 'secrets', Key: 'stream' }))
    expect([head.ContentLength, head.ContentEncoding]).toEqual([body.length, undefined])
  })

  it('addresses buckets by host name', async () => {
    // Resolved here, so that the test does not depend on the machine's resolver knowing *.localhost.
    const toLoopback: LookupFunction = (_host, options, done) => {
      if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
      else done(null, '127.0.0.1', 4)
    }
    const agent = new Agent({ lookup: toLoopback })
    const client = new S3Client({
      endpoint: twokey.url.replace('127.0.0.1', 'localhost'),
      region: REGION,
      credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: { httpAgent: agent },
    })
    const seen = headersSeen(client)
    const Key = 'a folder/ünïcode +&= (1).txt'
    await client.send(new PutObjectCommand({ Bucket: 'secrets', Key, Body: 'by host' }))
    expect(seen[0]!['host']).toMatch(/^secrets\.localhost:\d+$/)
    expect((await bytesOf(client, Key)).toString()).toBe('by host')
    // The same object by the other way of writing it.
    expect((await bytesOf(s3, Key)).toString()).toBe('by host')
    const listed = await client.send(new ListObjectsV2Command({ Bucket: 'secrets', Prefix: 'a folder/' }))
    expect(listed.Contents?.map((object) => object.Key)).toEqual([Key])
    await client.send(new CreateBucketCommand({ Bucket: 'made.by.host' }))
    await client.send(new DeleteObjectCommand({ Bucket: 'secrets', Key }))
    agent.destroy()
  })

  it('presigns reads and writes', async () => {
    const upload = await getSignedUrl(
      s3,
      new PutObjectCommand({ Bucket: 'secrets', Key: 'presigned', ContentType: 'text/plain' }),
      { expiresIn: 60 },
    )
    const put = await fetch(upload, { method: 'PUT', body: 'by link', headers: { 'content-type': 'text/plain' } })
    expect([put.status, put.headers.get('x-amz-server-side-encryption')]).toEqual([200, 'aws:kms'])
    const link = await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'secrets', Key: 'presigned' }), {
      expiresIn: 60,
    })
    const got = await fetch(link)
    expect([got.status, await got.text(), got.headers.get('content-type')]).toEqual([200, 'by link', 'text/plain'])
    const changed = await fetch(link.replace('/presigned?', '/buffer?'))
    expect([changed.status, await changed.text()]).toEqual([
      403,
      expect.stringContaining('<Code>SignatureDoesNotMatch</Code>'),
    ])
  })
})

describe('the JavaScript SDK: STS', () => {
  it('assumes a role, whose session reads what its policies allow, also by link', async () => {
    const iam = twokey.client(IAMClient)
    const sts = twokey.client(STSClient)
    await s3.send(new PutObjectCommand({ Bucket: 'secrets', Key: 'for-the-role', Body: 'numbers' }))
    const user = await newUser(iam, 'deployer')
    const policy = await iam.send(
      new CreatePolicyCommand({ PolicyName: 'Assume', PolicyDocument: allow('sts:AssumeRole', '*') }),
    )
    await iam.send(new AttachUserPolicyCommand({ UserName: 'deployer', PolicyArn: policy.Policy!.Arn! }))
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' }],
    }
    const role = await iam.send(
      new CreateRoleCommand({ RoleName: 'app', AssumeRolePolicyDocument: JSON.stringify(trust) }),
    )
    const rolePolicy = (PolicyName: string, action: string, resource: string) =>
      iam.send(new PutRolePolicyCommand({ RoleName: 'app', PolicyName, PolicyDocument: allow(action, resource) }))
    await rolePolicy('Read', 's3:GetObject', 'arn:aws:s3:::secrets/*')

    const assumed = await twokey
      .client(STSClient, { credentials: user })
      .send(new AssumeRoleCommand({ RoleArn: role.Role!.Arn!, RoleSessionName: 'night' }))
    const session: Credentials = {
      accessKeyId: assumed.Credentials!.AccessKeyId!,
      secretAccessKey: assumed.Credentials!.SecretAccessKey!,
      sessionToken: assumed.Credentials!.SessionToken!,
    }
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/app/night`
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(`arn:aws:iam::${ACCOUNT}:root`)
    expect((await twokey.client(STSClient, { credentials: session }).send(new GetCallerIdentityCommand({}))).Arn).toBe(
      arn,
    )

    const as = twokey.client(S3Client, { credentials: session })
    const refused = {
      name: 'AccessDenied',
      message: `User: ${arn} is not authorized to perform: kms:Decrypt on resource: ${keyArn} because no identity-based policy allows the kms:Decrypt action`,
      $metadata: { httpStatusCode: 403 },
    }
    await expect(bytesOf(as, 'for-the-role')).rejects.toMatchObject(refused)
    const link = await getSignedUrl(as, new GetObjectCommand({ Bucket: 'secrets', Key: 'for-the-role' }))
    expect((await fetch(link)).status).toBe(403)

    await rolePolicy('Key', 'kms:Decrypt', keyArn)
    expect((await bytesOf(as, 'for-the-role')).toString()).toBe('numbers')
    // A link has the rights that its signer has when it is used.
    expect(await (await fetch(link)).text()).toBe('numbers')
  })
})

async function newUser(iam: IAMClient, UserName: string): Promise<Credentials> {
  await iam.send(new CreateUserCommand({ UserName }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }
}
