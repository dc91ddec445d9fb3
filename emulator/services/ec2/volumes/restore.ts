import { EBS_MANAGED_KEY, type KeyChoice } from '../keys/choose.ts'
import type { SnapshotRecord, VolumeRecord } from '../state.ts'
import type { VolumeKeys } from './create.ts'

/** What a volume to be takes from its snapshot and from the choice of its key. */
export const restored = (
  snapshot: SnapshotRecord | undefined,
  key: KeyChoice,
): Pick<VolumeRecord, 'snapshotId' | 'encrypted' | 'kmsKeyId' | 'content' | 'plainContent' | 'defaultKey'> => ({
  snapshotId: snapshot?.id ?? '',
  encrypted: key.encrypted,
  ...(key.encrypted && key.shown !== undefined && { kmsKeyId: key.shown }),
  ...contentOf(snapshot, key),
  ...(key.encrypted && isDefault(key, snapshot) && { defaultKey: true as const }),
})

/** The snapshot's blocks are the volume's, as long as nobody needs them under its own key. */
const contentOf = (snapshot: SnapshotRecord | undefined, key: KeyChoice) =>
  snapshot?.content === undefined
    ? {}
    : { content: snapshot.content, ...(key.encrypted && !snapshot.encrypted && { plainContent: true as const }) }

const isDefault = (key: Extract<KeyChoice, { encrypted: true }>, snapshot: SnapshotRecord | undefined) =>
  key.inherited ? snapshot?.defaultKey === true : key.keyId === EBS_MANAGED_KEY

/** What KMS is to be asked for it. */
export const keysWanted = (volumeId: string, snapshot: SnapshotRecord | undefined, key: KeyChoice): VolumeKeys => ({
  volumeId,
  ...(key.encrypted && { keyId: key.keyId }),
  ...(snapshot?.dataKey && { source: snapshot.dataKey }),
  inherited: key.encrypted && key.inherited,
})
