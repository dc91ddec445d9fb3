import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { allow, startWorld, type World } from './support.ts'

const Bucket = 'queried'
let world: World
beforeAll(async () => {
  world = await startWorld(Bucket)
  await world.s3.send(new PutObjectCommand({ Bucket, Key: 'object', Body: 'content' }))
})
beforeEach(() => {
  world.emulator.emulator.trail.clear()
})
afterAll(() => world.stop())

/** Of the latest request. */
function recorded() {
  const [record] = world.emulator.emulator.trail.list(1)
  const { AuthenticationMethod: method } = record?.['additionalEventData'] as { AuthenticationMethod?: string }
  return { name: record?.['eventName'], parameters: record?.['requestParameters'], method }
}
const Host = () => new URL(world.emulator.url).host

describe('the audit trail', () => {
  it('tells what a query asks for', async () => {
    await world.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a +b/', MaxKeys: 5 }))
    expect(recorded()).toEqual({
      name: 'ListObjects',
      parameters: { bucketName: Bucket, Host: Host(), 'list-type': '2', prefix: 'a +b/', 'max-keys': '5' },
      method: 'AuthHeader',
    })
    await world.s3.send(new GetBucketVersioningCommand({ Bucket }))
    expect(recorded()).toMatchObject({
      name: 'GetBucketVersioning',
      parameters: { bucketName: Bucket, Host: Host(), versioning: '' },
    })
  })

  it('tells presigned requests by their query, without signature, credential and token', async () => {
    const signer = await world.user('signer', allow('s3:*'))
    const sts = world.emulator.client(STSClient, { credentials: signer.credentials })
    const { Credentials: session } = await sts.send(new GetSessionTokenCommand({}))
    const credentials = {
      accessKeyId: session?.AccessKeyId ?? '',
      secretAccessKey: session?.SecretAccessKey ?? '',
      sessionToken: session?.SessionToken,
    }
    const s3 = world.emulator.client(S3Client, { credentials })
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'object' }), { expiresIn: 300 })
    expect(await (await fetch(url)).text()).toBe('content')
    const query = new URL(url).searchParams
    expect(recorded()).toEqual({
      name: 'GetObject',
      parameters: {
        bucketName: Bucket,
        Host: Host(),
        key: 'object',
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
        'X-Amz-Date': query.get('X-Amz-Date'),
        'X-Amz-Expires': '300',
        'X-Amz-SignedHeaders': 'host',
        'x-amz-checksum-mode': 'ENABLED',
        'x-id': 'GetObject',
      },
      method: 'QueryString',
    })
    const everything = JSON.stringify(world.emulator.emulator.trail.list(100))
    for (const name of ['X-Amz-Signature', 'X-Amz-Security-Token']) {
      expect(query.get(name)).toBeTruthy()
      expect(everything).not.toContain(query.get(name))
    }
  })

  it('tells uploads by form', async () => {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it brings an S3 client of its own
    const { url, fields } = await createPresignedPost(world.s3, { Bucket, Key: 'by-form' })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set('file', 'content')
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    expect(recorded()).toMatchObject({ name: 'PutObject', method: 'HtmlForm' })
  })
})
