import type { Call } from '../../../operation/call.ts'
import type { Encryption } from '../state.ts'
import { writeContext } from './context.ts'
import type { CustomerKey } from './customerKeys.ts'

export interface EncryptionMembers {
  readonly ServerSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  readonly SSEKMSKeyId?: string
  readonly BucketKeyEnabled?: true
  readonly SSECustomerAlgorithm?: 'AES256'
  readonly SSECustomerKeyMD5?: string
}

/**
 * How answers tell an object's encryption: the key always by full ARN, a Bucket Key only when used (facts: A3), the context only
 * when the caller added to it (facts: captures 7.4). AWS's model knows the context header of some operations only, so it is set
 * directly. Of a customer's key its MD5 is told, and no method of S3's own.
 * @param customerKey the request's; left out where answers do not tell it
 */
export function encryptionMembers(
  encryption: Encryption,
  call: Pick<Call, 'responseHeaders'>,
  customerKey?: Pick<CustomerKey, 'md5'>,
): EncryptionMembers {
  if (encryption.kind === 's3') return { ServerSideEncryption: 'AES256' }
  if (encryption.kind === 'customer') {
    return customerKey ? { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: customerKey.md5 } : {}
  }
  if (encryption.contextGiven) {
    call.responseHeaders['x-amz-server-side-encryption-context'] = writeContext(encryption.context)
  }
  return {
    ServerSideEncryption: encryption.dual ? 'aws:kms:dsse' : 'aws:kms',
    SSEKMSKeyId: encryption.keyArn,
    ...(encryption.bucketKey && { BucketKeyEnabled: true as const }),
  }
}
