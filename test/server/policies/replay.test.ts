import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DetachUserPolicyCommand } from '@aws-sdk/client-iam'
import { EncryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { seeded } from '../../support/seeded.ts'
import { validatePolicy } from '../../../emulator/access/validate.ts'
import { ACCOUNT } from '../../support/emulator.ts'
import { allow, policy, refusal } from '../../services/s3/support.ts'
import {
  ADMIN,
  adopt,
  attach,
  build,
  documents,
  generate,
  play,
  user,
  WORKLOAD,
  type Actor,
  type Place,
} from './workload.ts'

let place: Place
let recorded: Record<string, string>
beforeAll(async () => {
  place = await build()
  recorded = await play(place.admin, place)
})
afterAll(() => place.twokey.stop())

describe('a workload', () => {
  it('is done by an administrator', () => {
    const missing = { 'head an object': 'NotFound', 'get what is not there': 'NoSuchKey' }
    const expected = Object.fromEntries(Object.keys(WORKLOAD).map((step) => [step, 'done']))
    expect(recorded).toEqual({ ...expected, ...missing })
  })
})

/** Nothing else may be done. */
async function refusesOthers(by: Actor) {
  const caller = `User: ${by.arn} is not authorized to perform`
  const because = 'because no identity-based policy allows the'
  expect(await refusal(by.s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'reports/other.txt' })))).toMatchObject({
    code: 'AccessDenied',
    message: `${caller}: s3:GetObject on resource: "arn:aws:s3:::data/reports/other.txt" ${because} s3:GetObject action`,
  })
  // What is a wildcard in a policy was a character in a name.
  const odd = 'odd/12${aws:username}.txt'
  expect(await refusal(by.s3.send(new GetObjectCommand({ Bucket: 'data', Key: odd })))).toMatchObject({
    message: `${caller}: s3:GetObject on resource: "arn:aws:s3:::data/${odd}" ${because} s3:GetObject action`,
  })
  expect(await refusal(by.s3.send(new ListObjectsV2Command({ Bucket: 'cheap' })))).toMatchObject({
    message: `${caller}: s3:ListBucket on resource: "arn:aws:s3:::cheap" ${because} s3:ListBucket action`,
  })
  // The key is S3's to use, not the caller's own.
  const direct = new GenerateDataKeyCommand({
    KeyId: place.bucketKey,
    KeySpec: 'AES_256',
    EncryptionContext: { 'aws:s3:arn': 'arn:aws:s3:::data/reports/a.txt' },
  })
  expect(await refusal(by.kms.send(direct) as Promise<unknown>)).toMatchObject({
    code: 'AccessDeniedException',
    message: `${caller}: kms:GenerateDataKey on resource: ${place.bucketKey} ${because} kms:GenerateDataKey action`,
  })
  for (const [KeyId, EncryptionContext] of [
    [place.bucketKey, { team: 'blue' }],
    [place.key, { team: 'red' }],
    [place.key, undefined],
  ] as const) {
    const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext })
    expect(await refusal(by.kms.send(encrypt))).toMatchObject({
      code: 'AccessDeniedException',
      message: `${caller}: kms:Encrypt on resource: ${KeyId} ${because} kms:Encrypt action`,
    })
  }
}

describe('policies generated from it', () => {
  it('are valid, fit, and name what was used', async () => {
    const policies = await generate(place, { principal: ADMIN })
    for (const { document, size } of policies.identity) {
      expect(validatePolicy(JSON.stringify(document), 'identity')).toBeUndefined()
      expect(size).toBeLessThanOrEqual(6144)
    }
    for (const { kind, document } of policies.resources) {
      expect(validatePolicy(JSON.stringify(document), kind === 'bucket-policy' ? 'bucket' : 'key')).toBeUndefined()
    }
    const statements = policies.identity.flatMap(({ document }) => document.Statement)
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: 'ec2:CopySnapshot',
      Resource: ['arn:aws:ec2:us-east-1::snapshot/*', `arn:aws:ec2:us-east-1::snapshot/${place.snapshot}`],
    })
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: place.key,
      Condition: { StringEquals: { 'kms:EncryptionContext:team': 'green' } },
    })
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:ReEncryptFrom'],
      Resource: place.key,
      Condition: { StringEquals: { 'kms:EncryptionContext:team': 'blue' } },
    })
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: 'kms:CreateGrant',
      Resource: [place.key, place.foreign].sort(),
      Condition: {
        Bool: { 'kms:GrantIsForAWSResource': 'true' },
        StringEquals: { 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' },
      },
    })
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: 'kms:CreateGrant',
      Resource: place.key,
      Condition: {
        'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'DescribeKey'] },
        StringEquals: { 'kms:GranteePrincipal': `arn:aws:iam::${ACCOUNT}:user/reader` },
      },
    })
    expect(policies.resources.map(({ kind, target, inForce }) => [kind, target, inForce]).sort()).toEqual(
      [
        ['bucket-policy', 'arn:aws:s3:::theirs', true],
        ['key-policy', place.closed, true],
        ['key-policy', place.foreign, true],
      ].sort(),
    )
  })

  it('let somebody else do the same, and nothing else', async () => {
    const arn = `arn:aws:iam::${ACCOUNT}:user/fresh`
    const fresh = await user(place.root, place.twokey, 'fresh')
    expect(await play(fresh, place, ['put an object', 'list', 'encrypt for a team', 'assume a role'])).toEqual({
      'put an object': 'AccessDenied',
      list: 'AccessDenied',
      'encrypt for a team': 'AccessDeniedException',
      'assume a role': 'AccessDenied',
    })
    const policies = await generate(place, { principal: ADMIN, for: arn })
    expect(policies.resources.map(({ inForce }) => inForce)).toEqual([false, false, false])
    await attach(place.root, 'fresh', ...documents(policies))
    await adopt(place, policies)
    expect(await play(fresh, place)).toEqual(recorded)
    await refusesOthers(fresh)
  })

  it('let the same user do the same when it is no administrator any more, and nothing else', async () => {
    const policies = await generate(place, { principal: ADMIN })
    await place.root.iam.send(new DetachUserPolicyCommand({ UserName: 'admin', PolicyArn: place.adminPolicy }))
    await attach(place.root, 'admin', ...documents(policies))
    expect(await play(place.admin, place)).toEqual(recorded)
    await refusesOthers(place.admin)
  })

  it('let any part of it be done again', async () => {
    let people = 0
    await fc.assert(
      fc.asyncProperty(fc.subarray(Object.keys(WORKLOAD), { minLength: 1, maxLength: 8 }), async (some) => {
        // Of whom needs no permission at all, nothing is recorded.
        const steps = ['list keys', ...some]
        const name = `some${String(++people)}`
        const one = await user(place.root, place.twokey, name, policy(allow('*')))
        const outcomes = await play(one, place, steps)
        const another = await user(place.root, place.twokey, `${name}-again`)
        const policies = await generate(place, { principal: one.arn, for: another.arn })
        // What other accounts and closed keys refuse is not covered.
        expect(policies.resources).toEqual([])
        await attach(place.root, `${name}-again`, ...documents(policies))
        expect(await play(another, place, steps)).toEqual(outcomes)
      }),
      { numRuns: 6, ...seeded() },
    )
  })
})
