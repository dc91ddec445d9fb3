import { deriveSharedSecret as derive } from '../../../crypto/keyMaterial.ts'
import { keyResources, said } from '../audit.ts'
import { validation } from '../errors.ts'
import { bufferOf } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { currentMaterial } from '../keys/material.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { handOut, plaintextEventData, recipientOf, withRecipient } from '../recipient.ts'
import { kms } from '../service.ts'
import { granted, onNamedKey } from './cryptoCalls.ts'
import { given } from './onKey.ts'

const deriveSharedSecret = kms.row('DeriveSharedSecret', {
  ...onNamedKey,
  action: 'kms:DeriveSharedSecret',
  context: (input, call, { alias }) =>
    withRecipient({ 'kms:KeyAgreementAlgorithm': input.KeyAgreementAlgorithm, 'kms:RequestAlias': alias }, input, call),
  grant: () => granted('DeriveSharedSecret'),
  run(input, call, target) {
    const recipient = recipientOf(input, call)
    const key = usable(target, 'DeriveSharedSecret')
    requireUsage(key, 'KEY_AGREEMENT', 'DeriveSharedSecret')
    const algorithm = given(input.KeyAgreementAlgorithm)
    requireAlgorithm(key, algorithm)
    const secret = derive(key.spec, currentMaterial(key, call.state).secret, bufferOf(given(input.PublicKey)))
    // No public key, or one of another curve: AWS does not say which (facts: B6).
    if (!secret) throw validation('')
    endDryRun(input)
    recordUse(key, call)
    return {
      KeyId: key.arn,
      KeyAgreementAlgorithm: algorithm,
      KeyOrigin: key.origin,
      ...handOut('SharedSecret', secret, recipient),
    }
  },
  // What CloudTrail keeps of the peer's public key is not recorded, and left out.
  audit: (input, output, target, call) => ({
    requestParameters: said(input, 'KeyId', 'KeyAgreementAlgorithm', 'DryRun'),
    responseElements: null,
    resources: keyResources(target),
    ...plaintextEventData(input, output && {}, call),
  }),
})

export const deriveSharedSecretRows = [deriveSharedSecret]
