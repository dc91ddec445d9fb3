import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { decode } from 'cborg'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ACCOUNT, startEmulator, type Credentials } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { told } from '../../support/wire.ts'
import { refusal } from '../../services/s3/support.ts'
import { json, makeUser, startGateway, type GatewayWorld } from './support.ts'

let world: GatewayWorld
let nobody: Credentials

beforeAll(async () => {
  world = await startGateway()
  nobody = await world.user('nobody')
})
afterAll(() => world.stop())

const WHO = `User: arn:aws:iam::${ACCOUNT}:user/nobody is not authorized to perform:`
const because = (action: string) => `because no identity-based policy allows the ${action} action`
const as = <C>(Client: new (config: never) => C) => world.twokey.client(Client, { credentials: nobody })

describe('a denial', () => {
  it.each<[string, () => Promise<unknown>, number, string, string]>([
    [
      'DynamoDB',
      () => as(DynamoDBClient).send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } })),
      400,
      'AccessDeniedException',
      `${WHO} dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/orders ${because('dynamodb:GetItem')}`,
    ],
    [
      'SQS, in lower case',
      () =>
        as(SQSClient).send(new SendMessageCommand({ QueueUrl: `${world.twokey.url}/${ACCOUNT}/q`, MessageBody: 'x' })),
      400,
      'AccessDenied',
      `${WHO} sqs:sendmessage on resource: arn:aws:sqs:us-east-1:${ACCOUNT}:q ${because('sqs:sendmessage')}`,
    ],
    [
      'SQS, for a batch',
      () =>
        as(SQSClient).send(new SendMessageBatchCommand({ QueueUrl: `${world.twokey.url}/${ACCOUNT}/q`, Entries: [] })),
      400,
      'AccessDenied',
      `${WHO} sqs:sendmessage on resource: arn:aws:sqs:us-east-1:${ACCOUNT}:q ${because('sqs:sendmessage')}`,
    ],
    [
      'SNS',
      () => as(SNSClient).send(new PublishCommand({ TopicArn: `arn:aws:sns:us-east-1:${ACCOUNT}:news`, Message: 'x' })),
      403,
      'AuthorizationErrorException',
      `${WHO} SNS:Publish on resource: arn:aws:sns:us-east-1:${ACCOUNT}:news ${because('SNS:Publish')}`,
    ],
    [
      'Lambda',
      () => as(LambdaClient).send(new InvokeCommand({ FunctionName: 'f' })),
      403,
      'AccessDeniedException',
      `${WHO} lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:${ACCOUNT}:function:f ${because('lambda:InvokeFunction')}`,
    ],
    [
      'Secrets Manager, by the name that was given',
      () => as(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: 'app/db' })),
      400,
      'AccessDeniedException',
      `${WHO} secretsmanager:GetSecretValue on resource: app/db ${because('secretsmanager:GetSecretValue')}`,
    ],
    [
      'Secrets Manager, of no resource',
      () => as(SecretsManagerClient).send(new ListSecretsCommand({})),
      400,
      'AccessDeniedException',
      `${WHO} secretsmanager:ListSecrets ${because('secretsmanager:ListSecrets')}`,
    ],
    [
      'Systems Manager',
      () => as(SSMClient).send(new GetParameterCommand({ Name: '/app/db' })),
      400,
      'AccessDeniedException',
      `${WHO} ssm:GetParameter on resource: arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/app/db ${because('ssm:GetParameter')}`,
    ],
    [
      'another account, whose policies nobody here knows',
      () =>
        world.twokey
          .client(SNSClient)
          .send(new PublishCommand({ TopicArn: 'arn:aws:sns:us-east-1:222222222222:news', Message: 'x' })),
      403,
      'AuthorizationErrorException',
      `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: SNS:Publish on resource: arn:aws:sns:us-east-1:222222222222:news because no resource-based policy allows the SNS:Publish action`,
    ],
  ])('of %s is in its words', async (_, call, status, code, message) => {
    const before = world.upstream.heard.filter(isNoLookUp).length
    expect(await refusal(call())).toEqual({ status, code, message })
    expect(world.upstream.heard.filter(isNoLookUp)).toHaveLength(before)
  })

  it('in CBOR can be read', async () => {
    const path = '/service/GraniteServiceVersion20100801/operation/PutMetricData'
    const raw = { path, headers: { 'smithy-protocol': 'rpc-v2-cbor' }, body: Buffer.from('a0', 'hex') }
    const { hostname, port } = new URL(world.twokey.url)
    const { headers } = signed(world.twokey.url, 'monitoring', raw, { credentials: nobody })
    const answer = await fetch(`http://${hostname}:${port}${path}`, {
      method: 'POST',
      headers: Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name !== 'host')),
      body: raw.body,
    })
    expect({ status: answer.status, body: decode(new Uint8Array(await answer.arrayBuffer())) as unknown }).toEqual({
      status: 400,
      body: {
        __type: 'AccessDeniedException',
        message: `${WHO} cloudwatch:PutMetricData ${because('cloudwatch:PutMetricData')}`,
      },
    })
  })

  it('is in the decision log with its layer, and in the audit trail', async () => {
    await refusal(as(DynamoDBClient).send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } })))
    const [latest] = world.twokey.emulator.decisions.list({ limit: 1, deniedOnly: true })
    const view = world.twokey.emulator.decisions.get(latest?.requestId ?? '')
    expect(view).toMatchObject({ service: 'dynamodb', operation: 'GetItem', outcome: 'denied', status: 400 })
    expect(view?.gates[0]).toMatchObject({
      gate: 'data',
      checks: [{ effect: 'implicit-deny', decidedBy: { layer: 'identity' } }],
    })
    expect(world.twokey.emulator.trail.list(1)).toMatchObject([
      {
        eventSource: 'dynamodb.amazonaws.com',
        eventName: 'GetItem',
        errorCode: 'AccessDenied',
        requestParameters: null,
        readOnly: true,
        recipientAccountId: ACCOUNT,
      },
    ])
  })

  it('by an explicit Deny strikes one table of a batch', async () => {
    const one = await world.user(
      'one',
      { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' },
      { Effect: 'Deny', Action: 'dynamodb:*', Resource: 'arn:aws:dynamodb:*:*:table/secrets' },
    )
    const batch = (...tables: string[]) =>
      json('DynamoDB_20120810.BatchGetItem', { RequestItems: Object.fromEntries(tables.map((name) => [name, {}])) })
    const ask = async (...tables: string[]) =>
      told(await send(world.twokey.url, signed(world.twokey.url, 'dynamodb', batch(...tables), { credentials: one })))
    expect(await ask('orders', 'items')).toBe('200')
    expect(await ask('orders', 'secrets')).toBe(
      `400 AccessDeniedException: User: arn:aws:iam::${ACCOUNT}:user/one is not authorized to perform: dynamodb:BatchGetItem on resource: arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/secrets with an explicit deny in an identity-based policy`,
    )
  })
})

/** The gateway asks for the ARN of a secret; nothing else may reach the upstream. */
const isNoLookUp = ({ headers }: { headers: Readonly<Record<string, unknown>> }) =>
  headers['x-amz-target'] !== 'secretsmanager.DescribeSecret'

describe('what is not forwarded', () => {
  it('is a REST service whose operations nobody here knows', async () => {
    expect(
      told(await send(world.twokey.url, signed(world.twokey.url, 'appsync', { method: 'GET', path: '/v1/apis' }))),
    ).toBe(
      '501 : twokey cannot tell which operation of `appsync` GET /v1/apis is, and forwards nothing that it has not authorized: install @aws-sdk/client-appsync beside twokey and start it again',
    )
    expect(
      told(await send(world.twokey.url, signed(world.twokey.url, 'lambda', { method: 'GET', path: '/moto-api/data' }))),
    ).toBe('404 : twokey knows no operation of `lambda` for GET /moto-api/data')
  })

  it('is an operation of a service that is here, unless the settings name that service', async () => {
    const before = world.upstream.heard.length
    const ec2 = (twokey: GatewayWorld['twokey'], credentials?: Credentials) =>
      refusal(twokey.client(EC2Client, { credentials }).send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' })))
    expect(await ec2(world.twokey)).toEqual({
      status: 501,
      code: 'NotImplemented',
      message: 'twokey does not emulate ec2:CreateVpc',
    })
    expect(world.upstream.heard).toHaveLength(before)

    const asked = await startEmulator({
      upstreams: { byService: new Map([['ec2', world.upstream.url]]), others: undefined },
    })
    world.upstream.answer = (_req, res) =>
      res.end('<CreateVpcResponse><vpc><vpcId>vpc-1</vpcId></vpc></CreateVpcResponse>')
    const { Vpc } = await asked.client(EC2Client).send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))
    expect(Vpc?.VpcId).toBe('vpc-1')
    expect(world.upstream.heard.at(-1)?.body.toString()).toContain('Action=CreateVpc')
    const other = await makeUser(asked, 'nobody', [])
    expect(await ec2(asked, other)).toMatchObject({
      status: 403,
      code: 'UnauthorizedOperation',
      message: `You are not authorized to perform this operation. ${WHO} ec2:CreateVpc ${because('ec2:CreateVpc')}`,
    })
    await asked.stop()
  })

  it('is anything without an upstream', async () => {
    const alone = await startEmulator()
    expect(told(await send(alone.url, signed(alone.url, 'dynamodb', json('DynamoDB_20120810.ListTables', {}))))).toBe(
      '501 NotImplemented: twokey does not emulate the service `dynamodb`',
    )
    await alone.stop()
  })
})
