import type {
  Account,
  CreateAccountStatus,
  Handshake,
  Organization,
  OrganizationalUnit,
  PolicySummary,
  PolicyTargetSummary,
  PolicyTypeSummary,
  Root,
} from '@aws-sdk/client-organizations'
import { handshakeArn, nodeArn, organizationArn, pathOf, type OrganizationsCall } from './names.ts'
import { kindOfAwsPolicy, policyArn } from './policyTypes.ts'
import type {
  AccountNode,
  CreationRecord,
  HandshakeRecord,
  Node,
  OrganizationRecord,
  PolicyRecord,
  PolicyType,
  UnitNode,
} from './state.ts'

/** Accounts that were not created here have no address; every account must show one. */
export const emailOf = (account: string): string => `${account}@example.com`

export const organizationView = (organization: OrganizationRecord): Organization => ({
  Id: organization.id,
  Arn: organizationArn(organization),
  FeatureSet: organization.featureSet,
  MasterAccountArn: nodeArn(organization, { kind: 'account', id: organization.managementAccount }),
  MasterAccountId: organization.managementAccount,
  MasterAccountEmail: emailOf(organization.managementAccount),
  // Not what is enabled (AWS advises against this member); ListRoots tells that.
  AvailablePolicyTypes:
    organization.featureSet === 'ALL' ? [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }] : [],
})

export function rootView(organization: OrganizationRecord, changing: PolicyTypeSummary[] = []): Root {
  const types = new Set(changing.map(({ Type }) => Type))
  const enabled = organization.enabledTypes.filter((type) => !types.has(type))
  return {
    Id: organization.root,
    Arn: nodeArn(organization, { kind: 'root', id: organization.root }),
    Name: 'Root',
    PolicyTypes: [...enabled.map((Type: PolicyType): PolicyTypeSummary => ({ Type, Status: 'ENABLED' })), ...changing],
  }
}

export const unitView = (
  organization: OrganizationRecord,
  unit: UnitNode,
  call: OrganizationsCall,
): OrganizationalUnit => ({
  Id: unit.id,
  Arn: nodeArn(organization, unit),
  Name: unit.name,
  Path: pathOf(organization, unit, call),
})

export const accountView = (
  organization: OrganizationRecord,
  account: AccountNode,
  call: OrganizationsCall,
): Account => ({
  Id: account.id,
  Arn: nodeArn(organization, account),
  Email: account.email,
  Name: account.name,
  Status: 'ACTIVE',
  State: 'ACTIVE',
  Paths: [pathOf(organization, account, call)],
  JoinedMethod: account.joined,
  JoinedTimestamp: new Date(account.joinedAt),
})

export const policySummary = (organization: OrganizationRecord, policy: PolicyRecord): PolicySummary => ({
  Id: policy.id,
  Arn: policyArn(policy, organization.id, organization.managementAccount),
  Name: policy.name,
  Description: policy.description,
  Type: policy.type,
  AwsManaged: kindOfAwsPolicy(policy.id) !== undefined,
})

const TARGET_TYPES = { root: 'ROOT', unit: 'ORGANIZATIONAL_UNIT', account: 'ACCOUNT' } as const

export const targetTypeOf = (node: Node) => TARGET_TYPES[node.kind]

export const targetView = (organization: OrganizationRecord, node: Node): PolicyTargetSummary => ({
  TargetId: node.id,
  Arn: nodeArn(organization, node),
  Name: node.name,
  Type: targetTypeOf(node),
})

export function handshakeView(handshake: HandshakeRecord, state: HandshakeRecord['state']): Handshake {
  const { organization, managementAccount, account, notes } = handshake
  return {
    Id: handshake.id,
    Arn: handshakeArn(organization, managementAccount, handshake.id),
    Parties: [
      { Id: organization, Type: 'ORGANIZATION' },
      { Id: account, Type: 'ACCOUNT' },
    ],
    State: state,
    RequestedTimestamp: new Date(handshake.requestedAt),
    ExpirationTimestamp: new Date(handshake.expiresAt),
    Action: 'INVITE',
    Resources: [
      {
        Type: 'ORGANIZATION',
        Value: organization,
        Resources: [
          { Type: 'MASTER_EMAIL', Value: emailOf(managementAccount) },
          { Type: 'MASTER_NAME', Value: managementAccount },
          { Type: 'ORGANIZATION_FEATURE_SET', Value: 'ALL' },
        ],
      },
      { Type: 'ACCOUNT', Value: account },
      ...(notes === undefined ? [] : [{ Type: 'NOTES' as const, Value: notes }]),
    ],
  }
}

export const creationView = (creation: CreationRecord): CreateAccountStatus => ({
  Id: creation.id,
  AccountName: creation.name,
  State: 'SUCCEEDED',
  RequestedTimestamp: new Date(creation.requestedAt),
  CompletedTimestamp: new Date(creation.requestedAt),
  AccountId: creation.account,
})
