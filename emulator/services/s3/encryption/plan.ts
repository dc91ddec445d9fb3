import type { Call } from '../../../operation/call.ts'
import { accessDenied, invalidArgument, notEmulated } from '../errors.ts'
import { bucketArn, objectArn } from '../names.ts'
import type { BucketRecord } from '../state.ts'
import { callerArn } from '../callers.ts'
import { readContext } from './context.ts'
import { namesCustomerKey, readCustomerKey, type CustomerKey, type CustomerKeyRequest } from './customerKeys.ts'

/** What a write may say about encryption. */
export interface EncryptionRequest extends CustomerKeyRequest {
  readonly ServerSideEncryption?: string | undefined
  readonly SSEKMSKeyId?: string | undefined
  readonly SSEKMSEncryptionContext?: string | undefined
  readonly BucketKeyEnabled?: boolean | undefined
}

/** How a write will be encrypted, before KMS has been asked. */
export type EncryptionPlan =
  | { readonly kind: 's3' }
  | { readonly kind: 'customer'; readonly customerKey: CustomerKey }
  | {
      readonly kind: 'kms'
      /** In the form given: KMS resolves it, in the caller's account. */
      readonly keyId: string
      readonly context: Readonly<Record<string, string>>
      readonly contextGiven: boolean
      readonly bucketKey: boolean
      /** DSSE-KMS. */
      readonly dual?: true | undefined
    }

/** The key S3 uses when none is named. */
const S3_MANAGED_KEY = 'alias/aws/s3'
const SSE_HEADER = 'x-amz-server-side-encryption'

/**
 * Request headers, else the bucket's default, else SSE-S3 (facts: A4). A request for `aws:kms` or `aws:kms:dsse` without a key id
 * means aws/s3, not the bucket's default key; the bucket's Bucket Key setting still applies. DSSE-KMS has no Bucket Keys (facts: A6,
 * A7): a setting for them, in a header or of the bucket, has no effect on it. Throws InvalidArgument (facts: A9).
 */
export function planEncryption(
  input: EncryptionRequest,
  bucket: BucketRecord,
  key: string,
  call: Call,
): EncryptionPlan {
  const customerKey = admitCustomerKey(input, bucket, key, call)
  const asked = readMethod(input)
  if (customerKey) return { kind: 'customer', customerKey }
  const fallback = bucket.encryption
  const method = asked ?? fallback.algorithm
  if (!isKms(method)) return { kind: 's3' }
  const dual = method === 'aws:kms:dsse'
  const bucketKey = !dual && (input.BucketKeyEnabled ?? fallback.bucketKey)
  const given = readContext(input.SSEKMSEncryptionContext)
  const arn = bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, key)
  const named = given?.['aws:s3:arn']
  // S3 adds this pair itself; a caller who writes it too must write the same (facts: A6). The sentence is ours: none is recorded.
  if (named !== undefined && named !== arn) {
    throw invalidArgument(
      `The value of aws:s3:arn in the header 'x-amz-server-side-encryption-context' must be ${arn}`,
      'x-amz-server-side-encryption-context',
    )
  }
  return {
    kind: 'kms',
    keyId: (asked ? input.SSEKMSKeyId : fallback.keyId) ?? S3_MANAGED_KEY,
    context: { 'aws:s3:arn': arn, ...given },
    contextGiven: given !== undefined && Object.keys(given).some((name) => name !== 'aws:s3:arn'),
    bucketKey,
    ...(dual && { dual }),
  }
}

/** The method that the headers name. Throws InvalidArgument for others, and for a key id without one that takes it. */
function readMethod({ ServerSideEncryption: asked, SSEKMSKeyId }: EncryptionRequest) {
  if (asked !== undefined && asked !== 'AES256' && !isKms(asked)) {
    if (asked === 'aws:fsx') throw notEmulated(`s3 server-side encryption ${asked}`)
    throw invalidArgument('The encryption method specified is not supported', SSE_HEADER, asked)
  }
  if (!isKms(asked) && SSEKMSKeyId !== undefined) {
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      SSE_HEADER,
      asked ?? 'null',
    )
  }
  return asked
}

const isKms = (method: string | undefined) => method === 'aws:kms' || method === 'aws:kms:dsse'

/** SSE-C, for writes. Buckets block it unless told otherwise (facts: captures 7.6), whatever the key. */
function admitCustomerKey(
  input: EncryptionRequest,
  bucket: BucketRecord,
  key: string,
  call: Call,
): CustomerKey | undefined {
  if (!namesCustomerKey(input)) return undefined
  if (input.ServerSideEncryption !== undefined) {
    throw invalidArgument(
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      SSE_HEADER,
      input.ServerSideEncryption,
    )
  }
  if (!bucket.encryption.blocked.includes('SSE-C')) return readCustomerKey(input)
  const arn = callerArn(call)
  if (arn === undefined) throw accessDenied()
  throw accessDenied(
    `User: ${arn} is not authorized to perform: s3:PutObject on resource: "${objectArn(bucket.name, key)}" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type`,
  )
}

/** Reads and parts take no SSE header (facts: A9). */
export function refuseEncryptionHeaders(call: Pick<Call, 'http'>): void {
  const sse = call.http.headers[SSE_HEADER]
  if (sse === undefined) return
  throw invalidArgument(`${SSE_HEADER} header is not supported for this operation.`, SSE_HEADER, sse)
}
