import { describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListGrantsCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  type CreateGrantCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { ACCOUNT, kmsForTests, notAllowed, policyOf, refusal, type Key } from './support.ts'

/** Condition keys of KMS that the tests of single operations do not ask for (facts: C6). */
const kms = kmsForTests()

const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const SOURCE = `arn:aws:ec2:us-east-1:${ACCOUNT}:volume/vol-1`
const SERVICE_GRANT = {
  GranteeServicePrincipal: 'ec2.us-east-1.amazonaws.com',
  RetiringServicePrincipal: 'ec2.us-east-1.amazonaws.com',
  Constraints: { SourceArn: SOURCE },
} as const

let users = 0
const userIf = (Action: string, Condition: object) =>
  kms.user(`user-${String(users++)}`, policyOf({ Effect: 'Allow', Action, Resource: '*', Condition }))

type Call = (client: KMSClient, key: Key) => Promise<unknown>
const grants =
  (input: Partial<CreateGrantCommandInput>): Call =>
  (client, { KeyId }) =>
    client.send(new CreateGrantCommand({ KeyId, Operations: ['Decrypt'], ...input }))
const encrypts: Call = (client, { KeyId }) => client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
const describes: Call = (client, { KeyId }) => client.send(new DescribeKeyCommand({ KeyId }))
const lists: Call = (client, { KeyId }) => client.send(new ListGrantsCommand({ KeyId }))
const schedules =
  (PendingWindowInDays?: number): Call =>
  (client, { KeyId }) =>
    client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }))
const revokes: Call = async (client, { KeyId }) => {
  const { GrantId } = await kms.root.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal: ROOT, Operations: ['Decrypt'] }),
  )
  return client.send(new RevokeGrantCommand({ KeyId, GrantId }))
}

const spec = (value: string) => ({ StringEquals: { 'kms:CustomerMasterKeySpec': value } })
const usage = (value: string) => ({ StringEquals: { 'kms:CustomerMasterKeyUsage': value } })
const long = { NumericGreaterThanEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '20' } }
const asService = (value: string) => ({ Bool: { 'kms:GrantIsForAWSResource': value } })
const none = (key: string) => ({ Null: { [key]: 'true' } })

describe('a permission that depends on a condition key', () => {
  it.each<[string, string, Call, permits: object, refuses: object]>([
    ['Encrypt', 'the old name of the spec', encrypts, spec('SYMMETRIC_DEFAULT'), spec('RSA_2048')],
    ['DescribeKey', 'the old name of the usage', describes, usage('ENCRYPT_DECRYPT'), usage('SIGN_VERIFY')],
    ['ListGrants', 'whether a service calls', lists, asService('false'), asService('true')],
    ['RevokeGrant', 'whether a service calls', revokes, asService('false'), asService('true')],
    [
      'CreateGrant',
      'the source ARN',
      grants(SERVICE_GRANT),
      { ArnLike: { 'kms:GrantConstraintSourceArn': 'arn:aws:ec2:*:*:volume/*' } },
      { ArnLike: { 'kms:GrantConstraintSourceArn': 'arn:aws:ec2:*:*:snapshot/*' } },
    ],
    [
      'CreateGrant',
      'the grantee service',
      grants(SERVICE_GRANT),
      {
        StringEquals: { 'kms:GranteeServicePrincipal': 'ec2.us-east-1.amazonaws.com' },
        ...none('kms:GranteePrincipal'),
      },
      { StringEquals: { 'kms:GranteeServicePrincipal': 'rds.us-east-1.amazonaws.com' } },
    ],
    [
      'CreateGrant',
      'the retiring service',
      grants(SERVICE_GRANT),
      { StringLike: { 'kms:RetiringServicePrincipal': 'ec2.*' }, ...none('kms:RetiringPrincipal') },
      none('kms:RetiringServicePrincipal'),
    ],
    [
      'CreateGrant',
      'an unconstrained grant',
      grants({ GranteePrincipal: ROOT }),
      { Null: { 'kms:GrantConstraintType': 'true', 'kms:EncryptionContextKeys': 'true' } },
      { Null: { 'kms:GrantConstraintType': 'false' } },
    ],
    ['ScheduleKeyDeletion', 'the window', schedules(20), long, none('kms:ScheduleKeyDeletionPendingWindowInDays')],
    ['ScheduleKeyDeletion', 'the window when it is left out: 30 days', schedules(), long, none('kms:KeySpec')],
  ])('%s: %s', async (operation, _what, call, permits, refuses) => {
    const key = await kms.createKey()
    const action = `kms:${operation}`
    const refused = await userIf(action, refuses)
    expect(await refusal(call(refused.kms, key))).toEqual(notAllowed(refused.arn, action, key.Arn))
    await call((await userIf(action, permits)).kms, key)
  })

  it('a window that is too short is refused', async () => {
    const key = await kms.createKey()
    const { arn, kms: user } = await userIf('kms:ScheduleKeyDeletion', long)
    expect(await refusal(schedules(7)(user, key))).toEqual(notAllowed(arn, 'kms:ScheduleKeyDeletion', key.Arn))
  })
})
