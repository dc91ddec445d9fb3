import type { DecryptRequest } from '@aws-sdk/client-kms'
import { keyResources, said, usedKeyData } from '../audit.ts'
import { NO_CONTEXT } from '../encryptionContext.ts'
import { invalidCiphertext } from '../errors.ts'
import { checkGrantTokens } from '../grants/tokens.ts'
import { findSealed, SYMMETRIC, unseal, type Sealed } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { keyResource } from '../keys/resource.ts'
import { endDryRun, usable } from '../keys/use.ts'
import { handOut, plaintextEventData, recipientOf, withRecipient } from '../recipient.ts'
import { kms } from '../service.ts'
import type { KmsCall } from '../state.ts'
import { cryptoContext, granted } from './cryptoCalls.ts'

function sealedOf(input: DecryptRequest, call: KmsCall): Sealed {
  const sealed = findSealed(
    {
      blob: input.CiphertextBlob,
      keyId: input.KeyId,
      algorithm: input.EncryptionAlgorithm,
      dryRun: input.DryRun,
      modifiers: input.DryRunModifiers,
    },
    call,
  )
  checkGrantTokens(input.GrantTokens, call)
  return sealed
}

const decrypt = kms.row('Decrypt', {
  action: 'kms:Decrypt',
  readOnly: true,
  subject: sealedOf,
  resource: (_input, call, { target }) => keyResource(target, call),
  context: (input, call, { target }) =>
    withRecipient(cryptoContext(input.EncryptionContext, input.EncryptionAlgorithm, target), input, call),
  grant: (input) => granted('Decrypt', input.EncryptionContext),
  run(input, call, sealed) {
    const recipient = recipientOf(input, call)
    const key = usable(sealed.target, 'Decrypt')
    const opened = unseal(sealed, key, input.EncryptionAlgorithm, input.EncryptionContext ?? NO_CONTEXT, call)
    // Only key stores outside make anybody wait.
    return opened instanceof Promise ? opened.then(answer) : answer(opened)

    function answer(plaintext: Buffer | undefined) {
      endDryRun(input)
      if (!plaintext) throw invalidCiphertext()
      recordUse(key, call)
      return {
        KeyId: key.arn,
        EncryptionAlgorithm: input.EncryptionAlgorithm ?? SYMMETRIC,
        KeyMaterialId: sealed.blob?.materialId,
        ...handOut('Plaintext', plaintext, recipient),
      }
    }
  },
  audit: (input, output, sealed, call) => ({
    requestParameters: {
      encryptionAlgorithm: input.EncryptionAlgorithm ?? SYMMETRIC,
      ...said(input, 'KeyId', 'EncryptionContext', 'DryRun'),
    },
    responseElements: null,
    resources: keyResources(sealed?.target),
    ...usedKeyData(sealed?.target, plaintextEventData(input, output, call)),
  }),
})

export const decryptRows = [decrypt]
