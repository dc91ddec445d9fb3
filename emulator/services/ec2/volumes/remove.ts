import { defineTask, later } from '../background.ts'
import { deleteBlobs, release } from '../blocks/contents.ts'
import { retire, RETIRE } from '../keys/service.ts'
import type { Ec2Call, HeldGrant, VolumeRecord } from '../state.ts'
import { dropTags } from '../tags.ts'
import { putVolume, volumeOf } from './find.ts'

interface Gone {
  readonly volumeId: string
  readonly grant?: HeldGrant | undefined
}

/** What is left of a deleted volume: EBS gives its grant up (facts: B4, "Lifetimes"). */
const removeVolume = defineTask({
  kind: 'removeVolume',
  keyUse: RETIRE,
  async run({ volumeId, grant }: Gone, call) {
    const orphans = call.env.store.transaction(() => {
      const volume = volumeOf(call, volumeId)
      return volume?.state === 'deleting' ? eraseVolume(volume, call) : []
    })
    deleteBlobs(call, orphans)
    if (grant) await retire(grant, call)
  },
})

/** Deletes a volume: it is gone a moment later. Within a transaction. */
export function beginRemoval(volume: VolumeRecord, call: Ec2Call): void {
  const { id: volumeId, grant } = volume
  putVolume(call, { ...volume, state: 'deleting', attachments: undefined })
  later(removeVolume, volumeId, { volumeId, ...(grant && { grant }) }, call)
}

/** Forgets a volume and whatever hangs on it; gives the blobs that nobody needs any more. Within a transaction. */
export function eraseVolume({ id, content }: VolumeRecord, call: Ec2Call): string[] {
  call.state.volumes.in(call.account, call.region).delete(id)
  call.state.modifications.in(call.account, call.region).delete(id)
  dropTags(call, call.account, id)
  return content === undefined ? [] : release(call, content)
}
