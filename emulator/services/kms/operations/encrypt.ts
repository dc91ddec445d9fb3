import { sealBlob } from '../../../crypto/envelope.ts'
import { keyResources, said } from '../audit.ts'
import { NO_CONTEXT } from '../encryptionContext.ts'
import { bufferOf } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { currentMaterial } from '../keys/material.ts'
import { sharedKey } from '../keys/resource.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { kms } from '../service.ts'
import { cryptoContext, granted, namedKey } from './cryptoCalls.ts'
import { given } from './onKey.ts'

const encrypt = kms.row('Encrypt', {
  action: 'kms:Encrypt',
  readOnly: true,
  subject: namedKey,
  resource: sharedKey,
  context: (input, _call, target) => cryptoContext(input.EncryptionContext, input.EncryptionAlgorithm, target),
  grant: (input) => granted('Encrypt', input.EncryptionContext),
  run(input, call, target) {
    const key = usable(target, 'Encrypt')
    requireUsage(key, 'ENCRYPT_DECRYPT', 'Encrypt')
    const algorithm = requireAlgorithm(key, input.EncryptionAlgorithm)
    endDryRun(input)
    const material = currentMaterial(key, call.state)
    const blob = sealBlob({
      kind: 'encrypt',
      materialId: material.id,
      material: material.secret,
      context: input.EncryptionContext ?? NO_CONTEXT,
      plaintext: bufferOf(given(input.Plaintext)),
    })
    recordUse(key, call)
    return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: algorithm }
  },
  audit: (input, _output, target) => ({
    requestParameters: {
      encryptionAlgorithm: input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
      ...said(input, 'KeyId', 'EncryptionContext', 'DryRun'),
    },
    responseElements: null,
    resources: keyResources(target),
  }),
})

export const encryptRows = [encrypt]
