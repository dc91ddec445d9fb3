import type { Trail } from '@aws-sdk/client-cloudtrail'
import type { TrailRecord } from './state.ts'

/** A trail as CreateTrail and UpdateTrail answer it. */
export function trailMembers(trail: TrailRecord) {
  return {
    Name: trail.name,
    S3BucketName: trail.bucket,
    S3KeyPrefix: trail.prefix,
    IncludeGlobalServiceEvents: trail.globalEvents,
    IsMultiRegionTrail: trail.multiRegion,
    TrailARN: trail.arn,
    LogFileValidationEnabled: trail.validation,
    KmsKeyId: trail.keyArn,
    IsOrganizationTrail: false,
  }
}

/** A trail as it is described. */
export const trailView = (trail: TrailRecord): Trail => ({
  ...trailMembers(trail),
  HomeRegion: trail.homeRegion,
  HasCustomEventSelectors: trail.selectors !== undefined,
  HasInsightSelectors: false,
})
