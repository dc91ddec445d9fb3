import type { CreateTrailRequest, UpdateTrailRequest } from '@aws-sdk/client-cloudtrail'
import { auditOf } from '../audit.ts'
import { beginChain, endChains } from '../delivery/records.ts'
import { checkTarget } from '../delivery/preflight.ts'
import { needsGlobalEvents, notEmulated, refusal, tooManyTrails, trailExists, unknownTrail } from '../errors.ts'
import { keyReference } from '../keyReference.ts'
import { findOwnTrail, requireName, trailArn, trailNamed, trailPath, trailResource, trailsIn } from '../names.ts'
import { cloudtrail } from '../service.ts'
import type { CloudTrailCall, TrailRecord } from '../state.ts'
import { tagContext, withTags } from '../tags.ts'
import { UNSOURCED } from '../unsourced.ts'
import { trailMembers } from '../view.ts'

/** AWS's quota, which cannot be raised. */
const MOST_TRAILS = 5
const LONGEST_PREFIX = 200

type TrailRequest = Omit<CreateTrailRequest, 'Name' | 'S3BucketName' | 'TagsList'> & {
  readonly S3BucketName?: string | undefined
}

/** What is answered honestly instead of being taken and forgotten. */
function refuseUnknown(input: TrailRequest): void {
  if (input.SnsTopicName) throw notEmulated('notifications of cloudtrail by SNS')
  if (input.CloudWatchLogsLogGroupArn || input.CloudWatchLogsRoleArn) {
    throw notEmulated('delivery of cloudtrail to CloudWatch Logs')
  }
  if (input.IsOrganizationTrail === true) throw notEmulated('organization trails of cloudtrail')
}

/** A trail as the request would have it; members that it leaves out stay as they were. */
function changed(input: TrailRequest, trail: TrailRecord): TrailRecord {
  const { S3BucketName: bucket = trail.bucket, S3KeyPrefix: prefix = trail.prefix, KmsKeyId } = input
  if (bucket === '') throw refusal('InvalidS3BucketNameException', UNSOURCED.bucketBlank)
  if ((prefix?.length ?? 0) > LONGEST_PREFIX) throw refusal('InvalidS3PrefixException', UNSOURCED.prefixTooLong)
  const multiRegion = input.IsMultiRegionTrail ?? trail.multiRegion
  const globalEvents = input.IncludeGlobalServiceEvents ?? trail.globalEvents
  if (multiRegion && !globalEvents) throw needsGlobalEvents()
  return {
    ...trail,
    bucket,
    prefix: prefix === '' ? undefined : prefix,
    multiRegion,
    globalEvents,
    validation: input.EnableLogFileValidation ?? trail.validation,
    // facts: integrations 14: an empty one takes the key away.
    keyArn: KmsKeyId === undefined ? trail.keyArn : keyReference(KmsKeyId, trail),
  }
}

/** A new trail's place, as long as it is free. Throws TrailAlreadyExistsException, MaximumNumberOfTrailsExceededException. */
function requirePlace({ name, multiRegion }: TrailRecord, call: CloudTrailCall): void {
  const { account, region } = call
  const here = [...trailsIn(region, call)]
  const elsewhere = multiRegion ? [...call.state.trails.in(account).entries()].map(([, trail]) => trail) : here
  if (elsewhere.some((trail) => trail.name === name)) throw trailExists(name, account)
  if (here.length >= MOST_TRAILS) throw tooManyTrails(account, region, MOST_TRAILS)
}

const createTrail = cloudtrail.row('CreateTrail', {
  action: 'cloudtrail:CreateTrail',
  subject: ({ Name = '' }) => {
    requireName(Name)
  },
  resource: ({ Name }, call) => trailResource(Name, call),
  context: ({ TagsList }) => tagContext(TagsList),
  also: ({ Name, TagsList }, call) =>
    TagsList && TagsList.length > 0
      ? [{ action: 'cloudtrail:AddTags', resource: trailResource(Name, call), context: tagContext(TagsList) }]
      : [],
  async run(input, call) {
    const { Name: name = '', S3BucketName: bucket = '', TagsList } = input
    refuseUnknown(input)
    const { account, region } = call
    const wanted = changed(input, {
      name,
      arn: trailArn(region, account, name),
      account,
      homeRegion: region,
      bucket,
      bucketRegion: region,
      globalEvents: true,
      multiRegion: false,
      validation: false,
      tags: withTags({}, TagsList),
      logging: false,
    })
    requirePlace(wanted, call)
    const trail = { ...wanted, ...(await checkTarget(wanted, call.env)) }
    call.env.store.transaction(() => {
      requirePlace(trail, call)
      call.state.trails.in(account).put(trailPath(region, name), trail)
    })
    call.state.deliveries.changed(account)
    return trailMembers(trail)
  },
  audit: auditOf,
})

const updateTrail = cloudtrail.row('UpdateTrail', {
  action: 'cloudtrail:UpdateTrail',
  subject: ({ Name }: UpdateTrailRequest, call) => findOwnTrail(Name, call),
  resource: ({ Name }, call) => trailResource(Name, call),
  async run(input, call, subject) {
    refuseUnknown(input)
    const target = changed(input, subject)
    const checked = await checkTarget(target, call.env)
    const trail = call.env.store.transaction(() => {
      const current = trailNamed({ ...subject, region: subject.homeRegion }, call)
      if (!current) throw unknownTrail(subject.arn, call.account)
      // What else has changed meanwhile stays.
      const merged = { ...changed(input, current), ...checked }
      call.state.trails.in(call.account).put(trailPath(merged.homeRegion, merged.name), merged)
      if (!merged.validation) endChains(merged, call.state)
      else if (merged.logging) beginChain(merged, call.time, call.state)
      return merged
    })
    call.state.deliveries.changed(call.account)
    return trailMembers(trail)
  },
  audit: auditOf,
})

const deleteTrail = cloudtrail.row('DeleteTrail', {
  action: 'cloudtrail:DeleteTrail',
  subject: ({ Name }, call) => findOwnTrail(Name, call),
  resource: ({ Name }, call) => trailResource(Name, call),
  run(_input, call, trail) {
    const { trails, statuses, deliveries } = call.state
    call.env.store.transaction(() => {
      trails.in(call.account).delete(trailPath(trail.homeRegion, trail.name))
      statuses.in().delete(trail.arn)
      endChains(trail, call.state)
    })
    deliveries.flush(trail)
    deliveries.changed(call.account)
    return {}
  },
  audit: auditOf,
})

export const trailRows = [createTrail, updateTrail, deleteTrail]
