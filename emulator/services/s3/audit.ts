import type { Call } from '../../operation/call.ts'
import type { AuditedResource, AuditFacts } from '../../operation/trace.ts'
import type { FoundSource } from './copySource.ts'
import { bucketArn, objectArn } from './names.ts'
import type { BucketRecord, Encryption } from './state.ts'

interface AuditedInput {
  readonly Bucket?: string | undefined
  readonly Key?: string | undefined
  readonly VersionId?: string | undefined
}

/** What is told of an answer, if it has it. */
interface AuditedOutput {
  readonly ContentLength?: number | undefined
  readonly ServerSideEncryption?: string | undefined
  readonly SSEKMSKeyId?: string | undefined
  readonly SSECustomerAlgorithm?: string | undefined
  readonly VersionId?: string | undefined
  readonly CopySourceVersionId?: string | undefined
  readonly DeleteMarker?: boolean | undefined
}

/**
 * The audit trail's facts about a bucket or an object in it (S3 User Guide, "CloudTrail log file entries for Amazon S3").
 * @param output undefined when the call failed
 */
export function auditFacts(
  input: AuditedInput,
  bucket: BucketRecord | undefined,
  call: Pick<Call, 'http' | 'trace' | 'caller'>,
  output: AuditedOutput | undefined,
): AuditFacts {
  const { Bucket = '', Key, VersionId } = input
  const { readOnly } = call.trace
  const named = { bucketName: Bucket, key: Key, versionId: VersionId }
  return {
    requestParameters: readOnly ? named : Object.assign(named, toldHeaders(call.http.headers)),
    responseElements: readOnly || !output ? null : told(output),
    transfer: {
      authenticated: authenticationOf(call),
      query: withoutSecrets(call.http.query),
      bytesIn: Number(call.http.headers['x-amz-decoded-content-length'] ?? call.http.headers['content-length'] ?? 0),
      bytesOut: readOnly ? bytesOf(output, call) : 0,
      encryption: output && encryptionOf(output, readOnly, call),
    },
    resources: bucket ? resourcesOf(Key, bucket) : NOTHING,
  }
}

const NOTHING: readonly never[] = []

/** HeadObject tells a length and sends nothing. */
const bytesOf = (output: AuditedOutput | undefined, { http }: Pick<Call, 'http'>) =>
  output && http.method === 'HEAD' ? 0 : output?.ContentLength

/**
 * The read of a copy's source, which S3 makes inside: an event beside the copy's (facts: captures 7.7). That a copy that fails leaves
 * none is not recorded.
 */
export function sourceRead({ bucket, object }: FoundSource, versionId: string | undefined) {
  const { key, size, encryption } = object
  return {
    operation: 'GetObject',
    region: bucket.region,
    facts: {
      requestParameters: { bucketName: bucket.name, key, versionId },
      responseElements: null,
      transfer: { authenticated: undefined, query: '', bytesIn: 0, bytesOut: size, encryption: methodOf(encryption) },
      resources: resourcesOf(key, bucket),
    },
  }
}

function methodOf(encryption: Encryption): string | undefined {
  if (encryption.kind === 'kms') return encryption.dual ? undefined : 'SSE_KMS'
  return encryption.kind === 's3' ? 'SSE_S3' : 'SSE_C'
}

function resourcesOf(key: string | undefined, bucket: BucketRecord): NonNullable<AuditFacts['resources']> {
  const whole = audited(bucket)
  if (key === undefined) return [whole]
  return [{ arn: objectArn(bucket.name, key), account: bucket.account, type: 'AWS::S3::Object' }, whole]
}

const resources = new WeakMap<BucketRecord, AuditedResource>()

/** The same for the same record: calls are remembered with it, and most are about few buckets. */
function audited(bucket: BucketRecord): AuditedResource {
  let known = resources.get(bucket)
  if (!known) {
    known = { arn: bucketArn(bucket.name), account: bucket.account, type: 'AWS::S3::Bucket' }
    resources.set(bucket, known)
  }
  return known
}

/** Headers of writes that CloudTrail tells. Of a customer's key nothing but the algorithm: it is in others. */
const TOLD = [
  'x-amz-acl',
  'x-amz-bypass-governance-retention',
  'x-amz-copy-source',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
] as const

function toldHeaders(headers: Call['http']['headers']): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const name of TOLD) {
    const value = headers[name]
    if (value !== undefined) parameters[name] = value
  }
  return parameters
}

/** Headers of answers to writes, with the version that a write has made. */
function told(output: AuditedOutput): Record<string, unknown> | null {
  const elements = {
    'x-amz-server-side-encryption': output.ServerSideEncryption,
    'x-amz-server-side-encryption-aws-kms-key-id': output.SSEKMSKeyId,
    'x-amz-server-side-encryption-customer-algorithm': output.SSECustomerAlgorithm,
    'x-amz-version-id': output.VersionId,
    'x-amz-copy-source-version-id': output.CopySourceVersionId,
    'x-amz-delete-marker': output.DeleteMarker === true ? 'true' : undefined,
  }
  return Object.values(elements).some((value) => value !== undefined) ? elements : null
}

function authenticationOf({ http, caller }: Pick<Call, 'http' | 'caller'>) {
  if (caller.principal.kind === 'anonymous') return undefined
  // AWS Prescriptive Guidance, "Identifying presigned requests".
  if (http.form === true) return 'HtmlForm'
  return http.headers['authorization'] !== undefined ? 'AuthHeader' : 'QueryString'
}

const isSecret = (parameter: string) => /^X-Amz-(?:Credential|Signature|Security-Token)(?:=|$)/i.test(parameter)

/** Most queries are kept as they are: what they say is taken apart when somebody reads it. */
const withoutSecrets = (query: string): string =>
  /x-amz-/i.test(query)
    ? query
        .split('&')
        .filter((parameter) => !isSecret(parameter))
        .join('&')
    : query

const METHODS: Readonly<Record<string, string>> = { AES256: 'SSE_S3', 'aws:kms': 'SSE_KMS' }

/** `SSEApplied`; of a write that left it to the bucket `Default_…`. Of two layers no value is recorded. */
function encryptionOf(output: AuditedOutput, readOnly: boolean, { http }: Pick<Call, 'http'>): string | undefined {
  if (output.SSECustomerAlgorithm !== undefined) return 'SSE_C'
  const method = METHODS[output.ServerSideEncryption ?? '']
  if (method === undefined || readOnly || http.headers['x-amz-server-side-encryption'] !== undefined) return method
  return `Default_${method}`
}
