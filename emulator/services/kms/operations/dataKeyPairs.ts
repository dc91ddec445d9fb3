import type { GenerateDataKeyPairRequest, GenerateDataKeyPairWithoutPlaintextRequest } from '@aws-sdk/client-kms'
import { publicKeyOf } from '../../../crypto/keyMaterial.ts'
import { revealBytes } from '../../../crypto/material.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said } from '../audit.ts'
import { NO_CONTEXT } from '../encryptionContext.ts'
import { invalidKeyUsage, wrongOrigin } from '../errors.ts'
import { isOffered, specFacts } from '../keySpecs.ts'
import { sealUnder, SYMMETRIC } from '../keys/ciphertext.ts'
import { makeMaterial } from '../keys/generate.ts'
import { recordUse } from '../keys/lastUse.ts'
import type { Target } from '../keys/resolve.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { handOut, plaintextEventData, recipientOf, withRecipient } from '../recipient.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { pairSpecNotOffered } from '../unsourced.ts'
import { cryptoContext, granted, onNamedKey } from './cryptoCalls.ts'
import { given } from './onKey.ts'

type PairInput = GenerateDataKeyPairRequest | GenerateDataKeyPairWithoutPlaintextRequest
type PairOperation = 'GenerateDataKeyPair' | 'GenerateDataKeyPairWithoutPlaintext'

/** The key that is to encrypt the private one. Throws InvalidKeyUsageException (facts: captures 8); keys in key stores do not (B4, note 7). */
function sealingKey(target: Target, operation: PairOperation): KeyRecord {
  if (target.key?.customKeyStoreId !== undefined) throw wrongOrigin(target.key)
  const key = usable(target, operation)
  if (!specFacts(key).symmetric) throw invalidKeyUsage('You cannot generate a data key pair with an asymmetric CMK')
  requireUsage(key, 'ENCRYPT_DECRYPT', operation)
  requireAlgorithm(key, SYMMETRIC)
  return key
}

/** A fresh key pair, its private key (PKCS #8) bare and under the KMS key. */
async function generate(input: PairInput, call: KmsCall, target: Target, operation: PairOperation) {
  const { id } = sealingKey(target, operation)
  const spec = given(input.KeyPairSpec)
  if (!isOffered(spec, call.region)) throw pairSpecNotOffered(spec)
  endDryRun(input)
  const secret = await makeMaterial(spec, call)
  // Key pairs take their time to make: the KMS key that was authorized is looked at again.
  const current = call.state.keys.in(target.account, call.region).get(id)
  const key = sealingKey({ ...target, key: current }, operation)
  const plaintext = revealBytes(secret)
  const context = input.EncryptionContext ?? NO_CONTEXT
  const { blob, materialId } = await sealUnder(key, { kind: 'dataKey', algorithm: SYMMETRIC, context, plaintext }, call)
  recordUse(key, call)
  return {
    plaintext,
    output: {
      PrivateKeyCiphertextBlob: blob,
      PublicKey: publicKeyOf(spec, secret),
      KeyId: key.arn,
      KeyPairSpec: spec,
      KeyMaterialId: materialId,
    },
  }
}

const pairContext = (input: PairInput, _call: KmsCall, target: Target) => ({
  'kms:DataKeyPairSpec': input.KeyPairSpec,
  ...cryptoContext(input.EncryptionContext, undefined, target),
})

const audit = (input: PairInput, target: Target | undefined): AuditFacts => ({
  requestParameters: said(input, 'KeyId', 'KeyPairSpec', 'EncryptionContext', 'DryRun'),
  responseElements: null,
  resources: keyResources(target),
})

const generateDataKeyPair = kms.row('GenerateDataKeyPair', {
  ...onNamedKey,
  action: 'kms:GenerateDataKeyPair',
  context: (input, call, target) => withRecipient(pairContext(input, call, target), input, call),
  grant: (input) => granted('GenerateDataKeyPair', input.EncryptionContext),
  async run(input, call, target) {
    const recipient = recipientOf(input, call)
    const { plaintext, output } = await generate(input, call, target, 'GenerateDataKeyPair')
    return { ...output, ...handOut('PrivateKeyPlaintext', plaintext, recipient) }
  },
  audit: (input, output, target, call) => ({ ...audit(input, target), ...plaintextEventData(input, output, call) }),
})

const generateDataKeyPairWithoutPlaintext = kms.row('GenerateDataKeyPairWithoutPlaintext', {
  ...onNamedKey,
  action: 'kms:GenerateDataKeyPairWithoutPlaintext',
  context: pairContext,
  grant: (input) => granted('GenerateDataKeyPairWithoutPlaintext', input.EncryptionContext),
  async run(input, call, target) {
    const { plaintext, output } = await generate(input, call, target, 'GenerateDataKeyPairWithoutPlaintext')
    plaintext.fill(0)
    return output
  },
  audit: (input, output, target, call) => ({ ...audit(input, target), ...plaintextEventData({}, output, call) }),
})

export const dataKeyPairRows = [generateDataKeyPair, generateDataKeyPairWithoutPlaintext]
