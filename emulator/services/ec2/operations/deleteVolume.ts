import { auditOf } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, missingParameter, refused } from '../errors.ts'
import { formOf } from '../ids.ts'
import { ec2 } from '../service.ts'
import { requireVolume } from '../volumes/find.ts'
import { beginRemoval } from '../volumes/remove.ts'
import { onNamedVolume } from './volumeAttributes.ts'

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
      beginRemoval(volume, call)
    })
    return {}
  },
  audit: auditOf,
})

export const deleteVolumeRows = [deleteVolume]
