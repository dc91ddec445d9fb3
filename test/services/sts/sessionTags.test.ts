import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import { ACCOUNT, StsWorld, allow, policy, refusal, trust, type Credentials } from './support.ts'

let world: StsWorld
let user: Credentials
const USER = `arn:aws:iam::${ACCOUNT}:user/anna`
const session = (role: string) => `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/session`

/** Trusts with tags and source identities. */
const open = (AWS: string, Condition?: object) =>
  trust(AWS, {
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    ...(Condition && { Condition }),
  })
const refused = (action: string, caller: string, arn: string, kind: string) =>
  `403 AccessDenied: User: ${caller} is not authorized to perform: ${action} on resource: ${arn} because no ${kind} allows the ${action} action`

/** Whether a session with these tags may list users. */
const listUsers = (credentials: Credentials) =>
  refusal(world.test.client(IAMClient, { credentials }).send(new ListUsersCommand({})))
const listWhen = (key: string, value: string) =>
  policy(
    { Action: 'iam:ListUsers', Resource: '*', Condition: { StringEquals: { [key]: value } } },
    { Action: 'sts:*', Resource: '*' },
  )

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(async () => {
  world.test.emulator.reset()
  user = await world.user('anna')
})
afterAll(() => world.test.stop())

const TAGS = [{ Key: 'Team', Value: 'red' }]

describe('session tags', () => {
  it('need sts:TagSession', async () => {
    const arn = await world.role('plain', trust(USER))
    expect(await refusal(world.assume(user, arn, { Tags: TAGS }))).toBe(
      refused('sts:TagSession', USER, arn, 'role trust policy'),
    )
    expect(world.denyingLayer()).toBe('trust')
    expect(await refusal(world.assume(user, await world.role('open', open(USER)), { Tags: TAGS }))).toBe('allowed')
  })

  it('are aws:RequestTag in the trust policy, and aws:PrincipalTag afterwards, before the role’s', async () => {
    const arn = await world.role('r', open(USER, { StringEquals: { 'aws:RequestTag/team': 'red' } }), {
      tags: { team: 'blue', stage: 'test' },
      policy: listWhen('aws:PrincipalTag/team', 'red'),
    })
    expect(await refusal(world.assume(user, arn, { Tags: [{ Key: 'Team', Value: 'blue' }] }))).toBe(
      refused('sts:AssumeRole', USER, arn, 'role trust policy'),
    )
    expect(await listUsers(await world.session(user, arn, { Tags: TAGS }))).toBe('allowed')
  })

  it('leave the role’s other tags', async () => {
    const arn = await world.role('r', open(USER), {
      tags: { stage: 'test' },
      policy: listWhen('aws:PrincipalTag/stage', 'test'),
    })
    expect(await listUsers(await world.session(user, arn, { Tags: TAGS }))).toBe('allowed')
  })

  it.each([
    [
      'twice the same key, whatever the case',
      { Tags: [...TAGS, { Key: 'team', Value: 'x' }] },
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    [
      'a transitive key that is not among them',
      { Tags: TAGS, TransitiveTagKeys: ['Stage'] },
      'The specified transitive tag key must be included in the requested tags.',
    ],
  ])('refuse %s', async (_what, input, text) => {
    const arn = await world.role('r', open(USER))
    expect(await refusal(world.assume(user, arn, input))).toBe(`400 InvalidParameterValue: ${text}`)
  })

  it('count fifty at most', async () => {
    const arn = await world.role('r', open(USER))
    const Tags = Array.from({ length: 51 }, (_, i) => ({ Key: `k${String(i)}`, Value: '' }))
    expect(await refusal(world.assume(user, arn, { Tags }))).toMatch(
      /^400 ValidationError: 1 validation error detected: .* at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50$/,
    )
  })
})

describe('a chain of roles', () => {
  let first: string
  let second: string
  beforeEach(async () => {
    first = await world.role('first', open(USER), { policy: allow('sts:*') })
    second = await world.role('second', open(first), { policy: listWhen('aws:PrincipalTag/Team', 'red') })
  })

  it('carries transitive tags on, and no others', async () => {
    const carrying = await world.session(user, first, { Tags: TAGS, TransitiveTagKeys: ['team'] })
    const next = await world.session(carrying, second)
    expect(await listUsers(next)).toBe('allowed')
    const forgetting = await world.session(user, first, { Tags: TAGS })
    expect(await listUsers(await world.session(forgetting, second))).toBe(
      `403 AccessDenied: User: ${session('second')} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action`,
    )
  })

  it('carries them through further links', async () => {
    const third = await world.role('third', open(second), { policy: listWhen('aws:PrincipalTag/Team', 'red') })
    const carrying = await world.session(user, first, { Tags: TAGS, TransitiveTagKeys: ['Team'] })
    const last = await world.session(await world.session(carrying, second), third)
    expect(await listUsers(last)).toBe('allowed')
  })

  it('needs sts:TagSession for the tags it carries', async () => {
    const plain = await world.role('plain', trust(first))
    const carrying = await world.session(user, first, { Tags: TAGS, TransitiveTagKeys: ['Team'] })
    expect(await refusal(world.assume(carrying, plain))).toBe(
      refused('sts:TagSession', session('first'), plain, 'role trust policy'),
    )
  })

  it('does not let a carried tag be set again', async () => {
    const carrying = await world.session(user, first, { Tags: TAGS, TransitiveTagKeys: ['Team'] })
    const conflict =
      "400 InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
    const Tags = [{ Key: 'TEAM', Value: 'blue' }]
    expect(await refusal(world.assume(carrying, second, { Tags }))).toBe(conflict)
    expect(await refusal(world.assume(carrying, second, { Tags, TransitiveTagKeys: ['TEAM'] }))).toBe(conflict)
  })
})

describe('source identity', () => {
  it('needs sts:SetSourceIdentity, and is a condition key', async () => {
    const plain = await world.role('plain', trust(USER))
    expect(await refusal(world.assume(user, plain, { SourceIdentity: 'anna' }))).toBe(
      refused('sts:SetSourceIdentity', USER, plain, 'role trust policy'),
    )
    const arn = await world.role('r', open(USER, { StringEquals: { 'sts:SourceIdentity': 'anna' } }))
    expect((await world.assume(user, arn, { SourceIdentity: 'anna' })).SourceIdentity).toBe('anna')
    expect(await refusal(world.assume(user, arn, { SourceIdentity: 'berta' }))).toBe(
      refused('sts:AssumeRole', USER, arn, 'role trust policy'),
    )
  })

  it('stays with the chain once it is set', async () => {
    const first = await world.role('first', open(USER), { policy: allow('sts:*') })
    const second = await world.role('second', open(first), { policy: listWhen('aws:SourceIdentity', 'anna') })
    const carrying = await world.session(user, first, { SourceIdentity: 'anna' })
    const answer = await world.assume(carrying, second)
    expect(answer.SourceIdentity).toBe('anna')
    expect(await listUsers(await world.session(carrying, second))).toBe('allowed')
  })
})
