import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  AddTagsCommand,
  CreateTrailCommand,
  DeleteTrailCommand,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
  ListTagsCommand,
  ListTrailsCommand,
  PutEventSelectorsCommand,
  RemoveTagsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
  CloudTrailClient,
  type CreateTrailRequest,
  type EventSelector,
} from '@aws-sdk/client-cloudtrail'
import { CreateAliasCommand, DisableKeyCommand, KMSClient, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  REGION,
  allow,
  arnOf,
  bucketPolicy,
  keyPolicy,
  refusal,
  startTrails,
  type TrailWorld,
} from './support.ts'

let world: TrailWorld
beforeAll(async () => {
  world = await startTrails()
  await world.bucket('shared-logs')
})
afterAll(() => world.stop())

const create = (Name: string, more: Partial<CreateTrailRequest> = {}) =>
  world.trails.send(new CreateTrailCommand({ Name, S3BucketName: 'shared-logs', ...more }))
const remove = (Name: string) => world.trails.send(new DeleteTrailCommand({ Name }))
const refused = (code: string, message: string) => ({ status: 400, code, message })
const none = () => world.trails.send(new ListTrailsCommand({})).then(({ Trails }) => Trails)

describe('CreateTrail', () => {
  it('answers the trail, and it is found again', async () => {
    const key = await world.trailKey()
    await world.bucket('audit-logs', { name: 'audit', prefix: 'a/b' })
    const settings = { S3BucketName: 'audit-logs', S3KeyPrefix: 'a/b', KmsKeyId: key }
    const made = await create('audit', {
      ...settings,
      IsMultiRegionTrail: true,
      EnableLogFileValidation: true,
      TagsList: [{ Key: 'team', Value: 'red' }],
    })
    const trail = {
      ...settings,
      Name: 'audit',
      TrailARN: arnOf('audit'),
      IncludeGlobalServiceEvents: true,
      IsMultiRegionTrail: true,
      LogFileValidationEnabled: true,
      IsOrganizationTrail: false,
    }
    expect(made).toEqual({ $metadata: expect.anything() as unknown, ...trail })
    const described = { ...trail, HomeRegion: REGION, HasCustomEventSelectors: false, HasInsightSelectors: false }
    expect((await world.trails.send(new GetTrailCommand({ Name: 'audit' }))).Trail).toEqual(described)
    expect((await world.trails.send(new DescribeTrailsCommand({}))).trailList).toEqual([described])
    expect(await none()).toEqual([{ TrailARN: arnOf('audit'), Name: 'audit', HomeRegion: REGION }])
    // What CloudTrail has tried the bucket and the key with.
    expect(await world.keysIn('audit-logs')).toEqual([`a/b/AWSLogs/${ACCOUNT}/`])
    // In other Regions it is a shadow, which its ARN names.
    const west = world.trailsIn('us-west-2')
    expect((await west.send(new DescribeTrailsCommand({}))).trailList).toEqual([described])
    expect((await west.send(new DescribeTrailsCommand({ includeShadowTrails: false }))).trailList).toEqual([])
    expect((await west.send(new GetTrailCommand({ Name: arnOf('audit') }))).Trail).toEqual(described)
    expect(await refusal(west.send(new GetTrailCommand({ Name: 'audit' })))).toEqual(
      refused('TrailNotFoundException', `Unknown trail: ${arnOf('audit', 'us-west-2')} for the user: ${ACCOUNT}`),
    )
    expect(await refusal(west.send(new StopLoggingCommand({ Name: arnOf('audit') })))).toMatchObject({
      code: 'InvalidHomeRegionException',
    })
    await remove('audit')
    expect(await none()).toEqual([])
  })

  it.each([
    ['', 'Trail name cannot be blank!'],
    ['ab', 'Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters.'],
    [
      'a'.repeat(129),
      'Trail name too long. Maximum allowed length: 128 characters. Specified name length: 129 characters.',
    ],
    [
      'my trail',
      'Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).',
    ],
    ['-trail', 'Trail name must starts with a letter or number.'],
    ['trail-', 'Trail name must ends with a letter or number.'],
    ['my--trail', 'Trail name cannot have adjacent periods, underscores, or dashes.'],
    ['192.168.5.4', 'Trail name cannot be formatted as an IP address.'],
  ])('refuses the name %j', async (name, message) => {
    expect(await refusal(create(name))).toEqual(refused('InvalidTrailNameException', message))
    expect(await none()).toEqual([])
  })

  it('refuses a bucket that is not there, or whose policy does not let CloudTrail in', async () => {
    expect(await refusal(create('trail', { S3BucketName: 'not-there' }))).toEqual(
      refused('S3BucketDoesNotExistException', 'S3 bucket not-there does not exist!'),
    )
    await world.bucket('closed-logs', { name: 'another' })
    const closed = refused(
      'InsufficientS3BucketPolicyException',
      'Incorrect S3 bucket policy is detected for bucket: closed-logs',
    )
    expect(await refusal(create('trail', { S3BucketName: 'closed-logs' }))).toEqual(closed)
    // The ACL may be read, but nothing written: under another prefix than the policy's.
    const Policy = bucketPolicy('closed-logs', 'trail', 'elsewhere')
    await world.s3.send(new PutBucketPolicyCommand({ Bucket: 'closed-logs', Policy }))
    expect(await refusal(create('trail', { S3BucketName: 'closed-logs' }))).toEqual(closed)
    expect(await none()).toEqual([])
    expect(await world.keysIn('closed-logs')).toEqual([])
    await create('trail', { S3BucketName: 'closed-logs', S3KeyPrefix: 'elsewhere' })
    await remove('trail')
  })

  it('refuses a key whose policy does not let CloudTrail use it, that is not there, elsewhere or disabled', async () => {
    const withKey = (KmsKeyId: string) => refusal(create('trail', { KmsKeyId }))
    const insufficient = (key: string) =>
      refused(
        'InsufficientEncryptionPolicyException',
        `Insufficient permissions to access S3 bucket shared-logs or KMS key ${key}.`,
      )
    const key = await world.key()
    expect(await withKey(key)).toEqual(insufficient(key))
    const missing = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-4000-8000-000000000000`
    expect(await withKey(missing)).toEqual(insufficient(missing))
    expect(await withKey('alias/nowhere')).toEqual(insufficient(`arn:aws:kms:${REGION}:${ACCOUNT}:alias/nowhere`))
    for (const wrong of ['no key', key.replace(REGION, 'us-west-2')]) {
      expect(await withKey(wrong)).toMatchObject({ status: 400, code: 'KmsKeyNotFoundException' })
    }
    const disabled = await world.trailKey()
    await world.kms.send(new DisableKeyCommand({ KeyId: disabled }))
    expect(await withKey(disabled)).toEqual(refused('KmsException', `${disabled} is disabled.`))
    expect(await none()).toEqual([])
  })

  it('takes an alias for the key that it stands for at the moment', async () => {
    const [first, second] = [await world.trailKey(), await world.trailKey()]
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/trail', TargetKeyId: first }))
    expect((await create('aliased', { KmsKeyId: 'alias/trail' })).KmsKeyId).toBe(first)
    await world.kms.send(new UpdateAliasCommand({ AliasName: 'alias/trail', TargetKeyId: second }))
    expect((await world.trails.send(new GetTrailCommand({ Name: 'aliased' }))).Trail?.KmsKeyId).toBe(first)
    const cleared = await world.trails.send(new UpdateTrailCommand({ Name: 'aliased', KmsKeyId: '' }))
    expect(cleared.KmsKeyId).toBeUndefined()
    await remove('aliased')
  })

  it('keeps to names that are free and to five trails in a Region', async () => {
    await create('one')
    expect(await refusal(create('one'))).toEqual(
      refused('TrailAlreadyExistsException', `Trail one already exists for customer: ${ACCOUNT}`),
    )
    for (const name of ['two', 'three', 'four', 'five']) await create(name)
    expect(await refusal(create('six'))).toEqual(
      refused('MaximumNumberOfTrailsExceededException', `User: ${ACCOUNT} already has 5 trails in ${REGION}.`),
    )
    for (const name of ['one', 'two', 'three', 'four', 'five']) await remove(name)
  })

  it('demands global events of a trail for all Regions', async () => {
    const global = refused(
      'InvalidParameterCombinationException',
      'Multi-Region trail must include global service events.',
    )
    expect(await refusal(create('trail', { IsMultiRegionTrail: true, IncludeGlobalServiceEvents: false }))).toEqual(
      global,
    )
  })

  it('says what it does not emulate', async () => {
    for (const more of [
      { SnsTopicName: 'topic' },
      { IsOrganizationTrail: true },
      { CloudWatchLogsLogGroupArn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:x:*` },
    ]) {
      expect(await refusal(create('trail', more))).toMatchObject({ status: 501, code: 'NotImplemented' })
    }
  })

  it('finds a bucket in another Region', async () => {
    await world.bucket('west-logs', { region: 'us-west-2' })
    await create('western', { S3BucketName: 'west-logs' })
    await remove('western')
  })
})

describe('permissions', () => {
  it('are those of the trail', async () => {
    await create('mine', { TagsList: [{ Key: 'team', Value: 'red' }] })
    const { credentials, arn } = await world.user('auditor', allow('cloudtrail:GetTrailStatus', arnOf('mine')), {
      ...allow('cloudtrail:StartLogging'),
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } },
    })
    const auditor = world.emulator.client(CloudTrailClient, { credentials })
    await auditor.send(new GetTrailStatusCommand({ Name: 'mine' }))
    await auditor.send(new StartLoggingCommand({ Name: 'mine' }))
    const denied = (action: string, resource: string) => ({
      status: 400,
      code: 'AccessDeniedException',
      message: `User: ${arn} is not authorized to perform: cloudtrail:${action}${resource} because no identity-based policy allows the cloudtrail:${action} action`,
    })
    expect(await refusal(auditor.send(new DeleteTrailCommand({ Name: 'mine' })))).toEqual(
      denied('DeleteTrail', ` on resource: ${arnOf('mine')}`),
    )
    expect(await refusal(auditor.send(new DescribeTrailsCommand({})))).toEqual(denied('DescribeTrails', ''))
    await world.allow('auditor', allow('cloudtrail:CreateTrail'))
    const tagged = new CreateTrailCommand({
      Name: 'his',
      S3BucketName: 'shared-logs',
      TagsList: [{ Key: 'a', Value: 'b' }],
    })
    expect(await refusal(auditor.send(tagged))).toEqual(denied('AddTags', ` on resource: ${arnOf('his')}`))
    await remove('mine')
  })

  it('are nothing to other accounts: they have no such trail', async () => {
    await create('mine')
    const other = world.trailsIn(REGION, OTHER_ACCOUNT)
    expect(await refusal(other.send(new GetTrailCommand({ Name: arnOf('mine') })))).toEqual(
      refused('TrailNotFoundException', `Unknown trail: ${arnOf('mine')} for the user: ${OTHER_ACCOUNT}`),
    )
    expect((await other.send(new DescribeTrailsCommand({ trailNameList: [arnOf('mine')] }))).trailList).toEqual([])
    await remove('mine')
  })
})

describe('UpdateTrail', () => {
  it('changes what it is given and leaves the rest', async () => {
    const key = await world.trailKey()
    await create('changing', { KmsKeyId: key })
    await world.bucket('new-logs')
    await world.trails.send(new UpdateTrailCommand({ Name: 'changing', S3BucketName: 'new-logs', S3KeyPrefix: '' }))
    expect((await world.trails.send(new GetTrailCommand({ Name: 'changing' }))).Trail).toMatchObject({
      S3BucketName: 'new-logs',
      KmsKeyId: key,
      IsMultiRegionTrail: false,
    })
    expect(
      await refusal(world.trails.send(new UpdateTrailCommand({ Name: 'changing', S3BucketName: 'nothing' }))),
    ).toEqual(refused('S3BucketDoesNotExistException', 'S3 bucket nothing does not exist!'))
    expect((await world.trails.send(new GetTrailCommand({ Name: 'changing' }))).Trail?.S3BucketName).toBe('new-logs')
    await remove('changing')
    expect(await refusal(world.trails.send(new UpdateTrailCommand({ Name: 'changing' })))).toEqual(
      refused('TrailNotFoundException', `Unknown trail: ${arnOf('changing')} for the user: ${ACCOUNT}`),
    )
  })

  it('refuses what is no ARN of a trail', async () => {
    for (const Name of ['arn:aws:cloudtrail', `arn:aws:s3:::x`, `arn:aws:cloudtrail:${REGION}:me:trail/abc`]) {
      expect(await refusal(world.trails.send(new GetTrailCommand({ Name })))).toEqual(
        refused('CloudTrailARNInvalidException', `Trail ARN ${Name} is not valid.`),
      )
    }
  })
})

describe('logging', () => {
  it('is off, on, and off again', async () => {
    await create('switched')
    const status = () => world.trails.send(new GetTrailStatusCommand({ Name: 'switched' }))
    expect(await status()).toMatchObject({ IsLogging: false, TimeLoggingStarted: '', LatestDeliveryAttemptTime: '' })
    await world.trails.send(new StartLoggingCommand({ Name: 'switched' }))
    expect(await status()).toMatchObject({ IsLogging: true, StartLoggingTime: expect.any(Date) as unknown })
    await world.trails.send(new StopLoggingCommand({ Name: arnOf('switched') }))
    expect(await status()).toMatchObject({ IsLogging: false, StopLoggingTime: expect.any(Date) as unknown })
    await remove('switched')
  })
})

describe('event selectors', () => {
  const put = (...EventSelectors: EventSelector[]) =>
    world.trails.send(new PutEventSelectorsCommand({ TrailName: 'selecting', EventSelectors }))
  const get = async () =>
    (await world.trails.send(new GetEventSelectorsCommand({ TrailName: 'selecting' }))).EventSelectors
  const standard = {
    ReadWriteType: 'All' as const,
    IncludeManagementEvents: true,
    DataResources: [],
    ExcludeManagementEventSources: [],
  }

  it('are all management events at first, and then what is put', async () => {
    await create('selecting')
    expect(await get()).toEqual([standard])
    const selectors = [
      { ...standard, ReadWriteType: 'WriteOnly' as const, ExcludeManagementEventSources: ['kms.amazonaws.com'] },
      {
        ...standard,
        IncludeManagementEvents: false,
        DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::data/', 'arn:aws:s3'] }],
      },
    ]
    expect((await put(...selectors)).EventSelectors).toEqual(selectors)
    expect(await get()).toEqual(selectors)
    const custom = async () =>
      (await world.trails.send(new GetTrailCommand({ Name: 'selecting' }))).Trail?.HasCustomEventSelectors
    expect(await custom()).toBe(true)
    await put(standard)
    expect(await custom()).toBe(false)
  })

  it.each<[string, EventSelector[]]>([
    ['none', []],
    ['six', Array.from({ length: 6 }, () => standard)],
    ['a type of reading that is none', [{ ReadWriteType: 'Some' as never }]],
    ['nothing selected', [{ IncludeManagementEvents: false }]],
    ['another source to exclude', [{ ExcludeManagementEventSources: ['iam.amazonaws.com'] }]],
    ['resources of an unknown type', [{ DataResources: [{ Type: 'AWS::No::Thing', Values: ['x'] }] }]],
    [
      'too many resources',
      [
        {
          DataResources: [
            {
              Type: 'AWS::S3::Object',
              Values: Array.from({ length: 251 }, (_, at) => `arn:aws:s3:::b${String(at)}xx/`),
            },
          ],
        },
      ],
    ],
  ])('refuses %s', async (_, selectors) => {
    expect(await refusal(put(...selectors))).toMatchObject({ status: 400, code: 'InvalidEventSelectorsException' })
    expect(await get()).toEqual([standard])
  })

  it("refuses resources that are no objects, in AWS's words", async () => {
    expect(await refusal(put({ DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::*'] }] }))).toEqual(
      refused('InvalidEventSelectorsException', 'Value arn:aws:s3:::* for DataResources.Values is invalid.'),
    )
    const advanced = {
      TrailName: 'selecting',
      AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'eventCategory', Equals: ['Data'] }] }],
    }
    expect(await refusal(world.trails.send(new PutEventSelectorsCommand(advanced)))).toMatchObject({ status: 501 })
    await remove('selecting')
  })
})

describe('tags', () => {
  const tags = async () =>
    (await world.trails.send(new ListTagsCommand({ ResourceIdList: [arnOf('tagged')] }))).ResourceTagList
  const add = (...TagsList: { Key: string; Value?: string }[]) =>
    world.trails.send(new AddTagsCommand({ ResourceId: arnOf('tagged'), TagsList }))

  it('are added, replaced and removed', async () => {
    await create('tagged', { TagsList: [{ Key: 'a', Value: '1' }] })
    await add({ Key: 'a', Value: '2' }, { Key: 'b', Value: '3' })
    await world.trails.send(new RemoveTagsCommand({ ResourceId: arnOf('tagged'), TagsList: [{ Key: 'b' }] }))
    expect(await tags()).toEqual([{ ResourceId: arnOf('tagged'), TagsList: [{ Key: 'a', Value: '2' }] }])
  })

  it('are refused when they cannot be', async () => {
    const invalid = { status: 400, code: 'InvalidTagParameterException' }
    expect(await refusal(add({ Key: 'x', Value: '1' }, { Key: 'x', Value: '2' }))).toMatchObject(invalid)
    expect(await refusal(add({ Key: 'aws:x', Value: '1' }))).toMatchObject(invalid)
    const many = Array.from({ length: 50 }, (_, at) => ({ Key: `k${String(at)}`, Value: 'v' }))
    expect(await refusal(add(...many))).toMatchObject({ status: 400, code: 'TagsLimitExceededException' })
    expect(await tags()).toEqual([{ ResourceId: arnOf('tagged'), TagsList: [{ Key: 'a', Value: '2' }] }])
    for (const [ResourceId, code] of [
      ['tagged', 'CloudTrailARNInvalidException'],
      [`arn:aws:cloudtrail:${REGION}:${ACCOUNT}:eventdatastore/x`, 'ResourceTypeNotSupportedException'],
      [arnOf('missing'), 'ResourceNotFoundException'],
    ] as const) {
      expect(await refusal(world.trails.send(new ListTagsCommand({ ResourceIdList: [ResourceId] })))).toMatchObject({
        code,
      })
    }
    await remove('tagged')
  })
})

describe('a key of another account', () => {
  it('is used as its own policy says', async () => {
    const theirs = world.emulator.client(KMSClient, {
      credentials: { accessKeyId: OTHER_ACCOUNT, secretAccessKey: 'test' },
    })
    const { CreateKeyCommand, PutKeyPolicyCommand } = await import('@aws-sdk/client-kms')
    const { KeyMetadata } = await theirs.send(new CreateKeyCommand({}))
    const Policy = JSON.parse(keyPolicy()) as { Statement: { Principal: object }[] }
    Policy.Statement[0]!.Principal = { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` }
    await theirs.send(new PutKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId, Policy: JSON.stringify(Policy) }))
    expect((await create('foreign', { KmsKeyId: KeyMetadata?.Arn })).KmsKeyId).toBe(KeyMetadata?.Arn)
    await remove('foreign')
  })
})
