import { describe, expect, it } from '@jest/globals'
import { contextOf, principalContext } from '../../../emulator/access/context.ts'
import { policySource } from '../../../emulator/access/document.ts'
import { editedText } from '../../../emulator/access/suggest/apply.ts'
import { spelled } from '../../../emulator/access/suggest/spell.ts'
import { suggest } from '../../../emulator/access/suggest/suggest.ts'
import { suggestionLines } from '../../../emulator/access/suggest/text.ts'
import { validatePolicy } from '../../../emulator/access/validate.ts'
import type { AuthorizationRequest, ConditionContext, PolicySet, Principal } from '../../../emulator/access/types.ts'
import {
  ALLOW_ALL,
  decide,
  delegating,
  KEY,
  keyRequest,
  OBJECT,
  objectRequest,
  OWNER,
  policy,
  user,
} from '../support.ts'

const alice = user()
const bob = `arn:aws:iam::${OWNER}:user/bob`
const BUCKET = 'arn:aws:s3:::bucket'
const known = (principal: Principal): ConditionContext => principalContext(principal)
const encrypt = keyRequest(alice, { context: known(alice) })
const readObject = (rest: Partial<AuthorizationRequest> = {}) =>
  objectRequest(alice, { context: known(alice), ...rest })
const suggested = (request: AuthorizationRequest, policies: Partial<PolicySet>) => suggest(decide(request, policies))
const documentOf = (...statements: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
const resource = policy('resource', delegating())
const long = (characters: number) => ({
  Effect: 'Allow',
  Action: 's3:ListBucket',
  Resource: `${BUCKET}${'x'.repeat(characters)}`,
})

describe('policies that would be too long for AWS', () => {
  const inline = (holder: string, characters: number, name = 'Own') =>
    policySource({ layer: 'identity', name, holder, text: documentOf(long(characters)) })

  it("a user's inline policies count together; what fits comes first", () => {
    const identity = [inline(alice.arn, 900), inline(alice.arn, 1000, 'More')]
    const suggestions = suggested(encrypt, { resource, identity })
    expect(suggestions.map(({ title }) => title)).toEqual([
      'allow kms:Encrypt in the key policy',
      'make a grant of kms:Encrypt',
      'allow kms:Encrypt in the policy Own of user alice',
    ])
    expect(suggestions.at(-1)?.changes[0]?.tooLong).toMatch(
      /^its inline policies together would have 2\d{3} characters, and AWS takes 2048: write the statement into a managed policy and attach that$/,
    )
    expect(suggestionLines(suggestions).at(-1)).toMatch(/^ {7}its inline policies together would have 2\d{3} /)
    // The user's own, not those of its groups.
    const others = [inline(alice.arn, 900), inline(`arn:aws:iam::${OWNER}:group/team`, 4000)]
    expect(suggested(encrypt, { resource, identity: others }).flatMap(({ changes }) => changes)).not.toContainEqual(
      expect.objectContaining({ tooLong: expect.anything() as unknown }),
    )
  })
  it('each kind has its own limit', () => {
    const bucket = policy('resource', { ...long(20_350), Principal: '*' })
    const [, there] = suggested(readObject(), { resource: bucket })
    expect(there?.changes[0]).toMatchObject({
      kind: 'bucket-policy',
      tooLong: expect.stringMatching(
        /^it would have 20\d{3} characters, and AWS takes 20480: shorten the policy first$/,
      ) as unknown,
    })
    const arn = `arn:aws:iam::${OWNER}:policy/limit`
    const boundary = policySource({ layer: 'boundary', name: 'limit', arn, text: documentOf(long(6000)) })
    const [inBoundary] = suggested(encrypt, { resource, boundary, identity: [policy('identity', ALLOW_ALL)] })
    expect(inBoundary?.changes.at(-1)).toMatchObject({
      kind: 'boundary',
      tooLong: expect.stringMatching(
        /^it would have 6\d{3} characters, and AWS takes 6144: write another one$/,
      ) as unknown,
    })
  })
})

describe('what a kind of policy cannot say is not suggested', () => {
  it('resource control policies know no NotAction', () => {
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }
    const text = documentOf(deny)
    const rcp = [
      [
        policySource({
          layer: 'rcp',
          name: 'No',
          arn: 'arn:aws:organizations::999999999999:policy/o-1/resource_control_policy/p-1',
          text,
        }),
      ],
    ]
    const [suggestion] = suggested(readObject(), { rcp, identity: [policy('identity', ALLOW_ALL)] })
    const [change] = suggestion?.changes ?? []
    expect(change?.replace?.with).toEqual([
      { ...deny, Condition: { ArnNotEquals: { 'aws:PrincipalArn': alice.arn } } },
      { Effect: 'Deny', Principal: '*', Action: 's3:*', NotResource: OBJECT },
    ])
    expect(change?.alsoOpens).toBe(
      `the other actions of that statement on ${OBJECT}, for user alice, as far as it is allowed`,
    )
    expect(validatePolicy(editedText(text, change!), 'rcp')).toBeUndefined()
  })
  it('resources are ARNs of a service, also where the action has none', () => {
    const list = readObject({ action: 's3:ListAllMyBuckets', resource: '*', resourceAccount: undefined, guard: 'none' })
    const narrowed = (deny: object) => {
      const identity = [
        policy('identity', ALLOW_ALL),
        policySource({ layer: 'identity', name: 'Own', holder: alice.arn, text: documentOf(deny) }),
      ]
      return suggested(list, { identity })[0]?.changes[0]
    }
    const deny = { Effect: 'Deny', Action: 's3:*', Resource: '*' }
    expect(narrowed(deny)?.replace?.with).toEqual([{ ...deny, Resource: ['arn:aws:s3:*:*:*'] }])
    expect(narrowed(deny)?.alsoOpens).toBe(
      'the other actions of that statement on *, for user alice, as far as it is allowed',
    )
    expect(narrowed({ Effect: 'Deny', Action: '*', Resource: '*' })?.replace?.with).toEqual([
      { Effect: 'Deny', NotAction: 's3:ListAllMyBuckets', Resource: '*' },
    ])
    expect(narrowed({ ...deny, Action: ['s3:ListAllMyBuckets', 's3:PutObject'] })?.replace?.with).toEqual([
      { ...deny, Action: ['s3:PutObject'] },
    ])
  })
  it('S3 takes no further statement of a policy that lets everyone in, until its settings allow that', () => {
    const open = policy('resource', {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `${BUCKET}/public`,
    })
    const all = { blockPublicAcls: true, ignorePublicAcls: true, blockPublicPolicy: true, restrictPublicBuckets: true }
    const [own, inBucket] = suggested(readObject({ publicAccessBlock: all }), { resource: open })
    expect(own?.changes).toHaveLength(1)
    expect(inBucket?.title).toBe(
      'allow public policies in the public access block of bucket bucket, and allow s3:GetObject in the policy of bucket bucket',
    )
    // Nobody else comes in by that: RestrictPublicBuckets stays.
    expect(inBucket?.changes[0]).toMatchObject({
      publicAccessBlock: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: false,
          RestrictPublicBuckets: true,
        },
      },
    })
    expect(inBucket?.changes[0]?.alsoOpens).toBeUndefined()
    const [, without] = suggested(readObject({ publicAccessBlock: { ...all, blockPublicPolicy: false } }), {
      resource: open,
    })
    expect(without?.title).toBe('allow s3:GetObject in the policy of bucket bucket')
  })
})

describe('least privilege', () => {
  it('a grant that the caller makes itself is bound to its grantee and operations', () => {
    const more = contextOf({
      'kms:GrantOperations': ['Encrypt', 'Decrypt'],
      'kms:GranteePrincipal': bob,
      'kms:GrantIsForAWSResource': 'false',
    })
    const own = known(alice)
    const context = { get: (name: string) => more.get(name) ?? own.get(name), names: () => [...more.names()] }
    const request = keyRequest(alice, { action: 'kms:CreateGrant', grantOperation: undefined, context })
    const [first] = suggested(request, { resource })
    expect(first?.changes[0]?.add).toEqual({
      Effect: 'Allow',
      Action: 'kms:CreateGrant',
      Resource: KEY,
      Condition: {
        StringEquals: { 'kms:GranteePrincipal': bob },
        'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Encrypt', 'Decrypt'] },
      },
    })
  })
  it('what is yet to be made has no name: the statement says all of them, and that it does', () => {
    const copies = 'arn:aws:ec2:us-east-1::snapshot/*'
    const copy = readObject({ action: 'ec2:CopySnapshot', resource: copies, guard: 'none' })
    const [first] = suggested(copy, {})
    expect(first?.changes[0]).toMatchObject({
      add: { Effect: 'Allow', Action: 'ec2:CopySnapshot', Resource: copies },
      alsoOpens: `ec2:CopySnapshot on all of ${copies}, for user alice: what is yet to be made has no name`,
    })
  })
})

describe('what people read', () => {
  it('names the users of a rewritten statement by their ARNs, as far as they are there', () => {
    const deny = {
      Effect: 'Deny',
      Principal: { AWS: [alice.userId, 'AIDABOB', 'AIDAGONE'] },
      Action: 'kms:*',
      Resource: '*',
    }
    const [suggestion] = suggested(encrypt, {
      resource: policy('resource', delegating(), deny),
      identity: [policy('identity', ALLOW_ALL)],
    })
    const { changes } = spelled(suggestion!, (id) => (id === 'AIDABOB' ? bob : undefined))
    const Principal = { AWS: [alice.arn, bob, 'AIDAGONE'] }
    expect(changes[0]?.replace?.with[0]).toMatchObject({ Principal })
    expect(changes[0]?.what).toBe(
      `in place of statement 2, the Deny: ${changes[0]?.replace?.with.map((each) => JSON.stringify(each)).join(' ') ?? ''}`,
    )
    expect(changes[0]?.what).toContain(JSON.stringify({ Principal }).slice(1, -1))
  })
})
