import { auditOf } from '../audit.ts'
import { defineTask, later } from '../background.ts'
import { deleteBlobs, release } from '../blocks/contents.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, missingParameter, refused } from '../errors.ts'
import { formOf } from '../ids.ts'
import { retire, RETIRE } from '../keys/service.ts'
import { ec2 } from '../service.ts'
import type { HeldGrant } from '../state.ts'
import { dropTags } from '../tags.ts'
import { putVolume, requireVolume, volumeOf } from '../volumes/find.ts'
import { onNamedVolume } from './volumeAttributes.ts'

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
      if (volume?.state !== 'deleting') return []
      call.state.volumes.in(call.account, call.region).delete(volumeId)
      call.state.modifications.in(call.account, call.region).delete(volumeId)
      dropTags(call, call.account, volumeId)
      return volume.content === undefined ? [] : release(call, volume.content)
    })
    deleteBlobs(call, orphans)
    if (grant) await retire(grant, call)
  },
})

const deleteVolume = ec2.row('DeleteVolume', {
  ...onNamedVolume,
  action: 'ec2:DeleteVolume',
  // The form of the id comes before everything else (facts: captures 1.2).
  subject({ VolumeId: id }) {
    if (id === undefined) {
      throw missingParameter(
        'The request must include the VolumeId parameter. Add the required parameter and retry the request.',
      )
    }
    if (formOf('vol', id) !== 'ok') throw invalidValue(`The volume ID '${id}' is malformed`)
    return id
  },
  run(input, call, id) {
    endDryRun(input)
    call.env.store.transaction(() => {
      const volume = requireVolume(call, id)
      const [attachment] = volume.attachments ?? []
      if (attachment) {
        throw refused('VolumeInUse', `Volume ${id} is currently attached to ${attachment.instanceId}`)
      }
      putVolume(call, { ...volume, state: 'deleting' })
      later(removeVolume, id, { volumeId: id, ...(volume.grant && { grant: volume.grant }) }, call)
    })
    return {}
  },
  audit: auditOf,
})

export const deleteVolumeRows = [deleteVolume]
