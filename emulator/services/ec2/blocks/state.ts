import type { Collection, CollectionSpec, Store } from '../../../state/store.ts'

/**
 * What a snapshot or a volume holds: blocks of 512 KiB, each written or not. Several snapshots and volumes share one as long as they
 * have the same data key; nothing that is shared is ever changed.
 */
export interface ContentRecord {
  /** The content that holds what this one does not hold itself: incremental snapshots. */
  readonly parent?: string | undefined
  /** How many snapshots, volumes and other contents need it. */
  readonly references: number
}

/** One block. Its bytes are a blob, encrypted. */
export interface BlockRecord {
  readonly blob: string
}

export const collections = {
  /** By id. */
  contents: { name: 'ec2.contents', scope: 'global' } satisfies CollectionSpec<ContentRecord>,
  /** By `<content>/<block index, nine digits>`. */
  blocks: { name: 'ec2.blocks', scope: 'global', ordered: true } satisfies CollectionSpec<BlockRecord>,
  /** `master`: what protects blocks that no KMS key does. `tokens`: what seals the tokens of EBS direct. */
  secrets: { name: 'ec2.secrets', scope: 'global', secret: true } satisfies CollectionSpec<{ readonly key: string }>,
}

export interface BlockState {
  readonly contents: Collection<ContentRecord>
  readonly blocks: Collection<BlockRecord>
  readonly secrets: Collection<{ readonly key: string }>
}

export const blockState = (store: Store): BlockState => ({
  contents: store.collection<ContentRecord>(collections.contents),
  blocks: store.collection<BlockRecord>(collections.blocks),
  secrets: store.collection<{ readonly key: string }>(collections.secrets),
})

/** Every blob that the state names. For the start of the emulator, not for requests. */
export function blobsInUse(state: BlockState): ReadonlySet<string> {
  const live = new Set<string>()
  for (const { record } of state.blocks.all()) live.add(record.blob)
  return live
}
