import type { CopySnapshotRequest } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import type { Keys } from '../../../operation/define.ts'
import { partitionOf } from '../../../lib/regions.ts'
import { snapshotArn } from '../arns.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { internalError, invalidValue, mustContain, refused } from '../errors.ts'
import { formOf, newId } from '../ids.ts'
import { defaultKey, EBS_MANAGED_KEY } from '../keys/choose.ts'
import { DESCRIBE, requireUsableKey, type UsableKey } from '../keys/describe.ts'
import { anySnapshot, resourceOf, snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { settingsOf } from '../settings.ts'
import { makeCopy } from '../snapshots/copy.ts'
import { isVisible, putSnapshot } from '../snapshots/find.ts'
import { snapshotPath, type Ec2Call, type SnapshotRecord } from '../state.ts'
import { putTags, readTagSpecifications, requestTagKeys, tagList } from '../tags.ts'

type CopyCall = Ec2Call<Keys<typeof DESCRIBE>>

interface Planned {
  readonly sourceId: string
  readonly sourceRegion: string
  readonly tags: Tags
}

/** What comes before the permission (facts: captures 4.1, steps 1 to 3). */
function plan(input: CopySnapshotRequest): Planned {
  const { SourceSnapshotId, SourceRegion, CompletionDurationMinutes } = input
  if (SourceSnapshotId === undefined) throw mustContain('SourceSnapshotId')
  if (formOf('snap', SourceSnapshotId) !== 'ok') throw invalidValue('The specified snapshotId is invalid')
  // AWS's oddity, as recorded.
  if (SourceRegion === undefined) throw internalError()
  if (partitionOf(SourceRegion) === undefined)
    throw refused('InvalidRegion', `${SourceRegion} is not a valid region name.`)
  requireDuration(CompletionDurationMinutes)
  return {
    sourceId: SourceSnapshotId,
    sourceRegion: SourceRegion,
    tags: readTagSpecifications(input.TagSpecifications, 'snapshot'),
  }
}

function requireDuration(minutes: number | undefined): void {
  if (minutes === undefined || (minutes >= 15 && minutes <= 2880 && minutes % 15 === 0)) return
  throw invalidValue(
    `'${minutes}' is not a valid value for completion duration. Specify a value between 15 and 2880 minutes, in 15 minute increments only`,
  )
}

/** The source as policies see it: the owner's, where the caller may see it at all. */
function sourceResource({ sourceId, sourceRegion }: Planned, call: Ec2Call) {
  const source = call.state.snapshots.in().get(snapshotPath(sourceRegion, sourceId))
  if (source && isVisible(source, call)) return snapshotResource(source, call)
  return resourceOf(snapshotArn(sourceRegion, sourceId), call.account, () => ({
    'ec2:Region': sourceRegion,
    'ec2:SnapshotID': sourceId,
  }))
}

const copySnapshot = ec2.row('CopySnapshot', {
  action: 'ec2:CopySnapshot',
  keyUse: DESCRIBE,
  subject: plan,
  resource: (_input, call) => anySnapshot(call),
  context: (_input, call, { tags }) => ({
    'ec2:Region': call.region,
    'aws:ResourceBeingCreated': 'true',
    ...requestTagKeys(tags),
  }),
  also: (_input, call, planned) => [
    { action: 'ec2:CopySnapshot', resource: sourceResource(planned, call) },
    ...tagOnCreate(anySnapshot(call), 'CopySnapshot', planned.tags),
  ],
  async run(input, call, planned) {
    endDryRun(input)
    requireDestination(input, planned, call)
    const defaultKeyId = defaultKey(call)
    const key = await targetKey(input, planned, defaultKeyId, call)
    const snapshot = newCopy(input, call)
    call.env.store.transaction(() => {
      beginCopy(snapshot, planned, key, defaultKeyId, call)
    })
    return {
      SnapshotId: snapshot.id,
      ...(Object.keys(planned.tags).length > 0 && { Tags: tagList(planned.tags) }),
    }
  },
  audit: (input, output, planned, call) => ({
    ...auditOf(input, output, planned, call),
    sharedWith: planned ? ownersOf(planned, call) : [],
  }),
})

/** A copied snapshot's owner hears of it (facts: captures 4.3). */
function ownersOf({ sourceId, sourceRegion }: Planned, { state, account }: Ec2Call): readonly string[] {
  const source = state.snapshots.in().get(snapshotPath(sourceRegion, sourceId))
  return source && source.account !== account ? [source.account] : []
}

/** Stores a copy and has it made. Within a transaction. */
export function beginCopy(
  snapshot: SnapshotRecord,
  { sourceId, sourceRegion, tags }: Planned,
  key: UsableKey | undefined,
  defaultKeyId: string,
  call: Ec2Call,
): void {
  const isManaged = key?.isManaged ?? defaultKeyId === EBS_MANAGED_KEY
  putSnapshot(call, { ...snapshot, ...(isManaged && { defaultKey: true as const }) })
  putTags(call, snapshot.id, 'snapshot', tags)
  later(
    makeCopy,
    snapshot.id,
    { snapshotId: snapshot.id, sourceId, sourceRegion, defaultKeyId, ...(key && { keyId: key.arn }) },
    call,
  )
}

/** facts: captures 4.1, steps 6 and 7. The signature of a presigned URL is not looked at. */
function requireDestination(
  { DestinationRegion, PresignedUrl }: CopySnapshotRequest,
  { sourceId }: Planned,
  { region }: Ec2Call,
): void {
  if (DestinationRegion !== undefined && DestinationRegion !== region) {
    throw invalidValue(`DestinationRegion '${DestinationRegion}' does not match the current region (${region})`)
  }
  if (PresignedUrl === undefined || PresignedUrl === '') return
  const url = /^https?:/.test(PresignedUrl) ? URL.parse(PresignedUrl) : null
  if (!url) throw invalidValue('The protocol in PresignedUrl should be http or https')
  const named = url.searchParams.get('SourceSnapshotId') ?? ''
  if (named !== sourceId) {
    throw invalidValue(
      `The source snapshot specified in PresignedUrl '${named}' does not match the source snapshot in the request: '${sourceId}'`,
    )
  }
  const destination = url.searchParams.get('DestinationRegion') ?? ''
  if (destination !== region) {
    throw invalidValue(`The destination region specified in PresignedUrl: '${destination}' is incorrect`)
  }
}

/**
 * The key to encrypt with, looked at as the caller does; undefined when only an encrypted source would be encrypted, under the default
 * key. Encrypted=false asks for nothing here (facts: captures 4.3).
 */
async function targetKey(
  { Encrypted, KmsKeyId }: CopySnapshotRequest,
  { sourceId, sourceRegion }: Planned,
  defaultKeyId: string,
  call: CopyCall,
): Promise<UsableKey | undefined> {
  if (KmsKeyId !== undefined && KmsKeyId !== '') return requireUsableKey(KmsKeyId, call)
  const source = call.state.snapshots.in().get(snapshotPath(sourceRegion, sourceId))
  const encryptedSource = source?.encrypted === true && isVisible(source, call)
  if (Encrypted !== true && !encryptedSource && settingsOf(call).encryptionByDefault !== true) return undefined
  return requireUsableKey(defaultKeyId, call)
}

/** Until EBS has looked at the source (facts: captures 4.2). */
export const newCopy = (
  { Description, CompletionDurationMinutes }: Pick<CopySnapshotRequest, 'Description' | 'CompletionDurationMinutes'>,
  call: Ec2Call,
): SnapshotRecord => ({
  id: newId('snap', call),
  account: call.account,
  region: call.region,
  volumeId: 'vol-ffffffff',
  volumeSize: 0,
  state: 'pending',
  stateMessage: 'Metadata not updated',
  progress: '0%',
  startTime: call.time,
  description: Description ?? '',
  encrypted: false,
  ...(CompletionDurationMinutes !== undefined && { completionDuration: CompletionDurationMinutes }),
})

export const copySnapshotRows = [copySnapshot]
