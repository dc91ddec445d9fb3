import { takeOver } from '../../../crypto/material.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { masterKey } from '../blocks/contents.ts'
import type { Ec2Call, SealedKey, SnapshotRecord } from '../state.ts'
import { invalid, keyNotFound } from './errors.ts'

/** KMS operations of EBS direct (facts: captures 5.3). */
export const READ_KEYS = { describe: 'DescribeKey', decrypt: 'Decrypt' } as const
export const START_KEYS = { generate: 'GenerateDataKey', reEncrypt: 'ReEncrypt', decrypt: 'Decrypt' } as const

type Reading = Ec2Call<Keys<Pick<typeof READ_KEYS, 'decrypt'>>>

/** Asks KMS. Throws what EBS makes of its refusals. */
export async function ask<T>(call: Ec2Call, operation: string, question: () => T | Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (error) {
    if (error instanceof AwsError) throw dependencyFailure(error, operation, call)
    throw error
  }
}

/**
 * What callers see of KMS's refusals: a key they may not describe or decrypt with does not exist for them; anything else is told, in the
 * form of the SDK that EBS itself uses.
 */
function dependencyFailure(error: AwsError, operation: string, call: Ec2Call): AwsError {
  const denied = error.code === 'AccessDeniedException'
  if (error.code === 'NotFoundException') return keyNotFound()
  if (denied && (operation === 'DescribeKey' || operation === 'Decrypt')) return keyNotFound()
  const kind = denied ? 'AWSKMSException' : error.code
  const requestId = call.trace.forwarded.at(-1)?.requestId ?? call.requestId
  return invalid(
    'INVALID_DEPENDENCY_REQUEST',
    `Invalid parameters for a dependent service: com.amazonaws.services.kms.model.${kind}: ${error.text} (Service: AWSKMS; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${requestId}; Proxy: null)`,
  )
}

/** Lists tell about an encrypted snapshot only to those who may describe its key. */
export async function requireKey(call: Ec2Call<Keys<typeof READ_KEYS>>, snapshot: SnapshotRecord): Promise<void> {
  const { kmsKeyId } = snapshot
  if (kmsKeyId !== undefined) await ask(call, 'DescribeKey', () => call.keys.describe({ KeyId: kmsKeyId }))
}

/** The data key of a snapshot's blocks, decrypted in the caller's name. */
export async function openKey(call: Reading, { dataKey }: SnapshotRecord): Promise<SecretBytes> {
  return dataKey ? decrypt(call, dataKey) : masterKey(call)
}

export async function decrypt(call: Reading, { keyArn, ciphertext, context }: SealedKey): Promise<SecretBytes> {
  const { Plaintext } = await ask(call, 'Decrypt', () =>
    call.keys.decrypt({
      KeyId: keyArn,
      CiphertextBlob: Buffer.from(ciphertext, 'base64'),
      EncryptionContext: { 'aws:ebs:id': context },
    }),
  )
  if (!Plaintext) throw new Error('KMS gave no plaintext')
  return takeOver(Plaintext)
}
