import {
  duplicateAccount,
  managementCannotLeave,
  noAccount,
  noCreation,
  noDestinationParent,
  noParent,
  noSourceParent,
} from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { addAccount, newAccountId, put } from '../membership.ts'
import {
  accountIn,
  childrenOf,
  isAccount,
  managedOrganization,
  newId,
  nodesOf,
  ownOrganization,
  parentIn,
  resourceNamed,
  type OrganizationsCall,
} from '../names.ts'
import { pageOf } from '../pages.ts'
import { organizations } from '../service.ts'
import { accountView, creationView } from '../shapes.ts'
import type { AccountNode, CreationRecord, OrganizationRecord } from '../state.ts'
import { tagContext, withTags } from '../tags.ts'

function existingAccount(
  organization: OrganizationRecord,
  id: string | undefined,
  call: OrganizationsCall,
): AccountNode {
  const account = accountIn(organization, id, call)
  if (!account) throw noAccount()
  return account
}

const createAccount = organizations.row('CreateAccount', {
  action: 'organizations:CreateAccount',
  subject: checkInput,
  context: (input) => tagContext(input.Tags),
  run(input, call) {
    const tags = withTags({}, input.Tags)
    return call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const creation: CreationRecord = {
        id: newId('car-', 32, call),
        organization: organization.id,
        account: newAccountId(call),
        name: input.AccountName ?? '',
        requestedAt: call.time,
      }
      const { account: id, name } = creation
      addAccount(organization, { id, name, email: input.Email ?? '', joined: 'CREATED', tags }, call)
      call.state.creations.in().put(creation.id, creation)
      return { CreateAccountStatus: creationView(creation) }
    })
  },
})

const describeCreation = organizations.row('DescribeCreateAccountStatus', {
  action: 'organizations:DescribeCreateAccountStatus',
  readOnly: true,
  subject: checkInput,
  run(input, call) {
    const organization = managedOrganization(call)
    const creation = call.state.creations.in().get(input.CreateAccountRequestId ?? '')
    if (creation?.organization !== organization.id) throw noCreation()
    return { CreateAccountStatus: creationView(creation) }
  },
})

const listCreations = organizations.row('ListCreateAccountStatus', {
  action: 'organizations:ListCreateAccountStatus',
  readOnly: true,
  subject: checkInput,
  run(input, call) {
    const { id } = managedOrganization(call)
    // Accounts are there at once, so none is in progress and none has failed.
    const wanted = !input.States || input.States.length === 0 || input.States.includes('SUCCEEDED')
    const creations = wanted ? [...call.state.creations.in().find('organization', id)] : []
    const { items, NextToken } = pageOf(creations, input, ([creationId]) => creationId)
    return { CreateAccountStatuses: items.map(([, creation]) => creationView(creation)), NextToken }
  },
})

const describeAccount = organizations.row('DescribeAccount', {
  action: 'organizations:DescribeAccount',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.AccountId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    return { Account: accountView(organization, existingAccount(organization, input.AccountId, call), call) }
  },
})

const listAccounts = organizations.row('ListAccounts', {
  action: 'organizations:ListAccounts',
  readOnly: true,
  subject: checkInput,
  run(input, call) {
    const organization = managedOrganization(call)
    const { items, NextToken } = pageOf(nodesOf(organization.id, call).filter(isAccount), input, ({ id }) => id)
    return { Accounts: items.map((account) => accountView(organization, account, call)), NextToken }
  },
})

const listAccountsForParent = organizations.row('ListAccountsForParent', {
  action: 'organizations:ListAccountsForParent',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ParentId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    const parent = parentIn(organization, input.ParentId, call)
    if (!parent) throw noParent()
    const { items, NextToken } = pageOf(childrenOf(parent.id, call).filter(isAccount), input, ({ id }) => id)
    return { Accounts: items.map((account) => accountView(organization, account, call)), NextToken }
  },
})

const moveAccount = organizations.row('MoveAccount', {
  action: 'organizations:MoveAccount',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.AccountId, call),
  // The account and both its parents (AWS: service authorization reference).
  also: (input, call) =>
    [input.SourceParentId, input.DestinationParentId].map((id) => ({
      action: 'organizations:MoveAccount',
      resource: resourceNamed(id, call),
    })),
  run(input, call) {
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const account = existingAccount(organization, input.AccountId, call)
      if (account.parent !== input.SourceParentId) throw noSourceParent()
      const destination = parentIn(organization, input.DestinationParentId, call)
      if (!destination) throw noDestinationParent()
      if (destination.id === account.parent) throw duplicateAccount()
      put(call, { ...account, parent: destination.id })
    })
    return {}
  },
})

function remove(organization: OrganizationRecord, account: AccountNode, call: OrganizationsCall): void {
  if (account.id === organization.managementAccount) throw managementCannotLeave()
  call.state.nodes.in().delete(account.id)
}

const removeAccount = organizations.row('RemoveAccountFromOrganization', {
  action: 'organizations:RemoveAccountFromOrganization',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.AccountId, call),
  run(input, call) {
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      remove(organization, existingAccount(organization, input.AccountId, call), call)
    })
    return {}
  },
})

const leaveOrganization = organizations.row('LeaveOrganization', {
  action: 'organizations:LeaveOrganization',
  run(_input, call) {
    call.env.store.transaction(() => {
      const organization = ownOrganization(call)
      remove(organization, existingAccount(organization, call.account, call), call)
    })
    return {}
  },
})

export const accountRows = [
  createAccount,
  describeCreation,
  listCreations,
  describeAccount,
  listAccounts,
  listAccountsForParent,
  moveAccount,
  removeAccount,
  leaveOrganization,
]
