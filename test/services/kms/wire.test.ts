import { beforeAll, describe, expect, it } from '@jest/globals'
import { send, signed } from '../../support/raw.ts'
import { importsFor, material } from './importing.ts'
import { ACCOUNT, REGION, kmsForTests, type Key } from './support.ts'

/** What is on the wire, without an SDK in between. */
const kms = kmsForTests()
const { importInto, inSeconds } = importsFor(kms)
let key: Key
beforeAll(async () => {
  key = await kms.createKey()
})

async function call(operation: string, input: object | string) {
  const { url } = kms.running
  const answer = await send(
    url,
    signed(url, 'kms', {
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
      body: typeof input === 'string' ? input : JSON.stringify(input),
    }),
  )
  return { status: answer.status, headers: answer.headers, body: answer.body }
}
const json = async (operation: string, input: object): Promise<unknown> =>
  JSON.parse((await call(operation, input)).body) as unknown

describe('answers', () => {
  it('write times as seconds with a fraction, blobs as base64, and leave out what is not there', async () => {
    const { KeyMetadata } = (await json('DescribeKey', { KeyId: key.KeyId })) as {
      KeyMetadata: Record<string, unknown>
    }
    expect(KeyMetadata['CreationDate']).toBe((key.CreationDate?.getTime() ?? 0) / 1000)
    // In AWS's order (facts: B8).
    expect(Object.keys(KeyMetadata)).toEqual([
      'AWSAccountId',
      'KeyId',
      'Arn',
      'CreationDate',
      'Enabled',
      'Description',
      'KeyUsage',
      'KeyState',
      'Origin',
      'KeyManager',
      'CustomerMasterKeySpec',
      'KeySpec',
      'EncryptionAlgorithms',
      'MultiRegion',
      'CurrentKeyMaterialId',
    ])
    expect(await json('ListKeys', { Limit: 1 })).toEqual({
      Keys: [{ KeyId: key.KeyId, KeyArn: key.Arn }],
      Truncated: false,
    })
  })

  const BEFORE = ['AWSAccountId', 'KeyId', 'Arn', 'CreationDate', 'Enabled', 'Description', 'KeyUsage', 'KeyState']
  const SPEC = ['KeyManager', 'CustomerMasterKeySpec', 'KeySpec']
  const members = async (KeyId: string) => {
    const { KeyMetadata } = (await json('DescribeKey', { KeyId })) as { KeyMetadata: object }
    return Object.keys(KeyMetadata)
  }

  it('describe keys in AWS’s order of members, whatever their kind and state', async () => {
    const imported = await kms.createKey({ Origin: 'EXTERNAL' })
    const symmetric = [...SPEC, 'EncryptionAlgorithms', 'MultiRegion']
    expect(await members(imported.KeyId)).toEqual([...BEFORE, 'Origin', ...symmetric])
    await importInto(imported.KeyId, material(), { ValidTo: inSeconds(3600) })
    const shown = [...symmetric, 'CurrentKeyMaterialId']
    expect(await members(imported.KeyId)).toEqual([...BEFORE, 'ValidTo', 'Origin', 'ExpirationModel', ...shown])
    await json('ScheduleKeyDeletion', { KeyId: imported.KeyId })
    const dates = ['DeletionDate', 'ValidTo']
    expect(await members(imported.KeyId)).toEqual([...BEFORE, ...dates, 'Origin', 'ExpirationModel', ...shown])

    const mac = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    expect(await members(mac.KeyId)).toEqual([...BEFORE, 'Origin', ...SPEC, 'MultiRegion', 'MacAlgorithms'])
    const signs = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(await members(signs.KeyId)).toEqual([...BEFORE, 'Origin', ...SPEC, 'SigningAlgorithms', 'MultiRegion'])
    const agrees = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    expect(await members(agrees.KeyId)).toEqual([...BEFORE, 'Origin', ...SPEC, 'KeyAgreementAlgorithms', 'MultiRegion'])

    const primary = await kms.createKey({ MultiRegion: true })
    const related = [...symmetric, 'MultiRegionConfiguration']
    expect(await members(primary.KeyId)).toEqual([...BEFORE, 'Origin', ...related, 'CurrentKeyMaterialId'])
    const made = (await json('ReplicateKey', { KeyId: primary.KeyId, ReplicaRegion: 'us-west-2' })) as {
      ReplicaKeyMetadata: object
    }
    expect(Object.keys(made)).toEqual(['ReplicaKeyMetadata', 'ReplicaPolicy'])
    expect(Object.keys(made.ReplicaKeyMetadata)).toEqual([...BEFORE, 'Origin', ...related])
    await json('ScheduleKeyDeletion', { KeyId: primary.KeyId })
    const waiting = ['PendingDeletionWindowInDays', 'CurrentKeyMaterialId']
    expect(await members(primary.KeyId)).toEqual([...BEFORE, 'Origin', ...related, ...waiting])
  })

  it('are empty where AWS has nothing to say', async () => {
    for (const [operation, input] of [
      ['UpdateKeyDescription', { Description: 'x' }],
      ['EnableKey', {}],
      ['TagResource', { Tags: [{ TagKey: 'a', TagValue: '' }] }],
      ['EnableKeyRotation', {}],
    ] as const) {
      const { status, body, headers } = await call(operation, { KeyId: key.KeyId, ...input })
      expect({ status, body, length: headers['content-length'] }).toEqual({ status: 200, body: '', length: '0' })
    }
  })

  it('ignore members that KMS does not know', async () => {
    expect((await call('DescribeKey', { KeyId: key.KeyId, Surprise: 1 })).status).toBe(200)
  })
})

describe('refusals', () => {
  it.each<[string, string, object, object]>([
    [
      'of the model carry `message`',
      'DescribeKey',
      { KeyId: 'alias/none' },
      { __type: 'NotFoundException', message: `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/none is not found.` },
    ],
    ['that say nothing carry no text', 'Decrypt', { CiphertextBlob: 'AAAA' }, { __type: 'InvalidCiphertextException' }],
    [
      'of validation quote no blobs',
      'Encrypt',
      { KeyId: 'x', Plaintext: '' },
      {
        __type: 'ValidationException',
        message:
          "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
      },
    ],
    [
      'of validation count',
      'Encrypt',
      {},
      {
        __type: 'ValidationException',
        message:
          "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
          "Value at 'plaintext' failed to satisfy constraint: Member must not be null",
      },
    ],
    [
      'of types come before all others',
      'DescribeKey',
      { KeyId: 7 },
      { __type: 'SerializationException', Message: 'NUMBER_VALUE can not be converted to a String' },
    ],
  ])('%s', async (_what, operation, input, body) => {
    expect(await json(operation, input)).toEqual(body)
  })

  it('of permission carry `Message`', async () => {
    const theirs = await kms.createKey({}, kms.of('222222222222'))
    const { status, body } = await call('Encrypt', { KeyId: theirs.Arn, Plaintext: 'AAAA' })
    expect(status).toBe(400)
    expect(JSON.parse(body)).toEqual({
      __type: 'AccessDeniedException',
      Message: expect.stringMatching(/^User: arn:aws:iam::111111111111:root is not authorized to perform: kms:Encrypt/),
    })
  })
})
