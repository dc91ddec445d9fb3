import type { Child, Parent } from '@aws-sdk/client-organizations'
import { invalidInput, noChild, noParent } from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { childrenOf, isAccount, isUnit, managedOrganization, nodeIn, parentIn, resourceNamed } from '../names.ts'
import { pageOf } from '../pages.ts'
import { organizations } from '../service.ts'

const listParents = organizations.row('ListParents', {
  action: 'organizations:ListParents',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ChildId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    const child = nodeIn(organization, input.ChildId, call)
    if (!child || child.kind === 'root') throw noChild()
    const isRoot = child.parent === organization.root
    const parent: Parent = { Id: child.parent, Type: isRoot ? 'ROOT' : 'ORGANIZATIONAL_UNIT' }
    return { Parents: [parent] }
  },
})

const CHILDREN = { ACCOUNT: isAccount, ORGANIZATIONAL_UNIT: isUnit } as const

const listChildren = organizations.row('ListChildren', {
  action: 'organizations:ListChildren',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ParentId, call),
  run(input, call) {
    const Type = input.ChildType
    if (Type === undefined || !Object.hasOwn(CHILDREN, Type)) throw invalidInput('INVALID_ENUM')
    const parent = parentIn(managedOrganization(call), input.ParentId, call)
    if (!parent) throw noParent()
    const children = childrenOf(parent.id, call).filter((node) => CHILDREN[Type](node))
    const { items, NextToken } = pageOf(children, input, ({ id }) => id)
    return { Children: items.map(({ id }): Child => ({ Id: id, Type })), NextToken }
  },
})

export const hierarchyRows = [listParents, listChildren]
