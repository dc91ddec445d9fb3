import type { Keys } from '../../../operation/define.ts'
import type { Ec2Call, HeldGrant, SealedKey } from '../state.ts'
import { infrastructureArn } from '../../../lib/infrastructure.ts'
import { ebsContext, ebsService, retire } from './service.ts'

/** KMS operations that bring a volume to an instance and take it away. */
export const ATTACH = { grant: 'CreateGrant', decrypt: 'Decrypt', retire: 'RetireGrant' } as const

/**
 * Has the host of an instance decrypt a volume's data key (facts: B4): the caller lends it the key, and it decrypts in its own name. The
 * plaintext would stay with the host, so that it is not asked for again while the volume is attached (facts: B4, captures).
 * @returns the grant, to be given up when the volume leaves the host
 */
export async function openOnHost(
  { keyArn, ciphertext, context }: SealedKey,
  instanceId: string,
  call: Ec2Call<Keys<typeof ATTACH>>,
): Promise<HeldGrant> {
  const { GrantId } = await call.keys.grant({
    KeyId: keyArn,
    GranteePrincipal: infrastructureArn({ account: call.account, instanceId }),
    RetiringPrincipal: ebsService(call.region),
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextSubset: ebsContext(context) },
  })
  if (GrantId === undefined) throw new Error('KMS gave no grant')
  const held: HeldGrant = { keyArn, id: GrantId }
  try {
    const { Plaintext } = await call.keys.decrypt(
      { KeyId: keyArn, CiphertextBlob: Buffer.from(ciphertext, 'base64'), EncryptionContext: ebsContext(context) },
      // facts: B4; KMS developer guide, "How Amazon EBS uses AWS KMS", CloudTrail examples.
      { as: call.env.directory.infrastructure(call.account, instanceId, call.time), invokedBy: 'AWS Internal' },
    )
    Plaintext?.fill(0)
  } catch (error) {
    await retire(held, call)
    throw error
  }
  return held
}
