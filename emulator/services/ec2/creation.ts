import type { Tags } from '../../access/types.ts'
import type { Check, Resource } from '../../operation/define.ts'
import { requestTagKeys } from './tags.ts'

/**
 * Tagging what a request creates is a permission of its own, on what is to be, only when there are tags (facts: captures 2.5).
 * @param action what creates it: `CreateVolume`; undefined where AWS gives ec2:CreateAction no value
 */
export function tagOnCreate(resource: Resource, action: string | undefined, tags: Tags): readonly Check[] {
  if (Object.keys(tags).length === 0) return []
  return [
    {
      action: 'ec2:CreateTags',
      resource,
      context: () => ({ ...requestTagKeys(tags), 'ec2:CreateAction': action }),
    },
  ]
}
