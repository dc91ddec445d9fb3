/**
 * AWS managed policies whose documents are short and well known. Data: names, versions and documents as AWS publishes them
 * (AWS managed policy reference; recorded by the public collection zoph-io/IAMTrail, formerly MAMIP, up to February 2026).
 */
export interface AwsPolicy {
  readonly name: string
  /** `/` unless given. */
  readonly path?: string
  /** `ANPA…`, where it is known. */
  readonly id?: string
  readonly description: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly version: string
  readonly statements: readonly object[]
}

const allow = (Action: string | readonly string[], Resource: string | readonly string[] = '*') => ({
  Effect: 'Allow',
  Action,
  Resource,
})

export const AWS_POLICIES: readonly AwsPolicy[] = [
  {
    name: 'AdministratorAccess',
    id: 'ANPAIWMBCKSKIEE64ZLYK',
    description: 'Provides full access to AWS services and resources.',
    createdAt: '2015-02-06T18:39:46Z',
    updatedAt: '2015-02-06T18:39:46Z',
    version: 'v1',
    statements: [allow('*')],
  },
  {
    name: 'PowerUserAccess',
    id: 'ANPAJYRXTHIB4FOVS3ZXS',
    description:
      'Provides full access to AWS services and resources, but does not allow management of Users and groups.',
    createdAt: '2015-02-06T18:39:47Z',
    updatedAt: '2026-02-12T17:59:14Z',
    version: 'v12',
    statements: [
      { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
      allow([
        'account:GetAccountInformation',
        'account:GetGovCloudAccountInformation',
        'account:GetPrimaryEmail',
        'account:ListRegions',
        'iam:CreateServiceLinkedRole',
        'iam:DeleteServiceLinkedRole',
        'iam:ListRoles',
        'organizations:DescribeEffectivePolicy',
        'organizations:DescribeOrganization',
      ]),
    ],
  },
  {
    name: 'IAMFullAccess',
    id: 'ANPAI7XKCFMBPM3QQRRVQ',
    description: 'Provides full access to IAM via the AWS Management Console.',
    createdAt: '2015-02-06T18:40:38Z',
    updatedAt: '2019-06-21T19:40:00Z',
    version: 'v2',
    statements: [
      allow([
        'iam:*',
        'organizations:DescribeAccount',
        'organizations:DescribeOrganization',
        'organizations:DescribeOrganizationalUnit',
        'organizations:DescribePolicy',
        'organizations:ListChildren',
        'organizations:ListParents',
        'organizations:ListPoliciesForTarget',
        'organizations:ListRoots',
        'organizations:ListPolicies',
        'organizations:ListTargetsForPolicy',
      ]),
    ],
  },
  {
    name: 'IAMReadOnlyAccess',
    id: 'ANPAJKSO7NDY4T57MWDSQ',
    description: 'Provides read only access to IAM via the AWS Management Console.',
    createdAt: '2015-02-06T18:40:39Z',
    updatedAt: '2018-01-25T19:11:27Z',
    version: 'v4',
    statements: [
      allow([
        'iam:GenerateCredentialReport',
        'iam:GenerateServiceLastAccessedDetails',
        'iam:Get*',
        'iam:List*',
        'iam:SimulateCustomPolicy',
        'iam:SimulatePrincipalPolicy',
      ]),
    ],
  },
  {
    name: 'IAMUserChangePassword',
    description: 'Provides the ability for an IAM user to change their own password.',
    createdAt: '2016-11-15T00:25:16Z',
    updatedAt: '2026-02-12T17:58:57Z',
    version: 'v5',
    statements: [
      allow(['iam:ChangePassword'], ['arn:aws:iam::*:user/${aws:username}', 'arn:aws:iam::*:user/*/${aws:username}']),
      allow(['iam:GetAccountPasswordPolicy']),
    ],
  },
  {
    name: 'AmazonS3FullAccess',
    id: 'ANPAIFIR6V6BVTRAHWINE',
    description: 'Provides full access to all buckets via the AWS Management Console.',
    createdAt: '2015-02-06T18:40:58Z',
    updatedAt: '2021-09-27T20:16:37Z',
    version: 'v2',
    statements: [allow(['s3:*', 's3-object-lambda:*'])],
  },
  {
    name: 'AmazonS3ReadOnlyAccess',
    id: 'ANPAIZTJ4DXE7G6AGAE6M',
    description: 'Provides read only access to all buckets via the AWS Management Console.',
    createdAt: '2015-02-06T18:40:59Z',
    updatedAt: '2023-08-10T21:31:39Z',
    version: 'v3',
    statements: [allow(['s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*'])],
  },
  {
    name: 'AWSKeyManagementServicePowerUser',
    id: 'ANPAJNPP7PPPPMJRV2SA4',
    description: 'Provides access to AWS Key Management Service (KMS).',
    createdAt: '2015-02-06T18:40:40Z',
    updatedAt: '2017-03-07T00:55:11Z',
    version: 'v2',
    statements: [
      allow([
        'kms:CreateAlias',
        'kms:CreateKey',
        'kms:DeleteAlias',
        'kms:Describe*',
        'kms:GenerateRandom',
        'kms:Get*',
        'kms:List*',
        'kms:TagResource',
        'kms:UntagResource',
        'iam:ListGroups',
        'iam:ListRoles',
        'iam:ListUsers',
      ]),
    ],
  },
  {
    name: 'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
    path: '/aws-service-role/',
    description: 'Enables access to AWS services and resources required for AWS KMS Multi-Region Keys',
    createdAt: '2021-06-14T15:33:30Z',
    updatedAt: '2024-11-13T22:53:54Z',
    version: 'v2',
    statements: [{ Sid: 'KMSSynchronizeMultiRegionKey', ...allow(['kms:SynchronizeMultiRegionKey']) }],
  },
  {
    name: 'AWSOrganizationsFullAccess',
    description: 'Provides full access to AWS Organizations.',
    createdAt: '2018-11-06T20:31:57Z',
    updatedAt: '2026-02-12T17:59:07Z',
    version: 'v9',
    statements: [
      { Sid: 'AWSOrganizationsFullAccess', ...allow('organizations:*') },
      {
        Sid: 'AWSOrganizationsFullAccessAccount',
        ...allow([
          'account:PutAlternateContact',
          'account:DeleteAlternateContact',
          'account:GetAlternateContact',
          'account:GetContactInformation',
          'account:PutContactInformation',
          'account:ListRegions',
          'account:EnableRegion',
          'account:DisableRegion',
          'account:PutAccountName',
          'account:GetAccountInformation',
        ]),
      },
      {
        Sid: 'AWSOrganizationsFullAccessCreateSLR',
        ...allow('iam:CreateServiceLinkedRole'),
        Condition: { StringEquals: { 'iam:AWSServiceName': 'organizations.amazonaws.com' } },
      },
    ],
  },
  {
    name: 'AWSDenyAll',
    description: 'Deny all access.',
    createdAt: '2019-05-01T22:36:14Z',
    updatedAt: '2023-12-18T16:42:05Z',
    version: 'v2',
    statements: [{ Sid: 'DenyAll', Effect: 'Deny', Action: ['*'], Resource: '*' }],
  },
  {
    name: 'AmazonSQSFullAccess',
    description: 'Provides full access to Amazon SQS via the AWS Management Console.',
    createdAt: '2015-02-06T18:41:07Z',
    updatedAt: '2015-02-06T18:41:07Z',
    version: 'v1',
    statements: [{ Action: ['sqs:*'], Effect: 'Allow', Resource: '*' }],
  },
  {
    name: 'AWSLambdaBasicExecutionRole',
    path: '/service-role/',
    id: 'ANPAJNCQGXC42545SKXIK',
    description: 'Provides write permissions to CloudWatch Logs.',
    createdAt: '2015-04-09T15:03:43Z',
    updatedAt: '2015-04-09T15:03:43Z',
    version: 'v1',
    statements: [allow(['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'])],
  },
]
