import { page, sortedAfter } from '../pages.ts'
import { kms } from '../service.ts'
import { requestTags, tagList, withoutTags, withTags } from '../tags.ts'
import { admitted, changeAndArm, changeAudit, given, keyAudit, onOwnKey } from './onKey.ts'

const tagResource = kms.row('TagResource', {
  ...onOwnKey,
  action: 'kms:TagResource',
  context: (input) => requestTags(input.Tags),
  run(input, call, target) {
    const key = admitted(target, 'TagResource')
    changeAndArm(key, { tags: withTags(key.tags, given(input.Tags)) }, call)
    return {}
  },
  audit: changeAudit('KeyId', 'Tags'),
})

const untagResource = kms.row('UntagResource', {
  ...onOwnKey,
  action: 'kms:UntagResource',
  context: (input) => ({ 'aws:TagKeys': input.TagKeys && input.TagKeys.length > 0 ? input.TagKeys : undefined }),
  run(input, call, target) {
    const key = admitted(target, 'UntagResource')
    changeAndArm(key, { tags: withoutTags(key.tags, given(input.TagKeys)) }, call)
    return {}
  },
  audit: changeAudit('KeyId', 'TagKeys'),
})

const listResourceTags = kms.row('ListResourceTags', {
  ...onOwnKey,
  action: 'kms:ListResourceTags',
  readOnly: true,
  run(input, _call, target) {
    const key = admitted(target, 'ListResourceTags')
    const { items, Truncated, NextMarker } = page(
      input,
      { usual: 50, most: 50 },
      'tags',
      sortedAfter(tagList(key.tags).map((tag) => [tag.TagKey ?? '', tag] as const)),
    )
    return { Tags: items, Truncated, NextMarker }
  },
  audit: keyAudit('KeyId', 'Limit', 'Marker'),
})

export const tagRows = [tagResource, untagResource, listResourceTags]
