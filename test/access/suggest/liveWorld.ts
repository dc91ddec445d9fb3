/** Random worlds for a running emulator, requests in them, and what it means that a world is otherwise as before. */
import fc from 'fast-check'
import type { Actor } from '../../../emulator/server/world/scenario.ts'
import type { World } from '../../../emulator/server/world/world.ts'
import { ACCOUNT, OTHER_ACCOUNT } from '../../support/emulator.ts'

export const MANAGEMENT = '999999999999'
export const ENDPOINT = 'vpce-0123456789abcdef0'
export const BUCKETS = ['main', 'plain', 'theirs'] as const
export const KEYS = ['data', 'spare'] as const

export interface Ask {
  readonly as: Actor
  readonly service: string
  readonly operation: string
  /** References to keys as in worlds. */
  readonly input: object
  readonly body?: string
  readonly through?: string
}

/** A world, and what is put into it once everything has been built: until then nothing is in the way. */
export interface LiveWorld {
  readonly world: World
  /** By key; the policies they are built with let everybody in. */
  readonly keyPolicies: Readonly<Record<string, object>>
  /** By bucket. */
  readonly bucketPolicies: Readonly<Record<string, object | undefined>>
  readonly restrictPublic: boolean
  /** An account's own service control policy instead of FullAWSAccess. */
  readonly onlyScp: object | undefined
  readonly session: object | undefined
}

const user = (account: string, name: string) => `arn:aws:iam::${account}:user/${name}`
const role = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`
const root = (account: string) => `arn:aws:iam::${account}:root`
const [ALICE, BOB, CAROL] = [user(ACCOUNT, 'alice'), user(ACCOUNT, 'bob'), user(OTHER_ACCOUNT, 'carol')]
const [READER, VISITOR] = [role(ACCOUNT, 'reader'), role(OTHER_ACCOUNT, 'visitor')]

// ---- who asks, and what --------------------------------------------------------------------------------------------------

/** @param session the session policy of one of the reader's sessions */
export const actors = (session: object | undefined): readonly Actor[] => [
  `${ACCOUNT}/alice`,
  `${ACCOUNT}/bob`,
  { role: READER, by: `${ACCOUNT}/assumer` },
  { role: READER, by: `${ACCOUNT}/assumer`, session: 'limited', ...(session && { policy: session }) },
  ACCOUNT,
  `${OTHER_ACCOUNT}/carol`,
  { role: VISITOR, by: `${OTHER_ACCOUNT}/assumer` },
  OTHER_ACCOUNT,
  'anonymous',
]
export const family = (as: Actor): string => (typeof as === 'string' ? as : as.role)

type Asked = Omit<Ask, 'as'>
const s3 = (operation: string, input: object, body?: string): Asked => ({
  service: 's3',
  operation,
  input: body === undefined ? input : { ...input, ContentLength: body.length },
  ...(body !== undefined && { body }),
})
const kms = (operation: string, input: object): Asked => ({ service: 'kms', operation, input })
const key = (name: string) => `{{key:${ACCOUNT}/${name}}}`
const PLAINTEXT = { Plaintext: Buffer.from('hello') }
const PURPOSE = { EncryptionContext: { purpose: 'test', 'odd${aws:x}*': '*' } }

/** They leave everything as it is. */
const LOOKS: readonly Asked[] = [
  s3('GetObject', { Bucket: 'main', Key: 'item' }),
  s3('GetObject', { Bucket: 'main', Key: 'it*m' }),
  s3('GetObject', { Bucket: 'main', Key: 'other' }),
  s3('GetObject', { Bucket: 'plain', Key: 'item' }),
  s3('GetObject', { Bucket: 'theirs', Key: 'item' }),
  s3('ListObjectsV2', { Bucket: 'main' }),
  s3('ListObjectsV2', { Bucket: 'theirs' }),
  s3('ListBuckets', {}),
  kms('Encrypt', { KeyId: key('data'), ...PLAINTEXT }),
  kms('Encrypt', { KeyId: key('data'), ...PLAINTEXT, ...PURPOSE }),
  kms('Encrypt', { KeyId: key('spare'), ...PLAINTEXT }),
  kms('GenerateDataKey', { KeyId: key('data'), KeySpec: 'AES_256', ...PURPOSE }),
  kms('DescribeKey', { KeyId: key('data') }),
  kms('DescribeKey', { KeyId: key('spare') }),
]
/** What they write, no look reads. */
const DEEDS: readonly Asked[] = [
  s3('PutObject', { Bucket: 'main', Key: 'new' }, 'new'),
  s3('PutObject', { Bucket: 'theirs', Key: 'new' }, 'new'),
  s3('PutObject', { Bucket: 'plain', Key: 'new', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key('spare') }, 'new'),
  s3('CopyObject', { Bucket: 'plain', Key: 'copy', CopySource: 'main/item' }),
  s3('CopyObject', { Bucket: 'main', Key: 'copy', CopySource: 'theirs/item' }),
  s3('CreateMultipartUpload', { Bucket: 'main', Key: 'parts' }),
  s3('DeleteObject', { Bucket: 'plain', Key: 'gone' }),
  s3('PutObjectTagging', { Bucket: 'main', Key: 'tagged', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
  kms('CreateGrant', { KeyId: key('data'), GranteePrincipal: BOB, Operations: ['RetireGrant'] }),
  { service: 'sts', operation: 'AssumeRole', input: { RoleArn: READER, RoleSessionName: 'asked' } },
]

export const probesOf = (session: object | undefined): readonly Ask[] =>
  actors(session).flatMap((as) => LOOKS.map((look) => ({ as, ...look })))

const among = <T>(...values: readonly T[]) => fc.constantFrom(...values)
export const asksOf = (session: object | undefined): fc.Arbitrary<Ask> =>
  fc
    .record({ as: among(...actors(session)), asked: among(...LOOKS, ...DEEDS), through: fc.nat(3) })
    .map(({ as, asked, through }) => ({
      as,
      ...asked,
      ...(through === 0 && asked.service !== 'sts' && { through: ENDPOINT }),
    }))

// ---- policies ------------------------------------------------------------------------------------------------------------

/** What those need who make changes: nothing here takes it from them. */
const ADMINISTRATION = [
  'iam:*',
  'organizations:*',
  'sts:*',
  'kms:*KeyPolicy',
  'kms:CreateGrant',
  's3:*BucketPolicy',
  's3:*PublicAccessBlock',
]
const uses: fc.Arbitrary<object> = among(
  { Action: 's3:GetObject' },
  { Action: ['s3:GetObject', 's3:PutObject'] },
  { Action: 's3:*Object' },
  { Action: ['s3:ListBucket', 's3:GetObject*'] },
  { Action: 'kms:Decrypt' },
  { Action: ['kms:Encrypt', 'kms:GenerateDataKey'] },
  { Action: ['kms:De*', 'kms:Generate*'] },
  { NotAction: ADMINISTRATION },
  { NotAction: [...ADMINISTRATION, 's3:GetObject', 'kms:Decrypt'] },
)
const ofKms: fc.Arbitrary<object> = among(
  { Action: 'kms:Decrypt' },
  { Action: ['kms:Encrypt', 'kms:GenerateDataKey'] },
  { Action: ['kms:De*', 'kms:Generate*'] },
  { NotAction: ADMINISTRATION },
)
const ofS3: fc.Arbitrary<object> = among(
  { Action: 's3:GetObject' },
  { Action: ['s3:GetObject', 's3:PutObject'] },
  { Action: 's3:*Object' },
  { Action: 's3:Get*', Resource: 'arn:aws:s3:::{{bucket}}/it*' },
)
const ofResourceControl: fc.Arbitrary<object> = among(
  { Action: 's3:GetObject' },
  { Action: ['s3:*Object', 'kms:Decrypt'] },
  { Action: 's3:Get*' },
  { Action: ['kms:De*', 'kms:Generate*'] },
)
const anything: fc.Arbitrary<object> = fc.oneof(
  uses,
  among<object>({ Action: '*' }, { Action: 'kms:*' }, { Action: 's3:*' }, { Action: ['kms:*', 's3:*'] }),
)
const resources: fc.Arbitrary<object> = among<object>(
  { Resource: '*' },
  { Resource: '*' },
  { Resource: '*' },
  { Resource: key('data') },
  { Resource: [key('data'), 'arn:aws:s3:::main/*', 'arn:aws:s3:::main'] },
  { Resource: `arn:aws:kms:*:${ACCOUNT}:key/*` },
  { Resource: 'arn:aws:s3:::main/it*' },
  { Resource: 'arn:aws:s3:::*/item' },
  { NotResource: 'arn:aws:s3:::main/item' },
)
const conditions: fc.Arbitrary<object> = among<object>(
  {},
  {},
  {},
  { Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } } },
  { Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::main/o*' } } },
  { Condition: { StringNotEquals: { 'aws:PrincipalAccount': OTHER_ACCOUNT } } },
  { Condition: { ArnNotEquals: { 'aws:PrincipalArn': ALICE } } },
  { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
  { Condition: { Null: { 'aws:SourceVpce': 'true' } } },
)
const principals: fc.Arbitrary<object> = among<object>(
  { Principal: '*' },
  { Principal: { AWS: root(ACCOUNT) } },
  { Principal: { AWS: OTHER_ACCOUNT } },
  { Principal: { AWS: ALICE } },
  { Principal: { AWS: [READER, CAROL] } },
  { Principal: { AWS: VISITOR } },
)
const effects = among('Allow', 'Allow', 'Deny')

const document = (statements: readonly object[]) => ({ Version: '2012-10-17', Statement: statements })
const statement = (...parts: readonly fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object)
const effect = effects.map((Effect) => ({ Effect }))
const documents = (...parts: readonly fc.Arbitrary<object>[]) =>
  fc.array(statement(effect, ...parts), { minLength: 1, maxLength: 3 }).map(document)

const own = documents(anything, resources, conditions)
const ALLOW_ALL = { Effect: 'Allow', Action: '*', Resource: '*' }
/** Nearly everything, else nothing ever gets far. */
const limit = fc.oneof(
  fc.constant(document([ALLOW_ALL])),
  own,
  statement(fc.constant({ Effect: 'Deny' }), anything, resources, conditions).map((deny) =>
    document([ALLOW_ALL, deny]),
  ),
)
const deny = (...parts: readonly fc.Arbitrary<object>[]) =>
  statement(fc.constant({ Effect: 'Deny' }), ...parts).map((one) => document([one]))
const ofOrganizations: fc.Arbitrary<object> = among<object>(
  { Resource: '*' },
  { Resource: `arn:aws:kms:*:${ACCOUNT}:key/*` },
  { Resource: 'arn:aws:s3:::main/it*' },
  { Resource: ['arn:aws:s3:::*/item', `arn:aws:kms:us-east-1:${ACCOUNT}:key/*`] },
)

/** The root user stays its administrator: with all that a key is for, or without. */
const keyPolicy = (account: string) =>
  fc
    .tuple(
      among<unknown>(
        'kms:*',
        ADMINISTRATION.filter((each) => each.startsWith('kms:')),
        'kms:*',
      ),
      fc.array(statement(effect, principals, ofKms, fc.constant({ Resource: '*' }), conditions), { maxLength: 2 }),
    )
    .map(([Action, statements]) =>
      document([
        { Sid: 'Admin', Effect: 'Allow', Principal: { AWS: root(account) }, Action, Resource: '*' },
        ...statements,
      ]),
    )
const bucketPolicy = (bucket: string) =>
  fc
    .option(documents(principals, fc.constant({ Resource: `arn:aws:s3:::${bucket}/*` }), ofS3, conditions))
    .map((made) => made && (JSON.parse(JSON.stringify(made).replaceAll('{{bucket}}', bucket)) as object))

/** Of the reader: who is denied is somebody who does not make its sessions here. */
const trust = fc
  .option(
    fc.record({
      Effect: effects,
      Principal: among({ AWS: ALICE }, { AWS: CAROL }, { AWS: [ALICE, CAROL] }),
      Condition: among(undefined, { StringEquals: { 'sts:ExternalId': 'other' } }),
    }),
  )
  .map((more) => [
    { Effect: 'Allow', Principal: { AWS: user(ACCOUNT, 'assumer') }, Action: 'sts:AssumeRole' },
    ...(more ? [{ ...more, Action: 'sts:AssumeRole' }] : []),
  ])
  .map((statements) => JSON.parse(JSON.stringify(document(statements))) as object)

const trustOf = (account: string) =>
  document([{ Effect: 'Allow', Principal: { AWS: user(account, 'assumer') }, Action: 'sts:AssumeRole' }])

// ---- worlds --------------------------------------------------------------------------------------------------------------

const grant = fc.record({
  grantee: among(ALICE, READER, VISITOR),
  operations: among(['Encrypt'], ['Decrypt', 'DescribeKey']),
  encryptionContextSubset: among(undefined, { purpose: 'test' }),
})
const OPEN_KEY = document([{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }])
const OBJECTS = { item: 'an item', 'it*m': 'a star', other: 'another', tagged: 'a tag', gone: 'soon' }
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const inline = <T extends object>(policy: T | undefined) => (policy ? { policies: { Own: policy } } : {})

export const liveWorlds: fc.Arbitrary<LiveWorld> = fc
  .record({
    alice: some(own),
    bob: some(own),
    carol: some(own),
    reader: some(own),
    visitor: some(own),
    team: some(own),
    shared: own,
    boundary: limit,
    bounded: fc.subarray(['alice', 'reader']),
    trust,
    session: some(limit),
    grants: fc.array(grant, { maxLength: 2 }),
    bucketKey: fc.boolean(),
    theirKey: fc.boolean(),
    endpoint: fc.oneof(documents(fc.constant({ Principal: '*' }), anything, resources, conditions), limitOfEndpoint()),
    scp: some(deny(uses, ofOrganizations, conditions)),
    rcp: some(deny(fc.constant({ Principal: '*' }), ofResourceControl, ofOrganizations, conditions)),
    onlyScp: some(statement(fc.constant({ Effect: 'Allow' }), uses, fc.constant({ Resource: '*' }))),
    keyPolicies: fc.tuple(keyPolicy(ACCOUNT), keyPolicy(ACCOUNT)),
    bucketPolicies: fc.tuple(...BUCKETS.map(bucketPolicy)),
    restrictPublic: fc.boolean(),
  })
  .map((made) => {
    const { bounded, boundary } = made
    const limited = (name: string) => (bounded.includes(name) ? { boundary: 'limit' } : {})
    const [data, spare] = made.keyPolicies
    const { grants } = made
    const world: World = {
      organization: {
        managementAccount: MANAGEMENT,
        members: [ACCOUNT, OTHER_ACCOUNT],
        policies: {
          ...(made.scp && { Scp: { type: 'SERVICE_CONTROL_POLICY', document: made.scp } }),
          ...(made.rcp && { Rcp: { type: 'RESOURCE_CONTROL_POLICY', document: made.rcp, accounts: [ACCOUNT] } }),
        },
      },
      accounts: {
        // First, because the reader's trust policy names its user.
        [OTHER_ACCOUNT]: {
          users: { carol: inline(made.carol), assumer: {} },
          roles: { visitor: { ...inline(made.visitor), trust: trustOf(OTHER_ACCOUNT) } },
          buckets: { theirs: { ...(made.theirKey && { key: key('data') }), objects: OBJECTS } },
        },
        [ACCOUNT]: {
          policies: { shared: made.shared, limit: boundary },
          groups: { team: inline(made.team) },
          users: {
            alice: { ...inline(made.alice), groups: ['team'], attached: ['shared'], ...limited('alice') },
            bob: { ...inline(made.bob), groups: ['team'] },
            assumer: {},
          },
          roles: { reader: { ...inline(made.reader), trust: made.trust, attached: ['shared'], ...limited('reader') } },
          keys: { data: { policy: OPEN_KEY, grants: grants as never }, spare: { policy: OPEN_KEY } },
          buckets: { main: { key: 'data', bucketKey: made.bucketKey, objects: OBJECTS }, plain: { objects: OBJECTS } },
          vpcEndpoints: { [ENDPOINT]: { vpc: 'vpc-0abcdef0123456789', policy: made.endpoint } },
        },
      },
    }
    return {
      world: JSON.parse(JSON.stringify(world)) as World,
      keyPolicies: { data, spare },
      bucketPolicies: Object.fromEntries(BUCKETS.map((name, i) => [name, made.bucketPolicies[i] ?? undefined])),
      restrictPublic: made.restrictPublic,
      onlyScp: made.onlyScp && document([{ Effect: 'Allow', Action: ADMINISTRATION, Resource: '*' }, made.onlyScp]),
      session: made.session,
    }
  })

function limitOfEndpoint() {
  return fc.constant(document([{ ...ALLOW_ALL, Principal: '*' }]))
}
