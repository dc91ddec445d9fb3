import { describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { PREDEFINED_ALIASES } from '../../../emulator/services/kms/keys/managed.ts'
import { ACCOUNT, DAY, REGION, answer, denied, kmsForTests, refusal, refused } from './support.ts'

const kms = kmsForTests()
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const describeKey = async (KeyId: string, client = kms.root) =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata
const policyOf = async (alias: string) => {
  const key = await describeKey(alias)
  const { Policy = '' } = await kms.root.send(new GetKeyPolicyCommand({ KeyId: key?.KeyId }))
  return JSON.parse(Policy) as { Id: string; Statement: Record<string, unknown>[] }
}
const notByPolicy = (action: string, arn: string | undefined) =>
  denied(
    `User: ${ROOT} is not authorized to perform: kms:${action} on resource: ${String(arn)} because no resource-based policy allows the kms:${action} action`,
  )

describe('AWS managed keys', () => {
  it('come into being when DescribeKey asks for their alias, once', async () => {
    const client = kms.of('555555555555')
    const before = await client.send(new ListAliasesCommand({}))
    expect(before.Aliases?.find(({ AliasName }) => AliasName === 'alias/aws/s3')?.TargetKeyId).toBeUndefined()
    const made = await describeKey('alias/aws/s3', client)
    expect(made).toMatchObject({
      KeyManager: 'AWS',
      Description: 'Default key that protects my S3 objects when no other key is defined',
      KeyState: 'Enabled',
      KeySpec: 'SYMMETRIC_DEFAULT',
    })
    expect((await describeKey('alias/aws/s3', client))?.KeyId).toBe(made?.KeyId)
    const after = await client.send(new ListAliasesCommand({}))
    expect(after.Aliases?.find(({ AliasName }) => AliasName === 'alias/aws/s3')?.TargetKeyId).toBe(made?.KeyId)
  })

  it('are not made by other operations', async () => {
    const client = kms.of('666666666666')
    const call = client.send(new EncryptCommand({ KeyId: 'alias/aws/s3', Plaintext: Buffer.from('x') }))
    expect(await refusal(call)).toEqual(
      refused('NotFoundException', `Alias arn:aws:kms:${REGION}:666666666666:alias/aws/s3 is not found.`),
    )
  })

  it('cannot be used or changed directly, not even by root', async () => {
    const key = await describeKey('alias/aws/sqs')
    const KeyId = key?.KeyId
    const call = (action: string, promise: Promise<unknown>) =>
      expect(refusal(promise)).resolves.toEqual(notByPolicy(action, key?.Arn))
    await call('Encrypt', kms.root.send(new EncryptCommand({ KeyId: 'alias/aws/sqs', Plaintext: Buffer.from('x') })))
    await call('EnableKeyRotation', kms.root.send(new EnableKeyRotationCommand({ KeyId })))
    await call('ScheduleKeyDeletion', kms.root.send(new ScheduleKeyDeletionCommand({ KeyId })))
    await call('CreateAlias', kms.root.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: KeyId })))
  })

  it('rotate, but do not say so', async () => {
    const KeyId = (await describeKey('alias/aws/sqs'))?.KeyId
    const status = await answer(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))
    expect(status).toEqual({
      KeyRotationEnabled: false,
      KeyId: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${String(KeyId)}`,
    })
    const { Rotations } = await kms.root.send(
      new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
    )
    expect(Rotations).toHaveLength(1)
    expect(Rotations?.[0]).toMatchObject({ KeyMaterialState: 'CURRENT' })
  })

  it('rotate each year, and keep silent about it', async () => {
    const key = await describeKey('alias/aws/ssm', kms.of('777777777777'))
    const client = kms.of('777777777777')
    kms.advance(2 * 365 * DAY + 60_000)
    const { Rotations = [] } = await client.send(new ListKeyRotationsCommand({ KeyId: key?.KeyId }))
    const created = key?.CreationDate?.getTime() ?? 0
    expect(Rotations.map(({ RotationType, RotationDate }) => [RotationType, RotationDate?.getTime()])).toEqual([
      ['AUTOMATIC', created + 365 * DAY],
      ['AUTOMATIC', created + 2 * 365 * DAY],
    ])
    expect((await describeKey('alias/aws/ssm', client))?.CurrentKeyMaterialId).toBe(Rotations.at(-1)?.KeyMaterialId)
    const status = await answer(client.send(new GetKeyRotationStatusCommand({ KeyId: key?.KeyId })))
    expect(status).toEqual({ KeyRotationEnabled: false, KeyId: key?.Arn })
  })

  it('have the recorded policy (SQS)', async () => {
    expect(await policyOf('alias/aws/sqs')).toEqual({
      Version: '2012-10-17',
      Id: 'auto-sqs-1',
      Statement: [
        {
          Sid: 'Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to use SQS',
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: [
            'kms:Encrypt',
            'kms:Decrypt',
            'kms:ReEncrypt*',
            'kms:GenerateDataKey*',
            'kms:CreateGrant',
            'kms:DescribeKey',
          ],
          Resource: '*',
          Condition: {
            StringEquals: { 'kms:CallerAccount': ACCOUNT, 'kms:ViaService': `sqs.${REGION}.amazonaws.com` },
          },
        },
        {
          Sid: 'Allow direct access to key metadata to the account',
          Effect: 'Allow',
          Principal: { AWS: ROOT },
          Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
          Resource: '*',
        },
      ],
    })
  })

  it('are reached through EC2 for EBS', async () => {
    const { Statement } = await policyOf('alias/aws/ebs')
    expect(Statement[0]?.['Condition']).toEqual({
      StringEquals: { 'kms:CallerAccount': ACCOUNT, 'kms:ViaService': `ec2.${REGION}.amazonaws.com` },
    })
  })

  it('are reached from any Region by DynamoDB, which may describe its key', async () => {
    const { Statement } = await policyOf('alias/aws/dynamodb')
    expect(Statement[0]?.['Condition']).toEqual({
      StringEquals: { 'kms:CallerAccount': ACCOUNT },
      StringLike: { 'kms:ViaService': 'dynamodb.*.amazonaws.com' },
    })
    expect(Statement[2]).toEqual({
      Sid: 'Allow DynamoDB to directly describe the key',
      Effect: 'Allow',
      Principal: { Service: 'dynamodb.amazonaws.com' },
      Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
      Resource: '*',
    })
  })

  it.each(PREDEFINED_ALIASES)('%s lets its account read its metadata and nothing else', async (alias) => {
    const key = await describeKey(alias)
    expect(key?.Description).toMatch(/^Default key that protects my .+ when no other key is defined$/)
    const call = kms.root.send(new EncryptCommand({ KeyId: alias, Plaintext: Buffer.from('x') }))
    expect(await refusal(call)).toEqual(notByPolicy('Encrypt', key?.Arn))
  })
})
