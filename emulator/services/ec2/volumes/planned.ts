import type { Tags } from '../../../access/types.ts'
import type { Resource } from '../../../operation/define.ts'
import { volumeArn } from '../arns.ts'
import type { KeyChoice } from '../keys/choose.ts'
import { resourceOf, volumeKeys } from '../resources.ts'
import type { Ec2Call, SnapshotRecord } from '../state.ts'
import { requestTagKeys } from '../tags.ts'
import type { shapeOf } from './shape.ts'

/** A volume that is to be. */
export interface PlannedVolume {
  readonly snapshot: SnapshotRecord | undefined
  readonly shape: ReturnType<typeof shapeOf>
  readonly key: KeyChoice
}

/** How policies see it, before it has an id. */
export const plannedVolume = (
  { shape, key, snapshot }: PlannedVolume,
  zone: string,
  tags: Tags,
  call: Ec2Call,
): Resource =>
  resourceOf(volumeArn(call.region, call.account, '*'), call.account, () => ({
    ...volumeKeys(
      {
        ...shape,
        zone,
        snapshotId: snapshot?.id ?? '',
        encrypted: key.encrypted,
        kmsKeyId: key.encrypted ? key.keyId : undefined,
      },
      call.region,
    ),
    ...requestTagKeys(tags),
    'aws:ResourceBeingCreated': 'true',
  }))
