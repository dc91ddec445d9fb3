import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type Grant,
  type ObjectOwnership,
  type S3Client,
} from '@aws-sdk/client-s3'
import { canonicalId } from '../../../emulator/services/s3/names.ts'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, deny, policy, refusal, startWorld, type Person, type World } from './support.ts'

const Bucket = 'with-acls'
const OWNER = canonicalId(ACCOUNT)
const OTHER = canonicalId(OTHER_ACCOUNT)
const EVERYONE = 'http://acs.amazonaws.com/groups/global/AllUsers'
const AUTHENTICATED = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'
const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery'
const NOT_SUPPORTED = { status: 400, code: 'AccessControlListNotSupported', message: 'The bucket does not allow ACLs' }
const MALFORMED = {
  status: 400,
  code: 'MalformedACLError',
  message: 'The XML you provided was not well-formed or did not validate against our published schema',
}
const STRANGER = denied('Access Denied')

let world: World
let reader: Person
let other: S3Client
beforeAll(async () => {
  world = await startWorld(Bucket)
  reader = await world.user('reader')
  other = world.as(rootOf(OTHER_ACCOUNT))
})
afterAll(() => world.stop())

const own = (ObjectOwnership: ObjectOwnership, bucket = Bucket) =>
  world.s3.send(
    new PutBucketOwnershipControlsCommand({ Bucket: bucket, OwnershipControls: { Rules: [{ ObjectOwnership }] } }),
  )
const unblock = (bucket = Bucket) => world.s3.send(new DeletePublicAccessBlockCommand({ Bucket: bucket }))
const put = (Key: string, more: object = {}, s3 = world.s3) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'text', ...more }))
const read = (Key: string, s3: S3Client) => s3.send(new GetObjectCommand({ Bucket, Key }))
const anonymous = (path: string, method = 'GET', body = '') => send(world.emulator.url, { method, path, body })
const bucketAcl = (more: object) => world.s3.send(new PutBucketAclCommand({ Bucket, ...more }))
const grantsOf = (Grants: readonly Grant[] | undefined) =>
  (Grants ?? []).map(({ Grantee, Permission }) => [Grantee?.ID ?? Grantee?.URI, Permission])

async function objectGrants(Key: string, s3 = world.s3) {
  const { Owner, Grants } = await s3.send(new GetObjectAclCommand({ Bucket, Key }))
  return { owner: Owner?.ID, grants: grantsOf(Grants) }
}
async function bucketGrants() {
  const { Owner, Grants } = await world.s3.send(new GetBucketAclCommand({ Bucket }))
  return { owner: Owner?.ID, grants: grantsOf(Grants) }
}

/** What decided the request that an answer belongs to. */
async function decider(requestId: string | undefined) {
  const { body } = await send(world.emulator.url, { method: 'GET', path: `/_twokey/decisions/${requestId ?? ''}` })
  const { gates } = JSON.parse(body) as { gates: { checks: { decidedBy: { layer: string; policy: string } }[] }[] }
  const { layer, policy: name } = gates[0]!.checks[0]!.decidedBy
  return { layer, policy: name }
}

describe('under BucketOwnerEnforced', () => {
  beforeAll(async () => {
    await own('BucketOwnerEnforced')
  })

  it.each([
    ['a canned ACL', { ACL: 'public-read' }],
    ['another', { ACL: 'bucket-owner-read' }],
    ['a grant', { GrantRead: `id="${OTHER}"` }],
  ] as const)('objects take no ACL: %s', async (_, acl) => {
    expect(await refusal(put('refused', acl))).toEqual(NOT_SUPPORTED)
    expect(await refusal(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'refused' })))).toMatchObject({
      status: 404,
    })
  })

  it('`private` says nothing new in the account of the owner, and is an ACL from any other', async () => {
    await put('as-ever', { ACL: 'private' })
    const owner = { owner: OWNER, grants: [[OWNER, 'FULL_CONTROL']] }
    expect(await objectGrants('as-ever')).toEqual(owner)
    const write = { ...allow('s3:PutObject', `arn:aws:s3:::${Bucket}/*`), Principal: { AWS: OTHER_ACCOUNT } }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(write) }))
    expect(await refusal(put('foreign', { ACL: 'private' }, other))).toEqual(NOT_SUPPORTED)
    await put('foreign', {}, other)
    expect(await objectGrants('foreign')).toEqual(owner)
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
  })

  it('neither bucket nor objects can be given one', async () => {
    await put('plain')
    expect(await refusal(bucketAcl({ ACL: 'private' }))).toEqual(NOT_SUPPORTED)
    expect(await refusal(bucketAcl({ GrantRead: `uri="${EVERYONE}"` }))).toEqual(NOT_SUPPORTED)
    expect(await refusal(world.s3.send(new PutObjectAclCommand({ Bucket, Key: 'plain', ACL: 'public-read' })))).toEqual(
      NOT_SUPPORTED,
    )
  })

  it('what says that the owner has full control is accepted, and says nothing new', async () => {
    await put('owned', { ACL: 'bucket-owner-full-control' })
    await bucketAcl({ ACL: 'bucket-owner-full-control' })
    const AccessControlPolicy = {
      Owner: { ID: OWNER },
      Grants: [{ Grantee: { Type: 'CanonicalUser' as const, ID: OWNER }, Permission: 'FULL_CONTROL' as const }],
    }
    await world.s3.send(new PutObjectAclCommand({ Bucket, Key: 'owned', AccessControlPolicy }))
    expect(await objectGrants('owned')).toEqual({ owner: OWNER, grants: [[OWNER, 'FULL_CONTROL']] })
  })
})

describe('object ownership', () => {
  it('is what was put, and gone when it was deleted', async () => {
    const get = () => world.s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))
    for (const ownership of ['ObjectWriter', 'BucketOwnerPreferred', 'BucketOwnerEnforced'] as const) {
      await own(ownership)
      expect((await get()).OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: ownership }] })
    }
    await world.s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }))
    expect(await refusal(get())).toEqual({
      status: 404,
      code: 'OwnershipControlsNotFoundError',
      message: 'The bucket ownership controls were not found',
    })
    // As buckets were before there were ownership controls.
    await bucketAcl({ ACL: 'private' })
  })

  it.each([
    ['two rules', [{ ObjectOwnership: 'ObjectWriter' }, { ObjectOwnership: 'ObjectWriter' }]],
    ['none', []],
    ['an unknown one', [{ ObjectOwnership: 'Nobody' }]],
  ])('refuses %s', async (_, Rules) => {
    const OwnershipControls = { Rules: Rules as { ObjectOwnership: ObjectOwnership }[] }
    expect(
      await refusal(world.s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }))),
    ).toMatchObject({ status: 400, code: 'MalformedXML' })
  })

  it('cannot be enforced while the bucket’s ACL lets others in', async () => {
    await own('ObjectWriter')
    await bucketAcl({ GrantRead: `id=${OTHER}` })
    expect(await refusal(own('BucketOwnerEnforced'))).toEqual({
      status: 400,
      code: 'InvalidBucketAclWithObjectOwnership',
      message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    })
    await bucketAcl({ ACL: 'private' })
    await own('BucketOwnerEnforced')
  })

  it('may be chosen at creation, with an ACL that is not public', async () => {
    const create = (more: object) =>
      world.s3.send(new CreateBucketCommand({ Bucket: 'chosen', ObjectOwnership: 'ObjectWriter', ...more }))
    expect(await refusal(create({ ACL: 'public-read' }))).toEqual({
      status: 400,
      code: 'InvalidBucketAclWithBlockPublicAccessError',
      message: 'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
    })
    await create({ GrantReadACP: `id="${OTHER}"` })
    const { Grants } = await other.send(new GetBucketAclCommand({ Bucket: 'chosen' }))
    expect(grantsOf(Grants)).toEqual([[OTHER, 'READ_ACP']])
  })

  it('and an ACL at creation take permissions of their own', async () => {
    const maker = await world.user('maker', allow('s3:CreateBucket'))
    const make = (more: object) => maker.s3.send(new CreateBucketCommand({ Bucket: 'made-up', ...more }))
    const lacking = (action: string) =>
      denied(
        `User: ${maker.arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::made-up" because no identity-based policy allows the ${action} action`,
      )
    expect(await refusal(make({ ObjectOwnership: 'ObjectWriter' }))).toEqual(lacking('s3:PutBucketOwnershipControls'))
    await world.allow('maker', allow(['s3:CreateBucket', 's3:PutBucketOwnershipControls']))
    expect(await refusal(make({ ObjectOwnership: 'ObjectWriter', GrantRead: `id=${OTHER}` }))).toEqual(
      lacking('s3:PutBucketAcl'),
    )
    await make({ ObjectOwnership: 'ObjectWriter', ACL: 'private' })
  })
})

describe('ACLs as they are written', () => {
  beforeAll(async () => {
    await own('ObjectWriter')
    await unblock()
  })

  it.each([
    ['private', []],
    ['public-read', [[EVERYONE, 'READ']]],
    [
      'public-read-write',
      [
        [EVERYONE, 'READ'],
        [EVERYONE, 'WRITE'],
      ],
    ],
    ['authenticated-read', [[AUTHENTICATED, 'READ']]],
    ['bucket-owner-read', []],
    ['bucket-owner-full-control', []],
    [
      'log-delivery-write',
      [
        [LOG_DELIVERY, 'WRITE'],
        [LOG_DELIVERY, 'READ_ACP'],
      ],
    ],
  ] as const)('%s', async (ACL, more) => {
    await bucketAcl({ ACL })
    expect(await bucketGrants()).toEqual({ owner: OWNER, grants: [[OWNER, 'FULL_CONTROL'], ...more] })
    await put('canned', { ACL })
    expect(await objectGrants('canned')).toEqual({ owner: OWNER, grants: [[OWNER, 'FULL_CONTROL'], ...more] })
  })

  it('grants of headers', async () => {
    await put('granted', {
      GrantRead: `uri="${AUTHENTICATED}", id="${OTHER}"`,
      GrantWriteACP: `id=${OTHER}`,
      GrantFullControl: `id="${OWNER}"`,
    })
    expect((await objectGrants('granted')).grants).toEqual([
      [OWNER, 'FULL_CONTROL'],
      [AUTHENTICATED, 'READ'],
      [OTHER, 'READ'],
      [OTHER, 'WRITE_ACP'],
    ])
  })

  it('a document, as it was read', async () => {
    const { Owner, Grants = [] } = await world.s3.send(new GetObjectAclCommand({ Bucket, Key: 'granted' }))
    await bucketAcl({ AccessControlPolicy: { Owner, Grants } })
    expect((await bucketGrants()).grants).toEqual(grantsOf(Grants))
  })

  it('of copies and multipart uploads are those of the request', async () => {
    await put('copied', { ACL: 'public-read' })
    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/copied` }))
    expect((await objectGrants('copy')).grants).toEqual([[OWNER, 'FULL_CONTROL']])
    await world.s3.send(
      new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/copied`, ACL: 'authenticated-read' }),
    )
    expect((await objectGrants('copy')).grants).toContainEqual([AUTHENTICATED, 'READ'])
    const upload = await world.s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'parts', ACL: 'authenticated-read' }),
    )
    await completeWithOnePart(upload.UploadId)
    expect((await objectGrants('parts')).grants).toContainEqual([AUTHENTICATED, 'READ'])
  })

  it.each([
    ['an unknown canned ACL', { ACL: 'secret' }, 'InvalidArgument', ''],
    [
      'a canned ACL beside grants',
      { ACL: 'private', GrantRead: `id=${OTHER}` },
      'InvalidRequest',
      'Specifying both Canned ACLs and Header Grants is not allowed',
    ],
    ['a grant without a type', { GrantRead: 'everyone' }, 'InvalidArgument', 'Argument format not recognized'],
    ['a group that is none', { GrantRead: 'uri="http://example.com"' }, 'InvalidArgument', 'Invalid group uri'],
    ['an id that is none', { GrantRead: `id="${ACCOUNT}"` }, 'InvalidArgument', 'Invalid id'],
  ])('refuses %s', async (_, acl, code, message) => {
    const before = await bucketGrants()
    const refused = await refusal(bucketAcl(acl))
    expect(refused).toMatchObject({ status: 400, code })
    if (message !== '') expect(refused.message).toBe(message)
    expect(await refusal(put('refused', acl))).toEqual(refused)
    expect(await bucketGrants()).toEqual(before)
  })

  it('refuses email addresses, as AWS does since October 2025', async () => {
    expect(await refusal(bucketAcl({ GrantRead: 'emailAddress="a@example.com"' }))).toMatchObject({
      status: 405,
      code: 'MethodNotAllowed',
    })
  })

  const user = { Type: 'CanonicalUser' as const, ID: OWNER }
  it.each([
    ['without an owner', { Grants: [] }],
    ['without a permission', { Owner: { ID: OWNER }, Grants: [{ Grantee: user }] }],
    ['with an unknown permission', { Owner: { ID: OWNER }, Grants: [{ Grantee: user, Permission: 'EAT' as 'READ' }] }],
    ['without a grantee', { Owner: { ID: OWNER }, Grants: [{ Permission: 'READ' as const }] }],
    [
      'with more than 100 grants',
      {
        Owner: { ID: OWNER },
        Grants: Array.from({ length: 101 }, () => ({ Grantee: user, Permission: 'READ' as const })),
      },
    ],
  ])('refuses a document %s', async (_, AccessControlPolicy) => {
    const before = await bucketGrants()
    expect(await refusal(bucketAcl({ AccessControlPolicy }))).toEqual(MALFORMED)
    expect(await bucketGrants()).toEqual(before)
  })

  it('refuses a body that is no XML, and none at all', async () => {
    const body = '<AccessControlPolicy'
    const raw = async (text: string) =>
      (
        await send(
          world.emulator.url,
          signed(world.emulator.url, 's3', { method: 'PUT', path: `/${Bucket}?acl=`, body: text }),
        )
      ).body
    expect(await raw(body)).toContain('<Code>MalformedACLError</Code>')
    expect(await raw('')).toContain(
      '<Code>MissingSecurityHeader</Code><Message>Your request was missing a required header</Message><MissingHeaderName>x-amz-acl</MissingHeaderName>',
    )
  })

  it('cannot give the bucket to somebody else', async () => {
    expect(await refusal(bucketAcl({ AccessControlPolicy: { Owner: { ID: OTHER }, Grants: [] } }))).toEqual(STRANGER)
  })

  async function completeWithOnePart(UploadId: string | undefined) {
    const { UploadPartCommand, CompleteMultipartUploadCommand } = await import('@aws-sdk/client-s3')
    const named = { Bucket, Key: 'parts', UploadId }
    const { ETag } = await world.s3.send(new UploadPartCommand({ ...named, PartNumber: 1, Body: 'part' }))
    await world.s3.send(
      new CompleteMultipartUploadCommand({ ...named, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
    )
  }
})

describe('who owns what is written by another account', () => {
  beforeAll(async () => {
    await bucketAcl({ GrantWrite: `id=${OTHER}` })
  })

  it('under ObjectWriter, its writer: the bucket’s owner cannot read it, but delete it', async () => {
    await own('ObjectWriter')
    await put('theirs', {}, other)
    expect(await objectGrants('theirs', other)).toEqual({ owner: OTHER, grants: [[OTHER, 'FULL_CONTROL']] })
    expect((await read('theirs', other)).ContentLength).toBe(4)
    expect(await refusal(read('theirs', world.s3))).toEqual(STRANGER)
    // The bucket policy speaks for the bucket's owner only.
    const Policy = policy({ ...allow('s3:GetObject', `arn:aws:s3:::${Bucket}/*`), Principal: { AWS: ACCOUNT } })
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect(await refusal(read('theirs', world.s3))).toEqual(STRANGER)
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'theirs' }))
    expect(await refusal(read('theirs', world.s3))).toMatchObject({ status: 404, code: 'NoSuchKey' })
  })

  it('under ObjectWriter with bucket-owner-full-control, its writer still, but both may read', async () => {
    await put('shared', { ACL: 'bucket-owner-full-control' }, other)
    expect(await objectGrants('shared')).toEqual({
      owner: OTHER,
      grants: [
        [OTHER, 'FULL_CONTROL'],
        [OWNER, 'FULL_CONTROL'],
      ],
    })
    const answer = await read('shared', world.s3)
    expect(answer.ContentLength).toBe(4)
    expect(await decider(answer.$metadata.requestId)).toEqual({ layer: 'acl', policy: 'object ACL' })
  })

  it('a Deny of the bucket policy binds the writer, too', async () => {
    const Policy = policy({ ...deny('s3:GetObject', `arn:aws:s3:::${Bucket}/shared`), Principal: '*' })
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect(await refusal(read('shared', other))).toEqual(STRANGER)
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    expect((await read('shared', other)).ContentLength).toBe(4)
  })

  it('under BucketOwnerPreferred, the bucket’s owner if it is given full control', async () => {
    await own('BucketOwnerPreferred')
    await put('given', { ACL: 'bucket-owner-full-control' }, other)
    expect(await objectGrants('given')).toEqual({ owner: OWNER, grants: [[OWNER, 'FULL_CONTROL']] })
    await put('kept', {}, other)
    expect((await objectGrants('kept', other)).owner).toBe(OTHER)
  })

  it('when ACLs are disabled, the bucket’s owner; enabled again, its writer', async () => {
    await bucketAcl({ ACL: 'private' })
    await own('BucketOwnerEnforced')
    expect((await read('kept', world.s3)).ContentLength).toBe(4)
    expect(await objectGrants('kept')).toEqual({ owner: OWNER, grants: [[OWNER, 'FULL_CONTROL']] })
    await own('BucketOwnerPreferred')
    expect(await refusal(read('kept', world.s3))).toEqual(STRANGER)
    await bucketAcl({ GrantWrite: `id=${OTHER}` })
  })

  it('nobody overwrites or deletes what is not theirs by an ACL', async () => {
    await put('mine')
    expect(await refusal(put('mine', {}, other))).toEqual(STRANGER)
    expect(await refusal(other.send(new DeleteObjectCommand({ Bucket, Key: 'mine' })))).toEqual(STRANGER)
    await put('kept', {}, other)
    await other.send(new DeleteObjectCommand({ Bucket, Key: 'kept' }))
    expect(await refusal(read('kept', world.s3))).toMatchObject({ code: 'NoSuchKey' })
  })
})

describe('what ACLs allow', () => {
  beforeEach(async () => {
    await own('ObjectWriter')
    await bucketAcl({ ACL: 'private' })
    await put('read-me', { ACL: 'private' })
  })

  it('an account that is granted READ, if its own policies agree', async () => {
    expect(await refusal(read('read-me', other))).toEqual(STRANGER)
    await put('read-me', { GrantRead: `id=${OTHER}` })
    const answer = await read('read-me', other)
    expect(await decider(answer.$metadata.requestId)).toEqual({ layer: 'acl', policy: 'object ACL' })
    expect(await refusal(other.send(new GetObjectAclCommand({ Bucket, Key: 'read-me' })))).toEqual(STRANGER)
    expect(await refusal(other.send(new ListObjectsV2Command({ Bucket })))).toEqual(STRANGER)
    const { s3 } = await foreigner()
    expect(await refusal(read('read-me', s3))).toEqual(STRANGER)
  })

  it('everybody, by AllUsers, and no more than that', async () => {
    await put('read-me', { ACL: 'public-read' })
    expect(await anonymous(`/${Bucket}/read-me`)).toMatchObject({ status: 200, body: 'text' })
    expect(await anonymous(`/${Bucket}`)).toMatchObject({ status: 403 })
    // A user without policies of the bucket's own account is among everybody.
    expect((await read('read-me', reader.s3)).ContentLength).toBe(4)
    await bucketAcl({ ACL: 'public-read' })
    expect(await anonymous(`/${Bucket}?list-type=2`)).toMatchObject({ status: 200 })
    expect((await anonymous(`/${Bucket}/nothing`)).body).toContain('<Code>NoSuchKey</Code>')
    await bucketAcl({ ACL: 'private' })
    expect((await anonymous(`/${Bucket}/nothing`)).body).toContain('<Message>Access Denied</Message>')
  })

  it('everybody with credentials, by AuthenticatedUsers', async () => {
    await put('read-me', { ACL: 'authenticated-read' })
    expect(await anonymous(`/${Bucket}/read-me`)).toMatchObject({ status: 403 })
    expect((await read('read-me', reader.s3)).ContentLength).toBe(4)
    expect((await read('read-me', other)).ContentLength).toBe(4)
  })

  it('anonymous writers, who then own what they wrote', async () => {
    await bucketAcl({ ACL: 'public-read-write' })
    expect(await anonymous(`/${Bucket}/found`, 'PUT', 'anything')).toMatchObject({ status: 200 })
    expect(await refusal(read('found', world.s3))).toEqual(STRANGER)
    expect(await anonymous(`/${Bucket}/found`)).toMatchObject({ status: 200, body: 'anything' })
    expect(await anonymous(`/${Bucket}/read-me`, 'PUT', 'defaced')).toMatchObject({ status: 403 })
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'found' }))
  })

  it('never what a policy denies', async () => {
    await put('read-me', { ACL: 'public-read' })
    const Policy = policy({ ...deny('s3:GetObject', `arn:aws:s3:::${Bucket}/*`), Principal: '*' })
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect(await anonymous(`/${Bucket}/read-me`)).toMatchObject({ status: 403 })
    expect(await refusal(read('read-me', reader.s3))).toEqual(
      denied(
        `User: ${reader.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/read-me" with an explicit deny in a resource-based policy`,
      ),
    )
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
  })

  it('READ_ACP and WRITE_ACP the ACLs themselves', async () => {
    await put('read-me', { GrantReadACP: `id=${OTHER}`, GrantWriteACP: `id=${OTHER}` })
    expect((await objectGrants('read-me', other)).owner).toBe(OWNER)
    await other.send(new PutObjectAclCommand({ Bucket, Key: 'read-me', ACL: 'public-read' }))
    expect((await objectGrants('read-me')).grants).toEqual([
      [OWNER, 'FULL_CONTROL'],
      [EVERYONE, 'READ'],
    ])
    await bucketAcl({ GrantWriteACP: `id=${OTHER}` })
    await other.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))
    expect((await bucketGrants()).grants).toEqual([[OWNER, 'FULL_CONTROL']])
  })

  it('not objects under SSE-KMS to anonymous callers', async () => {
    await put('sealed', { ACL: 'public-read', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: await world.key() })
    const { status, body } = await anonymous(`/${Bucket}/sealed`)
    expect(status).toBe(400)
    expect(body).toContain(
      '<Code>InvalidArgument</Code><Message>Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.</Message><ArgumentName>Authorization</ArgumentName><ArgumentValue>null</ArgumentValue>',
    )
  })

  it('setting an ACL with a write takes s3:PutObjectAcl', async () => {
    await world.allow('reader', allow('s3:PutObject'))
    await put('by-reader', { ACL: 'private' }, reader.s3)
    expect(await refusal(put('by-reader', { ACL: 'authenticated-read' }, reader.s3))).toEqual(
      denied(
        `User: ${reader.arn} is not authorized to perform: s3:PutObjectAcl on resource: "arn:aws:s3:::${Bucket}/by-reader" because no identity-based policy allows the s3:PutObjectAcl action`,
      ),
    )
    await world.allow('reader', allow('sts:GetCallerIdentity'))
  })

  /** A user of the other account, without policies. */
  async function foreigner() {
    const { CreateAccessKeyCommand, CreateUserCommand, IAMClient } = await import('@aws-sdk/client-iam')
    const iam = world.emulator.client(IAMClient, { credentials: rootOf(OTHER_ACCOUNT) })
    await iam.send(new CreateUserCommand({ UserName: 'foreigner' }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'foreigner' }))
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    }
    return { s3: world.as(credentials) }
  }
})

describe('the public access block', () => {
  const block = (BlockPublicAcls: boolean, IgnorePublicAcls: boolean, RestrictPublicBuckets = false) =>
    world.s3.send(
      new PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: { BlockPublicAcls, IgnorePublicAcls, RestrictPublicBuckets },
      }),
    )
  beforeAll(async () => {
    await own('ObjectWriter')
    await bucketAcl({ ACL: 'private' })
    await put('public', { ACL: 'public-read' })
  })

  const blocked = (action: string, arn: string) =>
    denied(
      `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: ${action} on resource: "${arn}" because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.`,
    )

  it('BlockPublicAcls refuses new public ACLs, and leaves those that are there', async () => {
    await block(true, false)
    expect(await refusal(bucketAcl({ ACL: 'authenticated-read' }))).toEqual(
      blocked('s3:PutBucketAcl', `arn:aws:s3:::${Bucket}`),
    )
    expect(await refusal(put('new', { GrantRead: `uri="${EVERYONE}"` }))).toEqual(
      blocked('s3:PutObject', `arn:aws:s3:::${Bucket}/new`),
    )
    expect(
      await refusal(world.s3.send(new PutObjectAclCommand({ Bucket, Key: 'public', ACL: 'public-read' }))),
    ).toEqual(blocked('s3:PutObjectAcl', `arn:aws:s3:::${Bucket}/public`))
    expect(
      await refusal(
        world.s3.send(
          new CopyObjectCommand({ Bucket, Key: 'new', CopySource: `${Bucket}/public`, ACL: 'public-read' }),
        ),
      ),
    ).toEqual(blocked('s3:CopyObject', `arn:aws:s3:::${Bucket}/new`))
    expect(await anonymous(`/${Bucket}/public`)).toMatchObject({ status: 200 })
    await put('new', { GrantRead: `id=${OTHER}` })
  })

  it('IgnorePublicAcls makes them as if they were not there', async () => {
    await block(false, true)
    expect(await anonymous(`/${Bucket}/public`)).toMatchObject({ status: 403 })
    expect(await refusal(read('public', reader.s3))).toEqual(
      denied(
        `User: ${reader.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/public" because no identity-based policy allows the s3:GetObject action`,
      ),
    )
    expect((await read('new', other)).ContentLength).toBe(4)
    expect((await objectGrants('public')).grants).toContainEqual([EVERYONE, 'READ'])
  })

  it('RestrictPublicBuckets shuts out other accounts while the policy is public, ACL or not', async () => {
    const Policy = policy({ ...allow('s3:GetObject', `arn:aws:s3:::${Bucket}/public`), Principal: '*' })
    await block(false, false)
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    expect((await read('new', other)).ContentLength).toBe(4)
    await block(false, false, true)
    expect(await refusal(read('new', other))).toEqual(STRANGER)
    expect(await anonymous(`/${Bucket}/public`)).toMatchObject({ status: 403 })
    expect((await read('public', reader.s3)).ContentLength).toBe(4)
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    expect((await read('new', other)).ContentLength).toBe(4)
  })
})
