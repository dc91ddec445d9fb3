import type { KeyMetadata } from '@aws-sdk/client-kms'
import { isSymmetricEncryption, usageFacts } from '../keySpecs.ts'
import type { KeyRecord } from '../state.ts'
import { isImported, lacksMaterial } from './imported.ts'
import { multiRegionConfiguration } from './multiRegion.ts'

/** KeyMetadata in AWS's order of members (facts: B8). Without spreads, after which V8 is slow (docs/speed.md): services ask for it often. */
export function keyMetadata(key: KeyRecord): KeyMetadata {
  const { EncryptionAlgorithms, SigningAlgorithms, KeyAgreementAlgorithms, EncapsulationAlgorithms, MacAlgorithms } =
    usageFacts(key).algorithms
  const expiry = expiryOf(key)
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    DeletionDate: key.deletion?.at === undefined ? undefined : new Date(key.deletion.at),
    ValidTo: expiry?.ValidTo,
    Origin: key.origin,
    CustomKeyStoreId: key.customKeyStoreId,
    CloudHsmClusterId: key.cloudHsmClusterId,
    ExpirationModel: expiry?.ExpirationModel,
    KeyManager: key.manager,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- AWS serves the old name beside the new one
    CustomerMasterKeySpec: key.spec as KeyMetadata['CustomerMasterKeySpec'],
    KeySpec: key.spec,
    EncryptionAlgorithms,
    SigningAlgorithms,
    KeyAgreementAlgorithms,
    EncapsulationAlgorithms,
    MultiRegion: key.multiRegion,
    MultiRegionConfiguration: multiRegionConfiguration(key),
    // In place of a date, while a primary key waits for its replicas to go (facts: B14).
    PendingDeletionWindowInDays: key.state === 'PendingReplicaDeletion' ? key.deletion?.windowInDays : undefined,
    MacAlgorithms,
    XksKeyConfiguration: key.xksKeyId === undefined ? undefined : { Id: key.xksKeyId },
    CurrentKeyMaterialId: showsMaterial(key) ? key.materials.at(-1)?.id : undefined,
  }
}

/**
 * Other keys have one, but do not show it; replicas do not before they are made (facts: B8), keys in custom key stores never (AWS's API
 * reference, KeyMetadata).
 */
const showsMaterial = (key: KeyRecord) =>
  isSymmetricEncryption(key) && key.state !== 'Creating' && key.customKeyStoreId === undefined

/**
 * When a key with imported material will lose the first of its materials; undefined for other keys, and while something is missing
 * (facts: B8, captures 2).
 */
function expiryOf(key: KeyRecord): Pick<KeyMetadata, 'ExpirationModel' | 'ValidTo'> | undefined {
  if (!isImported(key) || lacksMaterial(key)) return undefined
  const dates = key.materials.flatMap(({ imported }) => imported?.validTo ?? [])
  if (dates.length === 0) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(Math.min(...dates)) }
}
