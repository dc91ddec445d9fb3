import { keyResources, said, usedKeyData } from '../audit.ts'
import { NO_CONTEXT } from '../encryptionContext.ts'
import { bufferOf, requireSealable, sealUnder, SYMMETRIC } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
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
  async run(input, call, target) {
    const key = usable(target, 'Encrypt')
    requireUsage(key, 'ENCRYPT_DECRYPT', 'Encrypt')
    const algorithm = input.EncryptionAlgorithm ?? SYMMETRIC
    requireAlgorithm(key, algorithm)
    const context = input.EncryptionContext ?? NO_CONTEXT
    const plaintext = bufferOf(given(input.Plaintext))
    requireSealable(key, { algorithm, context, plaintext })
    endDryRun(input)
    const { blob } = await sealUnder(key, { kind: 'encrypt', algorithm, context, plaintext }, call)
    recordUse(key, call)
    return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: algorithm }
  },
  audit: (input, _output, target) => ({
    requestParameters: {
      encryptionAlgorithm: input.EncryptionAlgorithm ?? SYMMETRIC,
      ...said(input, 'KeyId', 'EncryptionContext', 'DryRun'),
    },
    responseElements: null,
    resources: keyResources(target),
    ...usedKeyData(target, {}),
  }),
})

export const encryptRows = [encrypt]
