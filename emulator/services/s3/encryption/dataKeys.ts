import { takeOver } from '../../../crypto/material.ts'
import { twoKeys } from '../../../crypto/objectCipher.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import type { Call } from '../../../operation/call.ts'
import { ownSecret } from '../../../operation/ownSecret.ts'
import type { Keys } from '../../../operation/define.ts'
import { invalidArgument } from '../errors.ts'
import type { Encryption, S3State, UploadRecord } from '../state.ts'
import { requesterOf } from './bucketKeys.ts'
import {
  customerEncryption,
  proveCustomerKey,
  proveUploadKey,
  requireCustomerKey,
  type CustomerKey,
} from './customerKeys.ts'
import type { EncryptionPlan } from './plan.ts'

/** Key uses that rows declare. */
export const GENERATE = { generate: 'GenerateDataKey' } as const
export const DECRYPT = { decrypt: 'Decrypt' } as const
export const REWRAP = { reEncrypt: 'ReEncrypt' } as const

/** What a body is encrypted with, and what must be kept to find it again. */
export interface DataKey {
  readonly secret: SecretBytes
  readonly encryption: Encryption
  /** Of SSE-C: what answers echo. */
  readonly customerKey?: CustomerKey | undefined
}

type KmsPlan = Extract<EncryptionPlan, { readonly kind: 'kms' }>
type KmsEncryption = Extract<Encryption, { readonly kind: 'kms' }>
type GenerateCall = Call<S3State, Keys<typeof GENERATE>>
type DecryptCall = Call<S3State, Keys<typeof DECRYPT>>

/** A key for a new object: S3's own, the customer's, or one from KMS, asked for in the caller's name. */
export async function newDataKey(plan: EncryptionPlan, call: GenerateCall): Promise<DataKey> {
  if (plan.kind === 's3') return { secret: masterKey(call), encryption: { kind: 's3' } }
  if (plan.kind === 'customer') {
    const { customerKey } = plan
    return { secret: customerKey.secret, encryption: customerEncryption(customerKey), customerKey }
  }
  requireSignature(call)
  return plan.bucketKey ? bucketLevelKey(plan, call) : generate(plan, call, false)
}

/** The bucket-level key that the caller's writes use at present (bucketKeys.ts), or a new one. */
async function bucketLevelKey(plan: KmsPlan, call: GenerateCall): Promise<DataKey> {
  const { bucketKeys } = call.state
  // The context names the bucket.
  const id = JSON.stringify([requesterOf(call), call.region, plan.keyId, Object.entries(plan.context).sort()])
  const kept = bucketKeys.written(id, call.time)
  try {
    const fresh = await generate(plan, call, kept !== undefined)
    if (kept && isUnderSameKey(kept, fresh)) return kept
    if (!kept) {
      bucketKeys.keepWritten(id, fresh, call.time)
      return fresh
    }
  } catch (error) {
    bucketKeys.forgetWritten(id)
    throw error
  }
  // The alias has moved to another key meanwhile, which has to be asked for.
  bucketKeys.forgetWritten(id)
  return bucketLevelKey(plan, call)
}

const isUnderSameKey = (a: DataKey, b: DataKey) =>
  a.encryption.kind === 'kms' && b.encryption.kind === 'kms' && a.encryption.keyArn === b.encryption.keyArn

async function generate(plan: KmsPlan, call: GenerateCall, spared: boolean): Promise<DataKey> {
  const { Plaintext, CiphertextBlob, KeyId } = await call.keys.generate(
    { KeyId: plan.keyId, KeySpec: 'AES_256', EncryptionContext: { ...plan.context } },
    { spared },
  )
  if (!Plaintext || !CiphertextBlob || KeyId === undefined) throw new Error('KMS gave no data key')
  const { context, contextGiven, bucketKey, dual } = plan
  return {
    secret: layered(takeOver(Plaintext), dual, call),
    encryption: {
      kind: 'kms',
      keyArn: KeyId,
      dataKey: Buffer.from(CiphertextBlob).toString('base64'),
      context,
      contextGiven,
      bucketKey,
      ...(dual && { dual }),
    },
  }
}

/** DSSE-KMS: a second layer, under S3's own key, around that of KMS's data key. */
function layered(
  secret: SecretBytes,
  dual: boolean | undefined,
  call: Pick<Call<S3State>, 'state' | 'env'>,
): SecretBytes {
  return dual ? twoKeys(secret, masterKey(call)) : secret
}

/**
 * The key of stored bytes. Under KMS the caller's permission to decrypt is asked for at each access, Bucket Key or not.
 * @param customerKey what the request brings
 * @param region of the bucket, where its KMS key is; a copy's source may lie in another than the call's
 */
export function openDataKey(
  encryption: Encryption,
  call: DecryptCall,
  customerKey: CustomerKey | undefined,
  region = call.region,
): SecretBytes | Promise<SecretBytes> {
  if (encryption.kind === 's3') return masterKey(call)
  if (encryption.kind === 'customer') return proveCustomerKey(encryption, customerKey)
  requireSignature(call)
  return encryption.bucketKey ? openBucketLevelKey(encryption, call, region) : decrypt(encryption, call, false, region)
}

/** The same for an upload in progress, whose parts must bring the customer's key that it was begun with. */
export async function openUploadKey(
  { encryption }: UploadRecord,
  call: DecryptCall,
  customerKey: CustomerKey | undefined,
): Promise<SecretBytes> {
  if (encryption.kind === 'customer') return proveUploadKey(encryption, customerKey)
  requireCustomerKey(encryption, customerKey)
  return openDataKey(encryption, call, undefined)
}

async function openBucketLevelKey(encryption: KmsEncryption, call: DecryptCall, region: string): Promise<SecretBytes> {
  const { bucketKeys } = call.state
  const id = `${encryption.dataKey} ${requesterOf(call)}`
  const spared = bucketKeys.hasOpened(id, call.time)
  try {
    const secret = await decrypt(encryption, call, spared, region)
    if (!spared) bucketKeys.keepOpened(id, call.time)
    return secret
  } catch (error) {
    bucketKeys.forgetOpened(id)
    throw error
  }
}

function decrypt(
  encryption: KmsEncryption,
  call: DecryptCall,
  spared: boolean,
  region: string,
): SecretBytes | Promise<SecretBytes> {
  const opened = call.keys.decrypt(
    { CiphertextBlob: Buffer.from(encryption.dataKey, 'base64'), EncryptionContext: { ...encryption.context } },
    { spared, region },
  )
  return opened instanceof Promise
    ? opened.then((later) => secretIn(later, encryption, call))
    : secretIn(opened, encryption, call)
}

function secretIn(
  { Plaintext }: { readonly Plaintext?: Uint8Array | undefined },
  { dual }: KmsEncryption,
  call: DecryptCall,
): SecretBytes {
  if (!Plaintext) throw new Error('KMS gave no plaintext')
  return layered(takeOver(Plaintext), dual, call)
}

/** The same data key, under another KMS key or in another context: KMS opens and seals it, and S3 does not see it. */
export async function rewrapDataKey(
  encryption: KmsEncryption,
  plan: KmsPlan,
  call: Call<S3State, Keys<typeof REWRAP>>,
): Promise<KmsEncryption> {
  const { CiphertextBlob, KeyId } = await call.keys.reEncrypt({
    CiphertextBlob: Buffer.from(encryption.dataKey, 'base64'),
    SourceEncryptionContext: { ...encryption.context },
    DestinationKeyId: plan.keyId,
    DestinationEncryptionContext: { ...plan.context },
  })
  if (!CiphertextBlob || KeyId === undefined) throw new Error('KMS gave no data key')
  const { context, contextGiven, bucketKey } = plan
  const dataKey = Buffer.from(CiphertextBlob).toString('base64')
  return { kind: 'kms', keyArn: KeyId, dataKey, context, contextGiven, bucketKey }
}

/** The emulator's own secret behind SSE-S3, made when first needed. Each stream derives its own key from it. */
export const masterKey = ({ state, env }: Pick<Call<S3State>, 'state' | 'env'>): SecretBytes =>
  ownSecret(state.secrets.in(), 'master', 32, env.store)

/** KMS knows no anonymous callers (facts: A9). */
function requireSignature(call: Call<S3State>): void {
  if (call.caller.principal.kind !== 'anonymous') return
  throw invalidArgument(
    'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
    'Authorization',
    'null',
  )
}
