import type { S3Client } from '@aws-sdk/client-s3'
import { Bucket, type Check, type GatesWorld } from './world.ts'

/** An operation and all it must be allowed to. */
export interface Gated {
  readonly name: string
  /** In AWS's order (facts: captures 7.1, 7.2). */
  readonly checks: (world: Keys) => readonly Check[]
  readonly run: (s3: S3Client, world: GatesWorld) => Request
}

export type Keys = Pick<GatesWorld, 'key' | 'sourceKey' | 'targetKey'>
type Request = Promise<{ readonly $metadata: { readonly requestId?: string | undefined } }>

export const objectArn = (key: string, bucket = Bucket) => `arn:aws:s3:::${bucket}/${key}`
export const on = (Key: string, ...actions: readonly string[]): Check[] =>
  actions.map((action) => ({ action: `s3:${action}`, resource: objectArn(Key) }))
export const generates = ({ key }: Keys): Check => ({ action: 'kms:GenerateDataKey', resource: key })
export const decrypts = ({ key }: Keys): Check => ({ action: 'kms:Decrypt', resource: key })
