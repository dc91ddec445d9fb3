import { auditOf } from '../audit.ts'
import { deleteBlobs } from '../blocks/contents.ts'
import { later } from '../background.ts'
import { endDryRun } from '../dryRun.ts'
import { refused } from '../errors.ts'
import { formOf, requireId, SNAPSHOT_ID } from '../ids.ts'
import { anySnapshot, snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { retireGrants } from '../snapshots/copy.ts'
import { releaseAll } from '../snapshots/create.ts'
import { requireOwnSnapshot, visibleSnapshot } from '../snapshots/find.ts'
import { isLocked } from '../snapshots/lock.ts'
import { snapshotPath } from '../state.ts'
import { dropTags } from '../tags.ts'

const deleteSnapshot = ec2.row('DeleteSnapshot', {
  action: 'ec2:DeleteSnapshot',
  subject: ({ SnapshotId }) => SnapshotId ?? '',
  resource(_input, call, id) {
    const snapshot = visibleSnapshot(call, id)
    return snapshot ? snapshotResource(snapshot, call) : anySnapshot(call, formOf('snap', id) === 'ok' ? id : '*')
  },
  run(input, call, named) {
    endDryRun(input)
    const id = requireId(named === '' ? undefined : named, SNAPSHOT_ID, 'snapshotId')
    const orphans = call.env.store.transaction(() => {
      const snapshot = requireOwnSnapshot(call, id)
      const [image] = call.state.images.in().find('snapshot', snapshotPath(call.region, id))
      if (image) {
        throw refused('InvalidSnapshot.InUse', `The snapshot ${id} is currently in use by ${image[1].id}`)
      }
      // Not recorded: code and text.
      if (isLocked(snapshot, call.time))
        throw refused('SnapshotLocked', `The snapshot '${id}' is locked and can't be deleted.`)
      call.state.snapshots.in().delete(snapshotPath(call.region, id))
      dropTags(call, call.account, id)
      if (snapshot.grants) later(retireGrants, id, { grants: snapshot.grants }, call)
      return releaseAll(snapshot, call)
    })
    call.state.writers.forget(snapshotPath(call.region, id))
    deleteBlobs(call, orphans)
    return {}
  },
  audit: auditOf,
})

export const deleteSnapshotRows = [deleteSnapshot]
