import type { LayerView } from '../../../access/explain.ts'
import type { ScenarioStep } from '../../../server/world/scenario.ts'
import type { OrganizationSpec } from '../../../server/world/world.ts'
import { CliError } from '../../cliError.ts'
import { CANNOT, groupBy, parsed, textIn, unique, type Facts } from './facts.ts'

/** An organization with what it says about the two sides of a request, and the steps that take its defaults away. */
export interface OrganizationPart {
  readonly spec: OrganizationSpec
  readonly steps: readonly ScenarioStep[]
}

const KINDS = [
  { layer: 'scp', type: 'SERVICE_CONTROL_POLICY', full: 'FullAWSAccess' },
  { layer: 'rcp', type: 'RESOURCE_CONTROL_POLICY', full: 'RCPFullAWSAccess' },
] as const

/**
 * SCPs are those of the caller's account, RCPs those of the resource's. Units are left out: what denies does so at any level, and one level
 * of an account may lack the policy that allows everything.
 * @returns undefined where neither account belongs to one, or it says nothing
 */
export function organizationOf(
  { checks, refused }: Facts,
  management: string,
  sides: { readonly caller: string | undefined; readonly resource: string | undefined },
): OrganizationPart | undefined {
  const [own, other] = [textIn(refused, 'aws:PrincipalOrgID'), textIn(refused, 'aws:ResourceOrgID')]
  if (own !== undefined && other !== undefined && own !== other)
    throw new CliError(`${CANNOT}: caller and resource belong to two organizations, and a world has one`)
  const members = [...(own === undefined ? [] : [sides.caller]), ...(other === undefined ? [] : [sides.resource])]
  const policies: Record<string, NonNullable<OrganizationSpec['policies']>[string]> = {}
  const steps: ScenarioStep[] = []
  for (const { layer, type, full } of KINDS) {
    const account = layer === 'scp' ? sides.caller : sides.resource
    const levels = levelsOf(checks.flatMap(({ layers }) => layers.filter((each) => each.layer === layer)))
    const isFull = ({ name }: { name: string }) => name === full
    const short = levels.filter((level) => !level.some(isFull))
    if (short.length > 1)
      throw new CliError(
        `${CANNOT}: ${String(short.length)} levels of the organization lack ${full}, and one can be written`,
      )
    for (const level of levels)
      for (const policy of level.filter((each) => !isFull(each))) {
        if (account === undefined) continue
        const onRoot = short.length > 0 && level !== short[0]
        const place = onRoot ? {} : { accounts: [account] }
        policies[policy.name in policies ? `${policy.name}-${type}` : policy.name] = {
          type,
          document: parsed(policy),
          ...place,
        }
      }
    if (short.length > 0 && account !== undefined)
      steps.push({
        says: `account ${account} is without ${full}`,
        as: management,
        do: 'organizations:DetachPolicy',
        with: { PolicyId: `p-${full}`, TargetId: account },
        expect: 'allowed',
      })
  }
  if (members.length === 0) return undefined
  const others = [...new Set(members)].filter((id): id is string => id !== undefined && id !== management)
  return { spec: { managementAccount: management, members: others, policies }, steps }
}

const levelsOf = (layers: readonly LayerView[]) =>
  [...groupBy(layers, ({ level }) => level).values()].map((same) => unique(same.flatMap(({ policies }) => policies)))
