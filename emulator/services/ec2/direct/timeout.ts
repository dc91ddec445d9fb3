import { defineTask, later } from '../background.ts'
import { deleteBlobs, release } from '../blocks/contents.ts'

interface Waiting {
  /** `snapshotPath` of the snapshot. */
  readonly path: string
}

const MINUTE = 60_000

/** Gives up a snapshot that nobody has written a block of for as long as it may wait (EBS API reference, StartSnapshot: Timeout). */
export const giveUp = defineTask({
  kind: 'direct-timeout',
  keyUse: {},
  run({ path }: Waiting, call) {
    const { state, env } = call
    const snapshot = state.snapshots.in().get(path)
    if (snapshot?.state !== 'pending' || !snapshot.direct) return
    const rest = snapshot.direct.timeout * MINUTE - (call.time - (state.writers.lastWrite(path) ?? snapshot.startTime))
    if (rest > 0) {
      env.store.transaction(() => {
        later(giveUp, path, { path }, call, rest)
      })
      return
    }
    const orphans = env.store.transaction(() => {
      state.snapshots.in().put(path, { ...snapshot, state: 'error', content: undefined, direct: undefined })
      return snapshot.content === undefined ? [] : release(call, snapshot.content)
    })
    state.writers.forget(path)
    deleteBlobs(call, orphans)
  },
})
