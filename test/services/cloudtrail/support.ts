import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from '@aws-sdk/client-cloudtrail'
import type { CreateTrailRequest } from '@aws-sdk/client-cloudtrail'
import { CreateKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { gunzipSync } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CloudTrailState } from '../../../emulator/services/cloudtrail/state.ts'
import type { Emulator } from '../../../emulator/server/app.ts'
import { ACCOUNT, REGION, rootOf } from '../../support/emulator.ts'
import { startWorld, type World } from '../s3/support.ts'

export { ACCOUNT, OTHER_ACCOUNT, REGION, rootOf } from '../../support/emulator.ts'
export { allow, deny, policy, refusal, startWorld, type World } from '../s3/support.ts'

export const arnOf = (name: string, region = REGION, account = ACCOUNT) =>
  `arn:aws:cloudtrail:${region}:${account}:trail/${name}`

export type Event = Record<string, unknown> & { readonly eventName: string }

export const MINUTE = 60_000

/** A world with CloudTrail in it. */
export interface TrailWorld extends World {
  readonly trails: CloudTrailClient
  trailsIn(region: string, account?: string): CloudTrailClient
  /** A bucket that CloudTrail may write into, for one trail of ACCOUNT. */
  bucket(
    name: string,
    trail?: { readonly name?: string; readonly prefix?: string; readonly region?: string },
  ): Promise<void>
  /** A trail that is logging, with its own bucket `<name>-logs`. */
  logging(name: string, more?: Partial<CreateTrailRequest>): Promise<string>
  /** A key that CloudTrail may use. */
  trailKey(): Promise<string>
  /** Moves the clock, and waits until what is delivered has been delivered. */
  advance(milliseconds: number): Promise<void>
  keysIn(bucket: string): Promise<string[]>
  /** A file's text. */
  read(bucket: string, key: string): Promise<string>
  /** All events in the log files of a bucket, in the order of the files. */
  delivered(bucket: string): Promise<Event[]>
}

export async function startTrails(): Promise<TrailWorld> {
  const world = await startWorld()
  const { emulator, s3, kms } = world
  const trailsIn = (region: string, account = ACCOUNT) =>
    emulator.client(CloudTrailClient, { region, credentials: rootOf(account) })
  const trails = trailsIn(REGION)

  const bucket: TrailWorld['bucket'] = async (Bucket, { name = '*', prefix, region = REGION } = {}) => {
    const s3There = emulator.client(S3Client, { region })
    const there = region === REGION ? {} : { CreateBucketConfiguration: { LocationConstraint: region as never } }
    await s3There.send(new CreateBucketCommand({ Bucket, ...there }))
    await s3There.send(new PutBucketPolicyCommand({ Bucket, Policy: bucketPolicy(Bucket, name, prefix) }))
  }
  const read = async (Bucket: string, Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    return gunzipSync((await Body?.transformToByteArray()) ?? '').toString()
  }
  const keysIn = async (Bucket: string) => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
    return Contents.map(({ Key = '' }) => Key)
  }
  return {
    ...world,
    trails,
    trailsIn,
    bucket,
    async logging(Name, more = {}) {
      await bucket(`${Name}-logs`, { name: Name, ...(more.S3KeyPrefix !== undefined && { prefix: more.S3KeyPrefix }) })
      await trails.send(new CreateTrailCommand({ Name, S3BucketName: `${Name}-logs`, ...more }))
      await trails.send(new StartLoggingCommand({ Name }))
      return `${Name}-logs`
    },
    async trailKey() {
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
      await kms.send(new PutKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId, Policy: keyPolicy() }))
      return KeyMetadata?.Arn ?? ''
    },
    advance: (milliseconds) => advance(emulator.emulator, milliseconds),
    keysIn,
    read,
    async delivered(Bucket) {
      const files = (await keysIn(Bucket)).filter((key) => key.includes('/CloudTrail/'))
      const texts = await Promise.all(files.map((key) => read(Bucket, key)))
      return texts.flatMap((text) => (JSON.parse(text) as { Records: Event[] }).Records)
    },
  }
}

export async function advance(emulator: Emulator, milliseconds: number): Promise<void> {
  emulator.clock.setOffset(emulator.clock.offset + milliseconds)
  await settled(emulator)
}

/** Resolves when nothing is being delivered. */
export async function settled(emulator: Emulator): Promise<void> {
  await sleep(0)
  await (emulator.registry.require('cloudtrail').state as CloudTrailState).deliveries.settled()
}

/** As the CloudTrail User Guide has it. */
export const bucketPolicy = (bucket: string, trail: string, prefix?: string, account = ACCOUNT): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AWSCloudTrailAclCheck20150319',
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 's3:GetBucketAcl',
        Resource: `arn:aws:s3:::${bucket}`,
        Condition: { StringLike: { 'aws:SourceArn': arnOf(trail, '*', account) } },
      },
      {
        Sid: 'AWSCloudTrailWrite20150319',
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${bucket}/${prefix === undefined ? '' : `${prefix}/`}AWSLogs/${account}/*`,
        Condition: {
          StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceAccount': account },
          StringLike: { 'aws:SourceArn': arnOf(trail, '*', account) },
        },
      },
    ],
  })

/** As the CloudTrail User Guide has it; the account delegates to its own policies. */
export const keyPolicy = (account = ACCOUNT): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 'kms:GenerateDataKey*',
        Resource: '*',
        Condition: {
          StringLike: {
            'kms:EncryptionContext:aws:cloudtrail:arn': arnOf('*', '*', account),
            'aws:SourceArn': arnOf('*', '*', account),
          },
          StringEquals: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` },
        },
      },
    ],
  })
