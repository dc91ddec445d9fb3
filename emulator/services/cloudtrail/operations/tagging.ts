import { parseArn } from '../../../lib/arn.ts'
import { auditOf, readAudit } from '../audit.ts'
import { invalidArn, refusal, unknownTrail } from '../errors.ts'
import { readName, trailNamed, trailPath, trailResource } from '../names.ts'
import { cloudtrail } from '../service.ts'
import type { CloudTrailCall, TrailRecord } from '../state.ts'
import type { Tags } from '../../../access/types.ts'
import { tagContext, withTags, withoutTags } from '../tags.ts'
import { UNSOURCED } from '../unsourced.ts'

/** A trail, which is tagged by its ARN, in its home Region. Throws what AWS's model has for what is none. */
function taggedTrail(arn: string | undefined, call: CloudTrailCall): TrailRecord {
  const parsed = parseArn(arn ?? '')
  if (arn === undefined || parsed?.service !== 'cloudtrail') throw invalidArn(arn ?? '')
  if (!parsed.resource.startsWith('trail/')) {
    throw refusal('ResourceTypeNotSupportedException', UNSOURCED.tagResource(arn))
  }
  const { account, region, name } = readName(arn, call)
  const trail = account === call.account ? trailNamed({ account, region, name }, call) : undefined
  if (trail?.homeRegion !== call.region)
    throw refusal('ResourceNotFoundException', unknownTrail(arn, call.account).text)
  return trail
}

function retag(
  call: CloudTrailCall,
  { name, homeRegion: region, arn }: TrailRecord,
  change: (tags: Tags) => Tags,
): void {
  const { account } = call
  call.env.store.transaction(() => {
    const trail = trailNamed({ account, region, name }, call)
    if (!trail) throw refusal('ResourceNotFoundException', unknownTrail(arn, account).text)
    call.state.trails.in(account).put(trailPath(region, name), { ...trail, tags: change(trail.tags) })
  })
  call.state.deliveries.changed(account)
}

const addTags = cloudtrail.row('AddTags', {
  action: 'cloudtrail:AddTags',
  subject: ({ ResourceId }, call) => taggedTrail(ResourceId, call),
  resource: ({ ResourceId }, call) => trailResource(ResourceId, call),
  context: ({ TagsList }) => tagContext(TagsList),
  run({ TagsList }, call, trail) {
    retag(call, trail, (tags) => withTags(tags, TagsList))
    return {}
  },
  audit: auditOf,
})

const removeTags = cloudtrail.row('RemoveTags', {
  action: 'cloudtrail:RemoveTags',
  subject: ({ ResourceId }, call) => taggedTrail(ResourceId, call),
  resource: ({ ResourceId }, call) => trailResource(ResourceId, call),
  context: ({ TagsList = [] }) => (TagsList.length === 0 ? {} : { 'aws:TagKeys': TagsList.map(({ Key = '' }) => Key) }),
  run({ TagsList }, call, trail) {
    retag(call, trail, (tags) => withoutTags(tags, TagsList))
    return {}
  },
  audit: auditOf,
})

/** Each of the trails is asked about. */
const listTags = cloudtrail.row('ListTags', {
  action: 'cloudtrail:ListTags',
  readOnly: true,
  subject: ({ ResourceIdList = [] }, call) => ResourceIdList.map((arn) => taggedTrail(arn, call)),
  resource: ({ ResourceIdList = [] }, call) => trailResource(ResourceIdList[0], call),
  also: ({ ResourceIdList = [] }, call) =>
    ResourceIdList.slice(1).map((arn) => ({ action: 'cloudtrail:ListTags', resource: trailResource(arn, call) })),
  run: (_input, _call, trails) => ({
    ResourceTagList: trails.map(({ arn, tags }) => ({
      ResourceId: arn,
      TagsList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    })),
  }),
  audit: readAudit,
})

export const taggingRows = [addTags, removeTags, listTags]
