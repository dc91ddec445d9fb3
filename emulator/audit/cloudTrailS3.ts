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

/**
 * S3's requests name the host that they were sent to, and all of their query, down to `acl` and `x-id` (S3 User Guide, "CloudTrail log file
 * entries"; AWS Prescriptive Guidance, "Identifying presigned requests": `X-Amz-Expires`). Metadata in a presigned query is left out.
 */
export function s3Parameters(
  parameters: CloudTrailRecord | null,
  host: string,
  query: string | undefined,
): CloudTrailRecord | null {
  if (!parameters) return null
  const { bucketName, ...others } = parameters
  return {
    ...(bucketName !== undefined && { bucketName }),
    ...(host !== '' && { Host: host }),
    ...queryOf(query),
    ...others,
  }
}

const UNTOLD = /^x-amz-(?:meta-|credential$|signature$|security-token$)/i

function queryOf(query: string | undefined): CloudTrailRecord | undefined {
  if (query === undefined || query === '') return undefined
  const said = [...new URLSearchParams(query.replaceAll('+', '%2B'))]
  return Object.fromEntries(said.filter(([name]) => !UNTOLD.test(name)))
}
