import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  GetObjectAclCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketOwnershipControlsCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { send, signed } from '../../support/raw.ts'
import { allow, deny, startWorld, type Person, type World } from './support.ts'

const Bucket = 'by-url'
const HASH = { 'x-amz-content-sha256': createHash('sha256').update('bytes').digest('hex') }
let world: World
let writer: Person
beforeAll(async () => {
  world = await startWorld(Bucket)
  await world.s3.send(
    new PutBucketOwnershipControlsCommand({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] },
    }),
  )
  const open = { BlockPublicAcls: false, IgnorePublicAcls: false }
  await world.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: open }))
  writer = await world.user('writer', allow(['s3:PutObject', 's3:PutObjectAcl']))
})
afterAll(() => world.stop())

/** A URL as the SDK signs it, all it can in the query, sent without a header. */
async function put(s3: S3Client, input: Omit<PutObjectCommandInput, 'Bucket'>, ...hoisted: string[]) {
  const command = new PutObjectCommand({ Bucket, ...input })
  const url = await getSignedUrl(s3, command, { hoistableHeaders: new Set(hoisted) })
  const answer = await fetch(url, { method: 'PUT', body: 'bytes' })
  const body = (await answer.text()).replaceAll('&quot;', '"')
  return { status: answer.status, body, query: new URL(url).searchParams }
}

const head = (Key: string) => world.s3.send(new HeadObjectCommand({ Bucket, Key }))

describe('the query of a presigned URL', () => {
  it('brings metadata and the canned ACL', async () => {
    const { status, query } = await put(writer.s3, {
      Key: 'both',
      ACL: 'public-read',
      Metadata: { team: 'blue + red' },
    })
    expect(query.get('X-Amz-SignedHeaders')).toBe('host')
    expect(status).toBe(200)
    expect((await head('both')).Metadata).toEqual({ team: 'blue + red' })
    const { Grants } = await world.s3.send(new GetObjectAclCommand({ Bucket, Key: 'both' }))
    expect(Grants?.map(({ Grantee, Permission }) => [Grantee?.URI, Permission])).toContainEqual([
      'http://acs.amazonaws.com/groups/global/AllUsers',
      'READ',
    ])
    expect(await (await fetch(`${world.emulator.url}/${Bucket}/both`)).text()).toBe('bytes')
  })

  it('asks for what the ACL needs, and shows it to policies', async () => {
    await world.allow('writer', allow('s3:PutObject'))
    const unasked = await put(writer.s3, { Key: 'public', ACL: 'public-read' })
    expect(unasked.status).toBe(403)
    expect(unasked.body).toContain(
      `<Message>User: ${writer.arn} is not authorized to perform: s3:PutObjectAcl on resource: "arn:aws:s3:::${Bucket}/public" because no identity-based policy allows the s3:PutObjectAcl action</Message>`,
    )
    const condition = { Condition: { StringEquals: { 's3:x-amz-acl': 'public-read' } } }
    await world.allow('writer', allow('s3:*'), { ...deny('s3:PutObject'), ...condition })
    const forbidden = await put(writer.s3, { Key: 'public', ACL: 'public-read' })
    expect(forbidden.status).toBe(403)
    expect(forbidden.body).toContain(
      `s3:PutObject on resource: "arn:aws:s3:::${Bucket}/public" with an explicit deny in an identity-based policy</Message>`,
    )
    expect((await put(writer.s3, { Key: 'private', ACL: 'private' })).status).toBe(200)
    await expect(head('public')).rejects.toMatchObject({ name: 'NotFound' })
  })

  it('brings neither tags, nor encryption, nor checksums', async () => {
    const method = 'x-amz-server-side-encryption'
    const input = { Key: 'not', Tagging: 'a=b', ServerSideEncryption: 'aws:kms' } as const
    const { status, query } = await put(world.s3, input, method)
    // The checksum is of no bytes: there were none when the URL was signed.
    const said = ['x-amz-tagging', method, 'x-amz-checksum-crc32'].map((name) => query.get(name))
    expect(said).toEqual(['a=b', 'aws:kms', 'AAAAAA=='])
    expect(status).toBe(200)
    expect(await head('not')).toMatchObject({ ServerSideEncryption: 'AES256' })
    expect((await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'not' }))).TagSet).toEqual([])
  })

  it('is refused where it says what no header can', async () => {
    const { status, body } = await put(world.s3, { Key: 'bad', Metadata: { a: 'one\r\nx-two: 2' } })
    expect({ status, code: /<Code>(\w+)/.exec(body)?.[1] }).toEqual({ status: 400, code: 'InvalidArgument' })
    await expect(head('bad')).rejects.toMatchObject({ name: 'NotFound' })
  })

  // What AWS does is not recorded.
  it('means nothing where the signature is in a header', async () => {
    const path = `/${Bucket}/signed?x-amz-acl=public-read&x-amz-meta-a=b`
    const { url } = world.emulator
    expect((await send(url, signed(url, 's3', { method: 'PUT', path, headers: HASH, body: 'bytes' }))).status).toBe(200)
    expect((await head('signed')).Metadata).toEqual({})
  })
})
