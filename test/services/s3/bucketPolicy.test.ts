import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteUserCommand, DeleteAccessKeyCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { send } from '../../support/raw.ts'
import { allow, denied, deny, policy, refusal, startWorld, type World } from './support.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

let count = 0
/** A bucket with an object `k` and a policy on it; `Block Public Access` lifted when asked. */
async function bucketWith(statements: (bucket: string) => readonly object[], open = false): Promise<string> {
  const Bucket = `policy-${String(++count)}`
  await world.s3.send(new CreateBucketCommand({ Bucket }))
  await world.s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'content' }))
  if (open) await world.s3.send(new DeletePublicAccessBlockCommand({ Bucket }))
  const list = statements(Bucket)
  if (list.length > 0) await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(...list) }))
  return Bucket
}
const get = async (Bucket: string, s3 = world.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body?.transformToString()
const everyone = (bucket: string) => ({ ...allow('s3:GetObject', `arn:aws:s3:::${bucket}/*`), Principal: '*' })

describe('a bucket policy', () => {
  it('is answered as it was put, and deleted', async () => {
    const statement = (bucket: string) => ({
      ...deny('s3:DeleteObject', `arn:aws:s3:::${bucket}/*`),
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    })
    const Bucket = await bucketWith((bucket) => [statement(bucket)])
    const { Policy } = await world.s3.send(new GetBucketPolicyCommand({ Bucket }))
    expect(Policy).toBe(policy(statement(Bucket)))
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    expect(await refusal(world.s3.send(new GetBucketPolicyCommand({ Bucket })))).toEqual({
      status: 404,
      code: 'NoSuchBucketPolicy',
      message: 'The bucket policy does not exist',
    })
  })

  it('allows another account, whose own policy must allow too', async () => {
    const Bucket = await bucketWith((bucket) => [
      { ...allow('s3:GetObject', `arn:aws:s3:::${bucket}/*`), Principal: { AWS: OTHER_ACCOUNT } },
    ])
    const other = world.as(rootOf(OTHER_ACCOUNT))
    expect(await get(Bucket, other)).toBe('content')
    // Strangers are told nothing.
    expect(await refusal(other.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' })))).toEqual(
      denied('Access Denied'),
    )
  })

  it('is refused when an action fits none of its resources, and the old one stays', async () => {
    const Bucket = await bucketWith((bucket) => [{ ...everyone(bucket), Principal: { AWS: ACCOUNT } }])
    const before = await world.s3.send(new GetBucketPolicyCommand({ Bucket }))
    const listing = { ...everyone(Bucket), Principal: { AWS: ACCOUNT }, Action: ['s3:GetObject', 's3:ListBucket'] }
    expect(await refusal(world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(listing) })))).toEqual({
      status: 400,
      code: 'MalformedPolicy',
      message: 'Action does not apply to any resource(s) in statement',
    })
    expect((await world.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(before.Policy)
  })

  it('binds a user, not its name', async () => {
    const user = await world.user('bound')
    const Bucket = await bucketWith((bucket) => [
      { ...allow('s3:GetObject', `arn:aws:s3:::${bucket}/*`), Principal: { AWS: user.arn } },
    ])
    expect(await get(Bucket, user.s3)).toBe('content')
    const shown = async () => (await world.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy
    expect(await shown()).toContain(`"AWS":"${user.arn}"`)
    const iam = world.emulator.client(IAMClient)
    await iam.send(new DeleteAccessKeyCommand({ UserName: 'bound', AccessKeyId: user.credentials.accessKeyId }))
    await iam.send(new DeleteUserCommand({ UserName: 'bound' }))
    expect(await shown()).toMatch(/"AWS":"AIDA[A-Z0-9]+"/)
    const namesake = await world.user('bound')
    expect(await refusal(get(Bucket, namesake.s3))).toEqual(
      denied(
        `User: ${namesake.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/k" because no identity-based policy allows the s3:GetObject action`,
      ),
    )
  })

  it('cannot lock out the root of its account', async () => {
    const Bucket = await bucketWith((bucket) => [{ ...deny('s3:*', `arn:aws:s3:::${bucket}`), Principal: '*' }])
    const user = await world.user('locked-out', allow('s3:*'))
    expect(await refusal(user.s3.send(new DeleteBucketPolicyCommand({ Bucket })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:DeleteBucketPolicy on resource: "arn:aws:s3:::${Bucket}" with an explicit deny in a resource-based policy`,
      ),
    )
    await expect(world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))).resolves.toBeDefined()
  })

  it('is managed by its account only', async () => {
    const Bucket = await bucketWith((bucket) => [
      { ...allow('s3:*BucketPolicy', `arn:aws:s3:::${bucket}`), Principal: { AWS: OTHER_ACCOUNT } },
    ])
    const other = world.as(rootOf(OTHER_ACCOUNT))
    expect(await refusal(other.send(new GetBucketPolicyCommand({ Bucket })))).toEqual({
      status: 405,
      code: 'MethodNotAllowed',
      message: 'The specified method is not allowed against this resource.',
    })
  })

  it.each([
    ['text', "Policies must be valid JSON and the first byte must be '{'"],
    ['{"Version":"2012-10-17"}', 'Missing required field Statement'],
    [policy({ ...deny('s3:*', 'arn:aws:s3:::other/*'), Principal: '*' }), 'Policy has invalid resource'],
    [policy(deny('s3:*', 'arn:aws:s3:::refused/*')), 'Missing required field Principal'],
    [
      policy({
        ...deny('s3:*', 'arn:aws:s3:::refused/*'),
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/nobody` },
      }),
      'Invalid principal in policy',
    ],
  ])('%s is refused', async (Policy, message) => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'refused' }))
    expect(await refusal(world.s3.send(new PutBucketPolicyCommand({ Bucket: 'refused', Policy })))).toEqual({
      status: 400,
      code: 'MalformedPolicy',
      message,
    })
  })
})

describe('public access', () => {
  it('is blocked from policies of new buckets', async () => {
    const Bucket = await bucketWith(() => [])
    const Policy = policy(everyone(Bucket))
    expect(await refusal(world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })))).toEqual(
      denied(
        `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${Bucket}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      ),
    )
  })

  it('lets anonymous callers in where it is allowed', async () => {
    const Bucket = await bucketWith((bucket) => [everyone(bucket)], true)
    const { PolicyStatus } = await world.s3.send(new GetBucketPolicyStatusCommand({ Bucket }))
    expect(PolicyStatus).toEqual({ IsPublic: true })
    const path = `/${Bucket}/k`
    expect(await send(world.emulator.url, { method: 'GET', path })).toMatchObject({ status: 200, body: 'content' })
    const refused = await send(world.emulator.url, { method: 'DELETE', path })
    expect(refused.status).toBe(403)
    expect(refused.body).toMatch(/<Error><Code>AccessDenied<\/Code><Message>Access Denied<\/Message><RequestId>/)
    const overridden = await send(world.emulator.url, {
      method: 'GET',
      path: `${path}?response-content-type=text/html`,
    })
    expect(overridden.body).toContain(
      '<Message>Request specific response headers cannot be used for anonymous GET requests.</Message>',
    )
  })

  it('is restricted to the account by RestrictPublicBuckets', async () => {
    const Bucket = await bucketWith((bucket) => [everyone(bucket)], true)
    const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true }
    await world.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }))
    expect((await send(world.emulator.url, { method: 'GET', path: `/${Bucket}/k` })).status).toBe(403)
    expect(await refusal(get(Bucket, world.as(rootOf(OTHER_ACCOUNT))))).toEqual(denied('Access Denied'))
    const user = await world.user('same-account')
    expect(await get(Bucket, user.s3)).toBe('content')
  })
})
