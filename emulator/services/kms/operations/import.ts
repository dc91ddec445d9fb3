import type { ImportKeyMaterialRequest } from '@aws-sdk/client-kms'
import { materialId } from '../../../crypto/envelope.ts'
import { publicKeyOf } from '../../../crypto/keyMaterial.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { unwrapMaterial } from '../../../crypto/wrap.ts'
import { keyResources, said } from '../audit.ts'
import { invalidCiphertext, keyMissing, validation, wrongOrigin } from '../errors.ts'
import { bufferOf } from '../keys/ciphertext.ts'
import { makeMaterial } from '../keys/generate.ts'
import { deleteBytes, forgetMaterial, isImported, knownMaterial, withMaterial } from '../keys/imported.ts'
import { acceptImport, requireImportMembers, type ImportTerms } from '../keys/importing.ts'
import { PARAMETERS_VALID_MS, readImportToken, requireWrapping, storeParameters } from '../keys/importParameters.ts'
import { storeMaterial } from '../keys/material.ts'
import { isReplica, putShared } from '../keys/multiRegion.ts'
import type { Target } from '../keys/resolve.ts'
import { armKey } from '../keys/timers.ts'
import { isSymmetricEncryption } from '../keySpecs.ts'
import type { StatefulOperation } from '../keyStates.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall, MaterialEntry } from '../state.ts'
import { admitted, given, keyAudit, onOwnKey } from './onKey.ts'

const DAY = 86_400_000
const LONGEST_DAYS = 365

/** A key that takes imported material, in a state that admits the operation; the origin is looked at first (facts: B4 note 9). */
function importable(target: Target, operation: StatefulOperation): KeyRecord {
  const { key, arn } = target
  if (!key) throw keyMissing(arn)
  if (!isImported(key)) throw wrongOrigin(key)
  return admitted(target, operation)
}

const getParametersForImport = kms.row('GetParametersForImport', {
  ...onOwnKey,
  action: 'kms:GetParametersForImport',
  readOnly: true,
  context: (input) => ({
    'kms:WrappingAlgorithm': input.WrappingAlgorithm,
    'kms:WrappingKeySpec': input.WrappingKeySpec,
  }),
  async run(input, call, target) {
    const key = importable(target, 'GetParametersForImport')
    const way = requireWrapping(key, given(input.WrappingAlgorithm), given(input.WrappingKeySpec))
    const privateKey = await makeMaterial(way.keySpec, call)
    // The key may have been scheduled for deletion, or be gone, by the time the wrapping key is there.
    const now = call.state.keys.in(key.account, key.region).get(key.id)
    const still = importable({ ...target, key: now }, 'GetParametersForImport')
    const token = storeParameters(still, { ...way, privateKey }, call)
    return {
      KeyId: target.arn,
      ImportToken: token,
      PublicKey: publicKeyOf(way.keySpec, privateKey),
      ParametersValidTo: new Date(call.time + PARAMETERS_VALID_MS),
    }
  },
  audit: keyAudit('KeyId', 'WrappingAlgorithm', 'WrappingKeySpec'),
})

/** Until when material is good: whole seconds, in milliseconds. Throws ValidationException (facts: captures 5.1). */
function validToOf(input: ImportKeyMaterialRequest, now: number): number | undefined {
  const { ValidTo } = input
  if ((input.ExpirationModel ?? 'KEY_MATERIAL_EXPIRES') === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (ValidTo === undefined) return undefined
    throw validation('A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE')
  }
  if (ValidTo === undefined) {
    throw validation('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES')
  }
  const validTo = wholeSeconds(ValidTo) * 1000
  if (validTo <= now) throw validation('ValidTo must be in the future')
  if (validTo > now + LONGEST_DAYS * DAY) throw validation('ValidTo must be less than 365 days in the future')
  return validTo
}

const wholeSeconds = (date: Date): number => Math.floor(date.getTime() / 1000)

/** The material that a request brings. Throws for tokens that are not this key's, and InvalidCiphertextException. */
function unwrapped(input: ImportKeyMaterialRequest, key: KeyRecord, call: KmsCall): SecretBytes {
  const wrapping = readImportToken(bufferOf(given(input.ImportToken)), key, call)
  const material = unwrapMaterial(key.spec, wrapping, bufferOf(given(input.EncryptedKeyMaterial)))
  if (!material) throw invalidCiphertext()
  return material
}

const importKeyMaterial = kms.row('ImportKeyMaterial', {
  ...onOwnKey,
  action: 'kms:ImportKeyMaterial',
  context: (input) => ({
    'kms:ExpirationModel': input.ExpirationModel,
    'kms:ValidTo': input.ValidTo && String(wholeSeconds(input.ValidTo)),
  }),
  run(input, call, target) {
    const key = importable(target, 'ImportKeyMaterial')
    requireImportMembers(input, key)
    const terms: ImportTerms = {
      type: input.ImportType,
      expectedId: input.KeyMaterialId,
      validTo: validToOf(input, call.time),
      description: input.KeyMaterialDescription,
    }
    const material = unwrapped(input, key, call)
    const id = materialId(key.id, material)
    const changed = acceptImport(key, id, terms)
    call.env.store.transaction(() => {
      storeMaterial(key, material, call.state)
      call.state.missing.in().delete(`${key.region}/${id}`)
      putShared(key, changed, call.state)
    })
    armKey(changed, call)
    return { KeyId: key.arn, ...(isSymmetricEncryption(key) && { KeyMaterialId: id }) }
  },
  audit: (input, output, target) => ({
    requestParameters: said(
      input,
      'KeyId',
      'ValidTo',
      'ExpirationModel',
      'ImportType',
      'KeyMaterialDescription',
      'KeyMaterialId',
    ),
    responseElements: output ? said(output, 'KeyId', 'KeyMaterialId') : null,
    resources: keyResources(target),
  }),
})

/** What is to be deleted: the current material unless told; undefined when none was ever imported. Throws ValidationException. */
function doomed(key: KeyRecord, id: string | undefined): MaterialEntry | undefined {
  if (id === undefined) return key.materials.at(-1)
  const entry = knownMaterial(key, id)
  if (!entry) throw validation(`Key material (id: ${id}) has never been imported into KMS key ${key.arn}.`)
  return entry
}

/**
 * Material that was never used is forgotten, in all Regions if the key is the primary one; of other material the entry stays, and the
 * key waits for it (facts: captures 5.1, 5.4).
 */
function withoutMaterial(key: KeyRecord, entry: MaterialEntry, call: KmsCall): KeyRecord {
  if (entry.id === key.pendingMaterial?.id && !isReplica(key)) {
    forgetMaterial(key, entry.id, call.state)
    return { ...key, pendingMaterial: undefined }
  }
  deleteBytes(key, entry.id, call.state)
  const description = entry.imported?.description
  return withMaterial(key, { ...entry, imported: { bytes: 'deleted', description } })
}

const deleteImportedKeyMaterial = kms.row('DeleteImportedKeyMaterial', {
  ...onOwnKey,
  action: 'kms:DeleteImportedKeyMaterial',
  run(input, call, target) {
    const key = importable(target, 'DeleteImportedKeyMaterial')
    const entry = doomed(key, input.KeyMaterialId)
    if (!entry) return { KeyId: key.arn }
    const changed = call.env.store.transaction(() => {
      return putShared(key, withoutMaterial(key, entry, call), call.state)
    })
    armKey(changed, call)
    return { KeyId: key.arn, ...(isSymmetricEncryption(key) && { KeyMaterialId: entry.id }) }
  },
  audit: (input, output, target) => ({
    requestParameters: said(input, 'KeyId', 'KeyMaterialId'),
    responseElements: output ? said(output, 'KeyId', 'KeyMaterialId') : null,
    resources: keyResources(target),
  }),
})

export const importRows = [getParametersForImport, importKeyMaterial, deleteImportedKeyMaterial]
