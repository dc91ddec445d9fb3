import type { Emulator } from '../app.ts'
import { make, type Site, type WorldKeys } from './build.ts'
import type { OrganizationSpec } from './world.ts'

/** An organization with the given members and its policies attached; their ids are added to what the world knows by name. */
export async function buildOrganization(
  emulator: Emulator,
  spec: OrganizationSpec,
  known: WorldKeys = new Map(),
): Promise<void> {
  const management: Site = { emulator, account: spec.managementAccount, region: 'us-east-1', keys: known }
  await make(management, 'organization', 'organizations', 'CreateOrganization', { FeatureSet: 'ALL' })
  for (const account of spec.members) await join(management, account)

  const roots = (await make(management, 'organization', 'organizations', 'ListRoots', {})) as {
    Roots: { Id: string }[]
  }
  const rootId = roots.Roots[0]?.Id
  const types = new Set(Object.values(spec.policies ?? {}).map(({ type }) => type))
  for (const PolicyType of types)
    await make(management, 'organization', 'organizations', 'EnablePolicyType', { RootId: rootId, PolicyType })

  for (const [Name, policy] of Object.entries(spec.policies ?? {})) {
    const place = `organization policy \`${Name}\``
    const made = (await make(management, place, 'organizations', 'CreatePolicy', {
      Name,
      Description: Name,
      Type: policy.type,
      Content: JSON.stringify(policy.document),
    })) as { Policy: { PolicySummary: { Id: string } } }
    known.set(`policy:${Name}`, made.Policy.PolicySummary.Id)
    for (const TargetId of policy.accounts ?? [rootId]) {
      await make(management, place, 'organizations', 'AttachPolicy', {
        PolicyId: made.Policy.PolicySummary.Id,
        TargetId,
      })
    }
  }
}

async function join(management: Site, account: string): Promise<void> {
  const place = `organization member ${account}`
  const invitation = (await make(management, place, 'organizations', 'InviteAccountToOrganization', {
    Target: { Id: account, Type: 'ACCOUNT' },
  })) as { Handshake: { Id: string } }
  await make({ ...management, account }, place, 'organizations', 'AcceptHandshake', {
    HandshakeId: invitation.Handshake.Id,
  })
}
