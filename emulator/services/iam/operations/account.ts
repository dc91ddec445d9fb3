import { alreadyExists, noSuchEntity } from '../errors.ts'
import { ACCOUNT, given, type IamCall } from '../names.ts'
import { listPage } from '../pages.ts'
import { iam } from '../service.ts'

const aliasesOf = (call: IamCall): string[] =>
  [...call.state.aliases.in().find('account', call.account)].map(([alias]) => alias)

const createAccountAlias = iam.row('CreateAccountAlias', {
  action: 'iam:CreateAccountAlias',
  resource: () => ACCOUNT,
  run(input, call) {
    const alias = given(input.AccountAlias)
    const aliases = call.state.aliases.in()
    call.env.store.transaction(() => {
      const owner = aliases.get(alias)?.account
      if (owner === call.account) return
      if (owner !== undefined) throw alreadyExists(`The account alias ${alias} already exists.`)
      // An account has one alias: a new one takes the place of the old (AWS: CreateAccountAlias).
      for (const old of aliasesOf(call)) aliases.delete(old)
      aliases.put(alias, { account: call.account })
    })
    return {}
  },
})

const deleteAccountAlias = iam.row('DeleteAccountAlias', {
  action: 'iam:DeleteAccountAlias',
  resource: () => ACCOUNT,
  run(input, call) {
    const alias = given(input.AccountAlias)
    call.env.store.transaction(() => {
      if (call.state.aliases.in().get(alias)?.account !== call.account) {
        throw noSuchEntity(`The account alias ${alias} cannot be found.`)
      }
      call.state.aliases.in().delete(alias)
    })
    return {}
  },
})

const listAccountAliases = iam.row('ListAccountAliases', {
  action: 'iam:ListAccountAliases',
  readOnly: true,
  resource: () => ACCOUNT,
  run(input, call) {
    const { items, ...more } = listPage(aliasesOf(call), input, (alias) => alias)
    return { AccountAliases: items, ...more }
  },
})

const getAccountSummary = iam.row('GetAccountSummary', {
  action: 'iam:GetAccountSummary',
  readOnly: true,
  resource: () => ACCOUNT,
  run: (_input, call) => ({ SummaryMap: { ...QUOTAS, ...counts(call) } }),
})

function counts(call: IamCall): Record<string, number> {
  const { users, groups, roles, policies, instanceProfiles, oidcProviders, accessKeys } = call.state
  let versions = 0
  for (const [, policy] of policies.in(call.account).entries()) versions += policy.versions.length
  return {
    Users: users.in(call.account).size,
    Groups: groups.in(call.account).size,
    Roles: roles.in(call.account).size,
    Policies: policies.in(call.account).size,
    PolicyVersionsInUse: versions,
    InstanceProfiles: instanceProfiles.in(call.account).size,
    Providers: oidcProviders.in(call.account).size,
    AccountAccessKeysPresent: accessKeys.in().count('user', call.account) > 0 ? 1 : 0,
    ServerCertificates: 0,
    MFADevices: 0,
    MFADevicesInUse: 0,
    AccountMFAEnabled: 0,
    AccountPasswordPresent: 0,
    AccountSigningCertificatesPresent: 0,
    GlobalEndpointTokenVersion: 1,
  }
}

/** AWS's default quotas (AWS: GetAccountSummary, IAM quotas). */
const QUOTAS: Readonly<Record<string, number>> = {
  AccessKeysPerUserQuota: 2,
  AssumeRolePolicySizeQuota: 2048,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  AttachedPoliciesPerUserQuota: 10,
  GroupPolicySizeQuota: 5120,
  GroupsPerUserQuota: 10,
  GroupsQuota: 300,
  InstanceProfilesQuota: 1000,
  PoliciesQuota: 1500,
  PolicySizeQuota: 6144,
  PolicyVersionsInUseQuota: 10000,
  RolePolicySizeQuota: 10240,
  RolesQuota: 1000,
  ServerCertificatesQuota: 20,
  SigningCertificatesPerUserQuota: 2,
  UserPolicySizeQuota: 2048,
  UsersQuota: 5000,
  VersionsPerPolicyQuota: 5,
}

export const accountRows = [createAccountAlias, deleteAccountAlias, listAccountAliases, getAccountSummary]
