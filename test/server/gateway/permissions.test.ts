import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ACCOUNT } from '../../support/emulator.ts'
import { send, signed, type RawRequest } from '../../support/raw.ts'
import { told } from '../../support/wire.ts'
import { json, startGateway, type GatewayWorld } from './support.ts'

/** Decides and records, but lets through: each permission that was asked for is seen. */
let world: GatewayWorld

beforeAll(async () => {
  world = await startGateway({ enforcement: 'soft' })
  world.upstream.answer = (_req, res, body) => {
    const id = /"SecretId":"([^"]*)"/.exec(body.toString())?.[1]
    const known =
      id === 'app/db' ? { ARN: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:app/db-a1B2c3` } : undefined
    res.writeHead(id === undefined || known ? 200 : 400)
    res.end(JSON.stringify(known ?? {}))
  }
})
afterAll(() => world.stop())

/** `action on resource` of each check. */
async function asked(service: string, raw: RawRequest): Promise<string[]> {
  const answer = await send(world.twokey.url, signed(world.twokey.url, service, raw))
  const [latest] = world.twokey.emulator.decisions.list({ limit: 1 })
  expect(latest?.requestId).toBe(answer.headers['x-amzn-requestid'])
  const [gate] = world.twokey.emulator.decisions.get(latest?.requestId ?? '')?.gates ?? []
  return gate?.checks.map(({ action, resource }) => `${action} on ${resource}`) ?? []
}

const form = (parameters: Readonly<Record<string, string>>): RawRequest => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: new URLSearchParams(parameters).toString(),
})
const rest = (method: string, path: string, body?: object): RawRequest => ({
  method,
  path,
  headers: { 'content-type': 'application/json' },
  ...(body && { body: JSON.stringify(body) }),
})
const arn = (service: string, resource: string, account = ACCOUNT) =>
  `arn:aws:${service}:us-east-1:${account}:${resource}`

type Case = [service: string, name: string, raw: RawRequest, ...permissions: string[]]

const target: Readonly<Record<string, string>> = {
  dynamodb: 'DynamoDB_20120810',
  sqs: 'AmazonSQS',
  secretsmanager: 'secretsmanager',
  ssm: 'AmazonSSM',
  kinesis: 'Kinesis_20131202',
  events: 'AWSEvents',
  logs: 'Logs_20140328',
  states: 'AWSStepFunctions',
  ecr: 'AmazonEC2ContainerRegistry_V20150921',
}
const call = (service: string, operation: string, input: object, ...permissions: string[]): Case => [
  service,
  `${operation} ${JSON.stringify(input)}`,
  json(`${target[service] ?? ''}.${operation}`, input),
  ...permissions,
]
const query = (
  service: string,
  operation: string,
  input: Readonly<Record<string, string>>,
  ...permissions: string[]
): Case => [
  service,
  `${operation} ${JSON.stringify(input)}`,
  form({ Action: operation, Version: '2010-03-31', ...input }),
  ...permissions,
]
const path = (method: string, uri: string, body: object | undefined, ...permissions: string[]): Case => [
  'lambda',
  `${method} ${uri}`,
  rest(method, uri, body),
  ...permissions,
]

const orders = arn('dynamodb', 'table/orders')
const items = arn('dynamodb', 'table/items')
const topic = arn('sns', 'news')

describe('the permissions that a forwarded request needs', () => {
  it.each<Case>([
    call('dynamodb', 'ListTables', {}, 'dynamodb:ListTables on *'),
    call('dynamodb', 'GetItem', { TableName: 'orders', Key: {} }, `dynamodb:GetItem on ${orders}`),
    call('dynamodb', 'GetItem', { TableName: items, Key: {} }, `dynamodb:GetItem on ${items}`),
    call('dynamodb', 'Query', { TableName: 'orders', IndexName: 'by-day' }, `dynamodb:Query on ${orders}/index/by-day`),
    call('dynamodb', 'Query', { TableName: 'orders' }, `dynamodb:Query on ${orders}`),
    call(
      'dynamodb',
      'BatchGetItem',
      { RequestItems: { orders: { Keys: [] }, items: { Keys: [] } } },
      `dynamodb:BatchGetItem on ${orders}`,
      `dynamodb:BatchGetItem on ${items}`,
    ),
    call(
      'dynamodb',
      'TransactWriteItems',
      {
        TransactItems: [
          { Put: { TableName: 'orders' } },
          { ConditionCheck: { TableName: 'items' } },
          { Put: { TableName: 'orders' } },
          { Delete: { TableName: 'items' } },
        ],
      },
      `dynamodb:PutItem on ${orders}`,
      `dynamodb:ConditionCheckItem on ${items}`,
      `dynamodb:DeleteItem on ${items}`,
    ),
    call(
      'dynamodb',
      'ExecuteStatement',
      { Statement: `SELECT "a FROM items" FROM "orders"."by-day" WHERE x = 'FROM items'` },
      `dynamodb:PartiQLSelect on ${orders}/index/by-day`,
    ),
    call(
      'dynamodb',
      'BatchExecuteStatement',
      {
        Statements: [
          { Statement: 'update orders set a = 1 where id = 2' },
          { Statement: "INSERT INTO items VALUE {'id': 1}" },
          { Statement: 'delete from "items" where id=1' },
        ],
      },
      `dynamodb:PartiQLUpdate on ${orders}`,
      `dynamodb:PartiQLInsert on ${items}`,
      `dynamodb:PartiQLDelete on ${items}`,
    ),
    call('dynamodb', 'TagResource', { ResourceArn: orders, Tags: [] }, `dynamodb:TagResource on ${orders}`),
    [
      'dynamodb',
      'a stream',
      json('DynamoDBStreams_20120810.DescribeStream', { StreamArn: `${orders}/stream/1` }),
      `dynamodb:DescribeStream on ${orders}/stream/1`,
    ],
    call('sqs', 'ListQueues', {}, 'sqs:ListQueues on *'),
    call('sqs', 'CreateQueue', { QueueName: 'q.fifo' }, `sqs:CreateQueue on ${arn('sqs', 'q.fifo')}`),
    call(
      'sqs',
      'GetQueueUrl',
      { QueueName: 'q', QueueOwnerAWSAccountId: '222222222222' },
      `sqs:GetQueueUrl on ${arn('sqs', 'q', '222222222222')}`,
    ),
    call(
      'sqs',
      'SendMessageBatch',
      { QueueUrl: `http://x:1/${ACCOUNT}/q`, Entries: [] },
      `sqs:SendMessage on ${arn('sqs', 'q')}`,
    ),
    call(
      'sqs',
      'ReceiveMessage',
      { QueueUrl: 'http://sqs.us-east-1.localhost:4566/queue/us-east-1/000000000000/q' },
      `sqs:ReceiveMessage on ${arn('sqs', 'q', '000000000000')}`,
    ),
    query('sqs', 'SendMessage', { QueueUrl: `http://x:1/${ACCOUNT}/q` }, `sqs:SendMessage on ${arn('sqs', 'q')}`),
    query('sns', 'ListTopics', {}, 'sns:ListTopics on *'),
    query('sns', 'CreateTopic', { Name: 'news' }, `sns:CreateTopic on ${topic}`),
    query('sns', 'PublishBatch', { TopicArn: topic }, `sns:Publish on ${topic}`),
    query('sns', 'Publish', { PhoneNumber: '+358401234567' }, 'sns:Publish on +358401234567'),
    query('sns', 'Unsubscribe', { SubscriptionArn: `${topic}:0a` }, `sns:Unsubscribe on ${topic}`),
    query(
      'sns',
      'Subscribe',
      { TopicArn: topic, Protocol: 'sqs', Endpoint: arn('sqs', 'q') },
      `sns:Subscribe on ${topic}`,
    ),
    path('GET', '/2015-03-31/functions/', undefined, 'lambda:ListFunctions on *'),
    path('POST', '/2015-03-31/functions/f/invocations', {}, `lambda:InvokeFunction on ${arn('lambda', 'function:f')}`),
    path(
      'POST',
      '/2015-03-31/functions/f/invocations?Qualifier=live',
      {},
      `lambda:InvokeFunction on ${arn('lambda', 'function:f:live')}`,
    ),
    path(
      'POST',
      `/2015-03-31/functions/${encodeURIComponent(arn('lambda', 'function:f'))}/invocations`,
      {},
      `lambda:InvokeFunction on ${arn('lambda', 'function:f')}`,
    ),
    path(
      'POST',
      '/2015-03-31/functions/222222222222%3Afunction%3Af%3A3/invocations',
      {},
      `lambda:InvokeFunction on ${arn('lambda', 'function:f:3', '222222222222')}`,
    ),
    // What is in the path is not what the body says it is.
    path(
      'PUT',
      '/2015-03-31/functions/f/code',
      { FunctionName: 'g' },
      `lambda:UpdateFunctionCode on ${arn('lambda', 'function:f')}`,
    ),
    path('GET', '/2018-10-31/layers?find=LayerVersion&Arn=x', undefined, 'lambda:GetLayerVersion on *'),
    path('GET', '/2018-10-31/layers', undefined, 'lambda:ListLayers on *'),
    path(
      'GET',
      '/2018-10-31/layers/l/versions/3',
      undefined,
      `lambda:GetLayerVersion on ${arn('lambda', 'layer:l:3')}`,
    ),
    path(
      'POST',
      '/2015-03-31/functions',
      { FunctionName: 'f', Role: `arn:aws:iam::${ACCOUNT}:role/worker` },
      `lambda:CreateFunction on ${arn('lambda', 'function:f')}`,
      `iam:PassRole on arn:aws:iam::${ACCOUNT}:role/worker`,
    ),
    call(
      'secretsmanager',
      'GetSecretValue',
      { SecretId: 'app/db' },
      `secretsmanager:GetSecretValue on ${arn('secretsmanager', 'secret:app/db-a1B2c3')}`,
    ),
    call(
      'secretsmanager',
      'GetSecretValue',
      { SecretId: 'none' },
      `secretsmanager:GetSecretValue on ${arn('secretsmanager', 'secret:none-??????')}`,
    ),
    call(
      'secretsmanager',
      'CreateSecret',
      { Name: 'new' },
      `secretsmanager:CreateSecret on ${arn('secretsmanager', 'secret:new-??????')}`,
    ),
    call('secretsmanager', 'ListSecrets', {}, 'secretsmanager:ListSecrets on *'),
    call(
      'secretsmanager',
      'BatchGetSecretValue',
      { SecretIdList: ['app/db'] },
      'secretsmanager:BatchGetSecretValue on *',
      `secretsmanager:GetSecretValue on ${arn('secretsmanager', 'secret:app/db-a1B2c3')}`,
    ),
    call('ssm', 'GetParameter', { Name: '/app/db:3' }, `ssm:GetParameter on ${arn('ssm', 'parameter/app/db')}`),
    call(
      'ssm',
      'GetParameters',
      { Names: ['a', '/b'] },
      `ssm:GetParameters on ${arn('ssm', 'parameter/a')}`,
      `ssm:GetParameters on ${arn('ssm', 'parameter/b')}`,
    ),
    call('ssm', 'GetParametersByPath', { Path: '/app/' }, `ssm:GetParametersByPath on ${arn('ssm', 'parameter/app/')}`),
    call('ssm', 'DescribeParameters', {}, `ssm:DescribeParameters on ${arn('ssm', '*')}`),
    call('kinesis', 'PutRecord', { StreamName: 's' }, `kinesis:PutRecord on ${arn('kinesis', 'stream/s')}`),
    call(
      'events',
      'PutEvents',
      { Entries: [{}, { EventBusName: 'b' }] },
      `events:PutEvents on ${arn('events', 'event-bus/default')}`,
      `events:PutEvents on ${arn('events', 'event-bus/b')}`,
    ),
    call('events', 'PutRule', { Name: 'r', EventBusName: 'b' }, `events:PutRule on ${arn('events', 'rule/b/r')}`),
    call(
      'logs',
      'PutLogEvents',
      { logGroupName: 'g', logStreamName: 's' },
      `logs:PutLogEvents on ${arn('logs', 'log-group:g:log-stream:s')}`,
    ),
    call(
      'states',
      'StartExecution',
      { stateMachineArn: arn('states', 'stateMachine:m') },
      `states:StartExecution on ${arn('states', 'stateMachine:m')}`,
    ),
    call('ecr', 'DescribeRepositories', {}, `ecr:DescribeRepositories on ${arn('ecr', 'repository/*')}`),
    [
      'monitoring',
      'PutMetricData in CBOR',
      {
        path: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
        headers: { 'smithy-protocol': 'rpc-v2-cbor' },
        body: Buffer.from('a0', 'hex'),
      },
      'cloudwatch:PutMetricData on *',
    ],
    // Services that the table does not know: every ARN of theirs, or everything.
    [
      'braket',
      'an ARN',
      json('Braket.CancelJob', { jobArn: arn('braket', 'job/1'), role: 'arn:aws:iam::1:role/x' }),
      `braket:CancelJob on ${arn('braket', 'job/1')}`,
    ],
    ['braket', 'none', json('Braket.SearchJobs', {}), 'braket:SearchJobs on *'],
  ])('%s %s', async (service, _, raw, ...permissions) => {
    expect(await asked(service, raw)).toEqual(permissions)
  })

  it('come with the tags that the request gives, and with the service that a role is passed to', async () => {
    const raw = rest('POST', '/2015-03-31/functions', {
      FunctionName: 'f',
      Tags: { team: 'red' },
      Role: `arn:aws:iam::${ACCOUNT}:role/worker`,
    })
    const user = await world.user(
      'careful',
      {
        Effect: 'Allow',
        Action: 'lambda:CreateFunction',
        Resource: '*',
        Condition: {
          StringEquals: { 'aws:RequestTag/team': 'red' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' },
        },
      },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: '*',
        Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
      },
    )
    const outcomes = async () => {
      await send(world.twokey.url, signed(world.twokey.url, 'lambda', raw, { credentials: user }))
      const [latest] = world.twokey.emulator.decisions.list({ limit: 1 })
      const [gate] = world.twokey.emulator.decisions.get(latest?.requestId ?? '')?.gates ?? []
      return gate?.outcome
    }
    expect(await outcomes()).toBe('allowed')
  })
})

describe('a request that two programs might understand differently', () => {
  const refused = async (service: string, raw: RawRequest) => {
    const before = world.upstream.heard.length
    const answer = told(await send(world.twokey.url, signed(world.twokey.url, service, raw)))
    expect(world.upstream.heard).toHaveLength(before)
    return answer
  }
  const AMBIGUOUS =
    'InvalidParameterCombination: The request says in two ways what it asks for; twokey forwards only what is plain.'

  it('because a member is there twice', async () => {
    expect(
      await refused(
        'dynamodb',
        json('DynamoDB_20120810.GetItem', '{"TableName":"orders","Key":{},"TableName":"secrets"}'),
      ),
    ).toBe('400 SerializationException')
    expect(
      await refused(
        'dynamodb',
        json('DynamoDB_20120810.GetItem', '{"TableName":"orders","\\u0054ableName":"secrets"}'),
      ),
    ).toBe('400 SerializationException')
    // The same name in two objects is none.
    expect(
      told(
        await send(
          world.twokey.url,
          signed(
            world.twokey.url,
            'dynamodb',
            json('DynamoDB_20120810.GetItem', '{"TableName":"orders","Key":{"TableName":{"S":"\\"a\\\\\\":"}}}'),
          ),
        ),
      ),
    ).toBe('200')
  })

  it('because a parameter is there twice', async () => {
    const raw = form({ Action: 'Publish', TopicArn: topic })
    expect(await refused('sns', { ...raw, body: `${String(raw.body)}&TopicArn=x` })).toBe(`400 ${AMBIGUOUS}`)
    expect(await refused('sns', { ...raw, path: '/?TopicArn=x' })).toBe(`400 ${AMBIGUOUS}`)
    expect(
      await refused('dynamodb', { ...json('DynamoDB_20120810.ListTables', {}), path: '/?Action=DeleteTable' }),
    ).toBe(`400 ${AMBIGUOUS}`)
  })

  it('because its path has dots', async () => {
    for (const path of ['/2015-03-31/functions/f/../g/invocations', '/2015-03-31/functions/f%2F..%2Fg/invocations'])
      expect(await refused('lambda', rest('POST', path, {}))).toBe(
        `400 : The request says in two ways what it asks for; twokey forwards only what is plain.`,
      )
  })

  it('because the address of a queue is none', async () => {
    for (const QueueUrl of ['http://x/1/q?/111111111111/r', 'http://x/111111111111/q#r', 'http://x/111111111111/q/'])
      expect(await refused('sqs', json('AmazonSQS.DeleteQueue', { QueueUrl }))).toBe(
        `404 InvalidAddress: The address ${QueueUrl} is not valid for this endpoint.`,
      )
  })

  it('because its PartiQL is not understood', async () => {
    for (const Statement of [
      '',
      'SELECT * FROM a, b FROM c',
      'SELECT * -- FROM orders\n FROM items',
      'SELECT /* FROM orders */ * FROM items',
      'DROP TABLE x',
      'UPDATE',
    ])
      expect(await refused('dynamodb', json('DynamoDB_20120810.ExecuteStatement', { Statement }))).toBe(
        "400 ValidationException: Statement wasn't well formed, can't be processed: Unexpected token",
      )
  })

  it('because it names no operation', async () => {
    expect(await refused('dynamodb', json('DynamoDB_20120810.', {}))).toBe('400 UnknownOperationException')
    expect(await refused('sns', form({ Version: '2010-03-31' }))).toBe(
      '400 MissingAction: The request is missing an action or a required parameter.',
    )
    expect(await refused('dynamodb', json('DynamoDB_20120810.GetItem', '[1]'))).toBe('400 SerializationException')
  })
})
