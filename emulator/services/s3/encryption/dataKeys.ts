import { fromStored, generateSecret, secretOf, toStored } from '../../../crypto/material.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import type { Call } from '../../../operation/call.ts'
import type { Keys } from '../../../operation/define.ts'
import { invalidArgument } from '../errors.ts'
import type { Encryption, S3State } from '../state.ts'
import type { EncryptionPlan } from './plan.ts'

/** Key uses that rows declare. */
export const GENERATE = { generate: 'GenerateDataKey' } as const
export const DECRYPT = { decrypt: 'Decrypt' } as const

/** What a body is encrypted with, and what must be kept to find it again. */
export interface DataKey {
  readonly secret: SecretBytes
  readonly encryption: Encryption
}

/** A key for a new object: S3's own, or one from KMS, asked for in the caller's name. */
export async function newDataKey(plan: EncryptionPlan, call: Call<S3State, Keys<typeof GENERATE>>): Promise<DataKey> {
  if (plan.kind === 's3') return { secret: masterKey(call), encryption: { kind: 's3' } }
  requireSignature(call)
  const { Plaintext, CiphertextBlob, KeyId } = await call.keys.generate({
    KeyId: plan.keyId,
    KeySpec: 'AES_256',
    EncryptionContext: { ...plan.context },
  })
  if (!Plaintext || !CiphertextBlob || KeyId === undefined) throw new Error('KMS gave no data key')
  const { context, contextGiven, bucketKey } = plan
  return {
    secret: takeOver(Plaintext),
    encryption: {
      kind: 'kms',
      keyArn: KeyId,
      dataKey: Buffer.from(CiphertextBlob).toString('base64'),
      context,
      contextGiven,
      bucketKey,
    },
  }
}

/** The key of stored bytes. Under KMS the caller's permission to decrypt is asked for at each access, Bucket Key or not. */
export async function openDataKey(
  encryption: Encryption,
  call: Call<S3State, Keys<typeof DECRYPT>>,
): Promise<SecretBytes> {
  if (encryption.kind === 's3') return masterKey(call)
  requireSignature(call)
  const { Plaintext } = await call.keys.decrypt({
    CiphertextBlob: Buffer.from(encryption.dataKey, 'base64'),
    EncryptionContext: { ...encryption.context },
  })
  if (!Plaintext) throw new Error('KMS gave no plaintext')
  return takeOver(Plaintext)
}

/** Behind a type that must be asked; the loose copy is cleared. */
function takeOver(plaintext: Uint8Array): SecretBytes {
  const secret = secretOf(Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength))
  plaintext.fill(0)
  return secret
}

const opened = new WeakMap<object, SecretBytes>()

/** The emulator's own secret behind SSE-S3, made when first needed. Each stream derives its own key from it. */
export function masterKey(call: Pick<Call<S3State>, 'state' | 'env'>): SecretBytes {
  const table = call.state.secrets.in()
  const record = table.get('master') ?? { key: toStored(generateSecret(32)) }
  const known = opened.get(record)
  if (known) return known
  if (!table.has('master')) {
    call.env.store.transaction(() => {
      table.put('master', record)
    })
  }
  const secret = fromStored(record.key)
  opened.set(record, secret)
  return secret
}

/** KMS knows no anonymous callers (facts: A9). */
function requireSignature(call: Call<S3State>): void {
  if (call.caller.principal.kind !== 'anonymous') return
  throw invalidArgument(
    'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
    'Authorization',
    'null',
  )
}
