import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Agent } from 'node:http'
import fc from 'fast-check'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'
import { send, signed, type RawAnswer, type RawRequest } from '../support/raw.ts'

/** In all; spread over the kinds below. */
const REQUESTS = 10_000
const KINDS = 12
const RUNS = Math.ceil(REQUESTS / KINDS)
/** Enough in flight to be quick, few enough that a failure names its request. */
const BATCH = 20

let twokey: TestEmulator
const agent = new Agent({ keepAlive: true, maxSockets: BATCH })
let before: string

beforeAll(async () => {
  twokey = await startEmulator({ log: 'error' })
  await send(twokey.url, { path: '/_twokey/worlds', body: JSON.stringify(WORLD) })
  before = state()
})

afterAll(async () => {
  agent.destroy()
  await twokey.stop()
})

const WORLD = {
  accounts: {
    '111111111111': {
      keys: {
        data: { alias: 'alias/data' },
        sign: { alias: 'alias/sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
        lattice: { alias: 'alias/lattice', spec: 'ML_DSA_44' },
        edwards: { alias: 'alias/edwards', spec: 'ECC_NIST_EDWARDS25519' },
        rsa: { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'SIGN_VERIFY' },
        seal: { alias: 'alias/seal', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
        mac: { alias: 'alias/mac', spec: 'HMAC_256' },
        agree: { alias: 'alias/agree', spec: 'ECC_NIST_P384', usage: 'KEY_AGREEMENT' },
        kem: { alias: 'alias/kem', spec: 'ML_KEM_512' },
        away: { alias: 'alias/away', multiRegion: true },
      },
      users: { reader: {} },
      buckets: { secrets: { key: 'data', objects: { 'report.txt': 'numbers' } } },
    },
  },
}

const state = () => JSON.stringify(twokey.emulator.store.export({ secrets: true }))

/** Every answer is a 4xx in the protocol's own shape, carries a request id, and tells nothing of the inside. */
function expectRefusal(answer: RawAnswer, shape: 'json' | 'xml' | 'any'): void {
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(answer.body).not.toMatch(/node:|\.ts:\d|\bat \w+ \(/)
  const isJson = answer.body.startsWith('{')
  if (shape === 'json') expect(JSON.parse(answer.body)).toHaveProperty('__type')
  else if (shape === 'xml') expect(answer.body).toMatch(/<Code>[\w.]+<\/Code>/)
  else expect(isJson || /<Code>[\w.]+<\/Code>/.test(answer.body)).toBe(true)
}

async function refuses(requests: fc.Arbitrary<RawRequest>, shape: 'json' | 'xml' | 'any'): Promise<void> {
  const property = fc.asyncProperty(fc.array(requests, { minLength: BATCH, maxLength: BATCH }), async (batch) => {
    const answers = await Promise.all(batch.map((request) => send(twokey.url, request, agent)))
    answers.forEach((answer, index) => {
      try {
        expectRefusal(answer, shape)
      } catch (error) {
        throw new Error(
          `${JSON.stringify(batch[index])}
answered ${String(answer.status)} ${answer.body}`,
          { cause: error },
        )
      }
    })
  })
  await fc.assert(property, { numRuns: Math.ceil(RUNS / BATCH) })
  expect(state()).toBe(before)
  expect(twokey.lines).toEqual([])
}

/** Text that HTTP allows in a header. */
const headerText = fc
  .string({ unit: fc.constantFrom(...'abcXYZ0189 =,;/:*-_"\'%+&?.<>{}[]|\\'.split('')), maxLength: 60 })
  .map((text) => text.trim())
const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,24}$/)
const anyText = fc.string({ unit: 'grapheme', maxLength: 200 })

const kms = (target: string, body: string): RawRequest =>
  signed(twokey.url, 'kms', {
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${target}` },
    body,
  })
const query = (service: 'iam' | 'sts' | 'ec2', body: string): RawRequest =>
  signed(twokey.url, service, { headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, body })
const s3 = (method: string, path: string, body = '', headers: Record<string, string> = {}): RawRequest =>
  signed(twokey.url, 's3', { method, path, body, headers })

const KEY_OPERATIONS = [
  'DescribeKey',
  'Encrypt',
  'Decrypt',
  'GenerateDataKey',
  'PutKeyPolicy',
  'CreateGrant',
  'RevokeGrant',
  'EnableKey',
  'ScheduleKeyDeletion',
  'TagResource',
  'CreateAlias',
  'UpdateAlias',
  'DeleteAlias',
  'ReEncrypt',
  'Sign',
  'Verify',
  'GenerateMac',
  'VerifyMac',
  'GetPublicKey',
  'DeriveSharedSecret',
  'Encapsulate',
  'Decapsulate',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GetKeyLastUsage',
  'GetParametersForImport',
  'ImportKeyMaterial',
  'DeleteImportedKeyMaterial',
  'ReplicateKey',
  'UpdatePrimaryRegion',
  'CreateCustomKeyStore',
  'UpdateCustomKeyStore',
  'ConnectCustomKeyStore',
  'DisconnectCustomKeyStore',
  'DeleteCustomKeyStore',
]
const keyOperation = fc.constantFrom(...KEY_OPERATIONS)

type Members = Readonly<Record<string, unknown>>

const text64 = Buffer.from('a message').toString('base64')
const of = (length: number) => Buffer.alloc(length, 7).toString('base64')
const OAEP = 'RSAES_OAEP_SHA_256'
/** Calls that would succeed, were it not for one member that is spoilt. */
const CALLS: readonly (readonly [operation: string, input: Members])[] = [
  ['Sign', { KeyId: 'alias/sign', Message: text64, SigningAlgorithm: 'ECDSA_SHA_256' }],
  ['Sign', { KeyId: 'alias/rsa', Message: of(64), MessageType: 'DIGEST', SigningAlgorithm: 'RSASSA_PSS_SHA_512' }],
  [
    'Sign',
    { KeyId: 'alias/lattice', Message: of(64), MessageType: 'EXTERNAL_MU', SigningAlgorithm: 'ML_DSA_SHAKE_256' },
  ],
  ['Sign', { KeyId: 'alias/edwards', Message: of(64), MessageType: 'DIGEST', SigningAlgorithm: 'ED25519_PH_SHA_512' }],
  ['GenerateMac', { KeyId: 'alias/mac', Message: text64, MacAlgorithm: 'HMAC_SHA_256' }],
  ['Encapsulate', { KeyId: 'alias/kem', EncapsulationAlgorithm: 'ML_KEM' }],
  ['Encrypt', { KeyId: 'alias/seal', Plaintext: text64, EncryptionAlgorithm: OAEP }],
  ['GenerateDataKeyPair', { KeyId: 'alias/data', KeyPairSpec: 'ECC_NIST_P256' }],
]
/** Calls whose last member is whatever it may be, and wrong: no signature, ciphertext, key or token is found by chance. */
const GUESSES: readonly (readonly [operation: string, input: Members, guessed: string])[] = [
  ['Verify', { KeyId: 'alias/sign', Message: text64, SigningAlgorithm: 'ECDSA_SHA_256' }, 'Signature'],
  [
    'Verify',
    { KeyId: 'alias/sign', Message: of(32), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' },
    'Signature',
  ],
  ['Verify', { KeyId: 'alias/rsa', Message: text64, SigningAlgorithm: 'RSASSA_PSS_SHA_256' }, 'Signature'],
  ['Verify', { KeyId: 'alias/rsa', Message: text64, SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }, 'Signature'],
  ['Verify', { KeyId: 'alias/lattice', Message: text64, SigningAlgorithm: 'ML_DSA_SHAKE_256' }, 'Signature'],
  ['Verify', { KeyId: 'alias/edwards', Message: text64, SigningAlgorithm: 'ED25519_SHA_512' }, 'Signature'],
  [
    'Verify',
    { KeyId: 'alias/edwards', Message: of(64), MessageType: 'DIGEST', SigningAlgorithm: 'ED25519_PH_SHA_512' },
    'Signature',
  ],
  ['VerifyMac', { KeyId: 'alias/mac', Message: text64, MacAlgorithm: 'HMAC_SHA_256' }, 'Mac'],
  ['Decrypt', { KeyId: 'alias/seal', EncryptionAlgorithm: OAEP }, 'CiphertextBlob'],
  ['Decrypt', {}, 'CiphertextBlob'],
  ['ReEncrypt', { DestinationKeyId: 'alias/data' }, 'CiphertextBlob'],
  [
    'ReEncrypt',
    { SourceKeyId: 'alias/seal', SourceEncryptionAlgorithm: OAEP, DestinationKeyId: 'alias/data' },
    'CiphertextBlob',
  ],
  ['Decapsulate', { KeyId: 'alias/kem', EncapsulationAlgorithm: 'ML_KEM' }, 'SharedSecretCiphertextBlob'],
  ['DeriveSharedSecret', { KeyId: 'alias/agree', KeyAgreementAlgorithm: 'ECDH' }, 'PublicKey'],
]
/** Of many lengths: those of signatures and ciphertexts, and what DER begins with. */
const guess = fc
  .tuple(
    fc.constantFrom('', '30', '3044', '3080', '3006020101020101', '3084ffffffff', '0102020078', '00', 'ff'),
    fc.oneof(fc.constantFrom(0, 1, 2, 32, 64, 70, 255, 256, 512, 2420, 6144), fc.nat(700)),
    fc.nat(255),
  )
  .map(([head, length, fill]) => {
    const bytes = Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(length, fill)])
    return bytes.subarray(0, length).toString('base64')
  })
const unusable = fc.oneof(
  fc.constant(undefined),
  fc.integer({ min: 1 }),
  fc.boolean(),
  fc.constantFrom([], {}, [[]], ''),
  fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }),
  word.map((text) => `No ${text}`),
  fc.constant(of(4097)),
)

describe('malformed requests are refused in AWS’s shape and change nothing', () => {
  it('authorization headers', async () => {
    const request = fc
      .record({
        authorization: headerText,
        date: headerText,
        target: word,
        token: fc.option(headerText, { nil: undefined }),
      })
      .map(({ authorization, date, target, token }): RawRequest => ({
        headers: {
          authorization: `AWS4-HMAC-SHA256 ${authorization}`,
          'x-amz-date': date,
          'x-amz-target': `TrentService.${target}`,
          'content-type': 'application/x-amz-json-1.1',
          ...(token !== undefined && { 'x-amz-security-token': token }),
        },
        body: '{}',
      }))
    await refuses(request, 'any')
  })

  it('signed headers that were changed afterwards', async () => {
    const names = ['authorization', 'x-amz-date', 'x-amz-target', 'host', 'content-type']
    const request = fc
      .record({ name: fc.constantFrom(...names), at: fc.nat(200), to: fc.constantFrom('x', '0', '=', ' ', '/') })
      .map(({ name, at, to }) => {
        const raw = kms('DescribeKey', '{"KeyId":"alias/data"}')
        const value = raw.headers?.[name] ?? ''
        const place = at % value.length
        const changed = value.slice(0, place) + (value[place] === to ? 'Q' : to) + value.slice(place + 1)
        return { ...raw, headers: { ...raw.headers, [name]: changed.trim() } }
      })
    await refuses(request, 'any')
  })

  it('presigned queries', async () => {
    const part = fc.constantFrom(
      'X-Amz-Algorithm',
      'X-Amz-Credential',
      'X-Amz-Date',
      'X-Amz-Expires',
      'X-Amz-SignedHeaders',
      'X-Amz-Signature',
    )
    const request = fc.array(fc.tuple(part, headerText), { minLength: 1, maxLength: 8 }).map((parts): RawRequest => ({
      method: 'GET',
      path: `/secrets/report.txt?${parts.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`,
    }))
    await refuses(request, 'any')
  })

  it('JSON targets', async () => {
    await refuses(
      fc
        .oneof(
          word,
          anyText.map((text) => text.replace(/[^\x21-\x7e]/g, 'x') || 'x'),
        )
        .map((target) => kms(`No${target}`, '{}')),
      'json',
    )
  })

  it('JSON bodies', async () => {
    const broken = fc.oneof(
      fc.json().map((text) => text.slice(0, -1)),
      anyText.filter((text) => !text.trim().startsWith('{')),
      fc.json().filter((text) => !text.startsWith('{')),
      fc.constantFrom('', '[]', 'null', '"x"', '{', '{"KeyId":', '{"KeyId":"a"}}', '\u0000', '{"__proto__":{}}x'),
    )
    await refuses(
      fc.tuple(keyOperation, broken).map(([operation, body]) => kms(operation, body)),
      'json',
    )
  })

  it('JSON members of the wrong type', async () => {
    const wrong = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.array(fc.anything({ maxDepth: 1 })),
      fc.dictionary(word, fc.string()),
    )
    const member = fc.constantFrom('KeyId', 'Policy', 'AliasName', 'TargetKeyId', 'GrantId', 'Description')
    await refuses(
      fc
        .tuple(keyOperation, member, wrong)
        .map(([operation, name, value]) => kms(operation, JSON.stringify({ [name]: value }))),
      'json',
    )
  })

  it('members of cryptographic operations', async () => {
    for (const [operation, input] of CALLS) {
      const answer = await send(twokey.url, kms(operation, JSON.stringify({ ...input, DryRun: true })))
      expect(answer.body).toContain('DryRunOperationException')
    }
    const spoilt = fc.constantFrom(...CALLS).chain(([operation, input]) =>
      fc
        .tuple(fc.constantFrom(...Object.keys(input)), unusable)
        .filter(([name, value]) => name !== 'MessageType' || value !== undefined)
        .map(([name, value]) => kms(operation, JSON.stringify({ ...input, [name]: value }))),
    )
    const guessed = fc
      .tuple(fc.constantFrom(...GUESSES), guess)
      .map(([[operation, input, name], bytes]) => kms(operation, JSON.stringify({ ...input, [name]: bytes })))
    await refuses(fc.oneof(spoilt, guessed), 'json')
  })

  it('key identifiers', async () => {
    const id = fc.oneof(
      anyText,
      fc.uuid().map((uuid) => `arn:aws:kms:us-east-1:111111111111:key/${uuid}`),
      fc.uuid(),
      word.map((name) => `alias/no-${name}`),
      fc.array(word, { maxLength: 8 }).map((parts) => `arn:${parts.join(':')}`),
    )
    await refuses(
      id.map((KeyId) => kms('Encrypt', JSON.stringify({ KeyId, Plaintext: 'eA==' }))),
      'json',
    )
  })

  it('query parameters', async () => {
    const pair = fc.tuple(
      fc.oneof(
        word,
        fc.constantFrom(
          'Tags.member.0.Key',
          'Tags.member.-1.Key',
          'Tags.member.1.0.Key',
          'Tags.member.99.Key',
          'MaxItems',
        ),
      ),
      anyText,
    )
    const request = fc
      .record({
        service: fc.constantFrom('iam' as const, 'sts' as const),
        action: fc.oneof(
          word.map((name) => `No${name}`),
          fc.constantFrom('GetRole', 'AssumeRole', 'PutUserPolicy', 'AttachRolePolicy', 'CreatePolicy'),
        ),
        pairs: fc.array(pair, { maxLength: 6 }),
      })
      .map(({ service, action, pairs }) => {
        const text = pairs.map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join('')
        return query(service, `Action=${action}&Version=${service === 'iam' ? '2010-05-08' : '2011-06-15'}${text}`)
      })
    await refuses(request, 'xml')
  })

  it('EC2’s parameters', async () => {
    // Each call names something that is not there by chance: a zone, a volume, a filter, a key.
    const calls: readonly (readonly [action: string, member: string])[] = [
      ['CreateVolume', 'AvailabilityZone'],
      ['CreateVolume', 'AvailabilityZoneId'],
      ['CreateVolume', 'SnapshotId'],
      ['DeleteVolume', 'VolumeId'],
      ['ModifyVolume', 'VolumeId'],
      ['ModifyVolumeAttribute', 'VolumeId'],
      ['EnableVolumeIO', 'VolumeId'],
      ['DescribeVolumeAttribute', 'VolumeId'],
      ['DescribeVolumes', 'VolumeId.1'],
      ['DescribeVolumes', 'Filter.1.Name'],
      ['DescribeVolumes', 'NextToken'],
      ['DescribeVolumesModifications', 'VolumeId.1'],
      ['DescribeVolumeStatus', 'Filter.1.Name'],
      ['DescribeTags', 'Filter.1.Name'],
      ['DescribeRegions', 'RegionName.1'],
      ['DescribeAvailabilityZones', 'ZoneName.1'],
      ['CreateTags', 'ResourceId.1'],
      ['DeleteTags', 'ResourceId.1'],
      ['ModifyEbsDefaultKmsKeyId', 'KmsKeyId'],
    ]
    const others = fc.constantFrom(
      ...['Size', 'Iops', 'Throughput', 'Encrypted', 'VolumeType', 'ClientToken', 'MultiAttachEnabled', 'DryRun'],
      ...['MaxResults', 'Filter.1.Value.1', 'Filter.0.Name', 'Filter.-1.Name', 'Filter.1.Name.Name', 'Tag.1.Key'],
      ...['TagSpecification.1.ResourceType', 'TagSpecification.1.Tag.1.Key', 'TagSpecification.99999999.Tag.1.Value'],
    )
    const odd = fc.oneof(
      anyText,
      fc.integer().map(String),
      fc.constantFrom('', 'true', '-1', '1e9', 'NaN', '__proto__'),
    )
    const request = fc
      .record({
        call: fc.constantFrom(...calls),
        value: anyText.map((text) => `No${text}`),
        pairs: fc.array(fc.tuple(others, odd), { maxLength: 6 }),
      })
      .map(({ call: [action, member], value, pairs }) => {
        const text = [[member, value] as const, ...pairs]
          .map(([name, given]) => `&${name}=${encodeURIComponent(given)}`)
          .join('')
        return query('ec2', `Action=${action}&Version=2016-11-15${text}`)
      })
    await refuses(request, 'xml')
  })

  it('XML bodies', async () => {
    const element = fc
      .tuple(word, anyText)
      .map(([name, text]) => `<x${name}>${text.replaceAll(/[<&]/g, '')}</x${name}>`)
    const broken = fc.oneof(
      anyText,
      element.map((text) => text.slice(0, -1)),
      element,
      fc.constantFrom(
        '',
        '<',
        '<a',
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<ServerSideEncryptionConfiguration/>',
        '<Tagging></Tagging',
        '<Delete/>',
      ),
    )
    const place = fc.constantFrom(
      '?encryption',
      '?tagging',
      '?publicAccessBlock',
      '?policy',
      '?ownershipControls',
      '?cors',
      '?lifecycle',
      '?logging',
      '?notification',
      '?website',
      '?accelerate',
      '?requestPayment',
      '?object-lock',
      '/report.txt?retention',
      '/report.txt?legal-hold',
    )
    await refuses(
      fc.tuple(place, broken).map(([sub, body]) => {
        const md5 = createHash('md5').update(body).digest('base64')
        return s3('PUT', `/secrets${sub}`, body, { 'content-md5': md5 })
      }),
      'xml',
    )
  })

  it('chunk framing', async () => {
    const framing = fc.oneof(
      anyText,
      fc
        .tuple(fc.integer({ min: 0, max: 1 << 30 }), anyText)
        .map(([size, text]) => `${size.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n${text}\r\n`),
      anyText.map((text) => `5\r\nhello\r\n0\r\n${text}\r\n`),
    )
    const kinds = [
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    ]
    const request = fc
      .tuple(fc.constantFrom(...kinds), framing, fc.integer({ min: 6, max: 1 << 20 }))
      .map(([kind, body, length]) =>
        signed(
          twokey.url,
          's3',
          {
            method: 'PUT',
            path: '/secrets/chunked',
            body,
            headers: { 'x-amz-decoded-content-length': String(length), 'content-encoding': 'aws-chunked' },
          },
          { payloadHash: kind },
        ),
      )
    await refuses(request, 'xml')
  })
})
