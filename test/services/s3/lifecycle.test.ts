/* eslint-disable @typescript-eslint/no-deprecated -- S3 still takes a rule's prefix outside a filter */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateBucketCommand,
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

let count = 0
async function bucketWith(...rules: readonly LifecycleRule[]): Promise<string> {
  const Bucket = `lifecycle-${String(++count)}`
  await world.s3.send(new CreateBucketCommand({ Bucket }))
  if (rules.length > 0) await put(Bucket, rules)
  return Bucket
}
const put = (
  Bucket: string,
  rules: readonly LifecycleRule[],
  TransitionDefaultMinimumObjectSize?: TransitionDefaultMinimumObjectSize,
) =>
  world.s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket,
      LifecycleConfiguration: { Rules: [...rules] },
      TransitionDefaultMinimumObjectSize,
    }),
  )
const get = (Bucket: string) => world.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))

const RULES: readonly LifecycleRule[] = [
  {
    ID: 'logs',
    Status: 'Enabled',
    Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'kind', Value: 'log' }], ObjectSizeGreaterThan: 500 } },
    Transitions: [
      { Days: 30, StorageClass: 'STANDARD_IA' },
      { Days: 90, StorageClass: 'GLACIER' },
    ],
    Expiration: { Days: 365 },
    NoncurrentVersionTransitions: [{ NoncurrentDays: 30, StorageClass: 'ONEZONE_IA', NewerNoncurrentVersions: 3 }],
    NoncurrentVersionExpiration: { NoncurrentDays: 60 },
  },
  { ID: 'uploads', Status: 'Enabled', Filter: {}, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
  { ID: 'old', Status: 'Disabled', Prefix: '', Expiration: { Date: new Date('2030-01-01T00:00:00Z') } },
  { ID: 'markers', Status: 'Enabled', Filter: { Prefix: 'x/' }, Expiration: { ExpiredObjectDeleteMarker: true } },
]

const rule = (change: Partial<LifecycleRule>): LifecycleRule => ({
  ID: 'one',
  Status: 'Enabled',
  Filter: { Prefix: 'a/' },
  Expiration: { Days: 1 },
  ...change,
})

describe('a lifecycle configuration', () => {
  it('is answered as it was put, replaced and deleted', async () => {
    const Bucket = await bucketWith(...RULES)
    const { Rules, TransitionDefaultMinimumObjectSize } = await get(Bucket)
    expect(Rules).toEqual(RULES)
    expect(TransitionDefaultMinimumObjectSize).toBe('all_storage_classes_128K')
    const answer = await put(Bucket, [rule({})], 'varies_by_storage_class')
    expect(answer.TransitionDefaultMinimumObjectSize).toBe('varies_by_storage_class')
    expect(await get(Bucket)).toMatchObject({
      Rules: [rule({})],
      TransitionDefaultMinimumObjectSize: 'varies_by_storage_class',
    })
    await world.s3.send(new DeleteBucketLifecycleCommand({ Bucket }))
    expect(await refusal(get(Bucket))).toEqual({
      status: 404,
      code: 'NoSuchLifecycleConfiguration',
      message: 'The lifecycle configuration does not exist',
    })
  })

  it('gives names to rules that have none', async () => {
    const Bucket = await bucketWith(rule({ ID: undefined }), rule({ ID: undefined, Filter: { Prefix: 'b/' } }))
    const names = (await get(Bucket)).Rules?.map(({ ID }) => ID)
    expect(new Set(names).size).toBe(2)
    for (const name of names ?? []) expect(name).toMatch(/^[A-Za-z0-9+/=]{48}$/)
  })

  it('needs s3:PutLifecycleConfiguration to be put and deleted, and s3:GetLifecycleConfiguration to be read', async () => {
    const Bucket = await bucketWith(rule({}))
    const { s3, arn } = await world.user('lifecycle-nobody', allow('s3:ListBucket'))
    const needs = (action: string) =>
      denied(
        `User: ${arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}" because no identity-based policy allows the ${action} action`,
      )
    const LifecycleConfiguration = { Rules: [rule({ Status: 'Disabled' })] }
    const change = new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration })
    expect(await refusal(s3.send(change))).toEqual(needs('s3:PutLifecycleConfiguration'))
    expect(await refusal(s3.send(new DeleteBucketLifecycleCommand({ Bucket })))).toEqual(
      needs('s3:PutLifecycleConfiguration'),
    )
    expect(await refusal(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })))).toEqual(
      needs('s3:GetLifecycleConfiguration'),
    )
    expect((await get(Bucket)).Rules).toEqual([rule({})])
  })

  it('comes with a checksum', async () => {
    const Bucket = await bucketWith()
    const { url } = world.emulator
    const body = '<LifecycleConfiguration></LifecycleConfiguration>'
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path: `/${Bucket}?lifecycle`, body }))
    expect([answer.status, answer.body]).toEqual([
      400,
      expect.stringContaining(
        '<Code>InvalidRequest</Code><Message>Missing required header for this request: Content-MD5 OR x-amz-checksum-*</Message>',
      ),
    ])
  })
})

const MALFORMED = 'The XML you provided was not well-formed or did not validate against our published schema'
const tagged = { Tag: { Key: 'k', Value: 'v' } }
type Bad = readonly [what: string, rules: readonly LifecycleRule[], code: string, message: string]
const bad: readonly Bad[] = [
  ['no rules', [], 'MalformedXML', MALFORMED],
  [
    'two rules of one name',
    [rule({}), rule({ Filter: { Prefix: 'b/' } })],
    'InvalidArgument',
    'Rule ID must be unique. Found same ID for more than one rule',
  ],
  [
    'too long a name',
    [rule({ ID: 'x'.repeat(256) })],
    'InvalidArgument',
    'ID length should not exceed allowed limit of 255',
  ],
  ['an unknown status', [rule({ Status: 'On' as 'Enabled' })], 'MalformedXML', MALFORMED],
  ['both filter and prefix', [rule({ Prefix: 'a/' })], 'MalformedXML', MALFORMED],
  ['neither filter nor prefix', [rule({ Filter: undefined })], 'MalformedXML', MALFORMED],
  ['two predicates without And', [rule({ Filter: { Prefix: 'a', ...tagged } })], 'MalformedXML', MALFORMED],
  ['one predicate in an And', [rule({ Filter: { And: { Prefix: 'a' } } })], 'MalformedXML', MALFORMED],
  [
    'no action',
    [rule({ Expiration: undefined })],
    'InvalidRequest',
    'At least one action needs to be specified in a rule',
  ],
  [
    'no days to expiration',
    [rule({ Expiration: { Days: 0 } })],
    'InvalidArgument',
    "'Days' for Expiration action must be a positive integer",
  ],
  ['days and date', [rule({ Expiration: { Days: 1, Date: new Date('2030-01-01') } })], 'MalformedXML', MALFORMED],
  [
    'a date in the middle of a day',
    [rule({ Expiration: { Date: new Date('2030-01-01T12:00:00Z') } })],
    'InvalidArgument',
    "'Date' must be at midnight GMT",
  ],
  [
    'too early a transition',
    [rule({ Expiration: undefined, Transitions: [{ Days: 29, StorageClass: 'STANDARD_IA' }] })],
    'InvalidArgument',
    "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
  ],
  [
    'an unknown storage class',
    [rule({ Expiration: undefined, Transitions: [{ Days: 30, StorageClass: 'STANDARD' as 'GLACIER' }] })],
    'MalformedXML',
    MALFORMED,
  ],
  [
    'a transition after the expiration',
    [rule({ Expiration: { Days: 10 }, Transitions: [{ Days: 10, StorageClass: 'GLACIER' }] })],
    'InvalidArgument',
    "'Days' in the Expiration action for filter '(prefix=a/)' must be greater than 'Days' in the Transition action",
  ],
  [
    'no days of being noncurrent',
    [rule({ NoncurrentVersionExpiration: { NoncurrentDays: 0 } })],
    'InvalidArgument',
    "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
  ],
  [
    'no days to abortion',
    [rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 0 } })],
    'InvalidArgument',
    "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
  ],
  [
    'an abortion by tags',
    [rule({ Filter: tagged, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } })],
    'InvalidRequest',
    'AbortIncompleteMultipartUpload cannot be specified with Tags.',
  ],
]

describe('a lifecycle rule', () => {
  for (const [what, rules, code, message] of bad) {
    it(`with ${what} is refused and changes nothing`, async () => {
      const Bucket = await bucketWith(rule({ ID: 'before' }))
      expect(await refusal(put(Bucket, rules))).toEqual({ status: 400, code, message })
      expect((await get(Bucket)).Rules).toEqual([rule({ ID: 'before' })])
    })
  }

  it('with an unknown smallest size is refused', async () => {
    const Bucket = await bucketWith()
    expect(await refusal(put(Bucket, [rule({})], 'small' as 'varies_by_storage_class'))).toEqual({
      status: 400,
      code: 'InvalidRequest',
      message: 'Invalid TransitionDefaultMinimumObjectSize found: small',
    })
  })
})
