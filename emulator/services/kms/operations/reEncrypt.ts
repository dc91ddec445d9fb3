import type { ReEncryptRequest, ReEncryptResponse } from '@aws-sdk/client-kms'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said, usedKeyData } from '../audit.ts'
import { NO_CONTEXT } from '../encryptionContext.ts'
import { invalidCiphertext } from '../errors.ts'
import { checkGrantTokens } from '../grants/tokens.ts'
import { findSealed, requireSealable, sealUnder, SYMMETRIC, unseal, type Sealed } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { resolveKey, type Target } from '../keys/resolve.ts'
import { keyResource } from '../keys/resource.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { kms } from '../service.ts'
import type { KmsCall } from '../state.ts'
import { cryptoContext, granted } from './cryptoCalls.ts'
import { given } from './onKey.ts'

interface Sides {
  readonly from: Sealed
  readonly to: Target
}

function sidesOf(input: ReEncryptRequest, call: KmsCall): Sides {
  const from = findSealed(
    {
      blob: input.CiphertextBlob,
      keyId: input.SourceKeyId,
      algorithm: input.SourceEncryptionAlgorithm,
      dryRun: input.DryRun,
      modifiers: input.DryRunModifiers,
    },
    call,
  )
  const to = resolveKey(given(input.DestinationKeyId), call)
  checkGrantTokens(input.GrantTokens, call)
  return { from, to }
}

/** Resolved keys are compared, not how they were named (facts: C6). */
const onSameKey = ({ from, to }: Sides) => ({ 'kms:ReEncryptOnSameKey': String(from.target.arn === to.arn) })

/** Only symmetric sides have a material id (facts: B6, F2). */
function materialData(output: ReEncryptResponse | undefined): Pick<AuditFacts, 'additionalEventData'> {
  const { SourceKeyMaterialId, DestinationKeyMaterialId } = output ?? {}
  if (SourceKeyMaterialId === undefined && DestinationKeyMaterialId === undefined) return {}
  return {
    additionalEventData: {
      ...(SourceKeyMaterialId !== undefined && { sourceKeyMaterialId: SourceKeyMaterialId }),
      ...(DestinationKeyMaterialId !== undefined && { destinationKeyMaterialId: DestinationKeyMaterialId }),
    },
  }
}

/** Not documented for two keys in key stores: the source's is recorded, or else the destination's. */
const recorded = (sides: Sides | undefined) =>
  sides?.from.target.key?.customKeyStoreId === undefined ? sides?.to : sides.from.target

const reEncrypt = kms.row('ReEncrypt', {
  action: 'kms:ReEncryptFrom',
  readOnly: true,
  subject: sidesOf,
  // Each side is checked with its own context and algorithm (facts: C6).
  resource: (_input, call, { from }) => keyResource(from.target, call),
  context: (input, _call, sides) => ({
    ...cryptoContext(input.SourceEncryptionContext, input.SourceEncryptionAlgorithm, sides.from.target),
    ...onSameKey(sides),
  }),
  grant: (input) => granted('ReEncryptFrom', input.SourceEncryptionContext),
  also: (input, call, sides) => [
    {
      action: 'kms:ReEncryptTo',
      resource: keyResource(sides.to, call),
      context: {
        ...cryptoContext(input.DestinationEncryptionContext, input.DestinationEncryptionAlgorithm, sides.to),
        ...onSameKey(sides),
      },
      ...granted('ReEncryptTo', input.DestinationEncryptionContext),
    },
  ],
  async run(input, call, { from, to }) {
    const source = usable(from.target, 'ReEncrypt')
    const destination = usable(to, 'ReEncrypt')
    requireUsage(destination, 'ENCRYPT_DECRYPT', 'ReEncrypt')
    const algorithm = input.DestinationEncryptionAlgorithm ?? SYMMETRIC
    requireAlgorithm(destination, algorithm)
    const sourceContext = input.SourceEncryptionContext ?? NO_CONTEXT
    const plaintext = await unseal(from, source, input.SourceEncryptionAlgorithm, sourceContext, call)
    const context = input.DestinationEncryptionContext ?? NO_CONTEXT
    if (plaintext) requireSealable(destination, { algorithm, context, plaintext })
    endDryRun(input)
    if (!plaintext) throw invalidCiphertext()
    const { blob, materialId } = await sealUnder(destination, { kind: 'encrypt', algorithm, context, plaintext }, call)
    plaintext.fill(0)
    recordUse(source, call)
    recordUse(destination, call)
    return {
      CiphertextBlob: blob,
      SourceKeyId: source.arn,
      KeyId: destination.arn,
      SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm ?? SYMMETRIC,
      DestinationEncryptionAlgorithm: algorithm,
      SourceKeyMaterialId: from.blob?.materialId,
      DestinationKeyMaterialId: materialId,
    }
  },
  audit: (input, output, sides) => ({
    requestParameters: {
      ...said(
        input,
        'SourceKeyId',
        'SourceEncryptionContext',
        'DestinationKeyId',
        'DestinationEncryptionContext',
        'DryRun',
      ),
      sourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm ?? SYMMETRIC,
      destinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm ?? SYMMETRIC,
    },
    responseElements: null,
    ...usedKeyData(recorded(sides), materialData(output)),
    resources: keyResources(sides?.from.target, sides?.to),
  }),
})

export const reEncryptRows = [reEncrypt]
