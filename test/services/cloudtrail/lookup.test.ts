import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { LookupEventsCommand, CloudTrailClient, type Event, type LookupEventsRequest } from '@aws-sdk/client-cloudtrail'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createTrailHistory } from '../../../emulator/audit/cloudTrailHistory.ts'
import {
  ACCOUNT,
  MINUTE,
  OTHER_ACCOUNT,
  REGION,
  advance,
  allow,
  refusal,
  rootOf,
  startTrails,
  type TrailWorld,
} from './support.ts'

let world: TrailWorld
beforeAll(async () => {
  world = await startTrails()
})
beforeEach(() => {
  world.emulator.emulator.trail.clear()
})
afterAll(() => world.stop())

const lookUp = async (request: LookupEventsRequest = {}, client = world.trails) =>
  client.send(new LookupEventsCommand(request))
const eventsBy = async (AttributeKey: string, AttributeValue: string): Promise<Event[]> =>
  (await lookUp({ LookupAttributes: [{ AttributeKey: AttributeKey as never, AttributeValue }] })).Events ?? []
const namesOf = (events: readonly Event[] | undefined) => events?.map(({ EventName }) => EventName)

describe('LookupEvents', () => {
  it('answers the latest first, each with its record', async () => {
    const { KeyMetadata } = await world.kms.send(new CreateKeyCommand({}))
    await world.kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }))
    const { Events = [] } = await lookUp()
    expect(namesOf(Events)).toEqual(['DisableKey', 'CreateKey'])
    const [disabled] = Events
    const record = JSON.parse(disabled?.CloudTrailEvent ?? '') as Record<string, unknown>
    expect(record).toMatchObject({
      eventName: 'DisableKey',
      eventID: disabled?.EventId,
      recipientAccountId: ACCOUNT,
      requestParameters: { keyId: KeyMetadata?.KeyId },
    })
    expect(disabled).toMatchObject({
      ReadOnly: 'false',
      EventSource: 'kms.amazonaws.com',
      Username: 'root',
      AccessKeyId: ACCOUNT,
      Resources: [
        { ResourceType: 'AWS::KMS::Key', ResourceName: KeyMetadata?.KeyId },
        { ResourceType: 'AWS::KMS::Key', ResourceName: KeyMetadata?.Arn },
      ],
    })
    expect(disabled?.EventTime).toEqual(new Date(String(record['eventTime'])))
    // It is an event itself.
    expect(namesOf((await lookUp()).Events)).toEqual(['LookupEvents', 'DisableKey', 'CreateKey'])
  })

  it('finds by each attribute', async () => {
    const person = await world.user('finder', allow('kms:*'))
    const kms = world.emulator.client(KMSClient, { credentials: person.credentials })
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    world.emulator.emulator.trail.clear()
    await kms.send(new ListKeysCommand({}))
    await kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }))
    await world.emulator.client(IAMClient).send(new CreateUserCommand({ UserName: 'found' }))
    const [id] = (await eventsBy('EventName', 'ListKeys')).map(({ EventId = '' }) => EventId)
    expect(namesOf(await eventsBy('EventId', id ?? ''))).toEqual(['ListKeys'])
    expect(namesOf(await eventsBy('Username', 'finder'))).toEqual(['DisableKey', 'ListKeys'])
    expect(namesOf(await eventsBy('AccessKeyId', person.credentials.accessKeyId))).toEqual(['DisableKey', 'ListKeys'])
    expect(namesOf(await eventsBy('EventSource', 'iam.amazonaws.com'))).toEqual(['CreateUser'])
    expect(namesOf(await eventsBy('ResourceName', KeyMetadata?.Arn ?? ''))).toEqual(['DisableKey'])
    expect(namesOf(await eventsBy('ResourceType', 'AWS::IAM::User'))).toEqual(['CreateUser'])
    expect(namesOf(await eventsBy('ResourceName', 'found'))).toEqual(['CreateUser'])
    expect(namesOf(await eventsBy('ReadOnly', 'false'))).toEqual(['CreateUser', 'DisableKey'])
    expect(namesOf(await eventsBy('EventName', 'Nothing'))).toEqual([])
  })

  it('tells the resources of KMS as KMS does (facts F5)', async () => {
    const pair = await world.kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }))
    const { KeyMetadata } = await world.kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId ?? ''
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/told', TargetKeyId: KeyId }))
    const { CiphertextBlob } = await world.kms.send(
      new EncryptCommand({ KeyId: 'alias/told', Plaintext: Buffer.from('x') }),
    )
    await world.kms.send(new DecryptCommand({ CiphertextBlob }))
    await world.kms.send(new GetPublicKeyCommand({ KeyId: pair.KeyMetadata?.KeyId }))
    await world.kms.send(new DescribeKeyCommand({ KeyId }))
    const of = async (name: string) => (await eventsBy('EventName', name))[0]?.Resources
    expect(await of('Encrypt')).toEqual([{ ResourceName: 'alias/told' }])
    expect(await of('Decrypt')).toEqual([])
    expect(await of('GetPublicKey')).toEqual([{ ResourceType: 'AWS::KMS::Key', ResourceName: pair.KeyMetadata?.KeyId }])
    expect(await of('DescribeKey')).toEqual([{ ResourceName: KeyId }])
  })

  it('goes page by page, without gaps when more happens meanwhile', async () => {
    for (let at = 0; at < 7; at++) await world.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    const request = { LookupAttributes: [{ AttributeKey: 'EventName' as const, AttributeValue: 'DescribeKey' }] }
    const all = (await lookUp(request)).Events?.map(({ EventId }) => EventId)
    const seen: (string | undefined)[] = []
    let NextToken: string | undefined
    do {
      const page = await lookUp({ ...request, MaxResults: 3, NextToken })
      seen.push(...(page.Events ?? []).map(({ EventId }) => EventId))
      NextToken = page.NextToken
      await world.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    } while (NextToken !== undefined)
    expect(seen).toEqual(all)
    expect(seen).toHaveLength(7)
  })

  it('keeps to a time range', async () => {
    const { emulator } = world.emulator
    await world.kms.send(new ListKeysCommand({}))
    await advance(emulator, 10 * MINUTE)
    const StartTime = new Date(emulator.clock.now() - 5 * MINUTE)
    await world.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    expect(namesOf((await lookUp({ StartTime })).Events)).toEqual(['DescribeKey'])
    expect(namesOf((await lookUp({ EndTime: StartTime })).Events)).toEqual(['ListKeys'])
  })

  it('knows accounts and Regions apart, and management events only', async () => {
    await world.kms.send(new ListKeysCommand({}))
    await world.emulator
      .client(KMSClient, { region: 'eu-west-1' })
      .send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    await world.s3.send(new CreateBucketCommand({ Bucket: 'told' }))
    await world.s3.send(new PutObjectCommand({ Bucket: 'told', Key: 'a', Body: 'x' }))
    expect(namesOf((await lookUp()).Events)).toEqual(['CreateBucket', 'ListKeys'])
    expect(namesOf((await lookUp({}, world.trailsIn('eu-west-1'))).Events)).toEqual(['DescribeKey'])
    expect((await lookUp({}, world.trailsIn(REGION, OTHER_ACCOUNT))).Events).toEqual([])
  })

  it('tells denied calls, for which permission is needed as for others', async () => {
    const person = await world.user('nobody')
    const as = { credentials: person.credentials }
    const kms = world.emulator.client(KMSClient, as)
    await refusal(kms.send(new ListKeysCommand({})))
    const [event] = await eventsBy('Username', 'nobody')
    expect(JSON.parse(event?.CloudTrailEvent ?? '')).toMatchObject({
      errorCode: 'AccessDenied',
      requestParameters: null,
    })
    expect(await refusal(lookUp({}, world.emulator.client(CloudTrailClient, as)))).toEqual({
      status: 400,
      code: 'AccessDeniedException',
      message: `User: ${person.arn} is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action`,
    })
  })

  it.each<[string, LookupEventsRequest, string]>([
    ['no results', { MaxResults: 0 }, 'InvalidMaxResultsException'],
    ['too many results', { MaxResults: 51 }, 'InvalidMaxResultsException'],
    [
      'two attributes',
      {
        LookupAttributes: [
          { AttributeKey: 'EventName', AttributeValue: 'a' },
          { AttributeKey: 'EventName', AttributeValue: 'b' },
        ],
      },
      'InvalidLookupAttributesException',
    ],
    [
      'an attribute that is none',
      { LookupAttributes: [{ AttributeKey: 'Colour' as never, AttributeValue: 'a' }] },
      'InvalidLookupAttributesException',
    ],
    [
      'an empty value',
      { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: '' }] },
      'InvalidLookupAttributesException',
    ],
    ['an end before the start', { StartTime: new Date(2000), EndTime: new Date(1000) }, 'InvalidTimeRangeException'],
    ['a token that is none', { NextToken: 'token' }, 'InvalidNextTokenException'],
    ['an unknown category', { EventCategory: 'data' as never }, 'InvalidEventCategoryException'],
    ['insight events', { EventCategory: 'insight' }, 'NotImplemented'],
  ])('refuses %s', async (_, request, code) => {
    expect(await refusal(lookUp(request))).toMatchObject({ code })
  })

  it('refuses a token of another request', async () => {
    for (let at = 0; at < 3; at++) await world.kms.send(new ListKeysCommand({}))
    const { NextToken } = await lookUp({ MaxResults: 1 })
    const other = { NextToken, LookupAttributes: [{ AttributeKey: 'EventName' as const, AttributeValue: 'x' }] }
    expect(await refusal(lookUp(other))).toMatchObject({ status: 400, code: 'InvalidNextTokenException' })
  })

  it('is nothing to an account without events', async () => {
    const other = world.emulator.client(CloudTrailClient, { credentials: rootOf('999999999999') })
    expect((await lookUp({}, other)).Events).toEqual([])
  })
})

describe('the history', () => {
  const entry = (place: number, account: string, isManagement = true) => ({
    place,
    time: place,
    service: undefined,
    weight: 1000,
    isManagement,
    records: () => [],
    places: () => [{ account, region: REGION }],
  })

  it('keeps as many as it may, whosever they are, and nothing about data', () => {
    const history = createTrailHistory(1000, ({ isManagement }) => isManagement)
    for (let at = 0; at < 5000; at++) history.add((place) => entry(place, at % 5 === 0 ? 'a' : 'b', at % 7 !== 0))
    const places = ['a', 'b'].map((account) => [...history.newest(account, REGION)].map(({ place }) => place))
    expect(places.flat()).toHaveLength(1000)
    const newest = Array.from({ length: 5000 }, (_, at) => at)
      .filter((at) => at % 7 !== 0)
      .slice(-1000)
    expect(places.flat().sort((one, other) => one - other)).toEqual(newest)
    for (const list of places) expect([...list].sort((one, other) => other - one)).toEqual(list)
    const [from = 0] = places[0]?.slice(10) ?? []
    expect([...history.newest('a', REGION, from)].map(({ place }) => place)).toEqual(places[0]?.slice(10))
    expect([...history.newest('c', REGION)]).toEqual([])
  })

  it('keeps no more than may weigh so much together, also when something is looked up again and again', () => {
    const history = createTrailHistory(1000, ({ isManagement }) => isManagement, 20_000)
    for (let at = 0; at < 500; at++) {
      history.add((place) => entry(place, 'a'))
      const newest = Array.from({ length: Math.min(at + 1, 20) }, (_, back) => at - back)
      expect([...history.newest('a', REGION)].map(({ place }) => place)).toEqual(newest)
    }
    // Too heavy by itself, and then gone.
    history.add((place) => ({ ...entry(place, 'a'), weight: 50_000 }))
    expect([...history.newest('a', REGION)].map(({ place }) => place)).toEqual([500])
    history.add((place) => entry(place, 'a'))
    expect([...history.newest('a', REGION)].map(({ place }) => place)).toEqual([501])
  })
})
