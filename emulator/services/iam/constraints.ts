import { CONTEXT_TYPES } from '../../access/simulate/types.ts'
import type { Constraint, ConstraintTable, OperationConstraints } from '../../operation/constraints.ts'

// Shapes of AWS's model that several operations share (source: the service model of IAM 2010-05-08).

const NAME = '[\\w+=,.@-]+'
const TEXT = '\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF'

const shortName: Constraint = { minLength: 1, maxLength: 64, pattern: NAME }
const longName: Constraint = { minLength: 1, maxLength: 128, pattern: NAME }
const path: Constraint = { minLength: 1, maxLength: 512, pattern: '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)' }
const pathPrefix: Constraint = { minLength: 1, maxLength: 512, pattern: '\\u002F[\\u0021-\\u007F]*' }
const policyPath: Constraint = { minLength: 1, maxLength: 512, pattern: '((/[A-Za-z0-9\\.,\\+@=_-]+)*)/' }
const arn: Constraint = { minLength: 20, maxLength: 2048 }
const accessKeyId: Constraint = { minLength: 16, maxLength: 128, pattern: '[\\w]+' }
const versionId: Constraint = { pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?' }
/** As recorded (captures 12.1); the published model writes `\u0020-\u00FF`. */
const policyDocument: Constraint = { minLength: 1, maxLength: 131072, pattern: `[${TEXT}]+` }
const policyDescription: Constraint = { maxLength: 1000 }
const roleDescription: Constraint = { maxLength: 1000, pattern: `[${TEXT}]*` }
const sessionDuration: Constraint = { min: 3600, max: 43200 }
const accountAlias: Constraint = {
  minLength: 3,
  maxLength: 63,
  pattern: '^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$',
}
const providerUrl: Constraint = { minLength: 1, maxLength: 255 }
const clientId: Constraint = { minLength: 1, maxLength: 255 }
const thumbprint: Constraint = { minLength: 40, maxLength: 40 }
const deletionTaskId: Constraint = { minLength: 1, maxLength: 1000 }

const status: Constraint = { enum: ['Active', 'Inactive', 'Expired'], unlisted: true }
const policyScope: Constraint = { enum: ['All', 'AWS', 'Local'], unlisted: true }
const policyUsage: Constraint = { enum: ['PermissionsPolicy', 'PermissionsBoundary'], unlisted: true }
const entityType: Constraint = {
  enum: ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'],
  unlisted: true,
}
/** In the order recorded (captures 11.2). */
const contextKeyType: Constraint = { enum: CONTEXT_TYPES }

const page: OperationConstraints = {
  Marker: { minLength: 1, maxLength: 320, pattern: '[\\u0020-\\u00FF]+' },
  MaxItems: { min: 1, max: 1000 },
}
const tagKey: Constraint = { minLength: 1, maxLength: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' }
const tags: OperationConstraints = {
  Tags: { maxLength: 50 },
  'Tags.member.Key': tagKey,
  'Tags.member.Value': { maxLength: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' },
}
const tagKeys: OperationConstraints = { TagKeys: { maxLength: 50 }, 'TagKeys.member': tagKey }

const resourceName: Constraint = { minLength: 1, maxLength: 2048 }
const simulation: OperationConstraints = {
  'PolicyInputList.member': policyDocument,
  'PermissionsBoundaryPolicyInputList.member': policyDocument,
  'ActionNames.member': { minLength: 3, maxLength: 128 },
  'ResourceArns.member': resourceName,
  ResourcePolicy: policyDocument,
  ResourceOwner: resourceName,
  CallerArn: resourceName,
  'ContextEntries.member.ContextKeyName': { minLength: 5, maxLength: 256 },
  'ContextEntries.member.ContextKeyType': contextKeyType,
  ResourceHandlingOption: { minLength: 1, maxLength: 64 },
  ...page,
}

/** In the order recorded (captures 11.5). */
const excludedType: Constraint = {
  enum: ['scp', 'permission-boundary', 'aws-managed', 'inline', 'user-managed', 'rcp'],
}

/** IAM's sentences quote no values (captures 12.1). */
export const constraints: ConstraintTable = {
  values: 'withheld',
  operations: {
    CreateUser: { Path: path, UserName: shortName, PermissionsBoundary: arn, ...tags },
    GetUser: { UserName: longName },
    ListUsers: { PathPrefix: pathPrefix, ...page },
    UpdateUser: { UserName: longName, NewPath: path, NewUserName: shortName },
    DeleteUser: { UserName: longName },
    CreateAccessKey: { UserName: longName },
    ListAccessKeys: { UserName: longName, ...page },
    UpdateAccessKey: { UserName: longName, AccessKeyId: accessKeyId, Status: status },
    DeleteAccessKey: { UserName: longName, AccessKeyId: accessKeyId },
    GetAccessKeyLastUsed: { AccessKeyId: accessKeyId },
    CreateGroup: { Path: path, GroupName: longName },
    GetGroup: { GroupName: longName, ...page },
    ListGroups: { PathPrefix: pathPrefix, ...page },
    UpdateGroup: { GroupName: longName, NewPath: path, NewGroupName: longName },
    DeleteGroup: { GroupName: longName },
    AddUserToGroup: { GroupName: longName, UserName: longName },
    RemoveUserFromGroup: { GroupName: longName, UserName: longName },
    ListGroupsForUser: { UserName: longName, ...page },
    CreateRole: {
      Path: path,
      RoleName: shortName,
      AssumeRolePolicyDocument: policyDocument,
      Description: roleDescription,
      MaxSessionDuration: sessionDuration,
      PermissionsBoundary: arn,
      ...tags,
    },
    GetRole: { RoleName: shortName },
    ListRoles: { PathPrefix: pathPrefix, ...page },
    UpdateRole: { RoleName: shortName, Description: roleDescription, MaxSessionDuration: sessionDuration },
    UpdateRoleDescription: { RoleName: shortName, Description: roleDescription },
    UpdateAssumeRolePolicy: { RoleName: shortName, PolicyDocument: policyDocument },
    DeleteRole: { RoleName: shortName },
    PutUserPolicy: { UserName: longName, PolicyName: longName, PolicyDocument: policyDocument },
    GetUserPolicy: { UserName: longName, PolicyName: longName },
    DeleteUserPolicy: { UserName: longName, PolicyName: longName },
    ListUserPolicies: { UserName: longName, ...page },
    PutGroupPolicy: { GroupName: longName, PolicyName: longName, PolicyDocument: policyDocument },
    GetGroupPolicy: { GroupName: longName, PolicyName: longName },
    DeleteGroupPolicy: { GroupName: longName, PolicyName: longName },
    ListGroupPolicies: { GroupName: longName, ...page },
    PutRolePolicy: { RoleName: shortName, PolicyName: longName, PolicyDocument: policyDocument },
    GetRolePolicy: { RoleName: shortName, PolicyName: longName },
    DeleteRolePolicy: { RoleName: shortName, PolicyName: longName },
    ListRolePolicies: { RoleName: shortName, ...page },
    CreatePolicy: {
      PolicyName: longName,
      Path: policyPath,
      PolicyDocument: policyDocument,
      Description: policyDescription,
      ...tags,
    },
    GetPolicy: { PolicyArn: arn },
    ListPolicies: { Scope: policyScope, PathPrefix: policyPath, PolicyUsageFilter: policyUsage, ...page },
    DeletePolicy: { PolicyArn: arn },
    CreatePolicyVersion: { PolicyArn: arn, PolicyDocument: policyDocument },
    GetPolicyVersion: { PolicyArn: arn, VersionId: versionId },
    ListPolicyVersions: { PolicyArn: arn, ...page },
    SetDefaultPolicyVersion: { PolicyArn: arn, VersionId: versionId },
    DeletePolicyVersion: { PolicyArn: arn, VersionId: versionId },
    ListEntitiesForPolicy: {
      PolicyArn: arn,
      EntityFilter: entityType,
      PathPrefix: path,
      PolicyUsageFilter: policyUsage,
      ...page,
    },
    AttachUserPolicy: { UserName: shortName, PolicyArn: arn },
    DetachUserPolicy: { UserName: shortName, PolicyArn: arn },
    ListAttachedUserPolicies: { UserName: shortName, PathPrefix: policyPath, ...page },
    AttachGroupPolicy: { GroupName: longName, PolicyArn: arn },
    DetachGroupPolicy: { GroupName: longName, PolicyArn: arn },
    ListAttachedGroupPolicies: { GroupName: longName, PathPrefix: policyPath, ...page },
    AttachRolePolicy: { RoleName: shortName, PolicyArn: arn },
    DetachRolePolicy: { RoleName: shortName, PolicyArn: arn },
    ListAttachedRolePolicies: { RoleName: shortName, PathPrefix: policyPath, ...page },
    PutUserPermissionsBoundary: { UserName: shortName, PermissionsBoundary: arn },
    DeleteUserPermissionsBoundary: { UserName: shortName },
    PutRolePermissionsBoundary: { RoleName: shortName, PermissionsBoundary: arn },
    DeleteRolePermissionsBoundary: { RoleName: shortName },
    TagUser: { UserName: longName, ...tags },
    UntagUser: { UserName: longName, ...tagKeys },
    ListUserTags: { UserName: longName, ...page },
    TagRole: { RoleName: shortName, ...tags },
    UntagRole: { RoleName: shortName, ...tagKeys },
    ListRoleTags: { RoleName: shortName, ...page },
    TagPolicy: { PolicyArn: arn, ...tags },
    UntagPolicy: { PolicyArn: arn, ...tagKeys },
    ListPolicyTags: { PolicyArn: arn, ...page },
    TagInstanceProfile: { InstanceProfileName: longName, ...tags },
    UntagInstanceProfile: { InstanceProfileName: longName, ...tagKeys },
    ListInstanceProfileTags: { InstanceProfileName: longName, ...page },
    CreateInstanceProfile: { InstanceProfileName: longName, Path: path, ...tags },
    GetInstanceProfile: { InstanceProfileName: longName },
    ListInstanceProfiles: { PathPrefix: pathPrefix, ...page },
    ListInstanceProfilesForRole: { RoleName: shortName, ...page },
    DeleteInstanceProfile: { InstanceProfileName: longName },
    AddRoleToInstanceProfile: { InstanceProfileName: longName, RoleName: shortName },
    RemoveRoleFromInstanceProfile: { InstanceProfileName: longName, RoleName: shortName },
    CreateAccountAlias: { AccountAlias: accountAlias },
    DeleteAccountAlias: { AccountAlias: accountAlias },
    ListAccountAliases: { ...page },
    GetAccountAuthorizationDetails: { 'Filter.member': entityType, ...page },
    CreateOpenIDConnectProvider: {
      Url: providerUrl,
      'ClientIDList.member': clientId,
      'ThumbprintList.member': thumbprint,
      ...tags,
    },
    GetOpenIDConnectProvider: { OpenIDConnectProviderArn: arn },
    DeleteOpenIDConnectProvider: { OpenIDConnectProviderArn: arn },
    AddClientIDToOpenIDConnectProvider: { OpenIDConnectProviderArn: arn, ClientID: clientId },
    RemoveClientIDFromOpenIDConnectProvider: { OpenIDConnectProviderArn: arn, ClientID: clientId },
    UpdateOpenIDConnectProviderThumbprint: { OpenIDConnectProviderArn: arn, 'ThumbprintList.member': thumbprint },
    TagOpenIDConnectProvider: { OpenIDConnectProviderArn: arn, ...tags },
    UntagOpenIDConnectProvider: { OpenIDConnectProviderArn: arn, ...tagKeys },
    ListOpenIDConnectProviderTags: { OpenIDConnectProviderArn: arn, ...page },
    CreateServiceLinkedRole: { AWSServiceName: longName, Description: roleDescription, CustomSuffix: shortName },
    DeleteServiceLinkedRole: { RoleName: shortName },
    GetServiceLinkedRoleDeletionStatus: { DeletionTaskId: deletionTaskId },
    SimulateCustomPolicy: { ...simulation },
    SimulatePrincipalPolicy: {
      ...simulation,
      PolicySourceArn: arn,
      'PolicyExclusionList.member.PolicyType': excludedType,
    },
    GetContextKeysForCustomPolicy: { 'PolicyInputList.member': policyDocument },
    GetContextKeysForPrincipalPolicy: { PolicySourceArn: arn, 'PolicyInputList.member': policyDocument },
  },
}
