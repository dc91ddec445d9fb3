import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { buildWorld } from '../../emulator/server/world/build.ts'
import { ACCOUNT, startEmulator, type Credentials, type TestEmulator } from '../support/emulator.ts'
import type { RawAnswer } from '../support/raw.ts'
import { forged, told, wire } from '../support/wire.ts'

/**
 * Each request here has two faults, and AWS tells of one: the order of the request path is behaviour (kms-iam.md A3 and A6,
 * captures-kms-iam.md 9.2, captures-ebs-s3.md 7.1).
 */
let twokey: TestEmulator
let on: string
let off: string
let ask: ReturnType<typeof wire>
beforeAll(async () => {
  twokey = await startEmulator()
  const keys = await buildWorld(twokey.emulator, WORLD)
  on = keys.get(`${ACCOUNT}/on`)!
  off = keys.get(`${ACCOUNT}/off`)!
  ask = wire(twokey.url)
  // The world's objects are there; from now on one of the keys is not.
  await ask.kms('DisableKey', { KeyId: off })
})
afterAll(() => twokey.stop())

type Name = 'nobody' | 'reader' | 'writer' | 'copier' | 'sealer'
const as = (name: Name): Credentials => ({
  accessKeyId: `AKIA${name.toUpperCase().padEnd(16, '0')}`,
  secretAccessKey: name,
})
const arn = (name: Name) => `arn:aws:iam::${ACCOUNT}:user/${name}`
const user = (name: Name, ...statements: object[]) => ({
  accessKey: { id: as(name).accessKeyId, secret: as(name).secretAccessKey },
  ...(statements.length > 0 && { policies: { Own: { Version: '2012-10-17', Statement: statements } } }),
})
const allow = (Action: string | string[]) => ({ Effect: 'Allow', Action, Resource: '*' })
const WORLD = {
  accounts: {
    [ACCOUNT]: {
      keys: { on: {}, off: {} },
      users: {
        nobody: user('nobody'),
        /** The first key to an object, not the second. */
        reader: user('reader', allow('s3:GetObject')),
        writer: user('writer', allow('s3:PutObject')),
        /** The second key, not the first. */
        sealer: user('sealer', allow('kms:*')),
        copier: user('copier', allow(['s3:PutObject', 'kms:GenerateDataKey'])),
      },
      buckets: {
        open: { key: 'on', objects: { there: 'bytes' } },
        shut: { key: 'off', objects: { there: 'bytes' } },
      },
    },
  },
}

const stranger: Credentials = { accessKeyId: 'AKIAUNKNOWN000000000', secretAccessKey: 'x' }
const BAD_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const BAD_S3_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
const UNKNOWN_KEY = 'The security token included in the request is invalid.'
const TOO_LONG =
  "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"
const LONG = { Plaintext: Buffer.alloc(4097).toString('base64') }
const NO_KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/00000000-0000-4000-8000-000000000000`
const SMALL = { Plaintext: 'eA==' }

const denied = (name: Name, action: string, resource: string) =>
  `User: ${arn(name)} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`

type Case = [faults: string, ask: () => Promise<RawAnswer>, answer: () => string]

describe('JSON', () => {
  it.each<Case>([
    [
      'unknown operation, bad signature',
      () => ask.kms('Nothing', {}, { tamper: forged }),
      () => '400 UnknownOperationException',
    ],
    [
      'unknown operation, not signed',
      () => ask.kms('Nothing', {}, { as: null }),
      () => '400 UnknownOperationException',
    ],
    ['unknown operation, not JSON', () => ask.kms('Nothing', 'x'), () => '400 UnknownOperationException'],
    [
      'not JSON, unknown access key',
      () => ask.kms('ListKeys', 'x', { as: stranger }),
      () => '400 SerializationException',
    ],
    [
      'broken JSON, unknown access key',
      () => ask.kms('ListKeys', '{"Limit":', { as: stranger }),
      () => '400 SerializationException',
    ],
    [
      'no object, unknown access key',
      () => ask.kms('ListKeys', '[]', { as: stranger }),
      () => '400 SerializationException',
    ],
    ['an empty body, not signed', () => ask.kms('ListKeys', '', { as: null }), () => '400 SerializationException'],
    [
      'unknown access key, bad signature',
      () => ask.kms('ListKeys', {}, { as: stranger, tamper: forged }),
      () => `400 UnrecognizedClientException: ${UNKNOWN_KEY}`,
    ],
    [
      'bad signature, a member of the wrong type',
      () => ask.kms('ListKeys', { Limit: [] }, { tamper: forged }),
      () => `400 InvalidSignatureException: ${BAD_SIGNATURE}`,
    ],
    [
      'bad signature, constraint',
      () => ask.kms('Encrypt', { KeyId: on, ...LONG }, { tamper: forged }),
      () => `400 InvalidSignatureException: ${BAD_SIGNATURE}`,
    ],
    [
      'a member of the wrong type, constraint',
      () => ask.kms('Encrypt', { KeyId: [], ...LONG }),
      () => '400 SerializationException: Start of list found where not expected',
    ],
    [
      'constraint, no permission',
      () => ask.kms('Encrypt', { KeyId: on, ...LONG }, { as: as('nobody') }),
      () => `400 ValidationException: ${TOO_LONG}`,
    ],
    [
      'constraint, no such key',
      () => ask.kms('Encrypt', { KeyId: NO_KEY, ...LONG }),
      () => `400 ValidationException: ${TOO_LONG}`,
    ],
    [
      'no such key, no permission',
      () => ask.kms('Encrypt', { KeyId: NO_KEY, ...SMALL }, { as: as('nobody') }),
      () => `400 NotFoundException: Key '${NO_KEY}' does not exist`,
    ],
    [
      'no key id, no permission',
      () => ask.kms('Encrypt', { KeyId: 'mine', ...SMALL }, { as: as('nobody') }),
      () => "400 NotFoundException: Invalid keyId 'mine'",
    ],
    [
      'no permission, disabled key',
      () => ask.kms('Encrypt', { KeyId: off, ...SMALL }, { as: as('nobody') }),
      () => `400 AccessDeniedException: ${denied('nobody', 'kms:Encrypt', off)}`,
    ],
    [
      'disabled key, wrong algorithm',
      () => ask.kms('Encrypt', { KeyId: off, ...SMALL, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
      () => `400 DisabledException: ${off} is disabled.`,
    ],
    [
      'no permission, bad policy',
      () => ask.kms('PutKeyPolicy', { KeyId: on, Policy: '{}' }, { as: as('nobody') }),
      () => `400 AccessDeniedException: ${denied('nobody', 'kms:PutKeyPolicy', on)}`,
    ],
    [
      'bad ciphertext, no permission',
      () => ask.kms('Decrypt', { CiphertextBlob: 'eA==' }, { as: as('nobody') }),
      () => '400 InvalidCiphertextException',
    ],
    [
      'bad ciphertext, dry run',
      () => ask.kms('Decrypt', { CiphertextBlob: 'eA==', DryRun: true }),
      () => '400 InvalidCiphertextException',
    ],
  ])('%s', async (_, request, answer) => {
    expect(told(await request())).toBe(answer())
  })
})

const TAGS = {
  'Tags.member.1.Key': 'a',
  'Tags.member.1.Value': '1',
  'Tags.member.2.Key': 'a',
  'Tags.member.2.Value': '2',
}
const NEW_USER = `arn:aws:iam::${ACCOUNT}:user/new`
const ROLE = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/any`, RoleSessionName: 'night' }

describe('query', () => {
  it.each<Case>([
    [
      'bad signature, unknown action',
      () => ask.query('iam', 'Nothing', {}, { tamper: forged }),
      () => `403 SignatureDoesNotMatch: ${BAD_SIGNATURE}`,
    ],
    [
      'not signed, unknown action',
      () => ask.query('sts', 'Nothing', {}, { as: null }),
      () => '400 InvalidAction: Could not find operation Nothing for version 2011-06-15',
    ],
    [
      'bad signature, malformed value',
      () => ask.query('iam', 'ListUsers', { MaxItems: 'many' }, { tamper: forged }),
      () => `403 SignatureDoesNotMatch: ${BAD_SIGNATURE}`,
    ],
    [
      'unknown access key, constraint',
      () => ask.query('iam', 'GetUser', { UserName: '' }, { as: stranger }),
      () => `403 InvalidClientTokenId: ${UNKNOWN_KEY}`,
    ],
    [
      'malformed value, no permission',
      () => ask.query('iam', 'ListUsers', { MaxItems: ' 9 ' }, { as: as('nobody') }),
      () => "400 MalformedInput: ' 9 ' can not be converted to an Integer",
    ],
    [
      'malformed value, constraint',
      () => ask.query('sts', 'AssumeRole', { ...ROLE, RoleSessionName: 'x', DurationSeconds: '9e2' }),
      () => "400 MalformedInput: '9e2' can not be converted to an Integer",
    ],
    [
      'constraint, no permission',
      () => ask.query('sts', 'AssumeRole', { ...ROLE, RoleSessionName: 'x' }, { as: as('nobody') }),
      () =>
        "400 ValidationError: 1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2",
    ],
    [
      'no permission, a tag twice',
      () => ask.query('iam', 'CreateUser', { UserName: 'new', ...TAGS }, { as: as('nobody') }),
      () => `403 AccessDenied: ${denied('nobody', 'iam:CreateUser', NEW_USER)}`,
    ],
    [
      'no permission, no such user',
      () => ask.query('iam', 'DeleteUser', { UserName: 'new' }, { as: as('nobody') }),
      () => `403 AccessDenied: ${denied('nobody', 'iam:DeleteUser', 'user new')}`,
    ],
    [
      'no permission, no such role',
      () => ask.query('sts', 'AssumeRole', ROLE, { as: as('nobody') }),
      () =>
        `403 AccessDenied: User: ${arn('nobody')} is not authorized to perform: sts:AssumeRole on resource: ${ROLE.RoleArn} because no role trust policy allows the sts:AssumeRole action`,
    ],
  ])('%s', async (_, request, answer) => {
    expect(told(await request())).toBe(answer())
  })
})

const WRONG_MD5 = { 'content-md5': createHash('md5').update('other').digest('base64') }
const object = (bucket: string, key: string) => `"arn:aws:s3:::${bucket}/${key}"`

describe('S3', () => {
  it.each<Case>([
    [
      'bad signature, no such bucket',
      () => ask.s3('GET', '/nowhere/x', {}, { tamper: forged }),
      () => `403 SignatureDoesNotMatch: ${BAD_S3_SIGNATURE}`,
    ],
    [
      'unknown access key, no such bucket',
      () => ask.s3('GET', '/nowhere/x', {}, { as: stranger }),
      () => '403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.',
    ],
    [
      'no such bucket, no permission to read',
      () => ask.s3('GET', '/nowhere/x', {}, { as: as('nobody') }),
      () => '404 NoSuchBucket: The specified bucket does not exist',
    ],
    [
      'no such bucket, no permission to write',
      () => ask.s3('PUT', '/nowhere/x', { body: 'x' }, { as: as('nobody') }),
      () => '404 NoSuchBucket: The specified bucket does not exist',
    ],
    [
      'disabled key, no permission to write',
      () => ask.s3('PUT', '/shut/x', { body: 'x' }, { as: as('sealer') }),
      () => `400 KMS.DisabledException: ${off} is disabled.`,
    ],
    [
      'no permission on the key, none to write',
      () => ask.s3('PUT', '/open/x', { body: 'x' }, { as: as('nobody') }),
      () => `403 AccessDenied: ${denied('nobody', 'kms:GenerateDataKey', on)}`,
    ],
    [
      'no permission to write, wrong digest',
      () => ask.s3('PUT', '/open/x', { body: 'x', headers: WRONG_MD5 }, { as: as('sealer') }),
      () => `403 AccessDenied: ${denied('sealer', 's3:PutObject', object('open', 'x'))}`,
    ],
    [
      'no permission on the key, wrong digest',
      () => ask.s3('PUT', '/open/x', { body: 'x', headers: WRONG_MD5 }, { as: as('writer') }),
      () => `403 AccessDenied: ${denied('writer', 'kms:GenerateDataKey', on)}`,
    ],
    [
      'no permission to write, precondition',
      () => ask.s3('PUT', '/open/there', { body: 'x', headers: { 'if-none-match': '*' } }, { as: as('sealer') }),
      () => `403 AccessDenied: ${denied('sealer', 's3:PutObject', object('open', 'there'))}`,
    ],
    [
      'no permission on the key, precondition',
      () => ask.s3('PUT', '/open/there', { body: 'x', headers: { 'if-none-match': '*' } }, { as: as('writer') }),
      () => `403 AccessDenied: ${denied('writer', 'kms:GenerateDataKey', on)}`,
    ],
    [
      'wrong digest, precondition',
      () => ask.s3('PUT', '/open/there', { body: 'x', headers: { ...WRONG_MD5, 'if-none-match': '*' } }),
      () => '400 BadDigest: The Content-MD5 you specified did not match what we received.',
    ],
    [
      'precondition, no permission on the key',
      () => ask.s3('GET', '/open/there', { headers: { 'if-match': '"other"' } }, { as: as('reader') }),
      () => '412 PreconditionFailed: At least one of the pre-conditions you specified did not hold',
    ],
    [
      'precondition, disabled key',
      () => ask.s3('GET', '/shut/there', { headers: { 'if-match': '"other"' } }),
      () => '412 PreconditionFailed: At least one of the pre-conditions you specified did not hold',
    ],
    [
      'no permission to read, none on the key',
      () => ask.s3('GET', '/open/there', {}, { as: as('nobody') }),
      () => `403 AccessDenied: ${denied('nobody', 's3:GetObject', object('open', 'there'))}`,
    ],
    [
      'no permission to read, precondition',
      () => ask.s3('GET', '/open/there', { headers: { 'if-match': '"other"' } }, { as: as('sealer') }),
      () => `403 AccessDenied: ${denied('sealer', 's3:GetObject', object('open', 'there'))}`,
    ],
    [
      'no permission to read, disabled key',
      () => ask.s3('GET', '/shut/there', {}, { as: as('nobody') }),
      () => `403 AccessDenied: ${denied('nobody', 's3:GetObject', object('shut', 'there'))}`,
    ],
    [
      'no permission on the destination key, none on the source',
      () => ask.s3('PUT', '/open/copy', { headers: { 'x-amz-copy-source': '/shut/there' } }, { as: as('writer') }),
      () => `403 AccessDenied: ${denied('writer', 'kms:GenerateDataKey', on)}`,
    ],
    [
      'no permission on the source, disabled source key',
      () => ask.s3('PUT', '/open/copy', { headers: { 'x-amz-copy-source': '/shut/there' } }, { as: as('copier') }),
      () => `403 AccessDenied: ${denied('copier', 's3:GetObject', object('shut', 'there'))}`,
    ],
    [
      'destination precondition, no permission on its key',
      () =>
        ask.s3(
          'PUT',
          '/open/there',
          { headers: { 'x-amz-copy-source': '/shut/there', 'if-none-match': '*' } },
          { as: as('nobody') },
        ),
      () => '412 PreconditionFailed: At least one of the pre-conditions you specified did not hold',
    ],
    [
      'not signed, method not allowed',
      () => ask.s3('PATCH', '/open/there', {}, { as: null }),
      () => '405 MethodNotAllowed: The specified method is not allowed against this resource.',
    ],
  ])('%s', async (_, request, answer) => {
    expect(told(await request())).toBe(answer())
  })

  it('a write that the key allowed and S3 refused has used the key', async () => {
    const answer = await ask.s3('PUT', '/open/used', { body: 'x' }, { as: as('sealer') })
    const requestId = String(answer.headers['x-amz-request-id'])
    const gates = twokey.emulator.decisions
      .get(requestId)!
      .gates.map(({ gate, operation, outcome }) => [gate, operation, outcome])
    expect(gates).toEqual([
      ['data', 'PutObject', 'denied'],
      ['key', 'GenerateDataKey', 'allowed'],
    ])
  })
})
