import type { GenerateDataKeyRequest, GenerateDataKeyWithoutPlaintextRequest } from '@aws-sdk/client-kms'
import { generateSecret, revealBytes } from '../../../crypto/material.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said, usedKeyData } from '../audit.ts'
import { NO_CONTEXT } from '../encryptionContext.ts'
import { validation } from '../errors.ts'
import { DATA_KEY_LENGTHS } from '../keySpecs.ts'
import { sealUnder, SYMMETRIC } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import type { Target } from '../keys/resolve.ts'
import { sharedKey } from '../keys/resource.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { handOut, plaintextEventData, recipientOf, withRecipient } from '../recipient.ts'
import { kms } from '../service.ts'
import { requireRandomSource } from '../keyStores/random.ts'
import type { KmsCall } from '../state.ts'
import { oneOfSizeOrSpec } from '../unsourced.ts'
import { cryptoContext, granted, namedKey } from './cryptoCalls.ts'

type DataKeyInput = GenerateDataKeyRequest | GenerateDataKeyWithoutPlaintextRequest
type DataKeyOperation = 'GenerateDataKey' | 'GenerateDataKeyWithoutPlaintext'

/** Bytes that were asked for. Throws ValidationException (facts: B6). */
function lengthOf({ KeySpec, NumberOfBytes }: DataKeyInput): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) throw oneOfSizeOrSpec()
  return KeySpec === undefined ? (NumberOfBytes ?? 0) : DATA_KEY_LENGTHS[KeySpec]
}

/** A fresh key, bare and under the KMS key. */
async function generate(input: DataKeyInput, call: KmsCall, target: Target, operation: DataKeyOperation) {
  const key = usable(target, operation)
  requireUsage(key, 'ENCRYPT_DECRYPT', operation)
  requireAlgorithm(key, SYMMETRIC)
  const length = lengthOf(input)
  endDryRun(input)
  const context = input.EncryptionContext ?? NO_CONTEXT
  const plaintext = revealBytes(generateSecret(length))
  const { blob, materialId } = await sealUnder(key, { kind: 'dataKey', algorithm: SYMMETRIC, context, plaintext }, call)
  recordUse(key, call)
  return { plaintext, blob, keyId: key.arn, materialId }
}

const audit = (input: DataKeyInput, target: Target | undefined): AuditFacts => ({
  requestParameters: said(input, 'KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext', 'DryRun'),
  responseElements: null,
  resources: keyResources(target),
})

const onNamedKey = {
  readOnly: true,
  subject: namedKey,
  resource: sharedKey,
  context: (input: DataKeyInput, _call: KmsCall, target: Target) =>
    cryptoContext(input.EncryptionContext, undefined, target),
} as const

const generateDataKey = kms.row('GenerateDataKey', {
  ...onNamedKey,
  action: 'kms:GenerateDataKey',
  context: (input, call, target) => withRecipient(onNamedKey.context(input, call, target), input, call),
  grant: (input) => granted('GenerateDataKey', input.EncryptionContext),
  async run(input, call, target) {
    const recipient = recipientOf(input, call)
    const { plaintext, blob, keyId, materialId } = await generate(input, call, target, 'GenerateDataKey')
    return {
      CiphertextBlob: blob,
      KeyId: keyId,
      KeyMaterialId: materialId,
      ...handOut('Plaintext', plaintext, recipient),
    }
  },
  audit: (input, output, target, call) => ({
    ...audit(input, target),
    ...usedKeyData(target, plaintextEventData(input, output, call)),
  }),
})

const generateDataKeyWithoutPlaintext = kms.row('GenerateDataKeyWithoutPlaintext', {
  ...onNamedKey,
  action: 'kms:GenerateDataKeyWithoutPlaintext',
  grant: (input) => granted('GenerateDataKeyWithoutPlaintext', input.EncryptionContext),
  async run(input, call, target) {
    const { plaintext, blob, keyId, materialId } = await generate(
      input,
      call,
      target,
      'GenerateDataKeyWithoutPlaintext',
    )
    plaintext.fill(0)
    return { CiphertextBlob: blob, KeyId: keyId, KeyMaterialId: materialId }
  },
  audit: (input, output, target, call) => ({
    ...audit(input, target),
    ...usedKeyData(target, plaintextEventData({}, output, call)),
  }),
})

const generateRandom = kms.row('GenerateRandom', {
  action: 'kms:GenerateRandom',
  readOnly: true,
  context: (input, call) => withRecipient({}, input, call),
  run(input, call) {
    const recipient = recipientOf(input, call)
    if (input.CustomKeyStoreId !== undefined) requireRandomSource(input.CustomKeyStoreId, call)
    if (input.NumberOfBytes === undefined) throw validation('NumberOfBytes is required.')
    return handOut('Plaintext', revealBytes(generateSecret(input.NumberOfBytes)), recipient)
  },
  audit: (input, output, _target, call) => ({
    requestParameters: null,
    responseElements: null,
    resources: [],
    ...plaintextEventData(input, output && {}, call),
  }),
})

export const dataKeyRows = [generateDataKey, generateDataKeyWithoutPlaintext, generateRandom]
