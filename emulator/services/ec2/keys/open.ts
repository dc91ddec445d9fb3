import { takeOver } from '../../../crypto/material.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import type { KeyCallOptions } from '../../../operation/define.ts'
import type { Ec2Call, SealedKey } from '../state.ts'
import { asEbs, ebsContext } from './service.ts'

interface Opened {
  readonly Plaintext?: Uint8Array | undefined
}

type Decrypting = Ec2Call<{
  readonly decrypt: (
    request: { KeyId: string; CiphertextBlob: Uint8Array; EncryptionContext: Record<string, string> },
    options?: KeyCallOptions,
  ) => Opened | Promise<Opened>
}>

/** A data key, decrypted by EBS in its own name, through a grant that a caller has made it (facts: B4). */
export async function openAsEbs({ keyArn, ciphertext, context }: SealedKey, call: Decrypting): Promise<SecretBytes> {
  const region = keyArn.split(':')[3] ?? call.region
  const { Plaintext } = await call.keys.decrypt(
    { KeyId: keyArn, CiphertextBlob: Buffer.from(ciphertext, 'base64'), EncryptionContext: ebsContext(context) },
    asEbs(call, region),
  )
  if (!Plaintext) throw new Error('KMS gave no plaintext')
  return takeOver(Plaintext)
}
