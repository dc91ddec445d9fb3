import {
  NOTHING,
  tableArn,
  read,
  batch,
  transaction,
  partiQl,
  queueArn,
  queueName,
  topicOfSubscription,
  functionArn,
  layerArn,
  passing,
  secretArn,
  secret,
  parameters,
  parameter,
  taggedInSsm,
  rule,
  putEvents,
  logGroup,
  hostedZone,
} from './resources.ts'
import { here, isArn, named, record, text, texts, type ArnOf, type Asked, type Said } from './said.ts'

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

export const ruleOf = (service: string): ServiceRule => (Object.hasOwn(RULES, service) ? (RULES[service] ?? {}) : {})

const TARGETS: ReadonlyMap<string, string> = new Map(
  Object.entries(RULES).flatMap(([service, { targets = [] }]) => targets.map((target) => [target, service] as const)),
)

/** The service that a target prefix belongs to, where the table knows it. */
export const serviceOfTarget = (prefix: string): string | undefined => TARGETS.get(prefix)
