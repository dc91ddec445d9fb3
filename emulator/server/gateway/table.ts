import { AwsError } from '../../lib/awsError.ts'
import { readStatement } from './partiql.ts'
import { here, isArn, named, objects, record, text, texts, type ArnOf, type Asked, type Said } from './said.ts'

/**
 * Where services differ from the rule: the action is `<signing name>:<operation>`, and the resource is every member that holds an
 * ARN of the service, or else `*`. Sources: Service Authorization Reference and API references; what a denial looks like, as quoted
 * in public issues, or else as most services of the protocol have it.
 */
export interface ServiceRule {
  /** Before the colon of its actions, where that is not the signing name. */
  readonly prefix?: string
  /** The clients of AWS's SDK that know its REST operations, where that is not `client-<signing name>`. */
  readonly clients?: readonly string[]
  /** What stands before the dot in X-Amz-Target. A target of one service is never taken for another's. */
  readonly targets?: readonly string[]
  /** Action by operation, where they differ. */
  readonly actions?: Readonly<Record<string, string>>
  /** The members that name the resource: each that is there is one. */
  readonly members?: Readonly<Record<string, ArnOf>>
  /** Operations that ask for something else altogether. */
  readonly operations?: Readonly<Record<string, (said: Said) => readonly Asked[]>>
  /** Permissions besides. */
  readonly also?: (said: Said) => readonly Asked[]
  /** How a refusal reads. */
  readonly denial?: {
    readonly code?: string
    /** An action as this service's denials write it. */
    readonly written?: (action: string) => string
  }
  /** Its errors are XML, though its operations are REST. */
  readonly xml?: true
}

const NOTHING: readonly Asked[] = []

// ---- DynamoDB ----------------------------------------------------------------------------------------------------------

const tableArn = named('dynamodb', 'table/')

const ofTable = (action: string, table: unknown, said: Said, context?: Asked['context']): readonly Asked[] => {
  const name = text(table)
  return name === undefined ? NOTHING : [{ action, arn: tableArn(name, said), context }]
}

/** Query and Scan of an index are about the index. */
const read = ({ operation: action, input, ...rest }: Said): readonly Asked[] => {
  const said = { operation: action, input, ...rest }
  const index = text(input['IndexName'])
  const table = text(input['TableName'])
  if (table === undefined || index === undefined) return ofTable(action, table, said)
  return [{ action, arn: `${tableArn(table, said)}/index/${index}` }]
}

/** BatchGetItem and BatchWriteItem name their tables as keys. */
const batch = (said: Said) =>
  Object.keys(record(said.input['RequestItems']) ?? {}).flatMap((table) => ofTable(said.operation, table, said))

const IN_TRANSACTION: Readonly<Record<string, string>> = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
}

const transaction = (said: Said) =>
  objects(said.input['TransactItems']).flatMap((item) =>
    Object.entries(item).flatMap(([kind, inner]) => {
      const action = Object.hasOwn(IN_TRANSACTION, kind) ? IN_TRANSACTION[kind] : undefined
      const context = { 'dynamodb:EnclosingOperation': said.operation }
      return action === undefined ? [] : ofTable(action, record(inner)?.['TableName'], said, context)
    }),
  )

const partiQl =
  (list: string | undefined) =>
  (said: Said): readonly Asked[] =>
    (list === undefined ? [said.input] : objects(said.input[list])).flatMap(({ Statement: statement }) => {
      const { action, table, index } = readStatement(text(statement) ?? '')
      const arn = tableArn(table, said)
      return [{ action, arn: index === undefined ? arn : `${arn}/index/${index}` }]
    })

// ---- SQS and SNS -------------------------------------------------------------------------------------------------------

/** `http://…/<account>/<queue>`; ElasticMQ and LocalStack also write `…/queue/<Region>/…`. Nothing else, so that all read it alike. */
const QUEUE_URL =
  /^https?:\/\/[^/?#\s]+\/(?:queue\/)?(?:[a-z]{2}(?:-[a-z]+)+-\d\/)?(?:(\d{12})\/)?([\w-]{1,80}(?:\.fifo)?)$/

const queueArn: ArnOf = (value, said) => {
  if (/^[\w-]{1,80}(?:\.fifo)?$/.test(value)) return here(said, 'sqs', value)
  const [, account, name = ''] = QUEUE_URL.exec(value) ?? []
  if (name === '') throw new AwsError('InvalidAddress', 404, `The address ${value} is not valid for this endpoint.`)
  return here(account === undefined ? said : { ...said, account }, 'sqs', name)
}

const queueName: ArnOf = (value, said) => {
  const owner = text(said.input['QueueOwnerAWSAccountId'])
  return here(owner === undefined ? said : { ...said, account: owner }, 'sqs', value)
}

/** A subscription belongs to its topic: `arn:aws:sns:…:topic:uuid`. */
const topicOfSubscription: ArnOf = (value) => value.split(':').slice(0, 6).join(':')

// ---- Lambda ------------------------------------------------------------------------------------------------------------

const FUNCTION =
  /^(?:(arn:[\w-]+:lambda:[\w-]+:\d{12}):function:|(\d{12}):function:|function:)?([\w-]+)(?::([\w$-]+))?$/

/** A name, a partial or whole ARN, each perhaps with a version or alias; Qualifier says it elsewhere. */
const functionArn: ArnOf = (value, said) => {
  const [, whole, account = said.account, name, suffix] = FUNCTION.exec(value) ?? []
  if (name === undefined) return isArn(value) ? value : here(said, 'lambda', `function:${value}`)
  const qualifier = text(said.input['Qualifier']) ?? suffix
  const arn =
    whole === undefined ? here({ ...said, account }, 'lambda', `function:${name}`) : `${whole}:function:${name}`
  return qualifier === undefined ? arn : `${arn}:${qualifier}`
}

const layerArn: ArnOf = (value, said) => {
  const arn = isArn(value) ? value : here(said, 'lambda', `layer:${value}`)
  const version = said.input['VersionNumber']
  return typeof version === 'string' || typeof version === 'number' ? `${arn}:${String(version)}` : arn
}

/** Who gives a service a role to work in must be allowed to (IAM user guide, "Granting a user permissions to pass a role"). */
const passing =
  (member: string, service: string) =>
  ({ input }: Said): readonly Asked[] => {
    const role = text(input[member])
    if (role === undefined || !isArn(role)) return NOTHING
    return [{ action: 'iam:PassRole', arn: role, context: { 'iam:PassedToService': service } }]
  }

// ---- Secrets Manager and Systems Manager ---------------------------------------------------------------------------------

/** The six characters at the end of a secret's ARN are not known where the secret is not, or not yet. */
const secretArn: ArnOf = (value, said) =>
  isArn(value) ? value : here(said, 'secretsmanager', `secret:${value}-??????`)

const secret = (action: string, value: unknown, said: Said): readonly Asked[] => {
  const id = text(value)
  return id === undefined ? NOTHING : [{ action, arn: secretArn(id, said), named: id }]
}

/** `/app/db` is `parameter/app/db`; a version or label behind a colon does not count. */
const parameterArn: ArnOf = (value, said) => {
  if (isArn(value)) return value.split(':').slice(0, 6).join(':')
  const [name = ''] = value.split(':')
  return here(said, 'ssm', `parameter${name.startsWith('/') ? '' : '/'}${name}`)
}

const parameters =
  (member: string) =>
  (said: Said): readonly Asked[] =>
    texts(said.input[member]).map((name) => ({ action: said.operation, arn: parameterArn(name, said) }))

const parameter = parameters('Name')
const TAGGED: Readonly<Record<string, string>> = {
  Parameter: 'parameter',
  Document: 'document',
  MaintenanceWindow: 'maintenancewindow',
}

const taggedInSsm = (said: Said): readonly Asked[] => {
  const id = text(said.input['ResourceId']) ?? ''
  const type = text(said.input['ResourceType']) ?? ''
  if (type === 'Parameter') return [{ action: said.operation, arn: parameterArn(id, said) }]
  return [{ action: said.operation, arn: here(said, 'ssm', `${TAGGED[type] ?? type.toLowerCase()}/${id}`) }]
}

// ---- Others ------------------------------------------------------------------------------------------------------------

const bus: ArnOf = named('events', 'event-bus/')

const rule: ArnOf = (value, said) => {
  const of = text(said.input['EventBusName'])
  const busName = of === undefined || of === 'default' ? '' : `${isArn(of) ? (of.split('/').at(-1) ?? '') : of}/`
  return isArn(value) ? value : here(said, 'events', `rule/${busName}${value}`)
}

const putEvents = (said: Said): readonly Asked[] =>
  objects(said.input['Entries']).map(({ EventBusName: name }) => ({
    action: 'PutEvents',
    arn: bus(text(name) ?? 'default', said),
  }))

const logGroup: ArnOf = (value, said) => {
  const arn = isArn(value) ? value : here(said, 'logs', `log-group:${value}`)
  const stream = text(said.input['logStreamName'])
  return stream === undefined ? `${arn.replace(/:\*$/, '')}:*` : `${arn.replace(/:\*$/, '')}:log-stream:${stream}`
}

/** By signing name. */
export const RULES: Readonly<Record<string, ServiceRule>> = {
  dynamodb: {
    targets: ['DynamoDB_20120810', 'DynamoDBStreams_20120810'],
    members: {
      TableName: tableArn,
      SourceTableName: tableArn,
      TargetTableName: tableArn,
      GlobalTableName: (value, said) =>
        isArn(value) ? value : here({ ...said, region: '' }, 'dynamodb', `global-table/${value}`),
    },
    operations: {
      Query: read,
      Scan: read,
      BatchGetItem: batch,
      BatchWriteItem: batch,
      TransactGetItems: transaction,
      TransactWriteItems: transaction,
      ExecuteStatement: partiQl(undefined),
      BatchExecuteStatement: partiQl('Statements'),
      ExecuteTransaction: partiQl('TransactStatements'),
    },
  },
  sqs: {
    targets: ['AmazonSQS'],
    members: { QueueUrl: queueArn, QueueName: queueName },
    actions: {
      SendMessageBatch: 'SendMessage',
      DeleteMessageBatch: 'DeleteMessage',
      ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
    },
    // Quoted in aws/serverless-application-model issue 3633.
    denial: { code: 'AccessDenied', written: (action) => action.toLowerCase() },
  },
  sns: {
    actions: { PublishBatch: 'Publish' },
    members: {
      TopicArn: (value) => value,
      TargetArn: (value) => value,
      SubscriptionArn: topicOfSubscription,
      // Quoted in functionalone/serverless-iam-roles-per-function issue 106: the number is the resource.
      PhoneNumber: (value) => value,
    },
    operations: {
      CreateTopic: (said) => [{ action: 'CreateTopic', arn: here(said, 'sns', text(said.input['Name']) ?? '') }],
    },
    // Quoted in aws-ia/terraform-aws-control_tower_account_factory issue 151.
    denial: { code: 'AuthorizationError', written: (action) => action.replace(/^sns:/, 'SNS:') },
  },
  lambda: {
    members: { FunctionName: functionArn, LayerName: layerArn, UUID: named('lambda', 'event-source-mapping:') },
    actions: {
      Invoke: 'InvokeFunction',
      InvokeWithResponseStream: 'InvokeFunction',
      GetLayerVersionByArn: 'GetLayerVersion',
    },
    operations: { CreateEventSourceMapping: ({ operation: action }) => [{ action, arn: '*' }] },
    also: (said) =>
      said.operation === 'CreateFunction' || said.operation === 'UpdateFunctionConfiguration'
        ? passing('Role', 'lambda.amazonaws.com')(said)
        : NOTHING,
  },
  secretsmanager: {
    targets: ['secretsmanager'],
    operations: {
      CreateSecret: (said) => secret('CreateSecret', said.input['Name'], said),
      BatchGetSecretValue: (said) => {
        const ids = texts(said.input['SecretIdList']).flatMap((id) => secret('GetSecretValue', id, said))
        // By filter, it may be any.
        return [
          { action: 'BatchGetSecretValue', arn: '*' },
          ...(ids.length > 0 ? ids : [{ action: 'GetSecretValue', arn: '*' }]),
        ]
      },
      ListSecrets: ({ operation: action }) => [{ action, arn: '*' }],
      GetRandomPassword: ({ operation: action }) => [{ action, arn: '*' }],
    },
    members: { SecretId: secretArn },
  },
  ssm: {
    targets: ['AmazonSSM'],
    operations: {
      GetParameter: parameter,
      PutParameter: parameter,
      DeleteParameter: parameter,
      GetParameterHistory: parameter,
      LabelParameterVersion: parameter,
      UnlabelParameterVersion: parameter,
      GetParameters: parameters('Names'),
      DeleteParameters: parameters('Names'),
      GetParametersByPath: parameters('Path'),
      DescribeParameters: (said) => [{ action: said.operation, arn: here(said, 'ssm', '*') }],
      AddTagsToResource: taggedInSsm,
      RemoveTagsFromResource: taggedInSsm,
      ListTagsForResource: taggedInSsm,
    },
    members: {
      DocumentName: named('ssm', 'document/'),
      Name: named('ssm', 'document/'),
      InstanceId: (value, said) => here(said, 'ec2', `instance/${value}`),
    },
  },
  kinesis: {
    targets: ['Kinesis_20131202'],
    members: { StreamARN: (value) => value, StreamName: named('kinesis', 'stream/'), ConsumerARN: (value) => value },
  },
  firehose: { targets: ['Firehose_20150804'], members: { DeliveryStreamName: named('firehose', 'deliverystream/') } },
  events: {
    targets: ['AWSEvents'],
    clients: ['client-eventbridge'],
    operations: { PutEvents: putEvents },
    members: { Rule: rule, Name: rule },
  },
  logs: {
    targets: ['Logs_20140328'],
    clients: ['client-cloudwatch-logs'],
    members: { logGroupName: logGroup, logGroupIdentifier: logGroup, logGroupNamePrefix: logGroup },
  },
  states: {
    targets: ['AWSStepFunctions'],
    clients: ['client-sfn'],
    operations: {
      CreateStateMachine: (said) => [
        { action: said.operation, arn: here(said, 'states', `stateMachine:${text(said.input['name']) ?? ''}`) },
      ],
      CreateActivity: (said) => [
        { action: said.operation, arn: here(said, 'states', `activity:${text(said.input['name']) ?? ''}`) },
      ],
    },
    also: (said) =>
      /^(?:Create|Update)StateMachine$/.test(said.operation)
        ? passing('roleArn', 'states.amazonaws.com')(said)
        : NOTHING,
  },
  ecr: {
    targets: ['AmazonEC2ContainerRegistry_V20150921'],
    members: { repositoryName: named('ecr', 'repository/') },
    operations: {
      DescribeRepositories: (said) => {
        const names = texts(said.input['repositoryNames'])
        const all = names.length > 0 ? names : ['*']
        return all.map((name) => ({ action: said.operation, arn: named('ecr', 'repository/')(name, said) }))
      },
    },
  },
  ecs: { targets: ['AmazonEC2ContainerServiceV20141113'] },
  'cognito-idp': {
    targets: ['AWSCognitoIdentityProviderService'],
    clients: ['client-cognito-identity-provider'],
    members: { UserPoolId: named('cognito-idp', 'userpool/') },
  },
  'cognito-identity': {
    targets: ['AWSCognitoIdentityService'],
    members: { IdentityPoolId: named('cognito-identity', 'identitypool/') },
  },
  acm: { targets: ['CertificateManager'] },
  athena: { targets: ['AmazonAthena'], members: { WorkGroup: named('athena', 'workgroup/') } },
  glue: { targets: ['AWSGlue'] },
  wafv2: { targets: ['AWSWAF_20190729'] },
  codebuild: { targets: ['CodeBuild_20161006'] },
  codepipeline: { targets: ['CodePipeline_20150709'] },
  codecommit: { targets: ['CodeCommit_20150413'] },
  config: { targets: ['StarlingDoveService'], clients: ['client-config-service'] },
  dms: { targets: ['AmazonDMSv20160101'], clients: ['client-database-migration-service'] },
  elasticmapreduce: { targets: ['ElasticMapReduce'], clients: ['client-emr'] },
  sagemaker: { targets: ['SageMaker'] },
  swf: { targets: ['SimpleWorkflowService'] },
  transcribe: { targets: ['Transcribe'] },
  servicediscovery: { targets: ['Route53AutoNaming_v20170314'] },
  tagging: {
    prefix: 'tag',
    targets: ['ResourceGroupsTaggingAPI_20170126'],
    clients: ['client-resource-groups-tagging-api'],
  },
  'application-autoscaling': { targets: ['AnyScaleFrontendService'], clients: ['client-application-auto-scaling'] },
  monitoring: { prefix: 'cloudwatch', targets: ['GraniteServiceVersion20100801'], clients: ['client-cloudwatch'] },
  apigateway: { clients: ['client-api-gateway', 'client-apigatewayv2'] },
  ses: { clients: ['client-sesv2', 'client-ses'] },
  es: { clients: ['client-opensearch', 'client-elasticsearch-service'] },
  elasticfilesystem: { clients: ['client-efs'] },
  iotdata: { prefix: 'iot', clients: ['client-iot-data-plane'] },
  bedrock: {
    clients: ['client-bedrock-runtime', 'client-bedrock', 'client-bedrock-agent-runtime', 'client-bedrock-agent'],
  },
  scheduler: {
    also: ({ input }) =>
      passing('RoleArn', 'scheduler.amazonaws.com')({ input: record(input['Target']) ?? {} } as Said),
  },
  route53: { clients: ['client-route-53'], xml: true, members: { Id: hostedZone, HostedZoneId: hostedZone } },
  cloudfront: {
    xml: true,
    members: { DistributionId: (value, said) => here({ ...said, region: '' }, 'cloudfront', `distribution/${value}`) },
  },
}

/** Where the zone's id may be given as `/hostedzone/Z1`. */
function hostedZone(value: string): string {
  return `arn:aws:route53:::${value.startsWith('/') ? value.slice(1) : `hostedzone/${value}`}`
}

export const ruleOf = (service: string): ServiceRule => (Object.hasOwn(RULES, service) ? (RULES[service] ?? {}) : {})

const TARGETS: ReadonlyMap<string, string> = new Map(
  Object.entries(RULES).flatMap(([service, { targets = [] }]) => targets.map((target) => [target, service] as const)),
)

/** The service that a target prefix belongs to, where the table knows it. */
export const serviceOfTarget = (prefix: string): string | undefined => TARGETS.get(prefix)
