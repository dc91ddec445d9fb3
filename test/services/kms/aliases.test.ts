import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  ListAliasesCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
  type KeyMetadata,
  type ListAliasesCommandOutput,
} from '@aws-sdk/client-kms'
import { ACCOUNT, OTHER_ACCOUNT, REGION, denied, invalid, kmsForTests, policyOf, refusal, refused } from './support.ts'

const kms = kmsForTests()
let key: KeyMetadata
let other: KeyMetadata
beforeAll(async () => {
  key = await kms.createKey()
  other = await kms.createKey()
})

const arnOf = (name: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:${name}`
const create = (AliasName: string, TargetKeyId = key.KeyId) =>
  kms.root.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
const update = (AliasName: string, TargetKeyId: string | undefined) =>
  kms.root.send(new UpdateAliasCommand({ AliasName, TargetKeyId }))
const remove = (AliasName: string) => kms.root.send(new DeleteAliasCommand({ AliasName }))
const behind = async (KeyId: string) => (await kms.root.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.Arn

const PREFIX = refused(
  'ValidationException',
  'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
)
const RESERVED = refused('NotAuthorizedException', '')
const missing = (name: string) => refused('NotFoundException', `Alias ${arnOf(name)} is not found.`)

describe('CreateAlias', () => {
  it('names a key', async () => {
    await create('alias/first')
    expect(await behind('alias/first')).toBe(key.Arn)
  })

  it('takes names once', async () => {
    await create('alias/once')
    expect(await refusal(create('alias/once', other.KeyId))).toEqual(
      refused('AlreadyExistsException', `An alias with the name ${arnOf('alias/once')} already exists`),
    )
  })

  it.each([
    ['first', PREFIX],
    ['alias/aws/s3', RESERVED],
    ['alias/aws/own', RESERVED],
    [
      'alias/ä',
      invalid(
        "Value 'alias/ä' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
      ),
    ],
    [
      `alias/${'x'.repeat(251)}`,
      invalid(
        `Value 'alias/${'x'.repeat(251)}' at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 256`,
      ),
    ],
  ])('refuses the name %s', async (name, expected) => {
    expect(await refusal(create(name))).toEqual(expected)
  })

  it('refuses aliases of aliases', async () => {
    await create('alias/target')
    const expected = refused('ValidationException', 'Aliases must refer to keys. Not aliases')
    expect(await refusal(create('alias/indirect', 'alias/target'))).toEqual(expected)
    expect(await refusal(create('alias/indirect', arnOf('alias/target')))).toEqual(expected)
  })

  it('refuses the 51st alias of a key', async () => {
    const { KeyId, Arn } = await kms.createKey()
    for (let i = 0; i < 50; i++) await create(`alias/many-${String(i)}`, KeyId)
    expect(await refusal(create('alias/many-50', KeyId))).toMatchObject({ code: 'LimitExceededException' })
    await remove('alias/many-0')
    await create('alias/many-50', KeyId)
    expect(await behind('alias/many-50')).toBe(Arn)
  })

  it('does not name the key of another account, whatever its policy says', async () => {
    const open = policyOf({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' })
    const theirs = await kms.createKey({ Policy: JSON.stringify(open) }, kms.of(OTHER_ACCOUNT))
    expect(await refusal(create('alias/theirs', theirs.Arn))).toEqual(
      denied(
        `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:CreateAlias on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
      ),
    )
  })

  it('needs permission on the alias and on the key', async () => {
    const onAlias = await kms.user(
      'on-alias',
      policyOf({ Effect: 'Allow', Action: 'kms:CreateAlias', Resource: arnOf('alias/*') }),
    )
    const onKey = await kms.user('on-key', policyOf({ Effect: 'Allow', Action: 'kms:CreateAlias', Resource: key.Arn }))
    const input = { AliasName: 'alias/two', TargetKeyId: key.KeyId }
    expect(await refusal(onAlias.kms.send(new CreateAliasCommand(input)))).toEqual(
      denied(
        `User: ${onAlias.arn} is not authorized to perform: kms:CreateAlias on resource: ${String(key.Arn)} because no identity-based policy allows the kms:CreateAlias action`,
      ),
    )
    expect(await refusal(onKey.kms.send(new CreateAliasCommand(input)))).toEqual(
      denied(
        `User: ${onKey.arn} is not authorized to perform: kms:CreateAlias on resource: ${arnOf('alias/two')} because no identity-based policy allows the kms:CreateAlias action`,
      ),
    )
  })
})

describe('UpdateAlias', () => {
  it('moves an alias', async () => {
    await create('alias/moving')
    await update('alias/moving', other.KeyId)
    expect(await behind('alias/moving')).toBe(other.Arn)
    const { Aliases } = await kms.root.send(new ListAliasesCommand({ KeyId: other.KeyId }))
    expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual(['alias/moving'])
  })

  it('may leave a key that is pending deletion, but not go to one', async () => {
    const going = await kms.createKey()
    await create('alias/leaving', going.KeyId)
    await kms.root.send(new ScheduleKeyDeletionCommand({ KeyId: going.KeyId }))
    await update('alias/leaving', key.KeyId)
    expect(await refusal(update('alias/leaving', going.KeyId))).toEqual(
      refused('KMSInvalidStateException', `${going.Arn} is pending deletion.`),
    )
  })

  it('needs permission on the old key, too', async () => {
    await create('alias/held')
    const user = await kms.user(
      'mover',
      policyOf({ Effect: 'Allow', Action: 'kms:UpdateAlias', Resource: [arnOf('alias/*'), other.Arn] }),
    )
    const call = user.kms.send(new UpdateAliasCommand({ AliasName: 'alias/held', TargetKeyId: other.KeyId }))
    expect(await refusal(call)).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:UpdateAlias on resource: ${String(key.Arn)} because no identity-based policy allows the kms:UpdateAlias action`,
      ),
    )
  })

  it.each([
    ['alias/none', missing('alias/none')],
    ['none', PREFIX],
    ['alias/aws/s3', RESERVED],
  ])('refuses %s', async (name, expected) => {
    expect(await refusal(update(name, key.KeyId))).toEqual(expected)
  })
})

describe('DeleteAlias', () => {
  it('frees the name', async () => {
    await create('alias/short')
    await remove('alias/short')
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId: 'alias/short' })))).toEqual(
      missing('alias/short'),
    )
    await create('alias/short', other.KeyId)
    expect(await behind('alias/short')).toBe(other.Arn)
  })

  it.each([
    ['alias/none', missing('alias/none')],
    ['alias/aws/s3', RESERVED],
  ])('refuses %s', async (name, expected) => {
    expect(await refusal(remove(name))).toEqual(expected)
  })
})

describe('ListAliases', () => {
  const account = '444444444444'

  it('pages in name order, AWS’s own names without a key among them', async () => {
    const client = kms.of(account)
    const own = await kms.createKey({}, client)
    for (const name of ['alias/zebra', 'alias/aaa', 'alias/bb']) {
      await client.send(new CreateAliasCommand({ AliasName: name, TargetKeyId: own.KeyId }))
    }
    const listed: NonNullable<ListAliasesCommandOutput['Aliases']> = []
    let Marker: string | undefined
    do {
      const answer: ListAliasesCommandOutput = await client.send(new ListAliasesCommand({ Limit: 3, Marker }))
      expect(answer.Truncated).toBe(answer.NextMarker !== undefined)
      listed.push(...(answer.Aliases ?? []))
      Marker = answer.NextMarker
    } while (Marker !== undefined)
    const names = listed.map(({ AliasName }) => AliasName ?? '')
    expect(names).toEqual([...names].sort())
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !name.startsWith('alias/aws/'))).toEqual(['alias/aaa', 'alias/bb', 'alias/zebra'])
    expect(listed[0]).toEqual({
      AliasName: 'alias/aaa',
      AliasArn: `arn:aws:kms:${REGION}:${account}:alias/aaa`,
      TargetKeyId: own.KeyId,
      CreationDate: expect.any(Date),
      LastUpdatedDate: expect.any(Date),
    })
    expect(listed.find(({ AliasName }) => AliasName === 'alias/aws/s3')).toEqual({
      AliasName: 'alias/aws/s3',
      AliasArn: `arn:aws:kms:${REGION}:${account}:alias/aws/s3`,
    })
  })

  it('does not tell whether another account has a key', async () => {
    const theirs = await kms.createKey({}, kms.of(OTHER_ACCOUNT))
    const nobody = theirs.Arn.replace(/[^/]+$/, '12345678-1234-4234-8234-123456789012')
    for (const KeyId of [theirs.Arn, nobody]) {
      expect(await refusal(kms.root.send(new ListAliasesCommand({ KeyId })))).toEqual(
        refused('NotFoundException', `Key '${KeyId}' does not exist`),
      )
    }
  })

  it('filters by key', async () => {
    const mine = await kms.createKey()
    await create('alias/b-mine', mine.KeyId)
    await create('alias/a-mine', mine.KeyId)
    for (const KeyId of [mine.KeyId, mine.Arn]) {
      const { Aliases, Truncated } = await kms.root.send(new ListAliasesCommand({ KeyId }))
      expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual(['alias/a-mine', 'alias/b-mine'])
      expect(Truncated).toBe(false)
    }
  })
})
