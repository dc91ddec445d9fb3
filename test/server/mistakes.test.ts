import { DecryptCommand, CreateAliasCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allow, denied, policy, refusal, startWorld, type Person, type World } from '../services/s3/support.ts'
import { ACCOUNT, rootOf, startEmulator } from '../support/emulator.ts'
import { send, signed } from '../support/raw.ts'
import { told } from '../support/wire.ts'

/* What other emulators got wrong (facts: denials 3), where only a whole request shows it; test/access/mistakes.test.ts has the rest. */

const Bucket = 'often-mistaken'
let world: World
let one: string
let two: string
beforeAll(async () => {
  world = await startWorld(Bucket)
  one = await world.key()
  two = await world.key()
})
afterAll(() => world.stop())

const of = ({ credentials }: Person) => world.emulator.client(KMSClient, { credentials })
const seal = async (KeyId: string) =>
  (await world.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }))).CiphertextBlob
const not = ({ arn }: Person, action: string, resource: string) =>
  `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`

describe('the resource that is asked for', () => {
  it('of Decrypt is the key in the ciphertext, whether or not the request names one', async () => {
    const person = await world.user('opener', allow('kms:Decrypt', one))
    const opened = await of(person).send(new DecryptCommand({ CiphertextBlob: await seal(one) }))
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('secret')
    expect(await refusal(of(person).send(new DecryptCommand({ CiphertextBlob: await seal(two) })))).toEqual({
      status: 400,
      code: 'AccessDeniedException',
      message: not(person, 'kms:Decrypt', two),
    })
  })

  it('of a call that names an alias is the key: permission on the key is enough, on the alias it is none', async () => {
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/app', TargetKeyId: one }))
    const encrypt = (person: Person) =>
      of(person).send(new EncryptCommand({ KeyId: 'alias/app', Plaintext: Buffer.from('x') }))
    expect((await encrypt(await world.user('keyed', allow('kms:Encrypt', one)))).KeyId).toBe(one)

    const person = await world.user('aliased', allow('kms:Encrypt', `arn:aws:kms:us-east-1:${ACCOUNT}:alias/app`))
    expect(await refusal(encrypt(person))).toEqual({
      status: 400,
      code: 'AccessDeniedException',
      message: not(person, 'kms:Encrypt', one),
    })
  })
})

describe('the action that is asked for', () => {
  it('is told by the query, not by method and path alone: PUT /bucket?policy is no CreateBucket', async () => {
    const person = await world.user('founder', allow('s3:CreateBucket'))
    await person.s3.send(new CreateBucketCommand({ Bucket: 'founders-own' }))
    const put = person.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy() }))
    expect(await refusal(put)).toEqual(denied(not(person, 's3:PutBucketPolicy', `"arn:aws:s3:::${Bucket}"`)))
  })

  it('of an operation that is not there is never granted: it answers 501, whoever asks', async () => {
    const raw = {
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      body: '{}',
    }
    const { status, body } = await send(world.emulator.url, signed(world.emulator.url, 'dynamodb', raw))
    expect(status).toBe(501)
    expect(body).toContain('NotImplemented')
  })

  it('are two where an object is put in the place of a known one: If-Match needs s3:GetObject, too', async () => {
    const { ETag } = await world.s3.send(new PutObjectCommand({ Bucket, Key: 'known', Body: 'a' }))
    const person = await world.user('replacer', allow('s3:PutObject'))
    const put = () => person.s3.send(new PutObjectCommand({ Bucket, Key: 'known', Body: 'b', IfMatch: ETag }))
    expect(await refusal(put())).toEqual(denied(not(person, 's3:GetObject', `"arn:aws:s3:::${Bucket}/known"`)))
    const at = { Bucket, Key: 'known' }
    const { UploadId } = await person.s3.send(new CreateMultipartUploadCommand(at))
    const part = await person.s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'c' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] }
    const complete = (IfMatch?: string) =>
      person.s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload, IfMatch }))
    expect(await refusal(complete(ETag))).toEqual(denied(not(person, 's3:GetObject', `"arn:aws:s3:::${Bucket}/known"`)))

    await world.allow('replacer', allow(['s3:PutObject', 's3:GetObject']))
    await complete((await put()).ETag)
  })
})

describe('a bypass', () => {
  it.each([
    ['x-localemu-data', 'true'],
    ['x-sim-aws-caller', `arn:aws:iam::${ACCOUNT}:root`],
    ['x-amz-caller', `arn:aws:iam::${ACCOUNT}:root`],
    ['x-twokey-caller', `arn:aws:iam::${ACCOUNT}:root`],
    ['x-moto-account-id', ACCOUNT],
    ['x-forwarded-user', 'root'],
  ])('is no header: %s', async (name, value) => {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'report', Body: 'a' }))
    const raw = { method: 'GET', path: `/${Bucket}/report`, headers: { [name]: value } }
    expect(told(await send(world.emulator.url, raw))).toBe('403 AccessDenied: Access Denied')
    const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'test' }
    const answer = await send(world.emulator.url, signed(world.emulator.url, 's3', raw, { credentials }))
    expect(told(answer)).toBe(
      '403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.',
    )
  })

  it('is no access key once the bootstrap door is closed', async () => {
    const closed = await startEmulator({ bootstrap: false })
    try {
      for (const accessKeyId of ['test', ACCOUNT, '000000000000']) {
        const credentials = { accessKeyId, secretAccessKey: 'test' }
        expect(
          await refusal(closed.client(STSClient, { credentials }).send(new GetCallerIdentityCommand())),
        ).toMatchObject({
          status: 403,
          code: 'InvalidClientTokenId',
          message: 'The security token included in the request is invalid.',
        })
      }
    } finally {
      await closed.stop()
    }
  })

  it('is not the right account with the wrong secret', async () => {
    const credentials = { ...rootOf(ACCOUNT), secretAccessKey: 'Test' }
    const get = world.as(credentials).send(new GetObjectCommand({ Bucket, Key: 'report' }))
    expect(await refusal(get)).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })
})
