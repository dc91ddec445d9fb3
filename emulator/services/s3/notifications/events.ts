/** What a bucket can notify of (AWS: "Event notification types and destinations"). */
export const EVENTS: ReadonlySet<string> = new Set(
  Object.entries({
    IntelligentTiering: [],
    LifecycleExpiration: ['*', 'Delete', 'DeleteMarkerCreated'],
    LifecycleTransition: [],
    ObjectAcl: ['Put'],
    ObjectAnnotation: ['*', 'Delete', 'Put'],
    ObjectCreated: ['*', 'CompleteMultipartUpload', 'Copy', 'Post', 'Put'],
    ObjectRemoved: ['*', 'Delete', 'DeleteMarkerCreated'],
    ObjectRestore: ['*', 'Completed', 'Delete', 'Post'],
    ObjectRetention: ['Put'],
    ObjectTagging: ['*', 'Delete', 'Put'],
    ReducedRedundancyLostObject: [],
    Replication: [
      '*',
      'OperationFailedReplication',
      'OperationMissedThreshold',
      'OperationNotTracked',
      'OperationReplicatedAfterThreshold',
    ],
  }).flatMap(([type, kinds]: [string, readonly string[]]) =>
    kinds.length === 0 ? [`s3:${type}`] : kinds.map((kind) => `s3:${type}:${kind}`),
  ),
)
