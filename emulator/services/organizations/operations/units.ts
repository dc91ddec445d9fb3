import { duplicateUnit, noParent, noUnit, tooDeep, unitNotEmpty } from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { initialPolicies, newUnitId, put } from '../membership.ts'
import {
  childrenOf,
  isUnit,
  managedOrganization,
  parentIn,
  pathOf,
  resourceNamed,
  unitIn,
  type OrganizationsCall,
} from '../names.ts'
import { pageOf } from '../pages.ts'
import { organizations } from '../service.ts'
import { unitView } from '../shapes.ts'
import type { OrganizationRecord, UnitNode } from '../state.ts'
import { tagContext, withTags } from '../tags.ts'

/** AWS: five levels of units below the root. */
const DEEPEST = 5

/** @throws AwsError DuplicateOrganizationalUnitException */
function requireFreeName(parent: string, name: string, call: OrganizationsCall): void {
  if (childrenOf(parent, call).some((node) => isUnit(node) && node.name === name)) throw duplicateUnit()
}

function existingUnit(organization: OrganizationRecord, id: string | undefined, call: OrganizationsCall): UnitNode {
  const unit = unitIn(organization, id, call)
  if (!unit) throw noUnit()
  return unit
}

const createUnit = organizations.row('CreateOrganizationalUnit', {
  action: 'organizations:CreateOrganizationalUnit',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ParentId, call),
  context: (input) => tagContext(input.Tags),
  run(input, call) {
    const name = input.Name ?? ''
    const tags = withTags({}, input.Tags)
    return call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const parent = parentIn(organization, input.ParentId, call)
      if (!parent) throw noParent()
      // `o-…/r-…/` of the root, and one more segment for each unit.
      const depth = pathOf(organization, parent, call).split('/').length - 3
      if (depth >= DEEPEST) throw tooDeep()
      requireFreeName(parent.id, name, call)
      const unit: UnitNode = {
        kind: 'unit',
        id: newUnitId(organization, call),
        organization: organization.id,
        parent: parent.id,
        name,
        policies: initialPolicies(organization),
        tags,
      }
      put(call, unit)
      return { OrganizationalUnit: unitView(organization, unit, call) }
    })
  },
})

const describeUnit = organizations.row('DescribeOrganizationalUnit', {
  action: 'organizations:DescribeOrganizationalUnit',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.OrganizationalUnitId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    const unit = existingUnit(organization, input.OrganizationalUnitId, call)
    return { OrganizationalUnit: unitView(organization, unit, call) }
  },
})

const updateUnit = organizations.row('UpdateOrganizationalUnit', {
  action: 'organizations:UpdateOrganizationalUnit',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.OrganizationalUnitId, call),
  run: (input, call) =>
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const before = existingUnit(organization, input.OrganizationalUnitId, call)
      const unit = { ...before, name: input.Name ?? before.name }
      if (unit.name !== before.name) requireFreeName(unit.parent, unit.name, call)
      put(call, unit)
      return { OrganizationalUnit: unitView(organization, unit, call) }
    }),
})

const deleteUnit = organizations.row('DeleteOrganizationalUnit', {
  action: 'organizations:DeleteOrganizationalUnit',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.OrganizationalUnitId, call),
  run(input, call) {
    call.env.store.transaction(() => {
      const unit = existingUnit(managedOrganization(call), input.OrganizationalUnitId, call)
      if (call.state.nodes.in().count('parent', unit.id) > 0) throw unitNotEmpty()
      call.state.nodes.in().delete(unit.id)
    })
    return {}
  },
})

const listUnits = organizations.row('ListOrganizationalUnitsForParent', {
  action: 'organizations:ListOrganizationalUnitsForParent',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ParentId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    const parent = parentIn(organization, input.ParentId, call)
    if (!parent) throw noParent()
    const { items, NextToken } = pageOf(childrenOf(parent.id, call).filter(isUnit), input, ({ id }) => id)
    return { OrganizationalUnits: items.map((unit) => unitView(organization, unit, call)), NextToken }
  },
})

export const unitRows = [createUnit, describeUnit, updateUnit, deleteUnit, listUnits]
