import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketTaggingCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketLoggingCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketReplicationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketReplicationCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('first-bucket')
})
afterAll(() => world.stop())

const constraint = (text: string) => ({ LocationConstraint: text as BucketLocationConstraint })

describe('CreateBucket', () => {
  it('answers where the bucket is', async () => {
    const answer = await world.s3.send(new CreateBucketCommand({ Bucket: 'answers' }))
    expect(answer).toMatchObject({ Location: '/answers', BucketArn: 'arn:aws:s3:::answers' })
  })

  it('succeeds again for its owner in us-east-1', async () => {
    await expect(world.s3.send(new CreateBucketCommand({ Bucket: 'first-bucket' }))).resolves.toBeDefined()
  })

  it('refuses names that others have', async () => {
    const other = world.as(rootOf(OTHER_ACCOUNT))
    expect(await refusal(other.send(new CreateBucketCommand({ Bucket: 'first-bucket' })))).toEqual({
      status: 409,
      code: 'BucketAlreadyExists',
      message:
        'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    })
  })

  it('refuses bad names', async () => {
    expect(await refusal(world.s3.send(new CreateBucketCommand({ Bucket: 'Bad_Name' })))).toEqual({
      status: 400,
      code: 'InvalidBucketName',
      message: 'The specified bucket is not valid.',
    })
  })

  it.each([
    [
      'eu-west-1',
      '',
      'IllegalLocationConstraintException',
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
    ],
    [
      'eu-west-1',
      'eu-central-1',
      'IllegalLocationConstraintException',
      'The eu-central-1 location constraint is incompatible for the region specific endpoint this request was sent to.',
    ],
    ['us-east-1', 'us-east-1', 'InvalidLocationConstraint', 'The specified location-constraint is not valid'],
    ['us-east-1', 'nowhere', 'InvalidLocationConstraint', 'The specified location-constraint is not valid'],
  ])('sent to %s for %j is refused', async (region, location, code, message) => {
    const element = location && `<LocationConstraint>${location}</LocationConstraint>`
    const body = element && `<CreateBucketConfiguration>${element}</CreateBucketConfiguration>`
    const { url } = world.emulator
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path: '/misplaced', body }, { region }))
    expect(answer.status).toBe(400)
    expect(answer.body).toContain(`<Error><Code>${code}</Code><Message>${message}</Message>`)
  })

  it('is told the Region, when it is signed for what is none', async () => {
    const { url } = world.emulator
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path: '/misplaced' }, { region: 'US' }))
    expect(answer.status).toBe(400)
    expect(answer.body).toContain(
      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'US' is wrong; expecting 'us-east-1'</Message><Region>us-east-1</Region>",
    )
  })

  it('needs s3:CreateBucket', async () => {
    const user = await world.user('creates-nothing', allow('s3:ListAllMyBuckets'))
    expect(await refusal(user.s3.send(new CreateBucketCommand({ Bucket: 'not-yours' })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:CreateBucket on resource: "arn:aws:s3:::not-yours" because no identity-based policy allows the s3:CreateBucket action`,
      ),
    )
  })
})

describe('a bucket in another Region', () => {
  beforeAll(async () => {
    const s3 = world.as(rootOf(ACCOUNT), 'eu-west-1')
    await s3.send(new CreateBucketCommand({ Bucket: 'in-ireland', CreateBucketConfiguration: constraint('eu-west-1') }))
  })

  it('is found there', async () => {
    const s3 = world.as(rootOf(ACCOUNT), 'eu-west-1')
    expect(await s3.send(new HeadBucketCommand({ Bucket: 'in-ireland' }))).toMatchObject({
      BucketRegion: 'eu-west-1',
      AccessPointAlias: false,
    })
    expect(
      await refusal(
        s3.send(new CreateBucketCommand({ Bucket: 'in-ireland', CreateBucketConfiguration: constraint('eu-west-1') })),
      ),
    ).toEqual({
      status: 409,
      code: 'BucketAlreadyOwnedByYou',
      message: 'Your previous request to create the named bucket succeeded and you already own it.',
    })
  })

  it('tells its Region to every endpoint', async () => {
    expect(await world.s3.send(new GetBucketLocationCommand({ Bucket: 'in-ireland' }))).toMatchObject({
      LocationConstraint: 'eu-west-1',
    })
    const here = await world.s3.send(new GetBucketLocationCommand({ Bucket: 'first-bucket' }))
    expect(here.LocationConstraint).toBeUndefined()
  })

  it('redirects, or finds the signature malformed', async () => {
    expect(await refusal(world.s3.send(new ListObjectsV2Command({ Bucket: 'in-ireland' })))).toEqual({
      status: 400,
      code: 'AuthorizationHeaderMalformed',
      message: "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    })
    const s3 = world.as(rootOf(ACCOUNT), 'ap-south-1')
    expect(await refusal(s3.send(new ListObjectsV2Command({ Bucket: 'in-ireland' })))).toEqual({
      status: 301,
      code: 'PermanentRedirect',
      message:
        'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    })
  })
})

describe('ListBuckets', () => {
  it('lists the own account only, in order, in pages', async () => {
    const s3 = world.as(rootOf('333333333333'))
    for (const name of ['c-bucket', 'a-bucket', 'b-bucket']) await s3.send(new CreateBucketCommand({ Bucket: name }))
    const all = await s3.send(new ListBucketsCommand())
    expect(all.Buckets?.map(({ Name }) => Name)).toEqual(['a-bucket', 'b-bucket', 'c-bucket'])
    expect(all.Owner?.ID).toMatch(/^[0-9a-f]{64}$/)
    const first = await s3.send(new ListBucketsCommand({ MaxBuckets: 2 }))
    expect(first.Buckets?.map(({ Name, BucketRegion }) => [Name, BucketRegion])).toEqual([
      ['a-bucket', 'us-east-1'],
      ['b-bucket', 'us-east-1'],
    ])
    const second = await s3.send(new ListBucketsCommand({ MaxBuckets: 2, ContinuationToken: first.ContinuationToken }))
    expect(second.Buckets?.map(({ Name }) => Name)).toEqual(['c-bucket'])
    expect(second.ContinuationToken).toBeUndefined()
  })

  it('needs s3:ListAllMyBuckets, on no bucket in particular', async () => {
    const user = await world.user('lists-nothing', allow('s3:ListBucket'))
    expect(await refusal(user.s3.send(new ListBucketsCommand()))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action`,
      ),
    )
  })
})

describe('a bucket that does not exist', () => {
  it('is reported before permissions', async () => {
    const user = await world.user('may-nothing')
    expect(await refusal(user.s3.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket' })))).toEqual({
      status: 404,
      code: 'NoSuchBucket',
      message: 'The specified bucket does not exist',
    })
  })
})

describe('DeleteBucket', () => {
  it('deletes empty buckets only', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'to-delete' }))
    await world.s3.send(new PutObjectCommand({ Bucket: 'to-delete', Key: 'k', Body: 'x' }))
    expect(await refusal(world.s3.send(new DeleteBucketCommand({ Bucket: 'to-delete' })))).toEqual({
      status: 409,
      code: 'BucketNotEmpty',
      message: 'The bucket you tried to delete is not empty',
    })
    await world.s3.send(new CreateBucketCommand({ Bucket: 'to-delete-2' }))
    const { $metadata } = await world.s3.send(new DeleteBucketCommand({ Bucket: 'to-delete-2' }))
    expect($metadata.httpStatusCode).toBe(204)
    expect(await refusal(world.s3.send(new HeadBucketCommand({ Bucket: 'to-delete-2' })))).toMatchObject({
      status: 404,
    })
  })
})

describe('x-amz-expected-bucket-owner', () => {
  it('refuses other owners without a reason', async () => {
    const input = { Bucket: 'first-bucket', ExpectedBucketOwner: OTHER_ACCOUNT }
    expect(await refusal(world.s3.send(new ListObjectsV2Command(input)))).toEqual(denied('Access Denied'))
  })

  it('refuses what is no account', async () => {
    const input = { Bucket: 'first-bucket', ExpectedBucketOwner: 'me' }
    expect(await refusal(world.s3.send(new ListObjectsV2Command(input)))).toEqual({
      status: 400,
      code: 'InvalidBucketOwnerAWSAccountID',
      message: 'The value of the expected bucket owner parameter must be an AWS Account ID... [me]',
    })
  })
})

describe('a plain signed request', () => {
  const request = (method: string, path: string, headers: Record<string, string> = {}) => {
    const { url } = world.emulator
    return send(url, signed(url, 's3', { method, path, headers, ...(method === 'PUT' && { body: 'x' }) }))
  }
  const owner = 'x-amz-expected-bucket-owner'

  it('may name the expected owner in its query, but not twice', async () => {
    const list = '/first-bucket?list-type=2'
    expect((await request('GET', `${list}&${owner}=${ACCOUNT}`)).status).toBe(200)
    const wrong = await request('GET', `${list}&${owner}=${OTHER_ACCOUNT}`)
    expect(wrong.status).toBe(403)
    expect(wrong.body).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>')
    const twice = await request('GET', `${list}&${owner}=${ACCOUNT}`, { [owner]: ACCOUNT })
    expect(twice.status).toBe(400)
    expect(twice.body).toContain(
      '<Code>InvalidBucketOwnerAWSAccountID</Code><Message>Expected bucket owner must be provided as either a header or parameter, not both</Message>',
    )
  })

  it('gets S3’s own checksum, which reads show only when asked', async () => {
    const { status, headers } = await request('PUT', '/first-bucket/plain')
    expect([status, headers['x-amz-checksum-type']]).toEqual([200, 'FULL_OBJECT'])
    const read = async (mode: Record<string, string>) =>
      (await request('HEAD', '/first-bucket/plain', mode)).headers['x-amz-checksum-crc64nvme']
    expect(await read({ 'x-amz-checksum-mode': 'ENABLED' })).toBe(headers['x-amz-checksum-crc64nvme'])
    expect(await read({})).toBeUndefined()
    await request('DELETE', '/first-bucket/plain')
  })

  it('learns the bucket’s Region even when it is refused', async () => {
    const user = await world.user('head-only')
    const { url } = world.emulator
    const raw = signed(url, 's3', { method: 'HEAD', path: '/first-bucket' }, { credentials: user.credentials })
    const { status, headers, body } = await send(url, raw)
    expect([status, headers['x-amz-bucket-region'], body]).toEqual([403, 'us-east-1', ''])
  })
})

describe('what is not configured', () => {
  const Bucket = 'first-bucket'
  it.each([
    ['NoSuchCORSConfiguration', () => world.s3.send(new GetBucketCorsCommand({ Bucket }))],
    ['NoSuchLifecycleConfiguration', () => world.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))],
    ['NoSuchWebsiteConfiguration', () => world.s3.send(new GetBucketWebsiteCommand({ Bucket }))],
    ['ReplicationConfigurationNotFoundError', () => world.s3.send(new GetBucketReplicationCommand({ Bucket }))],
    ['ObjectLockConfigurationNotFoundError', () => world.s3.send(new GetObjectLockConfigurationCommand({ Bucket }))],
    ['NoSuchTagSet', () => world.s3.send(new GetBucketTaggingCommand({ Bucket }))],
  ])('is %s', async (code, call) => {
    expect(await refusal(call())).toMatchObject({ status: 404, code })
  })

  it('has its defaults', async () => {
    const { s3 } = world
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
    expect((await s3.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toBeUndefined()
    expect((await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBeUndefined()
    expect((await s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer).toBe('BucketOwner')
    const acl = await s3.send(new GetBucketAclCommand({ Bucket }))
    expect(acl.Grants).toEqual([{ Grantee: { ID: acl.Owner?.ID, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }])
  })

  it('cannot be configured yet, and says so', async () => {
    const ReplicationConfiguration = { Role: `arn:aws:iam::${ACCOUNT}:role/replicator`, Rules: [] }
    const input = { Bucket, ReplicationConfiguration }
    expect(await refusal(world.s3.send(new PutBucketReplicationCommand(input)))).toEqual({
      status: 501,
      code: 'NotImplemented',
      message: 'twokey does not emulate s3:PutBucketReplication',
    })
  })
})

describe('bucket settings', () => {
  const Bucket = 'first-bucket'

  it('tags', async () => {
    const TagSet = [
      { Key: 'b', Value: '2' },
      { Key: 'a', Value: '1' },
    ]
    await world.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
    expect((await world.s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet)
    await world.s3.send(new DeleteBucketTaggingCommand({ Bucket }))
    expect(await refusal(world.s3.send(new GetBucketTaggingCommand({ Bucket })))).toEqual({
      status: 404,
      code: 'NoSuchTagSet',
      message: 'The TagSet does not exist',
    })
  })

  it('public access block', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'block' }))
    const all = await world.s3.send(new GetPublicAccessBlockCommand({ Bucket: 'block' }))
    expect(all.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    })
    const PublicAccessBlockConfiguration = { BlockPublicPolicy: true }
    await world.s3.send(new PutPublicAccessBlockCommand({ Bucket: 'block', PublicAccessBlockConfiguration }))
    const some = await world.s3.send(new GetPublicAccessBlockCommand({ Bucket: 'block' }))
    expect(some.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: false,
      IgnorePublicAcls: false,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: false,
    })
    await world.s3.send(new DeletePublicAccessBlockCommand({ Bucket: 'block' }))
    expect(await refusal(world.s3.send(new GetPublicAccessBlockCommand({ Bucket: 'block' })))).toEqual({
      status: 404,
      code: 'NoSuchPublicAccessBlockConfiguration',
      message: 'The public access block configuration was not found',
    })
  })

  it('ownership controls', async () => {
    const { OwnershipControls } = await world.s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))
    expect(OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] })
    await world.s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }))
    expect(await refusal(world.s3.send(new GetBucketOwnershipControlsCommand({ Bucket })))).toEqual({
      status: 404,
      code: 'OwnershipControlsNotFoundError',
      message: 'The bucket ownership controls were not found',
    })
  })
})

describe('S3 Control', () => {
  const path = '/v20180820/configuration/publicAccessBlock'
  const get = (headers: Record<string, string>) => {
    const { url } = world.emulator
    return send(url, signed(url, 's3', { method: 'GET', path, headers }))
  }

  it('is not there, and says so: the account-level public access block', async () => {
    const control = { 'x-amz-account-id': ACCOUNT }
    for (const headers of [control, { ...control, host: `${ACCOUNT}.s3-control.us-east-1.amazonaws.com` }]) {
      const answer = await get(headers)
      expect(answer.status).toBe(501)
      expect(answer.body).toContain(
        '<Error><Code>NotImplemented</Code><Message>twokey does not emulate the service `s3control`</Message>',
      )
    }
  })

  it('is not taken for a bucket of that name', async () => {
    const answer = await get({})
    expect(answer.body).toContain('<Error><Code>NoSuchBucket</Code>')
  })
})
