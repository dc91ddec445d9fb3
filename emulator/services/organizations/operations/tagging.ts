import type { Tags } from '../../../access/types.ts'
import { invalidInput, noTarget } from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { put } from '../membership.ts'
import { managedOrganization, nodeIn, policyIn, resourceNamed, type OrganizationsCall } from '../names.ts'
import { pageOf } from '../pages.ts'
import { kindOfAwsPolicy } from '../policyTypes.ts'
import { organizations } from '../service.ts'
import { tagContext, withTags, withoutTags } from '../tags.ts'

/** A root, unit, account or policy. */
interface Tagged {
  readonly tags: Tags
  save(tags: Tags): void
}

/** @throws AwsError TargetNotFoundException; InvalidInputException for AWS's own policies */
function taggedResource(id: string | undefined, call: OrganizationsCall): Tagged {
  const organization = managedOrganization(call)
  const node = nodeIn(organization, id, call)
  if (node) {
    return {
      tags: node.tags,
      save: (tags) => {
        put(call, { ...node, tags })
      },
    }
  }
  const policy = policyIn(organization, id, call)
  if (!policy) throw noTarget()
  return {
    tags: policy.tags,
    save(tags) {
      if (kindOfAwsPolicy(policy.id)) throw invalidInput('IMMUTABLE_POLICY')
      call.state.policies.in().put(policy.id, { ...policy, tags })
    },
  }
}

const tagResource = organizations.row('TagResource', {
  action: 'organizations:TagResource',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ResourceId, call),
  context: (input) => tagContext(input.Tags),
  run(input, call) {
    call.env.store.transaction(() => {
      const target = taggedResource(input.ResourceId, call)
      target.save(withTags(target.tags, input.Tags))
    })
    return {}
  },
})

const untagResource = organizations.row('UntagResource', {
  action: 'organizations:UntagResource',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ResourceId, call),
  context: (input) => ({ 'aws:TagKeys': input.TagKeys }),
  run(input, call) {
    call.env.store.transaction(() => {
      const target = taggedResource(input.ResourceId, call)
      target.save(withoutTags(target.tags, input.TagKeys ?? []))
    })
    return {}
  },
})

const listTags = organizations.row('ListTagsForResource', {
  action: 'organizations:ListTagsForResource',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.ResourceId, call),
  run(input, call) {
    const tags = Object.entries(taggedResource(input.ResourceId, call).tags)
    const { items, NextToken } = pageOf(tags, input, ([key]) => key)
    return { Tags: items.map(([Key, Value]) => ({ Key, Value })), NextToken }
  },
})

export const taggingRows = [tagResource, untagResource, listTags]
