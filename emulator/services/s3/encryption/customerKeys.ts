import { createHash } from 'node:crypto'
import { secretOf } from '../../../crypto/material.ts'
import { ObjectDamaged, openSmall, sealSmall } from '../../../crypto/objectCipher.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { accessDenied, invalidArgument, invalidRequest } from '../errors.ts'
import type { Encryption } from '../state.ts'

/*
 * SSE-C: the customer sends the key with each request, and S3 forgets it. What is stored tells only whether a key is the right one:
 * nothing at all, sealed with it under a random salt, so that HeadObject, which reads no bytes, can tell too.
 */

/** A customer's key, for the time of one request. */
export interface CustomerKey {
  readonly secret: SecretBytes
  /** Base64, as sent: what answers echo. */
  readonly md5: string
}

/** How requests bring it. */
export interface CustomerKeyRequest {
  readonly SSECustomerAlgorithm?: string | undefined
  readonly SSECustomerKey?: string | undefined
  readonly SSECustomerKeyMD5?: string | undefined
}

type CustomerEncryption = Extract<Encryption, { readonly kind: 'customer' }>

const KEY_BYTES = 32
const CHECK = 's3 customer key'

export const namesCustomerKey = (input: CustomerKeyRequest): boolean =>
  input.SSECustomerAlgorithm !== undefined ||
  input.SSECustomerKey !== undefined ||
  input.SSECustomerKeyMD5 !== undefined

/** The key that a request brings, if any. Throws what is wrong with its headers (facts: A9); never quotes the key. */
export function readCustomerKey(input: CustomerKeyRequest): CustomerKey | undefined {
  if (!namesCustomerKey(input)) return undefined
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: key, SSECustomerKeyMD5: md5 } = input
  if (algorithm === undefined) throw incomplete('a valid encryption algorithm')
  if (algorithm !== 'AES256') throw badAlgorithm(algorithm)
  if (key === undefined) throw incomplete('an appropriate secret key')
  // The sentence for a missing MD5 is not among the facts; it is formed like its neighbours.
  if (md5 === undefined) throw incomplete('the client calculated MD5 of the secret key')
  const bytes = Buffer.from(key, 'base64')
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== key) {
    throw invalid('The secret key was invalid for the specified algorithm.')
  }
  const computed = createHash('md5').update(bytes).digest('base64')
  const secret = secretOf(bytes)
  bytes.fill(0)
  if (computed !== md5) throw invalid('The calculated MD5 hash of the key did not match the hash that was provided.')
  return { secret, md5 }
}

/** The key to the source of a copy. */
export function readSourceCustomerKey(input: {
  readonly CopySourceSSECustomerAlgorithm?: string | undefined
  readonly CopySourceSSECustomerKey?: string | undefined
  readonly CopySourceSSECustomerKeyMD5?: string | undefined
}): CustomerKey | undefined {
  return readCustomerKey({
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  })
}

// That the argument named is `x-amz-server-side-encryption`, with the value `null`, is not recorded.
const invalid = (text: string) => invalidArgument(text, 'x-amz-server-side-encryption', 'null')

const incomplete = (what: string) =>
  invalid(`Requests specifying Server Side Encryption with Customer provided keys must provide ${what}.`)

const badAlgorithm = (algorithm: string) =>
  new AwsError(
    'InvalidEncryptionAlgorithmError',
    400,
    'The Encryption request you specified is not valid. Supported value: AES256.',
    {
      fields: {
        ArgumentName: 'x-amz-server-side-encryption-customer-algorithm',
        ArgumentValue: algorithm,
      },
    },
  )

/** What is stored with something encrypted under a customer's key. */
export function customerEncryption({ secret }: CustomerKey): CustomerEncryption {
  return { kind: 'customer', check: sealSmall(secret, CHECK, Buffer.alloc(0)).toString('base64') }
}

/**
 * That a read brings a key where one is needed, and only there; whether it is the right one is told later, by `proveCustomerKey`
 * (facts: captures 7.10: syntax, then conditions, then ranges, then key proof). Throws InvalidRequest.
 */
export function requireCustomerKey(encryption: Encryption, given: CustomerKey | undefined): void {
  if (encryption.kind === 'customer') {
    if (given) return
    throw invalidRequest(
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    )
  }
  if (given) throw invalidRequest('The encryption parameters are not applicable to this object.')
}

/** The key of an object, proved. Throws AccessDenied for another key. */
export function proveCustomerKey(encryption: CustomerEncryption, given: CustomerKey | undefined): SecretBytes {
  requireCustomerKey(encryption, given)
  if (given && opens(encryption, given)) return given.secret
  throw accessDenied(
    'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
  )
}

/**
 * The key of an upload in progress: the one it was begun with, again (missing: aws/aws-sdk-php pull request 1291; the sentence for
 * another key is not recorded). Throws InvalidRequest.
 */
export function proveUploadKey(encryption: CustomerEncryption, given: CustomerKey | undefined): SecretBytes {
  if (!given) {
    throw invalidRequest(
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
    )
  }
  if (opens(encryption, given)) return given.secret
  throw invalidRequest('The provided encryption parameters did not match the ones used originally.')
}

function opens({ check }: CustomerEncryption, { secret }: CustomerKey): boolean {
  try {
    openSmall(secret, CHECK, Buffer.from(check, 'base64'))
    return true
  } catch (error) {
    if (error instanceof ObjectDamaged) return false
    throw error
  }
}
