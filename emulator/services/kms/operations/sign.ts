import type { MessageType, SigningAlgorithmSpec, SignRequest, VerifyRequest } from '@aws-sdk/client-kms'
import { digestLength, sign as makeSignature, verify as checkSignature } from '../../../crypto/keyMaterial.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said } from '../audit.ts'
import { invalidSignature, validation } from '../errors.ts'
import { bufferOf } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { currentMaterial } from '../keys/material.ts'
import type { Target } from '../keys/resolve.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { granted, onNamedKey } from './cryptoCalls.ts'
import { given } from './onKey.ts'

type SigningInput = SignRequest | VerifyRequest

const messageTypeOf = (input: SigningInput): MessageType => input.MessageType ?? 'RAW'

/** Which message type goes with which key and algorithm (facts: B5, captures 8). Throws ValidationException. */
function requireMessageType(key: KeyRecord, algorithm: SigningAlgorithmSpec, type: MessageType): void {
  const isMlDsa = algorithm === 'ML_DSA_SHAKE_256'
  if (isMlDsa ? type === 'DIGEST' : type === 'EXTERNAL_MU') {
    throw validation(`Message type ${type} is incompatible with key spec ${key.spec}.`)
  }
  const only = ED25519_TYPES[algorithm]
  if (only !== undefined && type !== only) {
    throw validation(`Message type ${type} is incompatible with algorithm ${algorithm}.`)
  }
}

const ED25519_TYPES: Readonly<Partial<Record<SigningAlgorithmSpec, MessageType>>> = {
  ED25519_SHA_512: 'RAW',
  ED25519_PH_SHA_512: 'DIGEST',
}

/** Throws ValidationException for what cannot be a digest (facts: B5, captures 8). */
function requireLength(algorithm: SigningAlgorithmSpec, type: MessageType, message: Buffer): void {
  if (type === 'RAW' || message.length === digestLength(algorithm)) return
  throw validation(`${type === 'DIGEST' ? 'Digest' : 'External Mu'} is invalid length for algorithm ${algorithm}.`)
}

/** All that a signature is made of, and checked with. */
function signingOf(input: SigningInput, call: KmsCall, target: Target, operation: 'Sign' | 'Verify') {
  const key = usable(target, operation)
  requireUsage(key, 'SIGN_VERIFY', operation)
  const algorithm = given(input.SigningAlgorithm)
  const messageType = messageTypeOf(input)
  const message = bufferOf(given(input.Message))
  requireAlgorithm(key, algorithm)
  requireMessageType(key, algorithm, messageType)
  requireLength(algorithm, messageType, message)
  const { secret: material } = currentMaterial(key, call.state)
  return { key, request: { spec: key.spec, material, algorithm, messageType, message } }
}

/** The default message type counts (facts: C6). */
const signingContext = (input: SigningInput, _call: KmsCall, { alias }: Target) => ({
  'kms:SigningAlgorithm': input.SigningAlgorithm,
  'kms:MessageType': messageTypeOf(input),
  'kms:RequestAlias': alias,
})

const audit = (input: SigningInput, _output: unknown, target: Target | undefined): AuditFacts => ({
  requestParameters: {
    messageType: messageTypeOf(input),
    ...said(input, 'KeyId', 'SigningAlgorithm', 'DryRun'),
  },
  responseElements: null,
  resources: keyResources(target),
})

const sign = kms.row('Sign', {
  ...onNamedKey,
  action: 'kms:Sign',
  context: signingContext,
  grant: () => granted('Sign'),
  run(input, call, target) {
    const { key, request } = signingOf(input, call, target, 'Sign')
    endDryRun(input)
    const signature = makeSignature(request)
    recordUse(key, call)
    return { KeyId: key.arn, Signature: signature, SigningAlgorithm: request.algorithm }
  },
  audit,
})

const verify = kms.row('Verify', {
  ...onNamedKey,
  action: 'kms:Verify',
  context: signingContext,
  grant: () => granted('Verify'),
  run(input, call, target) {
    const { key, request } = signingOf(input, call, target, 'Verify')
    const signature = bufferOf(given(input.Signature))
    if (!checkSignature({ signature, ...request })) throw invalidSignature()
    endDryRun(input)
    recordUse(key, call)
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: request.algorithm }
  },
  audit,
})

export const signRows = [sign, verify]
