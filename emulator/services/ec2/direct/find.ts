import type { Check, Resource } from '../../../operation/define.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { snapshotArn } from '../arns.ts'
import { anySnapshot, snapshotResource } from '../resources.ts'
import { visibleSnapshot } from '../snapshots/find.ts'
import type { Ec2Call, SnapshotRecord } from '../state.ts'
import { invalidSnapshot, snapshotNotFound } from './errors.ts'

/** What a request names, existing for the caller or not. */
export interface SnapshotSubject {
  readonly id: string
  readonly snapshot: SnapshotRecord | undefined
}

export const subjectOf = ({ SnapshotId: id = '' }: { readonly SnapshotId?: string | undefined }, call: Ec2Call) => ({
  id,
  snapshot: visibleSnapshot(call, id),
})

/** As policies see it: the owner's, whoever asks (facts: captures 5.4). */
export const resourceOf = (_input: unknown, call: Ec2Call, { id, snapshot }: SnapshotSubject): Resource =>
  snapshot ? snapshotResource(snapshot, call) : anySnapshot(call, id)

/** The snapshot of StartSnapshot, before it is: AWS's ARN really ends so (facts: captures 5.1). */
export const newSnapshotResource = (call: Ec2Call): Resource => ({
  ...anySnapshot(call),
  arn: snapshotArn(call.region, 'null'),
})

/** A snapshot whose blocks the caller may ask about. Throws 404, or 400 for other accounts' public ones. */
export function requireReadable(call: Ec2Call, { id, snapshot }: SnapshotSubject): SnapshotRecord {
  if (snapshot?.state !== 'completed') throw snapshotNotFound(id)
  if (snapshot.account !== call.account && snapshot.isPublic) {
    throw invalidSnapshot('Public snapshots are not supported')
  }
  return snapshot
}

/** A snapshot of the caller's that is being written. Throws 404. */
export function requireWritable(call: Ec2Call, { id, snapshot }: SnapshotSubject): SnapshotRecord {
  if (snapshot?.account !== call.account || snapshot.state !== 'pending' || !snapshot.direct) throw snapshotNotFound(id)
  return snapshot
}

/** More about a check: nothing but the permission for the second of two snapshots. */
export const alsoOn = (action: string, resource: Resource): Check => ({ action, resource })

/**
 * What is recorded of blocks, by both accounts where the snapshot is another's; the account beside it is the requester's in either
 * (facts: captures 5.4).
 */
export const blockAudit = (
  requestParameters: AuditFacts['requestParameters'],
  subject: SnapshotSubject | undefined,
  { region, account }: Ec2Call,
): AuditFacts => {
  const owner = subject?.snapshot?.account
  return {
    requestParameters: requestParameters ?? null,
    responseElements: null,
    ...(subject && { resources: [{ arn: snapshotArn(region, subject.id), account, type: 'AWS::EC2::Snapshot' }] }),
    ...(owner !== undefined && owner !== account && { sharedWith: [owner] }),
  }
}
