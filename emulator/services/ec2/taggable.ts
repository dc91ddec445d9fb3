import type { AwsError } from '../../lib/awsError.ts'
import type { Resource } from '../../operation/define.ts'
import { noSuchImage, noSuchInstance, noSuchSnapshot, noSuchVolume } from './errors.ts'
import { visibleImage } from './images/find.ts'
import { instanceOf } from './instances/find.ts'
import { anyImage, anyInstance, imageResource, instanceResource } from './instances/resources.ts'
import { anySnapshot, anyVolume, snapshotResource, volumeResource } from './resources.ts'
import { visibleSnapshot } from './snapshots/find.ts'
import type { Ec2Call } from './state.ts'
import { volumeOf } from './volumes/find.ts'

/** A kind of resource that may have tags. */
export interface Taggable {
  /** `vol` */
  readonly prefix: string
  /** `volume`: resource-type of DescribeTags and of tag specifications. */
  readonly type: string
  /** What policies are asked about; undefined for what the caller cannot see. */
  readonly find: (call: Ec2Call, id: string) => Resource | undefined
  /** The same for an id that leads to nothing. */
  readonly named: (call: Ec2Call, id: string) => Resource
  readonly missing: (id: string) => AwsError
}

/** Further kinds join here. */
const KINDS: readonly Taggable[] = [
  {
    prefix: 'vol',
    type: 'volume',
    find(call, id) {
      const volume = volumeOf(call, id)
      return volume && volume.state !== 'deleting' ? volumeResource(volume, call) : undefined
    },
    named: anyVolume,
    missing: noSuchVolume,
  },
  {
    prefix: 'snap',
    type: 'snapshot',
    // Also one that is shared: the tags are the caller's own (facts: captures 3.3).
    find(call, id) {
      const snapshot = visibleSnapshot(call, id)
      return snapshot && snapshotResource(snapshot, call)
    },
    named: anySnapshot,
    missing: noSuchSnapshot,
  },
  {
    prefix: 'i',
    type: 'instance',
    find(call, id) {
      const instance = instanceOf(call, id)
      return instance && instanceResource(instance, call)
    },
    named: anyInstance,
    missing: noSuchInstance,
  },
  {
    prefix: 'ami',
    type: 'image',
    find(call, id) {
      const image = visibleImage(call, id)
      return image && imageResource(image, call)
    },
    named: anyImage,
    missing: noSuchImage,
  },
]

/** What kind of resource an id is of, going by its prefix. */
export const kindOf = (id: string): Taggable | undefined => KINDS.find(({ prefix }) => id.startsWith(`${prefix}-`))
