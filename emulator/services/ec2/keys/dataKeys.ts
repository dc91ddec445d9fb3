import type { GrantConstraints } from '@aws-sdk/client-kms'
import type { KeyCallOptions, Keys } from '../../../operation/define.ts'
import type { Ec2Call, HeldGrant, SealedKey } from '../state.ts'
import { ebsContext, ebsService } from './service.ts'

/** AES-256-XTS takes two keys of 32 bytes (facts: B3). */
const DATA_KEY_BYTES = 64

/** KMS operations that make, move and lend data keys, for tasks to declare. */
export const SEAL = {
  generate: 'GenerateDataKeyWithoutPlaintext',
  reEncrypt: 'ReEncrypt',
  grant: 'CreateGrant',
} as const

type SealCall = Ec2Call<Keys<typeof SEAL>>

/**
 * A new data key, sealed for a volume or snapshot.
 * @param keyId in any form that KMS takes
 */
export async function newDataKey(keyId: string, id: string, call: SealCall): Promise<SealedKey> {
  const { CiphertextBlob, KeyId } = await call.keys.generate({
    KeyId: keyId,
    NumberOfBytes: DATA_KEY_BYTES,
    EncryptionContext: ebsContext(id),
  })
  return sealed(CiphertextBlob, KeyId, id)
}

/** The same data key for another volume or snapshot, and perhaps under another key. */
export async function reSeal(source: SealedKey, keyId: string, id: string, call: SealCall): Promise<SealedKey> {
  const { CiphertextBlob, KeyId } = await call.keys.reEncrypt({
    CiphertextBlob: Buffer.from(source.ciphertext, 'base64'),
    SourceEncryptionContext: ebsContext(source.context),
    DestinationKeyId: keyId,
    DestinationEncryptionContext: ebsContext(id),
  })
  return sealed(CiphertextBlob, KeyId, id)
}

function sealed(blob: Uint8Array | undefined, keyArn: string | undefined, context: string): SealedKey {
  if (!blob || keyArn === undefined) throw new Error('KMS gave no data key')
  return { keyArn, ciphertext: Buffer.from(blob).toString('base64'), context }
}

/** Lets EBS decrypt with a key, as its caller: the grant is really on the key (facts: B4). */
export async function grantToEbs(
  keyArn: string,
  Constraints: GrantConstraints,
  call: SealCall,
  options: KeyCallOptions = {},
): Promise<HeldGrant> {
  const service = ebsService(options.region ?? call.region)
  const { GrantId } = await call.keys.grant(
    { KeyId: keyArn, GranteePrincipal: service, RetiringPrincipal: service, Operations: ['Decrypt'], Constraints },
    options,
  )
  if (GrantId === undefined) throw new Error('KMS gave no grant')
  return { keyArn, id: GrantId }
}
