/** How the policy of an AWS managed key differs from service to service (facts: D3). */
export interface ManagedService {
  /** `alias/aws/<service>` */
  readonly service: string
  /** Of the policy document. */
  readonly id: string
  /** What DescribeKey says the key protects; recorded for S3, EBS, Secrets Manager and SQS, for the others in their manner. */
  readonly protects: string
  /** Sid of the statement for the account's principals. */
  readonly sid: string
  readonly actions: readonly string[]
  /** First label of kms:ViaService; the service's own name unless told. */
  readonly via?: string
  /** kms:ViaService is matched by pattern, in any Region. */
  readonly viaAnyRegion?: true
  /** The account may revoke grants that the service made. */
  readonly revoke: boolean
  /** Statements between and after the two that every such key has. */
  readonly more?: readonly MoreStatement[]
}

type MoreStatement =
  | {
      readonly kind: 'access'
      readonly sid: string
      readonly actions: readonly string[]
      readonly via: string
      readonly anyRegion?: true
    }
  | { readonly kind: 'describe'; readonly sid: string; readonly service: string }

const ENC = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*']
const DESCRIBE = 'kms:DescribeKey'
const GRANT = 'kms:CreateGrant'

const access = (through: string, use = through) =>
  `Allow access through ${through} for all principals in the account that are authorized to use ${use}`

const SECRETS = access('AWS Secrets Manager')

export const MANAGED_SERVICES: readonly ManagedService[] = [
  {
    service: 's3',
    id: 'auto-s3-2',
    protects: 'S3 objects',
    sid: access('S3'),
    actions: [...ENC, DESCRIBE],
    revoke: false,
  },
  {
    service: 'ebs',
    id: 'auto-ebs-2',
    protects: 'EBS volumes',
    sid: access('EBS'),
    actions: [...ENC, GRANT, DESCRIBE],
    via: 'ec2',
    revoke: true,
  },
  {
    service: 'secretsmanager',
    id: 'auto-secretsmanager-2',
    protects: 'Secrets Manager data',
    sid: SECRETS,
    actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', GRANT, DESCRIBE],
    revoke: true,
    more: [{ kind: 'access', sid: SECRETS, actions: ['kms:GenerateDataKey*'], via: 'secretsmanager', anyRegion: true }],
  },
  {
    service: 'ssm',
    id: 'auto-ssm-1',
    protects: 'SSM parameters',
    sid: access('SSM'),
    actions: [...ENC, DESCRIBE],
    revoke: false,
  },
  {
    service: 'rds',
    id: 'auto-rds-2',
    protects: 'RDS database volumes',
    sid: access('RDS'),
    actions: [...ENC, GRANT, 'kms:ListGrants', DESCRIBE],
    revoke: true,
  },
  {
    service: 'sqs',
    id: 'auto-sqs-1',
    protects: 'SQS messages',
    sid: access('Simple Queue Service (SQS)', 'SQS'),
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
  },
  {
    service: 'sns',
    id: 'auto-sns-1',
    protects: 'SNS data',
    sid: access('SNS'),
    actions: ['kms:Decrypt', 'kms:GenerateDataKey*', GRANT, 'kms:ListGrants', DESCRIBE],
    revoke: true,
  },
  {
    service: 'lambda',
    id: 'auto-awslambda',
    protects: 'Lambda functions',
    sid: access('AWS Lambda'),
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
  },
  {
    service: 'dynamodb',
    id: 'auto-dynamodb-3',
    protects: 'DynamoDB data',
    sid: access('Amazon DynamoDB'),
    actions: [...ENC, GRANT, DESCRIBE],
    viaAnyRegion: true,
    revoke: true,
    more: [{ kind: 'describe', sid: 'Allow DynamoDB to directly describe the key', service: 'dynamodb.amazonaws.com' }],
  },
  {
    service: 'elasticfilesystem',
    id: 'auto-elasticfilesystem-1',
    protects: 'EFS filesystems',
    sid: 'Allow access to EFS for all principals in the account that are authorized to use EFS',
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
  },
  {
    service: 'kinesis',
    id: 'auto-kinesis-1',
    protects: 'Kinesis data',
    sid: access('Amazon Kinesis'),
    actions: [...ENC, DESCRIBE],
    revoke: false,
  },
  {
    service: 'glue',
    id: 'auto-glue-1',
    protects: 'Glue data',
    sid: access('Glue'),
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
  },
  {
    service: 'ecr',
    id: 'auto-ecr-1',
    protects: 'ECR data',
    sid: access('Amazon ECR'),
    actions: [...ENC, GRANT, DESCRIBE, 'kms:RetireGrant'],
    revoke: true,
  },
  {
    service: 'es',
    id: 'auto-es-2',
    protects: 'OpenSearch data',
    sid: access('OpenSearch Service'),
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
    more: [
      {
        kind: 'describe',
        sid: 'Allow OpenSearch service principals to describe the key directly',
        service: 'es.amazonaws.com',
      },
    ],
  },
  {
    service: 'backup',
    id: 'auto-backup-1',
    protects: 'Backup data',
    sid: access('Backup', 'Backup Storage'),
    actions: [GRANT, 'kms:Decrypt', 'kms:GenerateDataKey*'],
    revoke: true,
  },
  {
    service: 'redshift',
    id: 'auto-redshift-3',
    protects: 'Redshift clusters',
    sid: access('RedShift'),
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
    more: [
      {
        kind: 'access',
        sid: access('RedShift-Serverless'),
        actions: [...ENC, GRANT, DESCRIBE],
        via: 'redshift-serverless',
      },
    ],
  },
  {
    service: 'xray',
    id: 'auto-xray-1',
    protects: 'X-Ray data',
    sid: access('X-Ray'),
    actions: [...ENC, GRANT, DESCRIBE],
    revoke: true,
    more: [
      {
        kind: 'describe',
        sid: 'Allow X-Ray Service with service principal name xray.amazonaws.com to describe the key directly',
        service: 'xray.amazonaws.com',
      },
    ],
  },
]
