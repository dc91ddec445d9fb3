import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketWebsiteCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketWebsiteCommand,
  GetObjectCommand,
  PutBucketAccelerateConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  S3Client,
  type LoggingEnabled,
  type NotificationConfiguration,
  type WebsiteConfiguration,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { send } from '../../support/raw.ts'
import { allow, denied, policy, refusal, startWorld, type World } from './support.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

let count = 0
async function bucket(s3 = world.s3, name = `configured-${String(++count)}`): Promise<string> {
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  return name
}
const MALFORMED = {
  status: 400,
  code: 'MalformedXML',
  message: 'The XML you provided was not well-formed or did not validate against our published schema',
}
const invalid = (code: string, message: string, status = 400) => ({ status, code, message })

describe('access logs', () => {
  const put = (Bucket: string, LoggingEnabled?: Partial<LoggingEnabled>) =>
    world.s3.send(
      new PutBucketLoggingCommand({
        Bucket,
        BucketLoggingStatus: { LoggingEnabled: LoggingEnabled as LoggingEnabled },
      }),
    )
  const get = async (Bucket: string) => (await world.s3.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled

  it('are configured, and no more', async () => {
    const [Bucket, TargetBucket] = [await bucket(), await bucket()]
    const logging: LoggingEnabled = {
      TargetBucket,
      TargetPrefix: 'logs/',
      TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'EventTime' } },
    }
    await put(Bucket, logging)
    expect(await get(Bucket)).toEqual(logging)
    await put(Bucket, { TargetBucket, TargetPrefix: '' })
    expect(await get(Bucket)).toEqual({ TargetBucket, TargetPrefix: '' })
    await put(Bucket)
    expect(await get(Bucket)).toBeUndefined()
  })

  it('go to a bucket of the same owner in the same Region', async () => {
    const Bucket = await bucket()
    const other = await bucket(world.as(rootOf(OTHER_ACCOUNT)), 'log-target-of-others')
    const away = await bucket(world.emulator.client(S3Client, { region: 'eu-west-1' }), 'log-target-far-away')
    const to = (TargetBucket: string) => refusal(put(Bucket, { TargetBucket, TargetPrefix: '' }))
    expect(await to('log-target-of-nobody')).toEqual(
      invalid('InvalidTargetBucketForLogging', 'The target bucket for logging does not exist'),
    )
    expect(await to(other)).toEqual(
      invalid(
        'InvalidTargetBucketForLogging',
        'The owner for the bucket to be logged and the target bucket must be the same.',
      ),
    )
    expect(await to(away)).toEqual(
      invalid(
        'CrossLocationLoggingProhibited',
        'Cross-location logging not allowed. A bucket in one geographic location cannot log information to a bucket in another location.',
        403,
      ),
    )
    expect(await refusal(put(Bucket, { TargetBucket: Bucket }))).toEqual(MALFORMED)
    expect(await get(Bucket)).toBeUndefined()
  })
})

describe('notifications', () => {
  const put = (Bucket: string, NotificationConfiguration: NotificationConfiguration) =>
    world.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
  const get = async (Bucket: string): Promise<NotificationConfiguration> => {
    const { $metadata, ...rest } = await world.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
    expect($metadata.httpStatusCode).toBe(200)
    return rest
  }
  const arn = (service: string, resource: string, region = 'us-east-1') =>
    `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`
  const FULL: NotificationConfiguration = {
    TopicConfigurations: [{ Id: 't', TopicArn: arn('sns', 'topic'), Events: ['s3:ObjectRemoved:*'] }],
    QueueConfigurations: [
      {
        Id: 'q',
        QueueArn: arn('sqs', 'queue'),
        Events: ['s3:ObjectCreated:Put', 's3:ObjectCreated:Copy'],
        Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'in/' }] } },
      },
    ],
    LambdaFunctionConfigurations: [
      {
        Id: 'l',
        LambdaFunctionArn: arn('lambda', 'function:work:live'),
        Events: ['s3:ObjectCreated:*'],
        Filter: {
          Key: {
            FilterRules: [
              { Name: 'suffix', Value: '.jpg' },
              { Name: 'prefix', Value: 'out/' },
            ],
          },
        },
      },
    ],
    EventBridgeConfiguration: {},
  }

  it('are configured, and no more', async () => {
    const Bucket = await bucket()
    expect(await get(Bucket)).toEqual({})
    await put(Bucket, FULL)
    expect(await get(Bucket)).toEqual(FULL)
    await put(Bucket, {})
    expect(await get(Bucket)).toEqual({})
  })

  it('are named when they come without a name', async () => {
    const Bucket = await bucket()
    await put(Bucket, { QueueConfigurations: [{ QueueArn: arn('sqs', 'q'), Events: ['s3:ObjectCreated:*'] }] })
    expect((await get(Bucket)).QueueConfigurations?.[0]?.Id).toMatch(/^[0-9a-f-]{36}$/)
  })

  const queue = (change: object): NotificationConfiguration => ({
    QueueConfigurations: [{ QueueArn: arn('sqs', 'q'), Events: ['s3:ObjectCreated:*'], ...change }],
  })
  const rules = (...FilterRules: { Name: string; Value: string }[]) => ({ Filter: { Key: { FilterRules } } })
  const bad: readonly (readonly [string, NotificationConfiguration, string])[] = [
    ['to no ARN', queue({ QueueArn: 'queue' }), 'The ARN is not well formed'],
    ['to another service', queue({ QueueArn: arn('sns', 'q') }), 'The ARN is not well formed'],
    [
      'to another Region',
      queue({ QueueArn: arn('sqs', 'q', 'eu-west-1') }),
      'The notification destination service region is not valid for the bucket location constraint',
    ],
    [
      'of unknown events',
      queue({ Events: ['s3:ObjectRead:*'] }),
      'A specified event is not supported for notifications.',
    ],
    [
      'with a filter that is none',
      queue(rules({ Name: 'infix', Value: 'x' })),
      'filter rule name must be either prefix or suffix',
    ],
    [
      'that overlap',
      {
        ...queue(rules({ Name: 'prefix', Value: 'a' })),
        TopicConfigurations: [
          { TopicArn: arn('sns', 't'), Events: ['s3:ObjectCreated:Put'], ...rules({ Name: 'prefix', Value: 'a/b' }) },
        ],
      } as NotificationConfiguration,
      'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
    ],
  ]
  for (const [what, configuration, message] of bad) {
    it(`${what} are refused and change nothing`, async () => {
      const Bucket = await bucket()
      await put(Bucket, FULL)
      expect(await refusal(put(Bucket, configuration))).toEqual(invalid('InvalidArgument', message))
      expect(await get(Bucket)).toEqual(FULL)
    })
  }
})

describe('a website', () => {
  const put = (Bucket: string, website: WebsiteConfiguration) =>
    world.s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: website }))
  const get = async (Bucket: string): Promise<WebsiteConfiguration> => {
    const { $metadata, ...rest } = await world.s3.send(new GetBucketWebsiteCommand({ Bucket }))
    expect($metadata.httpStatusCode).toBe(200)
    return rest
  }
  const FULL: WebsiteConfiguration = {
    IndexDocument: { Suffix: 'index.html' },
    ErrorDocument: { Key: 'error.html' },
    RoutingRules: [
      {
        Condition: { KeyPrefixEquals: 'docs/' },
        Redirect: { ReplaceKeyPrefixWith: 'documents/', HttpRedirectCode: '301', Protocol: 'https' },
      },
    ],
  }

  it('is configured, and no more; then deleted', async () => {
    const Bucket = await bucket()
    await put(Bucket, FULL)
    expect(await get(Bucket)).toEqual(FULL)
    const elsewhere = { RedirectAllRequestsTo: { HostName: 'example.com', Protocol: 'https' as const } }
    await put(Bucket, elsewhere)
    expect(await get(Bucket)).toEqual(elsewhere)
    await world.s3.send(new DeleteBucketWebsiteCommand({ Bucket }))
    expect(await refusal(get(Bucket))).toEqual(
      invalid('NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration', 404),
    )
  })

  const redirect = (Redirect: object, Condition?: object) => ({
    ...FULL,
    RoutingRules: [{ Redirect, Condition }],
  })
  const bad: readonly (readonly [string, WebsiteConfiguration, string, string])[] = [
    [
      'an index below another',
      { IndexDocument: { Suffix: 'a/index.html' } },
      'InvalidArgument',
      'The IndexDocument Suffix is not well formed',
    ],
    [
      'neither index nor redirection',
      { ErrorDocument: { Key: 'e' } },
      'InvalidArgument',
      'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty',
    ],
    [
      'both',
      { ...FULL, RedirectAllRequestsTo: { HostName: 'example.com' } },
      'InvalidArgument',
      'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.',
    ],
    [
      'two ways to replace a key',
      redirect({ ReplaceKeyWith: 'a', ReplaceKeyPrefixWith: 'b' }),
      'InvalidRequest',
      'You can only define ReplaceKeyPrefix or ReplaceKey but not both.',
    ],
    [
      'a status that is no redirection',
      redirect({ HttpRedirectCode: '200' }),
      'InvalidRequest',
      'The provided HTTP redirect code (200) is not valid. Valid codes are 3XX except 300.',
    ],
  ]
  for (const [what, website, code, message] of bad) {
    it(`with ${what} is refused and changes nothing`, async () => {
      const Bucket = await bucket()
      await put(Bucket, FULL)
      expect(await refusal(put(Bucket, website))).toEqual(invalid(code, message))
      expect(await get(Bucket)).toEqual(FULL)
    })
  }
})

describe('acceleration and payment', () => {
  const accelerate = (Bucket: string, Status: string) =>
    world.s3.send(
      new PutBucketAccelerateConfigurationCommand({
        Bucket,
        AccelerateConfiguration: { Status: Status as 'Enabled' },
      }),
    )
  const pay = (Bucket: string, Payer: string) =>
    world.s3.send(
      new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: Payer as 'Requester' } }),
    )

  it('are configured, and no more', async () => {
    const Bucket = await bucket()
    const status = async () => (await world.s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status
    await accelerate(Bucket, 'Suspended')
    expect(await status()).toBeUndefined()
    await accelerate(Bucket, 'Enabled')
    expect(await status()).toBe('Enabled')
    await accelerate(Bucket, 'Suspended')
    expect(await status()).toBe('Suspended')
    const payer = async () => (await world.s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer
    await pay(Bucket, 'Requester')
    expect(await payer()).toBe('Requester')
    await pay(Bucket, 'BucketOwner')
    expect(await payer()).toBe('BucketOwner')
  })

  it('are refused when they say what cannot be', async () => {
    const Bucket = await bucket()
    expect(await refusal(accelerate(Bucket, 'Fast'))).toEqual(MALFORMED)
    expect(await refusal(pay(Bucket, 'Nobody'))).toEqual(MALFORMED)
    expect(await refusal(accelerate(await bucket(world.s3, 'with.periods'), 'Enabled'))).toEqual(
      invalid(
        'InvalidRequest',
        'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names',
      ),
    )
  })
})

describe('a bucket whose requesters pay', () => {
  it('serves other accounts that say they pay, its owner, and no strangers', async () => {
    const Bucket = await bucket()
    const Key = 'k'
    await world.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'content' }))
    await world.s3.send(new DeletePublicAccessBlockCommand({ Bucket }))
    const open = { ...allow('s3:GetObject', `arn:aws:s3:::${Bucket}/*`), Principal: '*' }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(open) }))
    const RequestPaymentConfiguration = { Payer: 'Requester' as const }
    const other = world.as(rootOf(OTHER_ACCOUNT))
    const read = (s3: S3Client, RequestPayer?: 'requester') =>
      s3.send(new GetObjectCommand({ Bucket, Key, RequestPayer }))
    const stranger = (headers: Record<string, string> = {}) =>
      send(world.emulator.url, { method: 'GET', path: `/${Bucket}/${Key}`, headers })
    expect((await read(other)).RequestCharged).toBeUndefined()
    expect((await stranger()).status).toBe(200)

    await world.s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration }))
    expect(await refusal(read(other))).toEqual(denied('Access Denied'))
    expect((await read(other, 'requester')).RequestCharged).toBe('requester')
    expect((await read(world.s3)).RequestCharged).toBeUndefined()
    expect((await stranger()).status).toBe(403)
    expect((await stranger({ 'x-amz-request-payer': 'requester' })).status).toBe(403)
    const copy = { Bucket: await bucket(other, 'paying-copies'), Key, CopySource: `${Bucket}/${Key}` }
    expect(await refusal(other.send(new CopyObjectCommand(copy)))).toEqual(denied('Access Denied'))
    await other.send(new CopyObjectCommand({ ...copy, RequestPayer: 'requester' }))
  })
})

describe('each configuration', () => {
  it('has permissions of its own', async () => {
    const Bucket = await bucket()
    const { s3, arn } = await world.user('configuring-nobody', allow('s3:ListBucket'))
    const website = { IndexDocument: { Suffix: 'i' } }
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['s3:GetBucketLogging', () => s3.send(new GetBucketLoggingCommand({ Bucket }))],
      ['s3:PutBucketLogging', () => s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }))],
      ['s3:GetBucketNotification', () => s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))],
      [
        's3:PutBucketNotification',
        () => s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} })),
      ],
      ['s3:GetBucketWebsite', () => s3.send(new GetBucketWebsiteCommand({ Bucket }))],
      ['s3:PutBucketWebsite', () => s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: website }))],
      ['s3:DeleteBucketWebsite', () => s3.send(new DeleteBucketWebsiteCommand({ Bucket }))],
      ['s3:GetAccelerateConfiguration', () => s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))],
      [
        's3:PutAccelerateConfiguration',
        () =>
          s3.send(
            new PutBucketAccelerateConfigurationCommand({ Bucket, AccelerateConfiguration: { Status: 'Enabled' } }),
          ),
      ],
      ['s3:GetBucketRequestPayment', () => s3.send(new GetBucketRequestPaymentCommand({ Bucket }))],
      [
        's3:PutBucketRequestPayment',
        () =>
          s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: 'Requester' } })),
      ],
    ]
    for (const [action, call] of calls) {
      expect(await refusal(call())).toEqual(
        denied(
          `User: ${arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}" because no identity-based policy allows the ${action} action`,
        ),
      )
    }
  })
})
