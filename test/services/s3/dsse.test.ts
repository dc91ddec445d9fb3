import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DecryptCommand, DisableKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  UploadPartCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { secretOf } from '../../../emulator/crypto/material.ts'
import { ObjectDamaged, openSmall, twoKeys } from '../../../emulator/crypto/objectCipher.ts'
import { blobIdentity } from '../../../emulator/services/s3/data/identity.ts'
import type { ObjectRecord } from '../../../emulator/services/s3/state.ts'
import { ACCOUNT } from '../../support/emulator.ts'
import { allow, denied, policy, refusal, startWorld, type World } from './support.ts'

const Bucket = 'dual'
const PART = 5 * 1024 * 1024
let world: World
let key: string
beforeAll(async () => {
  world = await startWorld(Bucket)
})
beforeEach(async () => {
  key = await world.key()
})
afterAll(() => world.stop())

const DSSE = { ServerSideEncryption: 'aws:kms:dsse' as const }
const put = (Key: string, more: Partial<PutObjectCommandInput> = {}, s3 = world.s3) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'plaintext', ...DSSE, SSEKMSKeyId: key, ...more }))
const read = async (Key: string, s3 = world.s3, more: object = {}) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString()
const setDefault = (bucket: string, KMSMasterKeyID: string | undefined, BucketKeyEnabled?: boolean) =>
  world.s3.send(
    new PutBucketEncryptionCommand({
      Bucket: bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse', KMSMasterKeyID },
            ...(BucketKeyEnabled !== undefined && { BucketKeyEnabled }),
          },
        ],
      },
    }),
  )
const kmsEvents = (name: string) =>
  world.emulator.emulator.trail.list(1000).filter(({ eventName }) => eventName === name)

describe('DSSE-KMS', () => {
  it('round trips, and says so', async () => {
    const answer = await put('round-trip')
    expect(answer).toMatchObject({ ...DSSE, SSEKMSKeyId: key, ChecksumType: 'FULL_OBJECT' })
    expect(answer.BucketKeyEnabled).toBeUndefined()
    expect(answer.ETag).not.toBe('"7d793037a0760186574b0282f2f435e7"')
    expect((await put('round-trip')).ETag).not.toBe(answer.ETag)
    expect(await read('round-trip')).toBe('plaintext')
    const got = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'round-trip', ChecksumMode: 'ENABLED' }))
    expect(got).toMatchObject({ ...DSSE, SSEKMSKeyId: key, ChecksumCRC32: answer.ChecksumCRC32 })
    await got.Body?.transformToString()
    expect(await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'round-trip' }))).toMatchObject({
      ...DSSE,
      SSEKMSKeyId: key,
    })
  })

  it('without a key means aws/s3', async () => {
    const answer = await put('managed', { SSEKMSKeyId: undefined })
    expect(answer.SSEKMSKeyId).toMatch(new RegExp(`^arn:aws:kms:us-east-1:${ACCOUNT}:key/[0-9a-f-]{36}$`))
    expect(answer.SSEKMSKeyId).not.toBe(key)
    expect(await read('managed')).toBe('plaintext')
  })

  it('streams large bodies and reads their ranges', async () => {
    const Body = Buffer.alloc(1_500_000)
    for (let at = 0; at < Body.length; at += 4) Body.writeUInt32LE(at, at)
    await put('large', { Body })
    const whole = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'large' }))
    expect(Body.equals((await whole.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true)
    for (const [first, last] of [
      [0, 0],
      [262_100, 262_200],
      [524_200, 1_200_000],
      [1_499_999, 1_499_999],
    ] as const) {
      const part = await world.s3.send(
        new GetObjectCommand({ Bucket, Key: 'large', Range: `bytes=${String(first)}-${String(last)}` }),
      )
      const bytes = Buffer.from((await part.Body?.transformToByteArray()) ?? [])
      expect(bytes.equals(Body.subarray(first, last + 1))).toBe(true)
    }
  })

  it('neither KMS’s data key nor S3’s own opens the bytes on disk', async () => {
    const Body = 'twice sealed'
    await put('on-disk', { Body })
    const { env } = world.emulator.emulator
    const { collections } = JSON.parse(JSON.stringify(env.store.export({ secrets: true }))) as {
      collections: Record<string, Record<string, Record<string, object>>>
    }
    const find = (name: string, id: string): object => {
      for (const table of Object.values(collections[name] ?? {})) if (id in table) return table[id] ?? {}
      throw new Error(`no ${name} ${id}`)
    }
    const record = find('s3.objects', `${Bucket}/on-disk`) as ObjectRecord
    const { key: stored } = find('s3.secrets', 'master') as { readonly key: string }
    const master = Buffer.from(stored, 'base64')
    if (record.encryption.kind !== 'kms') throw new Error('not under KMS')
    const { Plaintext } = await world.kms.send(
      new DecryptCommand({
        CiphertextBlob: Buffer.from(record.encryption.dataKey, 'base64'),
        EncryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${Bucket}/on-disk` },
      }),
    )
    const [inner, outer] = [secretOf(Buffer.from(Plaintext ?? [])), secretOf(master)]
    const blob = record.parts[0]?.blob ?? ''
    const bytes = env.blobs.readSmall(blob)
    const identity = blobIdentity(Bucket, 'on-disk', blob)
    expect(bytes.includes(Body)).toBe(false)
    for (const alone of [inner, outer, twoKeys(inner, inner), twoKeys(outer, outer)]) {
      expect(() => openSmall(alone, identity, bytes)).toThrow(ObjectDamaged)
    }
    expect(openSmall(twoKeys(inner, outer), identity, bytes).toString()).toBe(Body)
  })

  it('has no Bucket Keys: the context is the object’s, and each access is a KMS call', async () => {
    const before = kmsEvents('GenerateDataKey').length
    for (let n = 0; n < 2; n++) {
      const answer = await put('bucket-key', { BucketKeyEnabled: true })
      expect([answer.ServerSideEncryption, answer.BucketKeyEnabled]).toEqual(['aws:kms:dsse', undefined])
    }
    const generated = kmsEvents('GenerateDataKey')
    expect(generated.length).toBe(before + 2)
    expect(generated[0]).toMatchObject({
      eventSource: 'kms.amazonaws.com',
      userAgent: 'fas.s3.amazonaws.com',
      requestParameters: { encryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${Bucket}/bucket-key` } },
    })
    const decrypted = kmsEvents('Decrypt').length
    await read('bucket-key')
    await read('bucket-key')
    expect(kmsEvents('Decrypt').length).toBe(decrypted + 2)
  })

  it('is a bucket’s default, whose Bucket Key setting has no effect', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'dual-default' }))
    await setDefault('dual-default', key, true)
    const { ServerSideEncryptionConfiguration } = await world.s3.send(
      new GetBucketEncryptionCommand({ Bucket: 'dual-default' }),
    )
    expect(ServerSideEncryptionConfiguration?.Rules).toEqual([
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse', KMSMasterKeyID: key },
        BucketKeyEnabled: true,
        BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
      },
    ])
    const plain = { Bucket: 'dual-default', Key: 'k', Body: 'x' }
    const answer = await world.s3.send(new PutObjectCommand(plain))
    expect(answer).toMatchObject({ ...DSSE, SSEKMSKeyId: key })
    expect(answer.BucketKeyEnabled).toBeUndefined()
    // A request that names a method takes nothing of the default but its Bucket Key.
    const single = await world.s3.send(new PutObjectCommand({ ...plain, ServerSideEncryption: 'aws:kms' }))
    expect([single.ServerSideEncryption, single.BucketKeyEnabled]).toEqual(['aws:kms', true])
    expect(single.SSEKMSKeyId).not.toBe(key)
  })

  it('is what a copy asks for, from and to', async () => {
    await put('source')
    const copy = (Key: string, more: object) =>
      world.s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source`, ...more }))
    expect(await copy('dual-copy', { ...DSSE, SSEKMSKeyId: key })).toMatchObject({ ...DSSE, SSEKMSKeyId: key })
    expect(await read('dual-copy')).toBe('plaintext')
    // Never the source's (facts: captures 7.7).
    expect((await copy('plain-copy', {})).ServerSideEncryption).toBe('AES256')
    expect(await read('plain-copy')).toBe('plaintext')
  })

  it('is frozen when an upload begins', async () => {
    const context = Buffer.from(JSON.stringify({ department: 'finance' })).toString('base64')
    const Key = 'parts'
    const created = await world.s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ...DSSE, SSEKMSKeyId: key, SSEKMSEncryptionContext: context }),
    )
    expect(created).toMatchObject({ ...DSSE, SSEKMSKeyId: key })
    const { UploadId } = created
    const bodies = [Buffer.alloc(PART, 'a'), Buffer.from('the end')]
    const Parts = []
    for (const [index, Body] of bodies.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: index + 1 }
      const { ETag, ServerSideEncryption } = await world.s3.send(new UploadPartCommand({ ...part, Body }))
      expect(ServerSideEncryption).toBe('aws:kms:dsse')
      Parts.push({ ETag, PartNumber: part.PartNumber })
    }
    const done = await world.s3.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    )
    expect(done).toMatchObject({ ...DSSE, SSEKMSKeyId: key })
    expect(await read(Key, world.s3, { Range: `bytes=${String(PART - 2)}-${String(PART + 2)}` })).toBe('aathe')
    expect(await read(Key, world.s3, { PartNumber: 2 })).toBe('the end')
  })

  it('needs both permissions', async () => {
    await put('both')
    const data = allow(['s3:GetObject', 's3:PutObject'])
    const user = await world.user('dual', data)
    const refused = (action: string, by = 'identity-based') =>
      denied(
        `User: ${user.arn} is not authorized to perform: kms:${action} on resource: ${key} because no ${by} policy allows the kms:${action} action`,
      )
    expect(await refusal(put('both', {}, user.s3))).toEqual(refused('GenerateDataKey'))
    expect(await refusal(read('both', user.s3))).toEqual(refused('Decrypt'))
    await world.allow('dual', data, allow(['kms:GenerateDataKey', 'kms:Decrypt'], key))
    await put('both', { Body: 'mine' }, user.s3)
    expect(await read('both', user.s3)).toBe('mine')
    const closed = policy({ ...allow('kms:*'), Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/nobody-else` } })
    await world.user('nobody-else')
    await world.kms.send(new PutKeyPolicyCommand({ KeyId: key, Policy: closed, BypassPolicyLockoutSafetyCheck: true }))
    expect(await refusal(read('both', user.s3))).toEqual(refused('Decrypt', 'resource-based'))
  })

  it('stops with its key', async () => {
    await put('disabled')
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    const disabled = { status: 400, code: 'KMS.DisabledException', message: `${key} is disabled.` }
    expect(await refusal(read('disabled'))).toEqual(disabled)
    expect(await refusal(put('disabled'))).toEqual(disabled)
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'disabled', ChecksumMode: 'ENABLED' }))
    expect([head.ContentLength, head.ChecksumCRC32]).toEqual([9, undefined])
  })

  it('is what policies see', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'dual-only' }))
    const user = await world.user('dual-only', allow('*'), {
      Effect: 'Deny',
      Action: 's3:PutObject',
      Resource: '*',
      Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms:dsse' } },
    })
    await put('k', { Bucket: 'dual-only' }, user.s3)
    expect(await refusal(put('k', { Bucket: 'dual-only', ServerSideEncryption: 'aws:kms' }, user.s3))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::dual-only/k" with an explicit deny in an identity-based policy`,
      ),
    )
  })
})
