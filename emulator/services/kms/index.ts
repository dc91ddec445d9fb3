import { aliasRows } from './operations/aliases.ts'
import { createGrantRows } from './operations/createGrant.ts'
import { dataKeyRows } from './operations/dataKeys.ts'
import { decryptRows } from './operations/decrypt.ts'
import { encryptRows } from './operations/encrypt.ts'
import { grantRows } from './operations/grants.ts'
import { keyRows } from './operations/keys.ts'
import { lifecycleRows } from './operations/lifecycle.ts'
import { policyRows } from './operations/policies.ts'
import { reEncryptRows } from './operations/reEncrypt.ts'
import { rotationRows } from './operations/rotation.ts'
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
  encryptRows,
  decryptRows,
  reEncryptRows,
  dataKeyRows,
  createGrantRows,
  grantRows,
)
