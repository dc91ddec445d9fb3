import { rootArn } from '../../../lib/arn.ts'
import type { ManagedService } from './managedServices.ts'

/** The policy that AWS gives its key for a service in an account and Region (facts: D3). */
export function managedKeyPolicy(service: ManagedService, account: string, region: string): string {
  const { id, sid, actions, via = service.service, viaAnyRegion, revoke, more = [] } = service
  const further = more.flatMap((each) =>
    each.kind === 'access'
      ? [accessStatement(each.sid, each.actions, account, viaOf(each.via, region, each.anyRegion))]
      : [],
  )
  const described = more.flatMap((each) =>
    each.kind === 'describe' ? [describeStatement(each.sid, { Service: each.service }, READ_ONLY)] : [],
  )
  return JSON.stringify({
    Version: '2012-10-17',
    Id: id,
    Statement: [
      accessStatement(sid, actions, account, viaOf(via, region, viaAnyRegion)),
      ...further,
      describeStatement('Allow direct access to key metadata to the account', { AWS: rootArn(account) }, [
        ...READ_ONLY,
        ...(revoke ? ['kms:RevokeGrant'] : []),
      ]),
      ...described,
    ],
  })
}

/** AWS Certificate Manager's key is made of other statements (facts: D3). */
export function certificateKeyPolicy(account: string, region: string): string {
  const caller = { 'kms:CallerAccount': account }
  const through = { StringEquals: { ...caller, 'kms:ViaService': `acm.${region}.amazonaws.com` } }
  const statement = (Sid: string, Effect: 'Allow' | 'Deny', Action: string | readonly string[], Condition: object) => ({
    Sid,
    Effect,
    Principal: { AWS: '*' },
    Action,
    Resource: '*',
    Condition,
  })
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'auto-acm-4',
    Statement: [
      statement('Allow creation of decryption grants', 'Allow', 'kms:CreateGrant', {
        ...through,
        'ForAllValues:StringEquals': { 'kms:GrantOperations': 'Decrypt' },
        Bool: { 'kms:GrantIsForAWSResource': 'true' },
      }),
      statement('Allow creation of encryption grant', 'Allow', 'kms:CreateGrant', {
        ...through,
        'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Encrypt', 'ReEncryptFrom', 'ReEncryptTo'] },
        Bool: { 'kms:GrantIsForAWSResource': 'true' },
      }),
      statement(
        'Allowed operations for the key owner',
        'Allow',
        ['kms:DescribeKey', 'kms:ListGrants', 'kms:RevokeGrant', 'kms:GetKeyPolicy'],
        { StringEquals: caller },
      ),
      statement('Deny re-encryption to any other key', 'Deny', 'kms:ReEncrypt*', {
        Bool: { 'kms:ReEncryptOnSameKey': 'false' },
      }),
      statement('Allow decrypt', 'Allow', 'kms:Decrypt', through),
    ],
  })
}

interface Via {
  readonly operator: 'StringEquals' | 'StringLike'
  readonly value: string
}

const viaOf = (service: string, region: string, anyRegion: true | undefined): Via =>
  anyRegion
    ? { operator: 'StringLike', value: `${service}.*.amazonaws.com` }
    : { operator: 'StringEquals', value: `${service}.${region}.amazonaws.com` }

const READ_ONLY = ['kms:Describe*', 'kms:Get*', 'kms:List*']

function accessStatement(Sid: string, Action: readonly string[], account: string, { operator, value }: Via) {
  const caller = { 'kms:CallerAccount': account }
  const via = { 'kms:ViaService': value }
  return {
    Sid,
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action,
    Resource: '*',
    Condition:
      operator === 'StringEquals' ? { StringEquals: { ...caller, ...via } } : { StringEquals: caller, StringLike: via },
  }
}

const describeStatement = (Sid: string, Principal: object, Action: readonly string[]) => ({
  Sid,
  Effect: 'Allow',
  Principal,
  Action,
  Resource: '*',
})
