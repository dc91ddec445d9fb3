import {
  accessDenied,
  alreadyMember,
  duplicateHandshake,
  handshakeInState,
  handshakeTransition,
  invalidInput,
  noHandshake,
} from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { addAccount } from '../membership.ts'
import { handshakeArn, managedOrganization, newId, organizationOf, type OrganizationsCall } from '../names.ts'
import { pageOf } from '../pages.ts'
import { organizations } from '../service.ts'
import { handshakeView } from '../shapes.ts'
import type { HandshakeRecord } from '../state.ts'
import { tagContext } from '../tags.ts'

/** AWS: an invitation stands for fifteen days. */
const VALID_MILLISECONDS = 15 * 24 * 3600 * 1000

const stateOf = ({ state, expiresAt }: HandshakeRecord, call: OrganizationsCall): HandshakeRecord['state'] =>
  state === 'OPEN' && expiresAt <= call.time ? 'EXPIRED' : state

const view = (handshake: HandshakeRecord, call: OrganizationsCall) => handshakeView(handshake, stateOf(handshake, call))

const resourceOf = (id: string | undefined, call: OrganizationsCall) => {
  const handshake = call.state.handshakes.in().get(id ?? '')
  return handshake
    ? {
        arn: handshakeArn(handshake.organization, handshake.managementAccount, handshake.id),
        account: handshake.managementAccount,
        guard: 'none' as const,
      }
    : { arn: '*', guard: 'none' as const }
}

/** A handshake that this account takes part in, as inviter or invited. */
function ownHandshake(id: string | undefined, call: OrganizationsCall): HandshakeRecord {
  const handshake = call.state.handshakes.in().get(id ?? '')
  if (!handshake) throw noHandshake()
  if (handshake.account !== call.account && handshake.managementAccount !== call.account) throw accessDenied()
  return handshake
}

/** Ends an open handshake. @throws AwsError when it is not open, or the caller is not the one to end it so */
function end(
  id: string | undefined,
  state: 'ACCEPTED' | 'DECLINED' | 'CANCELED',
  call: OrganizationsCall,
): HandshakeRecord {
  const handshake = ownHandshake(id, call)
  const who = state === 'CANCELED' ? handshake.managementAccount : handshake.account
  if (who !== call.account) throw accessDenied()
  const now = stateOf(handshake, call)
  if (now === state) throw handshakeInState()
  if (now !== 'OPEN') throw handshakeTransition()
  const ended = { ...handshake, state }
  call.state.handshakes.in().put(handshake.id, ended)
  return ended
}

const inviteAccount = organizations.row('InviteAccountToOrganization', {
  action: 'organizations:InviteAccountToOrganization',
  subject: checkInput,
  context: (input) => tagContext(input.Tags),
  run(input, call) {
    const { Id: account = '', Type } = input.Target ?? {}
    if (Type === 'EMAIL') throw invalidInput('INVALID_PARTY_EMAIL_TARGET')
    if (Type !== 'ACCOUNT') throw invalidInput('INVALID_ENUM')
    if (!/^\d{12}$/.test(account)) throw invalidInput('INVALID_PATTERN')
    return call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      if (organizationOf(call.state, account)) throw alreadyMember()
      for (const [, known] of call.state.handshakes.in().find('account', account)) {
        if (known.organization === organization.id && stateOf(known, call) === 'OPEN') throw duplicateHandshake()
      }
      const handshake: HandshakeRecord = {
        id: newId('h-', 32, call),
        organization: organization.id,
        managementAccount: organization.managementAccount,
        account,
        state: 'OPEN',
        requestedAt: call.time,
        expiresAt: call.time + VALID_MILLISECONDS,
        notes: input.Notes,
      }
      call.state.handshakes.in().put(handshake.id, handshake)
      return { Handshake: view(handshake, call) }
    })
  },
})

const acceptHandshake = organizations.row('AcceptHandshake', {
  action: 'organizations:AcceptHandshake',
  subject: checkInput,
  resource: (input, call) => resourceOf(input.HandshakeId, call),
  run: (input, call) =>
    call.env.store.transaction(() => {
      const handshake = end(input.HandshakeId, 'ACCEPTED', call)
      if (organizationOf(call.state, call.account)) throw alreadyMember()
      const organization = call.state.organizations.in().get(handshake.organization)
      // INVARIANT: deleting an organization deletes its handshakes.
      if (!organization) throw new Error(`handshake \`${handshake.id}\` leads to no organization`)
      addAccount(organization, { id: handshake.account, joined: 'INVITED' }, call)
      return { Handshake: view(handshake, call) }
    }),
})

const declineHandshake = organizations.row('DeclineHandshake', {
  action: 'organizations:DeclineHandshake',
  subject: checkInput,
  resource: (input, call) => resourceOf(input.HandshakeId, call),
  run: (input, call) =>
    call.env.store.transaction(() => ({ Handshake: view(end(input.HandshakeId, 'DECLINED', call), call) })),
})

const cancelHandshake = organizations.row('CancelHandshake', {
  action: 'organizations:CancelHandshake',
  subject: checkInput,
  resource: (input, call) => resourceOf(input.HandshakeId, call),
  run: (input, call) =>
    call.env.store.transaction(() => ({ Handshake: view(end(input.HandshakeId, 'CANCELED', call), call) })),
})

const describeHandshake = organizations.row('DescribeHandshake', {
  action: 'organizations:DescribeHandshake',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceOf(input.HandshakeId, call),
  run: (input, call) => ({ Handshake: view(ownHandshake(input.HandshakeId, call), call) }),
})

/** Only invitations exist here, and none has a parent. */
const asked = (
  filter: { readonly ActionType?: string | undefined; readonly ParentHandshakeId?: string | undefined } = {},
) => (filter.ActionType === undefined || filter.ActionType === 'INVITE') && filter.ParentHandshakeId === undefined

const listForAccount = organizations.row('ListHandshakesForAccount', {
  action: 'organizations:ListHandshakesForAccount',
  readOnly: true,
  subject: checkInput,
  run(input, call) {
    const all = asked(input.Filter) ? [...call.state.handshakes.in().find('account', call.account)] : []
    const { items, NextToken } = pageOf(all, input, ([id]) => id)
    return { Handshakes: items.map(([, handshake]) => view(handshake, call)), NextToken }
  },
})

const listForOrganization = organizations.row('ListHandshakesForOrganization', {
  action: 'organizations:ListHandshakesForOrganization',
  readOnly: true,
  subject: checkInput,
  run(input, call) {
    const { id: organization } = managedOrganization(call)
    const all = asked(input.Filter) ? [...call.state.handshakes.in().find('organization', organization)] : []
    const { items, NextToken } = pageOf(all, input, ([id]) => id)
    return { Handshakes: items.map(([, handshake]) => view(handshake, call)), NextToken }
  },
})

export const handshakeRows = [
  inviteAccount,
  acceptHandshake,
  declineHandshake,
  cancelHandshake,
  describeHandshake,
  listForAccount,
  listForOrganization,
]
