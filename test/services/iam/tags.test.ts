import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  ListPolicyTagsCommand,
  ListRoleTagsCommand,
  ListUserTagsCommand,
  PutUserPolicyCommand,
  TagPolicyCommand,
  TagRoleCommand,
  TagUserCommand,
  UntagUserCommand,
  type IAMClient,
  type Tag,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
  await root.send(new CreateUserCommand({ UserName: 'anna' }))
})

const pairs = (...all: (readonly [string, string])[]): Tag[] => all.map(([Key, Value]) => ({ Key, Value }))
const tag = (Tags: Tag[], client = root) => client.send(new TagUserCommand({ UserName: 'anna', Tags }))
const untag = (TagKeys: string[]) => root.send(new UntagUserCommand({ UserName: 'anna', TagKeys }))
const tags = async (): Promise<Record<string, string | undefined>> => {
  const { Tags = [] } = await root.send(new ListUserTagsCommand({ UserName: 'anna' }))
  return Object.fromEntries(Tags.map(({ Key = '', Value }) => [Key, Value] as const))
}
const many = (count: number) => pairs(...Array.from({ length: count }, (_, i) => [`k${String(i)}`, ''] as const))

describe('tags of users and roles', () => {
  it('ignore case: a new spelling replaces the old', async () => {
    await tag(pairs(['Team', 'red']))
    await tag(pairs(['team', 'blue']))
    expect(await tags()).toEqual({ team: 'blue' })
    await untag(['TEAM', 'aws:reserved', 'TEAM'])
    expect(await tags()).toEqual({})
  })

  it('refuse both spellings in one request', async () => {
    expect(await refusal(tag(pairs(['Team', 'red'], ['team', 'blue'])))).toBe(
      '400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    )
  })

  it('refuse reserved keys, but not reserved values', async () => {
    expect(await refusal(tag(pairs(['AWS:x', 'y'])))).toBe(
      '400 InvalidInput: Tag keys beginning with aws: are reserved for system use.',
    )
    await tag(pairs(['x', 'aws:y'], ['__proto__', 'z']))
    expect(await root.send(new ListUserTagsCommand({ UserName: 'anna' }))).toMatchObject({
      Tags: pairs(['__proto__', 'z'], ['x', 'aws:y']),
      IsTruncated: false,
    })
  })

  it('refuse an empty list to add, not to take away', async () => {
    expect(await refusal(tag([]))).toBe('400 InvalidInput: Error occurred while validating input. ')
    expect(await refusal(untag([]))).toBe('no refusal')
  })

  it('are fifty', async () => {
    await tag(many(50))
    expect(await refusal(tag(pairs(['one', 'more'])))).toMatch(/^409 LimitExceeded: /)
    expect(Object.keys(await tags())).toHaveLength(50)
    expect(await refusal(tag(many(51)))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    )
  })

  it('are listed by key, in pages', async () => {
    await tag(pairs(['b', '2'], ['a', '1'], ['c', '3']))
    const first = await root.send(new ListUserTagsCommand({ UserName: 'anna', MaxItems: 2 }))
    expect(first.Tags).toEqual(pairs(['a', '1'], ['b', '2']))
    const second = await root.send(new ListUserTagsCommand({ UserName: 'anna', MaxItems: 2, Marker: first.Marker }))
    expect(second).toMatchObject({ Tags: pairs(['c', '3']), IsTruncated: false })
  })

  it('of roles go the same way', async () => {
    const AssumeRolePolicyDocument = trust(`arn:aws:iam::${ACCOUNT}:root`)
    await root.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument, Tags: pairs(['A', '1']) }))
    await root.send(new TagRoleCommand({ RoleName: 'r', Tags: pairs(['a', '2']) }))
    expect((await root.send(new ListRoleTagsCommand({ RoleName: 'r' }))).Tags).toEqual(pairs(['a', '2']))
  })
})

describe('tags of policies', () => {
  it('keep both spellings', async () => {
    const PolicyArn = `arn:aws:iam::${ACCOUNT}:policy/p`
    await root.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('*') }))
    await root.send(new TagPolicyCommand({ PolicyArn, Tags: pairs(['Team', 'red'], ['team', 'blue']) }))
    expect((await root.send(new ListPolicyTagsCommand({ PolicyArn }))).Tags).toEqual(
      pairs(['Team', 'red'], ['team', 'blue']),
    )
  })
})

/** Recorded with requests that carry two faults (captures 9.2). */
describe('order of checks', () => {
  const condition = (Condition: object) =>
    root.send(
      new PutUserPolicyCommand({
        UserName: 'anna',
        PolicyName: 'p',
        PolicyDocument: allow('iam:TagUser', '*', { Condition }),
      }),
    )
  const DENIED =
    '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:TagUser on resource: arn:aws:iam::111111111111:user/anna because no identity-based policy allows the iam:TagUser action'

  it('decoding comes first', async () => {
    const anna = iam.user('anna')
    const answer = await iam.raw({ Action: 'ListUsers', MaxItems: '1e0', Marker: '' }, anna)
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('<Code>MalformedInput</Code>')
  })

  it('then the model, even for callers without any permission', async () => {
    const answer = await iam.raw(
      { Action: 'TagUser', UserName: 'anna', 'Tags.member.2.Key': 'a', 'Tags.member.2.Value': 'b' },
      iam.user('anna'),
    )
    expect(answer.body).toContain(
      '<Code>ValidationError</Code><Message>2 validation errors detected: Value at &apos;tags.1.member.value&apos; failed to satisfy constraint: Member must not be null; Value at &apos;tags.1.member.key&apos; failed to satisfy constraint: Member must not be null</Message>'.replaceAll(
        '&apos;',
        answer.body.includes('&apos;') ? '&apos;' : "'",
      ),
    )
  })

  it('then permissions, then what the operation itself checks', async () => {
    const anna = iam.as(iam.user('anna'))
    expect(await refusal(tag(pairs(['aws:x', 'y']), anna))).toBe(DENIED)
    expect(await refusal(tag([], anna))).toBe(DENIED)
  })

  it('a repeated key counts with its last value', async () => {
    await condition({ StringEquals: { 'aws:RequestTag/team': 'approved' } })
    const anna = iam.as(iam.user('anna'))
    expect(await refusal(tag(pairs(['team', 'other'], ['team', 'approved']), anna))).toBe(
      '400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    )
    expect(await refusal(tag(pairs(['team', 'approved'], ['team', 'other']), anna))).toBe(DENIED)
  })

  it('aws:TagKeys keeps the spelling sent', async () => {
    await condition({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } })
    const anna = iam.as(iam.user('anna'))
    expect(await refusal(tag(pairs(['team', 'x']), anna))).toBe('no refusal')
    expect(await refusal(tag(pairs(['TEAM', 'x']), anna))).toBe(DENIED)
  })
})

describe('conditions on tags of the resource', () => {
  it.each(['aws:ResourceTag/team', 'iam:ResourceTag/Team'])('%s sees them', async (key) => {
    await tag(pairs(['Team', 'red']))
    await root.send(
      new PutUserPolicyCommand({
        UserName: 'anna',
        PolicyName: 'p',
        PolicyDocument: allow('iam:ListUserTags', '*', { Condition: { StringEquals: { [key]: 'red' } } }),
      }),
    )
    const list = () => refusal(iam.as(iam.user('anna')).send(new ListUserTagsCommand({ UserName: 'anna' })))
    expect(await list()).toBe('no refusal')
    await tag(pairs(['Team', 'blue']))
    expect(await list()).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:ListUserTags on resource: user anna because no identity-based policy allows the iam:ListUserTags action',
    )
  })
})
