import type { Call } from '../../operation/call.ts'
import type { Collection, CollectionSpec, Store } from '../../state/store.ts'
import { blockState, type BlockState } from './blocks/state.ts'
import { createWriters, type Writers } from './direct/writers.ts'
import type {
  ImageRecord,
  InstanceRecord,
  ModificationRecord,
  SettingsRecord,
  SnapshotRecord,
  TagsRecord,
  TaskRecord,
  TokenRecord,
  VolumeRecord,
} from './records.ts'

export type * from './records.ts'

export const imagePath = (region: string, id: string): string => `${region}/${id}`
export const snapshotPath = (region: string, id: string): string => `${region}/${id}`

/** The copies that one account has made of one snapshot under one key. */
export const copyPath = (account: string, region: string, source: string, keyArn: string): string =>
  `${account}/${region}/${source}/${keyArn}`

const tagPairs = ({ tags }: TagsRecord) => Object.entries(tags).map(([key, value]) => `${key}\n${value}`)

export const collections = {
  /** By id, in the owner's account and Region. */
  volumes: {
    name: 'ec2.volumes',
    scope: 'region',
    ordered: true,
    indexes: {
      snapshot: (volume: VolumeRecord) => (volume.snapshotId === '' ? undefined : volume.snapshotId),
      instance: (volume: VolumeRecord) => volume.attachments?.map(({ instanceId }) => instanceId),
    },
  } satisfies CollectionSpec<VolumeRecord>,
  /** By `snapshotPath`: any account of the Region may name one. */
  snapshots: {
    name: 'ec2.snapshots',
    scope: 'global',
    ordered: true,
    indexes: {
      owner: (snapshot: SnapshotRecord) => `${snapshot.account}/${snapshot.region}`,
      sharedWith: (snapshot: SnapshotRecord) => snapshot.sharedWith?.map((account) => `${snapshot.region}/${account}`),
      public: (snapshot: SnapshotRecord) => (snapshot.isPublic ? snapshot.region : undefined),
      volume: (snapshot: SnapshotRecord) => `${snapshot.region}/${snapshot.volumeId}`,
      locked: (snapshot: SnapshotRecord) => (snapshot.lock ? `${snapshot.account}/${snapshot.region}` : undefined),
      copyOf: (snapshot: SnapshotRecord) =>
        snapshot.copyOf === undefined
          ? undefined
          : copyPath(snapshot.account, snapshot.region, snapshot.copyOf, snapshot.kmsKeyId ?? ''),
    },
    orderedIndexes: ['owner', 'sharedWith', 'public', 'locked'],
  } satisfies CollectionSpec<SnapshotRecord>,
  /** By id, in the owner's account and Region. */
  instances: {
    name: 'ec2.instances',
    scope: 'region',
    ordered: true,
    indexes: {
      reservation: ({ reservationId }: InstanceRecord) => reservationId,
      state: ({ state }: InstanceRecord) => state,
      image: ({ imageId }: InstanceRecord) => imageId,
    },
  } satisfies CollectionSpec<InstanceRecord>,
  /** By `imagePath`: any account of the Region may name one. */
  images: {
    name: 'ec2.images',
    scope: 'global',
    ordered: true,
    indexes: {
      owner: (image: ImageRecord) => `${image.account}/${image.region}`,
      sharedWith: (image: ImageRecord) => image.sharedWith?.map((account) => `${image.region}/${account}`),
      public: (image: ImageRecord) => (image.isPublic ? image.region : undefined),
      name: (image: ImageRecord) => `${image.account}/${image.region}/${image.name}`,
      snapshot: (image: ImageRecord) =>
        image.devices.flatMap(({ snapshotId }) => (snapshotId === undefined ? [] : [`${image.region}/${snapshotId}`])),
    },
    orderedIndexes: ['owner', 'sharedWith', 'public'],
  } satisfies CollectionSpec<ImageRecord>,
  /** By volume id: the latest of each. */
  modifications: {
    name: 'ec2.modifications',
    scope: 'region',
    ordered: true,
  } satisfies CollectionSpec<ModificationRecord>,
  /** One record, `settings`. */
  settings: { name: 'ec2.settings', scope: 'region' } satisfies CollectionSpec<SettingsRecord>,
  /** By resource id, in the account whose tags they are. */
  tags: {
    name: 'ec2.tags',
    scope: 'region',
    ordered: true,
    indexes: {
      pair: tagPairs,
      key: ({ tags }: TagsRecord) => Object.keys(tags),
      type: ({ type }: TagsRecord) => type,
    },
  } satisfies CollectionSpec<TagsRecord>,
  /** By `<operation>/<client token>`. */
  tokens: { name: 'ec2.tokens', scope: 'region' } satisfies CollectionSpec<TokenRecord>,
  /** By `<kind>/<id>`. */
  tasks: { name: 'ec2.tasks', scope: 'global' } satisfies CollectionSpec<TaskRecord>,
}

export interface Ec2State extends BlockState {
  readonly volumes: Collection<VolumeRecord>
  readonly snapshots: Collection<SnapshotRecord>
  readonly instances: Collection<InstanceRecord>
  readonly images: Collection<ImageRecord>
  readonly modifications: Collection<ModificationRecord>
  readonly settings: Collection<SettingsRecord>
  readonly tags: Collection<TagsRecord>
  readonly tokens: Collection<TokenRecord>
  readonly tasks: Collection<TaskRecord>
  /** Who is writing snapshots through EBS direct, and with which data keys. Not stored. */
  readonly writers: Writers
}

export type Ec2Call<K = unknown> = Call<Ec2State, K>

const states = new WeakMap<Store, Ec2State>()

/** EC2 and EBS direct are two doors to the same snapshots, so they share one state. */
export function ec2State(store: Store): Ec2State {
  let state = states.get(store)
  if (!state) states.set(store, (state = newState(store)))
  return state
}

function newState(store: Store): Ec2State {
  return {
    ...blockState(store),
    writers: createWriters(),
    volumes: store.collection<VolumeRecord>(collections.volumes),
    snapshots: store.collection<SnapshotRecord>(collections.snapshots),
    instances: store.collection<InstanceRecord>(collections.instances),
    images: store.collection<ImageRecord>(collections.images),
    modifications: store.collection<ModificationRecord>(collections.modifications),
    settings: store.collection<SettingsRecord>(collections.settings),
    tags: store.collection<TagsRecord>(collections.tags),
    tokens: store.collection<TokenRecord>(collections.tokens),
    tasks: store.collection<TaskRecord>(collections.tasks),
  }
}
