import type { KeyMetadata } from '@aws-sdk/client-kms'
import { isSymmetricEncryption, usageFacts } from '../keySpecs.ts'
import type { KeyRecord } from '../state.ts'

/** KeyMetadata in AWS's order of members (facts: B8). */
export function keyMetadata(key: KeyRecord): KeyMetadata {
  const { EncryptionAlgorithms, SigningAlgorithms, KeyAgreementAlgorithms, EncapsulationAlgorithms, MacAlgorithms } =
    usageFacts(key).algorithms
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.deletion && { DeletionDate: new Date(key.deletion.at) }),
    Origin: key.origin,
    KeyManager: key.manager,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- AWS serves the old name beside the new one
    CustomerMasterKeySpec: key.spec as KeyMetadata['CustomerMasterKeySpec'],
    KeySpec: key.spec,
    EncryptionAlgorithms,
    SigningAlgorithms,
    KeyAgreementAlgorithms,
    EncapsulationAlgorithms,
    MultiRegion: key.multiRegion,
    MacAlgorithms,
    // Other keys have one, but do not show it (facts: B8).
    CurrentKeyMaterialId: isSymmetricEncryption(key) ? key.materials.at(-1)?.id : undefined,
  }
}
