import { hostId } from '../lib/hostId.ts'
import type { AuditFacts } from '../operation/trace.ts'
import type { CloudTrailRecord } from '../operation/trail.ts'

/** What is recorded beside S3's own calls (S3 User Guide, "CloudTrail log file entries for Amazon S3"). */
export function transferData(transfer: NonNullable<AuditFacts['transfer']>, requestId: string): CloudTrailRecord {
  const { authenticated, bytesIn, bytesOut, encryption } = transfer
  return {
    ...(authenticated && { SignatureVersion: 'SigV4' }),
    bytesTransferredIn: bytesIn,
    ...(encryption !== undefined && { SSEApplied: encryption }),
    ...(authenticated && { AuthenticationMethod: authenticated }),
    'x-amz-id-2': hostId(requestId),
    ...(bytesOut !== undefined && { bytesTransferredOut: bytesOut }),
  }
}

/** S3's requests name the host that they were sent to. */
export function withHost(parameters: CloudTrailRecord | null, host: string): CloudTrailRecord | null {
  if (!parameters || host === '') return parameters
  const { bucketName, ...others } = parameters
  return { bucketName, Host: host, ...others }
}
