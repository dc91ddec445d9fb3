import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  ListResourceTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type ListResourceTagsCommandOutput,
  type Tag,
} from '@aws-sdk/client-kms'
import { answer, denied, invalid, kmsForTests, policyOf, refusal, refused } from './support.ts'

const kms = kmsForTests()
let KeyId = ''
let Arn = ''
beforeEach(async () => {
  const key = await kms.createKey()
  KeyId = key.KeyId
  Arn = key.Arn
})

const tag = (...Tags: Tag[]) => kms.root.send(new TagResourceCommand({ KeyId, Tags }))
const list = async () => (await kms.root.send(new ListResourceTagsCommand({ KeyId }))).Tags
const of = (TagKey: string, TagValue = 'v'): Tag => ({ TagKey, TagValue })
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => of(`k${String(i + from)}`))

describe('TagResource', () => {
  it('adds and overwrites; keys differ by case', async () => {
    await tag(of('team', 'a'), of('Team', 'b'))
    await tag(of('team', 'c'))
    expect(await list()).toEqual([of('Team', 'b'), of('team', 'c')])
  })

  it.each<[string, Tag[], ReturnType<typeof refused>]>([
    ['duplicates', [of('a'), of('a')], refused('TagException', 'Duplicate tag keys')],
    ['reserved keys', [of('aws:x')], refused('TagException', 'Tags beginning with aws: are reserved')],
    ['reserved keys in any case', [of('AWS:x')], refused('TagException', 'Tags beginning with aws: are reserved')],
    ['51 tags', numbered(51), refused('TagException', 'Too many tags')],
    [
      'long values',
      [of('a', 'v'.repeat(257))],
      invalid(
        `Value '${'v'.repeat(257)}' at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
      ),
    ],
    [
      'long keys',
      [of('ok'), of('k'.repeat(129))],
      invalid(
        `Value '${'k'.repeat(129)}' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
      ),
    ],
  ])('refuses %s', async (_what, tags, expected) => {
    expect(await refusal(tag(...tags))).toEqual(expected)
    expect(await list()).toEqual([])
  })

  it('counts what is there', async () => {
    await tag(...numbered(50))
    expect(await refusal(tag(of('more')))).toEqual(refused('TagException', 'Too many tags'))
    await tag(of('k3', 'new'))
  })

  it('tells policies the tags of the request and of the key', async () => {
    await tag(of('owner', 'red'))
    const user = await kms.user(
      'tagging',
      policyOf({
        Effect: 'Allow',
        Action: ['kms:TagResource', 'kms:UntagResource'],
        Resource: '*',
        Condition: {
          StringEquals: { 'aws:ResourceTag/owner': 'red' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'size'] },
        },
      }),
    )
    await user.kms.send(new TagResourceCommand({ KeyId, Tags: [of('team')] }))
    await user.kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['team'] }))
    const refusedFor = (action: string) =>
      denied(
        `User: ${user.arn} is not authorized to perform: kms:${action} on resource: ${Arn} because no identity-based policy allows the kms:${action} action`,
      )
    expect(await refusal(user.kms.send(new TagResourceCommand({ KeyId, Tags: [of('other')] })))).toEqual(
      refusedFor('TagResource'),
    )
    expect(await refusal(user.kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['owner'] })))).toEqual(
      refusedFor('UntagResource'),
    )
  })
})

describe('UntagResource', () => {
  it('takes tags away, and is silent about those that are not there', async () => {
    await tag(of('a'), of('b'))
    await kms.root.send(new UntagResourceCommand({ KeyId, TagKeys: ['a', 'none'] }))
    expect(await list()).toEqual([of('b')])
  })
})

describe('ListResourceTags', () => {
  it('is empty and not truncated without tags', async () => {
    expect(await answer(kms.root.send(new ListResourceTagsCommand({ KeyId })))).toEqual({ Tags: [], Truncated: false })
  })

  it('pages', async () => {
    await tag(...numbered(7))
    const seen: Tag[] = []
    let Marker: string | undefined
    do {
      const page: ListResourceTagsCommandOutput = await kms.root.send(
        new ListResourceTagsCommand({ KeyId, Limit: 3, Marker }),
      )
      seen.push(...(page.Tags ?? []))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    expect(seen).toEqual(numbered(7))
  })
})
