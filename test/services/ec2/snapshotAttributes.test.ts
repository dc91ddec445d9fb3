import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  DescribeSnapshotAttributeCommand,
  DisableSnapshotBlockPublicAccessCommand,
  EnableSnapshotBlockPublicAccessCommand,
  GetSnapshotBlockPublicAccessStateCommand,
  ModifySnapshotAttributeCommand,
  ResetSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  type EC2Client,
  type ModifySnapshotAttributeCommandInput,
  type SnapshotAttributeName,
} from '@aws-sdk/client-ec2'
import { EBSClient, StartSnapshotCommand } from '@aws-sdk/client-ebs'
import { written } from './direct/support.ts'
import {
  ACCOUNT,
  DRY_RUN,
  OTHER_ACCOUNT,
  allow,
  badRequest,
  refusal,
  startWorld,
  unauthorized,
  withoutBlob,
  type World,
} from './support.ts'

const THIRD = '333333333333'

let world: World
let a: EC2Client
let b: EC2Client
let ebs: EBSClient
let id: string

beforeAll(async () => {
  world = await startWorld()
  a = world.ec2
  b = world.rootOf(OTHER_ACCOUNT).ec2
  ebs = world.emulator.client(EBSClient)
  id = await written(ebs, { 0: 1 })
})
afterAll(() => world.stop())

type Change = Partial<ModifySnapshotAttributeCommandInput>
const modify = (change: Change, ec2 = a, SnapshotId = id) =>
  ec2.send(new ModifySnapshotAttributeCommand({ SnapshotId, ...change }))
const add = (...Add: readonly { UserId?: string; Group?: 'all' }[]): Change => ({
  CreateVolumePermission: { Add: [...Add] },
})
const remove = (...Remove: readonly { UserId?: string; Group?: 'all' }[]): Change => ({
  CreateVolumePermission: { Remove: [...Remove] },
})
const legacy = (Attribute: string | undefined, OperationType: string | undefined, more: Change = {}): Change => ({
  ...(Attribute !== undefined && { Attribute: Attribute as SnapshotAttributeName }),
  ...(OperationType !== undefined && { OperationType: OperationType as 'add' }),
  ...more,
})
async function permissions(SnapshotId = id) {
  const { CreateVolumePermissions } = await a.send(
    new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission' }),
  )
  return (CreateVolumePermissions ?? []).map(({ UserId, Group }) => UserId ?? Group)
}
const reset = (ec2 = a, SnapshotId = id) =>
  ec2.send(new ResetSnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission' }))

const combination = (text: string) => badRequest('InvalidParameterCombination', text)
const item = (text: string) => badRequest('InvalidAMIAttributeItemValue', text)
const NO_OPERATION = combination('No operation specified for createVolumePermission attribute.')
const USERS = { UserIds: [OTHER_ACCOUNT] }
const MISSING = 'snap-0fedcba9876543210'

describe('ModifySnapshotAttribute', () => {
  it.each<[string, Change, object]>([
    ['nothing', {}, combination('No attributes specified.')],
    ['an empty entry', add({}), combination('No attributes specified.')],
    [
      'no attribute',
      legacy(undefined, 'add', USERS),
      badRequest('MissingParameter', 'Value for parameter attribute is invalid. Parameter may not be null or empty.'),
    ],
    [
      'product codes',
      legacy('productCodes', 'add', USERS),
      badRequest('InvalidParameterValue', 'Unrecognized attribute.'),
    ],
    ['no operation', legacy('createVolumePermission', undefined, USERS), NO_OPERATION],
    ['another operation', legacy('createVolumePermission', 'replace', USERS), NO_OPERATION],
    [
      'both operations',
      { CreateVolumePermission: { Add: [{ UserId: OTHER_ACCOUNT }], Remove: [{ UserId: OTHER_ACCOUNT }] } },
      combination('One and only one operation type may be specified for createVolumePermissions'),
    ],
    ...['123', 'not-an-account', '9175-4600-8205', ''].map<[string, Change, object]>((UserId) => [
      `the user \`${UserId}\``,
      add({ UserId }),
      item(`UserId ${UserId}`),
    ]),
    [
      'a user of the older form',
      legacy('createVolumePermission', 'add', { UserIds: ['123'] }),
      item('UserId (123) is invalid.'),
    ],
    ['one bad user among good ones', add({ UserId: THIRD }, { UserId: '123' }), item('UserId 123')],
    ['another group', add({ Group: 'everyone' as 'all' }), item('UserGroup everyone')],
    ['another group to remove', remove({ Group: 'everyone' as 'all' }), item('UserGroup everyone')],
    [
      'more than 500 entries',
      add(...Array.from({ length: 501 }, () => ({ UserId: ACCOUNT }))),
      badRequest('InvalidParameterValue', 'Modification size must not be greater than 500.'),
    ],
  ])('refuses %s, and changes nothing', async (_, change, expected) => {
    await modify(add({ UserId: OTHER_ACCOUNT }))
    expect(await refusal(modify(change))).toEqual(expected)
    expect(await permissions()).toEqual([OTHER_ACCOUNT])
    await reset()
  })

  it('keeps a set: the owner, what is there already and what is not there make no difference', async () => {
    await modify(add({ UserId: OTHER_ACCOUNT }, { UserId: OTHER_ACCOUNT }, { UserId: ACCOUNT }))
    await modify(add({ UserId: OTHER_ACCOUNT }))
    await modify(remove({ UserId: THIRD }))
    expect(await permissions()).toEqual([OTHER_ACCOUNT])
    await modify(add({ UserId: THIRD, Group: 'all' }))
    expect(await permissions()).toEqual(['all', OTHER_ACCOUNT, THIRD])
    await modify(remove({ Group: 'all' }, { UserId: OTHER_ACCOUNT }))
    expect(await permissions()).toEqual([THIRD])
    await reset()
    expect(await permissions()).toEqual([])
  })

  it('takes 500 entries, and the older form', async () => {
    const users = Array.from({ length: 500 }, (_, n) => ({ UserId: String(400_000_000_000 + n) }))
    await modify(add(...users))
    expect(await permissions()).toHaveLength(500)
    await reset()
    await modify(legacy('createVolumePermission', 'add', { UserIds: [OTHER_ACCOUNT], GroupNames: ['all'] }))
    expect(await permissions()).toEqual(['all', OTHER_ACCOUNT])
    await modify(legacy('createVolumePermission', 'remove', { GroupNames: ['all'] }))
    expect(await permissions()).toEqual([OTHER_ACCOUNT])
    await reset()
  })

  it('goes by the newer form when both are there, whatever the attribute', async () => {
    await modify({ ...add({ UserId: OTHER_ACCOUNT }), ...legacy('invalid', 'remove', USERS) })
    expect(await permissions()).toEqual([OTHER_ACCOUNT])
    await reset()
  })

  it('looks at form, id, and ownership, and then at permission, dry run and values', async () => {
    const user = await world.user(ACCOUNT, 'nobody')
    const denied = (resource: string) =>
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:ModifySnapshotAttribute on resource: ${resource} because no identity-based policy allows the ec2:ModifySnapshotAttribute action`,
      )
    const notFound = badRequest('InvalidSnapshot.NotFound', `The snapshot '${MISSING}' does not exist.`)
    const bad = add({ UserId: '123' })
    expect(await refusal(modify({}, user.ec2, 'bad'))).toEqual(combination('No attributes specified.'))
    expect(await refusal(modify({ ...bad, DryRun: true }, user.ec2, 'bad'))).toEqual(
      badRequest('InvalidParameterValue', `Value (bad) for parameter snapshotId is invalid. Expected: 'snap-...'.`),
    )
    const zero = 'snap-00000000000000000'
    expect(await refusal(modify(bad, user.ec2, zero))).toEqual(
      badRequest('InvalidSnapshotID.Malformed', `Value ( ${zero} ) for parameter SNAPSHOT is invalid. `),
    )
    expect(await refusal(modify(bad, user.ec2, MISSING))).toEqual(notFound)
    expect(withoutBlob(await refusal(modify(bad, user.ec2)))).toEqual(denied(`arn:aws:ec2:us-east-1::snapshot/${id}`))
    expect(withoutBlob(await refusal(modify({ ...bad, DryRun: true }, user.ec2, MISSING)))).toEqual(
      denied(`arn:aws:ec2:us-east-1::snapshot/${MISSING}`),
    )
    expect(await refusal(modify({ ...bad, DryRun: true }))).toEqual(DRY_RUN)
    expect(await refusal(modify({ ...bad, DryRun: true }, a, MISSING))).toEqual(DRY_RUN)
  })

  it('is none of another account’s business, shared or not', async () => {
    const notFound = badRequest('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`)
    const attribute = { SnapshotId: id, Attribute: 'createVolumePermission' as const }
    for (const change of [add({ UserId: OTHER_ACCOUNT }), remove({ UserId: OTHER_ACCOUNT })]) {
      expect(await refusal(modify(add({ UserId: THIRD }), b))).toEqual(notFound)
      expect(await refusal(modify({ ...add({ UserId: THIRD }), DryRun: true }, b))).toEqual(DRY_RUN)
      expect(await refusal(b.send(new DescribeSnapshotAttributeCommand(attribute)))).toEqual(notFound)
      expect(await refusal(b.send(new DescribeSnapshotAttributeCommand({ ...attribute, DryRun: true })))).toEqual(
        DRY_RUN,
      )
      expect(await refusal(reset(b))).toEqual(notFound)
      expect(await refusal(b.send(new ResetSnapshotAttributeCommand({ ...attribute, DryRun: true })))).toEqual(DRY_RUN)
      await modify(change)
    }
    expect(await permissions()).toEqual([])
  })

  it('asks policies about the accounts: two different ones are no single value', async () => {
    const only = (condition: object) => ({ ...allow('ec2:ModifySnapshotAttribute'), Condition: condition })
    const user = await world.user(
      ACCOUNT,
      'sharer',
      only({ StringEquals: { 'ec2:Add/userId': [OTHER_ACCOUNT, THIRD] } }),
      only({ StringEquals: { 'ec2:Remove/group': 'all' } }),
    )
    await modify(add({ UserId: OTHER_ACCOUNT }), user.ec2)
    await modify(add({ UserId: THIRD }, { UserId: THIRD }), user.ec2)
    await modify(remove({ Group: 'all' }), user.ec2)
    for (const change of [
      add({ UserId: OTHER_ACCOUNT }, { UserId: THIRD }),
      add({ UserId: '444444444444' }),
      add({ Group: 'all' }),
      remove({ UserId: OTHER_ACCOUNT }),
    ]) {
      expect((await refusal(modify(change, user.ec2))).code).toBe('UnauthorizedOperation')
    }
    expect(await permissions()).toEqual([OTHER_ACCOUNT, THIRD])
    await reset()
  })

  it('may come before the snapshot is complete', async () => {
    const { SnapshotId = '' } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Encrypted: true }))
    expect(await refusal(modify(add({ UserId: OTHER_ACCOUNT }), a, SnapshotId))).toEqual(
      badRequest('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared'),
    )
    await modify(remove({ UserId: OTHER_ACCOUNT }), a, SnapshotId)
    const plain = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }))
    await modify(add({ UserId: OTHER_ACCOUNT }), a, plain.SnapshotId)
    expect(await permissions(plain.SnapshotId)).toEqual([OTHER_ACCOUNT])
    await reset(a, plain.SnapshotId)
    expect(await permissions(plain.SnapshotId)).toEqual([])
  })
})

describe('an encrypted snapshot', () => {
  const own = (text: string) => badRequest('OperationNotPermitted', text)

  it('under a customer’s key is shared with accounts, never with all', async () => {
    const mine = await written(ebs, {}, { KmsKeyArn: await world.key() })
    await modify(add({ UserId: OTHER_ACCOUNT }, { UserId: ACCOUNT }), a, mine)
    expect(await refusal(modify(add({ UserId: THIRD, Group: 'all' }), a, mine))).toEqual(
      own('Encrypted snapshots cannot be shared publicly.'),
    )
    expect(await permissions(mine)).toEqual([OTHER_ACCOUNT])
    await modify(remove({ Group: 'all' }), a, mine)
  })

  it('under the default key is shared with nobody, not even its owner', async () => {
    const managed = await written(ebs, {}, { Encrypted: true })
    for (const UserId of [OTHER_ACCOUNT, ACCOUNT]) {
      expect(await refusal(modify(add({ UserId }), a, managed))).toEqual(
        own('Encrypted snapshots with EBS default key cannot be shared'),
      )
    }
    expect(await refusal(modify(add({ Group: 'all' }), a, managed))).toEqual(
      own('Encrypted snapshots cannot be shared publicly.'),
    )
    await modify(remove({ UserId: OTHER_ACCOUNT }), a, managed)
    await reset(a, managed)
    expect(await permissions(managed)).toEqual([])
  })
})

describe('blocked public access', () => {
  const sees = async () => {
    const { Snapshots } = await b.send(new DescribeSnapshotsCommand({ RestorableByUserIds: ['all'] }))
    return (Snapshots ?? []).map(({ SnapshotId }) => SnapshotId)
  }
  const blocked = badRequest('OperationNotPermitted', 'Public sharing of snapshots is blocked for this account.')

  it('stops new sharing, or all', async () => {
    const state = new GetSnapshotBlockPublicAccessStateCommand({})
    expect(await a.send(state)).toMatchObject({ State: 'unblocked', ManagedBy: 'account' })
    const second = await written(ebs, { 0: 1 })
    await modify(add({ Group: 'all' }))
    expect(await sees()).toEqual([id])

    await a.send(new EnableSnapshotBlockPublicAccessCommand({ State: 'block-new-sharing' }))
    expect(await a.send(state)).toMatchObject({ State: 'block-new-sharing' })
    expect(await refusal(modify(add({ Group: 'all' }), a, second))).toEqual(blocked)
    await modify(add({ UserId: OTHER_ACCOUNT }), a, second)
    expect(await sees()).toEqual([id])

    await a.send(new EnableSnapshotBlockPublicAccessCommand({ State: 'block-all-sharing' }))
    expect(await refusal(modify(add({ Group: 'all' }), a, second))).toEqual(blocked)
    expect(await sees()).toEqual([])
    expect(await refusal(b.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] })))).toEqual(
      badRequest('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`),
    )
    // What it says it permits stays.
    expect(await permissions()).toEqual(['all'])

    expect(await a.send(new DisableSnapshotBlockPublicAccessCommand({}))).toMatchObject({ State: 'unblocked' })
    expect(await sees()).toEqual([id])
    await modify(remove({ Group: 'all' }))
    expect(await sees()).toEqual([])
  })
})

describe('Describe- and ResetSnapshotAttribute', () => {
  it('look at the attribute, then at permission, dry run, the id and its owner', async () => {
    const user = await world.user(ACCOUNT, 'noone')
    const Attribute = 'createVolumePermission' as const
    const unknown = { SnapshotId: 'bad', Attribute: 'bad' as SnapshotAttributeName, DryRun: true }
    const invalid = badRequest('InvalidRequest', 'The request received was invalid.')
    expect(await refusal(user.ec2.send(new DescribeSnapshotAttributeCommand(unknown)))).toEqual(invalid)
    expect(await refusal(user.ec2.send(new ResetSnapshotAttributeCommand(unknown)))).toEqual(invalid)
    expect(await refusal(a.send(new ResetSnapshotAttributeCommand({ SnapshotId: id, Attribute: undefined })))).toEqual(
      badRequest('MissingParameter', 'The request must contain the parameter Attribute'),
    )
    const denied = withoutBlob(
      await refusal(user.ec2.send(new DescribeSnapshotAttributeCommand({ SnapshotId: 'bad', Attribute }))),
    )
    expect(denied).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:DescribeSnapshotAttribute on resource: arn:aws:ec2:us-east-1::snapshot/* because no identity-based policy allows the ec2:DescribeSnapshotAttribute action`,
      ),
    )
    expect(
      await refusal(a.send(new DescribeSnapshotAttributeCommand({ SnapshotId: 'bad', Attribute, DryRun: true }))),
    ).toEqual(DRY_RUN)
    expect(await refusal(a.send(new DescribeSnapshotAttributeCommand({ SnapshotId: 'bad', Attribute })))).toEqual(
      badRequest('InvalidParameterValue', `Value (bad) for parameter snapshotId is invalid. Expected: 'snap-...'.`),
    )
    expect(await refusal(reset(a, 'bad'))).toEqual(
      badRequest('InvalidSnapshotID.Malformed', `The snapshot ID 'bad' is malformed`),
    )
    expect(await refusal(reset(a, MISSING))).toEqual(
      badRequest('InvalidSnapshot.NotFound', `The snapshot '${MISSING}' does not exist.`),
    )
    const codes = await a.send(new DescribeSnapshotAttributeCommand({ SnapshotId: id, Attribute: 'productCodes' }))
    expect(codes.ProductCodes).toEqual([])
  })
})
