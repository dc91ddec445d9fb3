import type { RecipientInfo } from '@aws-sdk/client-kms'
import type { ContextValue } from '../../access/types.ts'
import { verifyAttestation, type Attestation } from '../../crypto/attestation/attestation.ts'
import { AttestationError } from '../../crypto/attestation/fault.ts'
import { envelop } from '../../crypto/cms.ts'
import type { AuditFacts } from '../../operation/trace.ts'
import { bufferOf } from './keys/ciphertext.ts'
import type { KmsCall } from './state.ts'
import { badAttestation, recipientIncomplete } from './unsourced.ts'

/*
 * Operations that answer a plaintext take a Recipient: then they answer CiphertextForRecipient instead (facts: B6). The order is that
 * of AWS's sentence on the condition keys, "if the request doesn't include a valid attestation document, permission is denied because
 * this condition isn't satisfied": a bad document contributes no condition keys, so policies that ask for them deny; a caller who is
 * allowed without them is told that the document is bad. Nobody recorded where among the later checks that is; here it is the first.
 */

interface RecipientInput {
  readonly Recipient?: RecipientInfo | undefined
}

type Verdict = Attestation | AttestationError

/** A document is verified once per request, though authorization, handler and audit trail ask. */
const verdicts = new WeakMap<RecipientInfo, Verdict>()

function verdictOn(recipient: RecipientInfo, call: KmsCall): Verdict | undefined {
  const { AttestationDocument: document } = recipient
  if (!document) return undefined
  let verdict = verdicts.get(recipient)
  if (!verdict) {
    verdict = judge(document, call)
    verdicts.set(recipient, verdict)
  }
  return verdict
}

function judge(document: Uint8Array, { env, time }: KmsCall): Verdict {
  try {
    return verifyAttestation(document, env.nitroRoots, time)
  } catch (error) {
    if (error instanceof AttestationError) return error
    throw error
  }
}

function attestationOf({ Recipient }: RecipientInput, call: KmsCall): Attestation | undefined {
  const verdict = Recipient && verdictOn(Recipient, call)
  return verdict instanceof AttestationError ? undefined : verdict
}

type Keys = Record<string, ContextValue | undefined>

/**
 * Condition keys with those of a valid document, registers in lower-case hexadecimal (facts: C6). The zeros of an enclave in debug
 * mode are values like any other: AWS's own example for debug mode asks for them (aws-nitro-enclaves-sdk-c, docs/kmstool.md).
 */
export function withRecipient(keys: Keys, input: RecipientInput, call: KmsCall): Keys {
  const attestation = attestationOf(input, call)
  if (!attestation) return keys
  const prefix = `kms:RecipientAttestation:${attestation.platform === 'tpm' ? 'NitroTPM' : ''}PCR`
  for (const [index, value] of attestation.pcrs) keys[`${prefix}${index}`] = bufferOf(value).toString('hex')
  if (attestation.platform === 'enclave') keys['kms:RecipientAttestation:ImageSha384'] = keys[`${prefix}0`]
  return keys
}

/** Whom the answer is for; undefined for the caller itself. Throws ValidationException when the request does not prove it. */
export function recipientOf({ Recipient }: RecipientInput, call: KmsCall): Attestation | undefined {
  if (!Recipient) return undefined
  const verdict = verdictOn(Recipient, call)
  if (!verdict || Recipient.KeyEncryptionAlgorithm === undefined) throw recipientIncomplete()
  if (verdict instanceof AttestationError) throw badAttestation(verdict.because)
  return verdict
}

/**
 * A plaintext as the answer carries it: under its member, or encrypted for the recipient and then cleared. Spread it last into the
 * output.
 */
export function handOut<Member extends string>(
  member: Member,
  plaintext: Buffer,
  recipient: Attestation | undefined,
): HandedOut<Member> {
  const answer: HandedOut<string> = recipient
    ? { CiphertextForRecipient: sealFor(recipient, plaintext) }
    : { [member]: plaintext }
  return answer
}

type HandedOut<Member extends string> = Readonly<Partial<Record<Member | 'CiphertextForRecipient', Buffer>>>

function sealFor({ recipient }: Attestation, plaintext: Buffer): Buffer {
  const sealed = envelop(recipient, plaintext)
  plaintext.fill(0)
  return sealed
}

/** Registers that CloudTrail records (AWS: "Monitoring attested requests"). */
const RECORDED = {
  enclave: { prefix: 'attestationDocumentEnclavePCR', registers: [1, 2, 3, 4, 8] },
  tpm: { prefix: 'attestationDocumentNitroTPMPCR', registers: [4, 7, 8, 9, 16, 23] },
} as const

/**
 * CloudTrail's additionalEventData of a call that handed out a plaintext: which material was used, and what the document said, registers
 * in base64 (recorded by github.com/yawn/ned). Whether refused calls carry any of it, nobody recorded; here they do not.
 */
export function plaintextEventData(
  input: RecipientInput,
  output: { readonly KeyMaterialId?: string | undefined } | undefined,
  call: KmsCall,
): Pick<AuditFacts, 'additionalEventData'> {
  const attestation = output && attestationOf(input, call)
  const keyMaterialId = output?.KeyMaterialId
  if (!attestation && keyMaterialId === undefined) return {}
  return {
    additionalEventData: {
      ...(keyMaterialId !== undefined && { keyMaterialId }),
      ...(attestation && { recipient: recorded(attestation) }),
    },
  }
}

function recorded({ platform, moduleId, pcrs }: Attestation): Record<string, string> {
  const facts: Record<string, string> = { attestationDocumentModuleId: moduleId }
  const base64 = (index: number) => {
    const value = pcrs.get(index)
    return value && bufferOf(value).toString('base64')
  }
  const digest = base64(0)
  if (platform === 'enclave' && digest !== undefined) facts['attestationDocumentEnclaveImageDigest'] = digest
  const { prefix, registers } = RECORDED[platform]
  for (const index of registers) {
    const value = base64(index)
    if (value !== undefined) facts[`${prefix}${index}`] = value
  }
  return facts
}
