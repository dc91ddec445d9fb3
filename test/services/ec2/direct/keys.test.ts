import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  EBSClient,
  GetSnapshotBlockCommand,
  ListSnapshotBlocksCommand,
  StartSnapshotCommand,
  type EBSServiceException,
} from '@aws-sdk/client-ebs'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { ACCOUNT, REGION, startEmulator, type TestEmulator } from '../../../support/emulator.ts'
import { contents, putting, block, written } from './support.ts'

let emulator: TestEmulator
let root: EBSClient
let key: string
let parent: string
let token: string | undefined
let sts: STSClient

const everything = { Effect: 'Allow', Action: '*', Resource: '*' }
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })

beforeAll(async () => {
  emulator = await startEmulator({ asyncDelay: 0 })
  root = emulator.client(EBSClient)
  const { KeyMetadata } = await emulator.client(KMSClient).send(new CreateKeyCommand({}))
  key = KeyMetadata?.Arn ?? ''
  parent = await written(root, { 0: 1 }, { KmsKeyArn: key })
  token = (await root.send(new ListSnapshotBlocksCommand({ SnapshotId: parent }))).Blocks?.[0]?.BlockToken
  const iam = emulator.client(IAMClient)
  const trust = policy({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' })
  await iam.send(new CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument: trust }))
  await iam.send(new CreateUserCommand({ UserName: 'starter' }))
  await iam.send(
    new PutUserPolicyCommand({ UserName: 'starter', PolicyName: 'all', PolicyDocument: policy(everything) }),
  )
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'starter' }))
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  }
  sts = emulator.client(STSClient, { credentials })
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'all', PolicyDocument: policy(everything) }),
  )
})
afterAll(() => emulator.stop())

const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/worker/session`

/** A session that its policy narrows, as those of the recordings (facts: captures 5.3). */
async function session(...statements: readonly object[]): Promise<EBSClient> {
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/worker`,
      RoleSessionName: 'session',
      Policy: policy(...statements),
    }),
  )
  return emulator.client(EBSClient, {
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  })
}

/** `ok`, or what is refused: N, V(operation) as in the recordings; anything else in full. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (thrown) {
    const error = thrown as EBSServiceException & { readonly Reason?: string }
    const status = error.$metadata.httpStatusCode
    const whole = `${status} ${error.name} ${error.Reason} ${error.message}`
    if (whole === '404 ResourceNotFoundException DEPENDENCY_RESOURCE_NOT_FOUND KMS key not found.') return 'N'
    const dependency =
      /^400 ValidationException INVALID_DEPENDENCY_REQUEST Invalid parameters for a dependent service: com\.amazonaws\.services\.kms\.model\.AWSKMSException: (.*) \(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: [0-9a-f-]{36}; Proxy: null\)$/
    const text = dependency.exec(whole)?.[1]
    const denial = /^User: (\S+) is not authorized to perform: kms:(\w+) on resource: (\S+) /.exec(text ?? '')
    return denial?.[1] === SESSION && denial[3] === key ? `V(${denial[2]})` : whole
  }
}

const ebsOnly = { Effect: 'Allow', Action: 'ebs:*', Resource: '*' }
const deny = (action: string) => [everything, { Effect: 'Deny', Action: `kms:${action}`, Resource: '*' }]
const only = (action: string) => [ebsOnly, { Effect: 'Allow', Action: `kms:${action}`, Resource: '*' }]
const when = (Condition: object) => [ebsOnly, { Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition }]
const via = (service: string) => when({ StringEquals: { 'kms:ViaService': `${service}.${REGION}.amazonaws.com` } })

// facts: captures 5.3, row by row.
const MATRIX: readonly (readonly [string, readonly object[], string, string, string, string])[] = [
  ['all KMS', [everything], 'ok', 'ok', 'ok', 'ok'],
  ['no KMS', [ebsOnly], 'V(GenerateDataKey)', 'N', 'N', 'V(ReEncryptFrom)'],
  ['deny GenerateDataKey', deny('GenerateDataKey'), 'V(GenerateDataKey)', 'ok', 'ok', 'ok'],
  ['deny GenerateDataKeyWithoutPlaintext', deny('GenerateDataKeyWithoutPlaintext'), 'ok', 'ok', 'ok', 'ok'],
  ['deny DescribeKey', deny('DescribeKey'), 'ok', 'N', 'N', 'ok'],
  ['deny CreateGrant', deny('CreateGrant'), 'ok', 'ok', 'ok', 'ok'],
  ['deny Decrypt', deny('Decrypt'), 'ok', 'ok', 'N', 'N'],
  ['only GenerateDataKey', only('GenerateDataKey'), 'ok', 'N', 'N', 'V(ReEncryptFrom)'],
  ['only Decrypt', only('Decrypt'), 'V(GenerateDataKey)', 'N', 'N', 'V(ReEncryptFrom)'],
  ['through EC2', via('ec2'), 'ok', 'ok', 'ok', 'ok'],
  ['through EBS', via('ebs'), 'V(GenerateDataKey)', 'N', 'N', 'V(ReEncryptFrom)'],
  ['for snapshots', when({ StringLike: { 'kms:EncryptionContext:aws:ebs:id': 'snap-*' } }), 'ok', 'N', 'N', 'ok'],
  [
    'for another context',
    when({ StringEquals: { 'kms:EncryptionContext:aws:ebs:id': 'snap-other' } }),
    'V(GenerateDataKey)',
    'N',
    'N',
    'V(ReEncryptFrom)',
  ],
]

describe('what EBS direct asks of the caller’s permissions for the key', () => {
  it.each(MATRIX)('%s', async (_, statements, start, list, get, child) => {
    const ebs = await session(...statements)
    const asked = {
      start: await outcome(ebs.send(new StartSnapshotCommand({ VolumeSize: 1, KmsKeyArn: key }))),
      list: await outcome(ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: parent }))),
      get: await outcome(
        ebs.send(new GetSnapshotBlockCommand({ SnapshotId: parent, BlockIndex: 0, BlockToken: token })),
      ),
      child: await outcome(ebs.send(new StartSnapshotCommand({ VolumeSize: 1, ParentSnapshotId: parent }))),
    }
    expect(asked).toEqual({ start, list, get, child })
  })
})

describe('a disabled key', () => {
  it('is told about to those who would read or continue, while lists go on', async () => {
    const kms = emulator.client(KMSClient)
    const { SnapshotId = '' } = await root.send(new StartSnapshotCommand({ VolumeSize: 1, KmsKeyArn: key }))
    const fresh = await session(everything)
    await kms.send(new DisableKeyCommand({ KeyId: key }))
    const disabled = expect.stringMatching(
      new RegExp(
        `^400 ValidationException INVALID_DEPENDENCY_REQUEST Invalid parameters for a dependent service: com\\.amazonaws\\.services\\.kms\\.model\\.DisabledException: ${key} is disabled\\. \\(Service: AWSKMS; Status Code: 400; Error Code: DisabledException; Request ID: [0-9a-f-]{36}; Proxy: null\\)$`,
      ),
    ) as unknown
    const get = new GetSnapshotBlockCommand({ SnapshotId: parent, BlockIndex: 0, BlockToken: token })
    expect(await outcome(fresh.send(new ListSnapshotBlocksCommand({ SnapshotId: parent })))).toBe('ok')
    expect(await outcome(fresh.send(get))).toEqual(disabled)
    expect(await outcome(fresh.send(new StartSnapshotCommand({ VolumeSize: 1, ParentSnapshotId: parent })))).toEqual(
      disabled,
    )
    // Whoever started it was given the data key; another session has to ask for it.
    expect(await outcome(fresh.send(putting(SnapshotId, 0, block(1))))).toEqual(disabled)
    expect(await outcome(root.send(putting(SnapshotId, 0, block(1))))).toBe('ok')
    await kms.send(new EnableKeyCommand({ KeyId: key }))
    expect(Object.keys(await contents(fresh, parent))).toEqual(['0'])
  })
})

describe('permissions of EBS itself', () => {
  it.each([
    ['StartSnapshot', `arn:aws:ec2:${REGION}::snapshot/null`],
    ['ListSnapshotBlocks', undefined],
    ['GetSnapshotBlock', undefined],
  ])('ebs:%s is asked for', async (action, arn) => {
    const ebs = await session(everything, { Effect: 'Deny', Action: `ebs:${action}`, Resource: '*' })
    const call =
      action === 'StartSnapshot'
        ? ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }))
        : action === 'ListSnapshotBlocks'
          ? ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: parent }))
          : ebs.send(new GetSnapshotBlockCommand({ SnapshotId: parent, BlockIndex: 0, BlockToken: token }))
    const on = arn ?? `arn:aws:ec2:${REGION}::snapshot/${parent}`
    expect(await outcome(call)).toBe(
      `403 AccessDeniedException undefined User: ${SESSION} is not authorized to perform: ebs:${action} on resource: ${on} with an explicit deny in a session policy`,
    )
  })
})
