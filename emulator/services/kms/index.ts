import { aliasRows } from './operations/aliases.ts'
import { createGrantRows } from './operations/createGrant.ts'
import { dataKeyPairRows } from './operations/dataKeyPairs.ts'
import { customKeyStoreRows } from './operations/customKeyStores.ts'
import { dataKeyRows } from './operations/dataKeys.ts'
import { decryptRows } from './operations/decrypt.ts'
import { deriveSharedSecretRows } from './operations/deriveSharedSecret.ts'
import { encapsulationRows } from './operations/encapsulation.ts'
import { encryptRows } from './operations/encrypt.ts'
import { grantRows } from './operations/grants.ts'
import { importRows } from './operations/import.ts'
import { keyRows } from './operations/keys.ts'
import { lastUsageRows } from './operations/lastUsage.ts'
import { lifecycleRows } from './operations/lifecycle.ts'
import { macRows } from './operations/mac.ts'
import { multiRegionRows } from './operations/multiRegion.ts'
import { policyRows } from './operations/policies.ts'
import { publicKeyRows } from './operations/publicKey.ts'
import { reEncryptRows } from './operations/reEncrypt.ts'
import { rotationRows } from './operations/rotation.ts'
import { signRows } from './operations/sign.ts'
import { tagRows } from './operations/tagging.ts'
import { kms } from './service.ts'

/** AWS Key Management Service. */
export const kmsService = kms.with(
  keyRows,
  lifecycleRows,
  aliasRows,
  policyRows,
  tagRows,
  rotationRows,
  importRows,
  encryptRows,
  decryptRows,
  multiRegionRows,
  reEncryptRows,
  dataKeyRows,
  dataKeyPairRows,
  signRows,
  macRows,
  publicKeyRows,
  deriveSharedSecretRows,
  encapsulationRows,
  lastUsageRows,
  createGrantRows,
  grantRows,
  customKeyStoreRows,
)
