import type { Constraint, ConstraintTable } from '../../../operation/constraints.ts'

/* What AWS's model of EBS direct demands (facts: B9, captures 5.2). */

const snapshotId: Constraint = { minLength: 1, maxLength: 64, pattern: '^snap-[0-9a-f]+$' }
const blockIndex: Constraint = { min: 0 }
const checksum: Constraint = { maxLength: 64, pattern: '^[A-Za-z0-9+/=]+$' }
const algorithm: Constraint = { maxLength: 32, pattern: '^[A-Za-z0-9]+$', enum: ['SHA256'] }
const page = {
  NextToken: { maxLength: 256, pattern: '^[A-Za-z0-9+/=]+$' },
  MaxResults: { min: 100, max: 10_000 },
  StartingBlockIndex: blockIndex,
} satisfies Record<string, Constraint>

export const constraints: ConstraintTable = {
  operations: {
    StartSnapshot: {
      VolumeSize: { min: 1, max: 65_536 },
      ParentSnapshotId: snapshotId,
      'Tags.member.Key': { maxLength: 127 },
      'Tags.member.Value': { maxLength: 255 },
      Description: { maxLength: 255 },
      ClientToken: { maxLength: 255, pattern: '^[\\S]+$' },
      KmsKeyArn: {
        minLength: 1,
        maxLength: 2048,
        pattern: 'arn:aws[a-z\\-]*:kms:.*:[0-9]{12}:key/[a-zA-Z0-9\\-]+',
      },
      Timeout: { min: 10, max: 4320 },
    },
    PutSnapshotBlock: {
      SnapshotId: snapshotId,
      BlockIndex: blockIndex,
      Checksum: checksum,
      ChecksumAlgorithm: algorithm,
      Progress: { min: 0, max: 100 },
    },
    CompleteSnapshot: {
      SnapshotId: snapshotId,
      ChangedBlocksCount: { min: 0 },
      Checksum: checksum,
      ChecksumAlgorithm: algorithm,
      ChecksumAggregationMethod: { maxLength: 32, pattern: '^[A-Za-z0-9]+$', enum: ['LINEAR'] },
    },
    ListSnapshotBlocks: { SnapshotId: snapshotId, ...page },
    ListChangedBlocks: { FirstSnapshotId: snapshotId, SecondSnapshotId: snapshotId, ...page },
    GetSnapshotBlock: {
      SnapshotId: snapshotId,
      BlockIndex: blockIndex,
      BlockToken: { maxLength: 256, pattern: '^[A-Za-z0-9+/=]+$' },
    },
  },
}
