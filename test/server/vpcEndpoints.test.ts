import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { ACCOUNT, OTHER_ACCOUNT, rootOf, type Credentials } from '../support/emulator.ts'
import { send, signed, type RawRequest } from '../support/raw.ts'
import { allow, deny, policy, startWorld, type Person, type World } from '../services/s3/support.ts'

const ID = 'vpce-0123456789abcdef0'
const VPC = 'vpc-0abcdef0123456789'
const Bucket = 'private-photos'
const ARN = `arn:aws:s3:::${Bucket}/cat`
const s3Host = (prefix = 'bucket.', id = ID) => `${prefix}${id}-a1b2c3d4.s3.us-east-1.vpce.amazonaws.com`

let world: World
let user: Person
beforeAll(async () => {
  world = await startWorld(Bucket)
  user = await world.user('viewer', allow('*'))
  await world.s3.send(new PutObjectCommand({ Bucket, Key: 'cat', Body: 'meow' }))
})
afterAll(() => world.stop())

const door = async (path: string, body?: unknown) => {
  const raw = { method: body === undefined ? 'GET' : 'POST', path: `/_twokey/${path}` }
  const answer = await send(world.emulator.url, { ...raw, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> }
}
const declare = (spec: unknown, id = ID) => door('vpc-endpoints', { account: ACCOUNT, endpoints: { [id]: spec } })

/** A signed request to a host that the emulator is reached by. */
function ask(host: string, raw: RawRequest, credentials: Credentials, service = 's3') {
  const named = { ...raw, headers: { host, ...raw.headers } }
  return send(world.emulator.url, signed(world.emulator.url, service, named, { credentials }))
}
const read = (host = s3Host(), credentials = user.credentials) =>
  ask(host, { method: 'GET', path: `/${Bucket}/cat` }, credentials)
const direct = () => ask(new URL(world.emulator.url).host, { method: 'GET', path: `/${Bucket}/cat` }, user.credentials)
const message = (body: string) => /<Message>(.*)<\/Message>/.exec(body)?.[1]?.replaceAll('&quot;', '"')

describe('a request through a VPC endpoint', () => {
  it.each([
    ['S3’s own name for buckets', s3Host(), `/${Bucket}/cat`],
    ['a bucket before it', s3Host(`${Bucket}.bucket.`), '/cat'],
    ['the name of a zone', `bucket.${ID}-a1b2c3d4-us-east-1a.s3.us-east-1.vpce.amazonaws.com`, `/${Bucket}/cat`],
    ['its name on this machine', `bucket.${ID}-a1b2c3d4.s3.us-east-1.vpce.localhost:4566`, `/${Bucket}/cat`],
  ])('is known by its host: %s', async (_, host, path) => {
    await declare({ vpc: VPC })
    expect(await ask(host, { method: 'GET', path }, user.credentials)).toMatchObject({ status: 200, body: 'meow' })
  })

  it('must be allowed by the endpoint’s policy', async () => {
    await declare({ vpc: VPC, policy: { Statement: [{ ...allow('s3:ListBucket'), Principal: '*' }] } })
    const { status, body } = await read()
    expect(status).toBe(403)
    expect(message(body)).toBe(
      `User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "${ARN}" because no VPC endpoint policy allows the s3:GetObject action`,
    )
    expect(await direct()).toMatchObject({ status: 200 })
  })

  it('is refused by a Deny in it, whoever asks', async () => {
    const Statement = [
      { ...allow('*'), Principal: '*' },
      { ...deny('s3:GetObject'), Principal: '*' },
    ]
    await declare({ vpc: VPC, policy: { Version: '2012-10-17', Statement } })
    const { status, body, headers } = await read(s3Host(), rootOf(ACCOUNT))
    expect(status).toBe(403)
    expect(message(body)).toBe(
      `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: s3:GetObject on resource: "${ARN}" with an explicit deny in a VPC endpoint policy`,
    )
    const { body: view } = await door(`decisions/${String(headers['x-amz-request-id'])}`)
    expect(view).toMatchObject({
      gates: [{ checks: [{ decidedBy: { layer: 'endpoint', policy: `endpoint policy of ${ID}`, statement: 1 } }] }],
    })
    await declare({ vpc: VPC })
  })

  it('can be all that a bucket policy admits: by endpoint, VPC, or address within it', async () => {
    const conditions = [
      { StringNotEquals: { 'aws:SourceVpce': ID } },
      { StringNotEquals: { 'aws:SourceVpc': VPC } },
      { StringNotEquals: { 'aws:VpceAccount': ACCOUNT } },
      { NotIpAddress: { 'aws:VpcSourceIp': '127.0.0.0/8' } },
      { Null: { 'aws:SourceVpcArn': 'true' } },
    ]
    for (const Condition of conditions) {
      const statement = { ...deny('s3:GetObject', ARN), Principal: '*', Condition }
      await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))
      expect((await read()).status).toBe(200)
      expect(message((await direct()).body)).toBe(
        `User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "${ARN}" with an explicit deny in a resource-based policy`,
      )
    }
  })

  it('has no aws:SourceIp', async () => {
    const statement = { ...deny('s3:GetObject', ARN), Principal: '*', Condition: { Null: { 'aws:SourceIp': 'true' } } }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))
    expect((await read()).status).toBe(403)
    expect((await direct()).status).toBe(200)
  })

  it('is forwarded to KMS without the endpoint’s keys, a public one with its aws:SourceIp', async () => {
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    const KeyId = String((await world.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn)
    const encrypted = { Bucket, Key: 'sealed', Body: 'x', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId } as const
    await world.s3.send(new PutObjectCommand(encrypted))
    const [person, given] = [await world.user('guest'), 'kms:Decrypt']
    const sealed = (host: string) => ask(host, { method: 'GET', path: `/${Bucket}/sealed` }, person.credentials)
    const { host } = new URL(world.emulator.url)
    const refused = `User: ${person.arn} is not authorized to perform: ${given} on resource: ${KeyId} because no identity-based policy allows the ${given} action`
    const may = (Condition: object) => world.allow('guest', allow('s3:*'), { ...allow(given), Condition })

    for (const Condition of [
      { StringEquals: { 'aws:SourceVpce': ID } },
      { StringEquals: { 'aws:SourceVpc': VPC } },
      { Null: { 'aws:VpcSourceIp': 'false' } },
      // The address within the VPC is none that AWS would tell as aws:SourceIp.
      { Null: { 'aws:SourceIp': 'false' } },
    ]) {
      await may(Condition)
      const { status, body } = await sealed(s3Host())
      expect({ status, message: message(body) }).toEqual({ status: 403, message: refused })
    }
    await may({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' }, Bool: { 'aws:ViaAWSService': 'true' } })
    expect(await sealed(host)).toMatchObject({ status: 200, body: 'x' })
    await may({ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } })
    expect(message((await sealed(host)).body)).toBe(refused)
  })

  it('cannot claim an endpoint by headers of its own', async () => {
    const statement = {
      ...deny('s3:GetObject', ARN),
      Principal: '*',
      Condition: { StringNotEquals: { 'aws:SourceVpce': ID } },
    }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))
    const headers = { 'x-amz-source-vpce': ID, 'x-amz-vpce-id': ID, 'x-forwarded-host': s3Host() }
    const { host } = new URL(world.emulator.url)
    expect((await ask(host, { method: 'GET', path: `/${Bucket}/cat`, headers }, user.credentials)).status).toBe(403)
  })

  it('may be anonymous', async () => {
    await world.s3.send(new DeletePublicAccessBlockCommand({ Bucket }))
    const statement = {
      ...allow('s3:GetObject', ARN),
      Principal: '*',
      Condition: { StringEquals: { 'aws:SourceVpce': ID } },
    }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))
    const raw = { method: 'GET', path: `/${Bucket}/cat` }
    expect(await send(world.emulator.url, { ...raw, headers: { host: s3Host() } })).toMatchObject({ body: 'meow' })
    expect(await send(world.emulator.url, raw)).toMatchObject({ status: 403 })
  })

  it('is named in the trail', async () => {
    await read()
    const { body } = await door('events?limit=1')
    expect(body['Records']).toMatchObject([{ vpcEndpointId: ID, vpcEndpointAccountId: ACCOUNT }])
  })
})

describe('the endpoint of another service', () => {
  const keys = (action: string, host = `${ID}-a1b2c3d4.kms.us-east-1.vpce.amazonaws.com`) =>
    ask(
      host,
      {
        headers: { 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1' },
        body: '{}',
      },
      user.credentials,
      'kms',
    )

  it('has the same policy, in that service’s words', async () => {
    await declare({ vpc: VPC, policy: { Statement: { ...allow('kms:ListKeys'), Principal: '*' } } })
    expect(await keys('ListKeys')).toMatchObject({ status: 200 })
    expect(await keys('ListAliases', `${ID}-a1b2c3d4.kms-fips.us-east-1.vpce.amazonaws.com`)).toMatchObject({
      status: 400,
      body: JSON.stringify({
        __type: 'AccessDeniedException',
        Message: `User: ${user.arn} is not authorized to perform: kms:ListAliases on resource: * because no VPC endpoint policy allows the kms:ListAliases action`,
      }),
    })
  })

  it('does not bear on the keys that S3 uses for a caller', async () => {
    await declare({ vpc: VPC, policy: { Statement: { ...allow('s3:*'), Principal: '*' } } })
    await world.s3.send(new CreateBucketCommand({ Bucket: 'sealed' }))
    const headers = { 'x-amz-server-side-encryption': 'aws:kms' }
    const raw = { method: 'PUT', path: '/sealed/it', headers, body: 'secret' }
    expect(await ask(s3Host(), raw, user.credentials)).toMatchObject({ status: 200 })
  })
})

describe('an endpoint', () => {
  const NOT_FOUND = `<Code>InvalidVpcEndpointId.NotFound</Code><Message>The Vpc Endpoint Id '`

  it('that was not declared, or leads elsewhere, is not found', async () => {
    const { status, body } = await read(s3Host('bucket.', 'vpce-0fffffffffffffff0'))
    expect(status).toBe(400)
    expect(body).toContain(`${NOT_FOUND}vpce-0fffffffffffffff0' does not exist</Message>`)
    await declare({ vpc: VPC, services: ['kms'] })
    expect((await read()).body).toContain(NOT_FOUND)
    await declare({ vpc: VPC })
    const elsewhere = `bucket.${ID}-a1b2c3d4.s3.eu-west-1.vpce.amazonaws.com`
    expect((await read(elsewhere)).body).toContain(NOT_FOUND)
    // S3's requests do not go through KMS's endpoint.
    expect((await read(`${ID}-a1b2c3d4.kms.us-east-1.vpce.amazonaws.com`)).body).toContain(NOT_FOUND)
  })

  it('is listed, changed by declaring it again, and removed by null', async () => {
    const document = { Statement: [{ ...allow('s3:*'), Principal: '*' }] }
    await declare({ vpc: VPC, services: ['s3'], policy: document })
    expect(await door('vpc-endpoints')).toEqual({
      status: 200,
      body: {
        endpoints: [{ id: ID, account: ACCOUNT, region: 'us-east-1', vpc: VPC, services: ['s3'], policy: document }],
      },
    })
    expect(await declare(null)).toEqual({ status: 200, body: { declared: [ID] } })
    expect((await door('vpc-endpoints')).body).toEqual({ endpoints: [] })
    expect((await read()).body).toContain(NOT_FOUND)
  })

  it.each([
    ['vpce-1', { vpc: VPC }, 'VPC endpoint `vpce-1`: its id must be `vpce-` and 8 or 17 hexadecimal digits'],
    [ID, {}, `VPC endpoint \`${ID}\`: \`vpc\` must be \`vpc-\` and 8 or 17 hexadecimal digits`],
    [ID, { vpc: VPC, subnet: 1 }, `VPC endpoint \`${ID}\`: it has \`subnet\`; it may have vpc, services, policy`],
    [
      ID,
      { vpc: VPC, services: ['sqs'] },
      `VPC endpoint \`${ID}\`: \`services\` must be a list of kms, s3, iam, sts, organizations, ec2, ebs, cloudtrail`,
    ],
    [
      ID,
      { vpc: VPC, policy: { Statement: [allow('*')] } },
      `VPC endpoint \`${ID}\`: each statement of its policy needs a Principal`,
    ],
  ])('that is none is refused: %s %j', async (id, spec, error) => {
    expect(await declare(spec, id)).toEqual({ status: 400, body: { error } })
  })

  it('may come with a world, whose names its policy may use', async () => {
    const accounts = {
      [OTHER_ACCOUNT]: {
        keys: { data: {} },
        vpcEndpoints: {
          'vpce-0a0a0a0a': {
            vpc: 'vpc-0b0b0b0b',
            policy: { Statement: { ...allow('kms:*', '{{key:data}}'), Principal: { AWS: '{{account}}' } } },
          },
        },
      },
    }
    const { body } = await door('worlds', { accounts })
    const { endpoints } = (await door('vpc-endpoints')).body as { endpoints: object[] }
    expect(endpoints).toContainEqual({
      id: 'vpce-0a0a0a0a',
      account: OTHER_ACCOUNT,
      region: 'us-east-1',
      vpc: 'vpc-0b0b0b0b',
      policy: {
        Statement: {
          ...allow('kms:*', (body['keys'] as Record<string, string>)[`${OTHER_ACCOUNT}/data`] ?? ''),
          Principal: { AWS: OTHER_ACCOUNT },
        },
      },
    })
  })
})
