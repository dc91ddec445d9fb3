import type { PublicAccessBlock } from '../../../access/types.ts'

/** What a new bucket has (facts: A2). */
export const BLOCK_ALL: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
}
