import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DeleteUserPolicyCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  rootOf,
  startEmulator,
  type Credentials,
  type TestEmulator,
} from '../support/emulator.ts'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { makeUser } from '../server/gateway/support.ts'
import { refusal } from '../services/s3/support.ts'

/** A real mock service of another make, run as its users run it. */
const hasMoto = canRun('moto_server', '--help')
const withMoto = needs(hasMoto, 'moto_server')
const withCli = needs(hasMoto && canRun('aws', '--version'), 'moto_server or the AWS CLI')

let moto: ChildProcess
let twokey: TestEmulator
let reader: Credentials

beforeAll(async () => {
  if (!hasMoto) return
  moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    for (const stream of [moto.stdout, moto.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1]
        if (found !== undefined) resolve(found)
      })
    moto.on('exit', () => {
      reject(new Error(`moto ended:\n${output}`))
    })
  })
  twokey = await startEmulator({ upstreams: { byService: new Map(), others: url } })
  reader = await makeUser(twokey, 'reader', [])
}, 60_000)

afterAll(async () => {
  if (!hasMoto) return
  await twokey.stop()
  moto.removeAllListeners('exit')
  const ended = once(moto, 'exit')
  moto.kill()
  await ended
})

const allow = (...statements: readonly object[]) =>
  twokey.client(IAMClient).send(
    new PutUserPolicyCommand({
      UserName: 'reader',
      PolicyName: 'inline',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    }),
  )
const statement = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource })
const as = <C>(Client: new (config: never) => C) => twokey.client(Client, { credentials: reader })

describe('in front of moto', () => {
  withMoto('an item of a table is read with a policy, and only with one', async () => {
    const dynamo = twokey.client(DynamoDBClient)
    await dynamo.send(
      new CreateTableCommand({
        TableName: 'orders',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
    const Item = { id: { S: '1' }, total: { N: '3' } }
    await dynamo.send(new PutItemCommand({ TableName: 'orders', Item }))
    const get = () => as(DynamoDBClient).send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } }))
    expect(await refusal(get())).toEqual({
      status: 400,
      code: 'AccessDeniedException',
      message: `User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/orders because no identity-based policy allows the dynamodb:GetItem action`,
    })
    await allow(statement('dynamodb:GetItem', `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/orders`))
    expect((await get()).Item).toEqual(Item)
    await twokey.client(IAMClient).send(new DeleteUserPolicyCommand({ UserName: 'reader', PolicyName: 'inline' }))
    expect((await refusal(get())).code).toBe('AccessDeniedException')
  })

  withMoto('messages go through queues by their addresses, and accounts do not see each other’s', async () => {
    const root = twokey.client(SQSClient)
    const { QueueUrl } = await root.send(new CreateQueueCommand({ QueueName: 'jobs' }))
    expect(QueueUrl).toBe(`${twokey.url}/${ACCOUNT}/jobs`)
    await allow(statement('sqs:ReceiveMessage', `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs`))
    await root.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }))
    const { Messages } = await as(SQSClient).send(new ReceiveMessageCommand({ QueueUrl }))
    expect(Messages?.map(({ Body }) => Body)).toEqual(['hello'])
    expect(await refusal(as(SQSClient).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })))).toMatchObject({
      code: 'AccessDenied',
    })
    const others = twokey.client(SQSClient, { credentials: rootOf(OTHER_ACCOUNT) })
    expect((await others.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined()
    expect((await root.send(new ListQueuesCommand({}))).QueueUrls).toEqual([QueueUrl])
  })

  withMoto('a secret is found by its name under the ARN that moto gave it', async () => {
    const { ARN = '' } = await twokey
      .client(SecretsManagerClient)
      .send(new CreateSecretCommand({ Name: 'app/db', SecretString: 'word' }))
    const read = () => as(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: 'app/db' }))
    await allow(statement('secretsmanager:GetSecretValue', `${ARN.slice(0, -6)}zzzzzz`))
    expect((await refusal(read())).code).toBe('AccessDeniedException')
    await allow(statement('secretsmanager:GetSecretValue', ARN))
    expect((await read()).SecretString).toBe('word')
  })

  withMoto('the query protocol passes, too', async () => {
    const { TopicArn } = await twokey.client(SNSClient).send(new CreateTopicCommand({ Name: 'news' }))
    expect(TopicArn).toBe(`arn:aws:sns:us-east-1:${ACCOUNT}:news`)
    await allow(statement('sns:Publish', TopicArn ?? ''))
    const { MessageId } = await as(SNSClient).send(new PublishCommand({ TopicArn, Message: 'x' }))
    expect(MessageId).toMatch(/^[\da-f-]{36}$/)
  })

  withCli('the AWS CLI reads what moto and Twokey say', async () => {
    const cli = (...args: string[]) => run('aws', args, { env: awsEnvironment(twokey.url, reader) })
    await allow(statement('ssm:PutParameter', `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/app/*`))
    const put = await cli('ssm', 'put-parameter', '--name', '/app/size', '--value', '3', '--type', 'String')
    expect(JSON.parse(put.stdout)).toMatchObject({ Version: 1 })
    const { stderr } = await cli('ssm', 'get-parameter', '--name', '/app/size')
    expect(stderr.trim()).toMatch(
      new RegExp(
        `An error occurred \\(AccessDeniedException\\) when calling the GetParameter operation: User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/app/size because no identity-based policy allows the ssm:GetParameter action$`,
      ),
    )
  })
})
