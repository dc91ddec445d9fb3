import type { GenerateMacRequest, VerifyMacRequest } from '@aws-sdk/client-kms'
import { mac } from '../../../crypto/keyMaterial.ts'
import { secretOf } from '../../../crypto/material.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said } from '../audit.ts'
import { invalidMac } from '../errors.ts'
import { bufferOf } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { currentMaterial } from '../keys/material.ts'
import type { Target } from '../keys/resolve.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { granted, onNamedKey } from './cryptoCalls.ts'
import { given } from './onKey.ts'

type MacInput = GenerateMacRequest | VerifyMacRequest

function keyFor(input: MacInput, target: Target, operation: 'GenerateMac' | 'VerifyMac') {
  const key = usable(target, operation)
  requireUsage(key, 'GENERATE_VERIFY_MAC', operation)
  const algorithm = given(input.MacAlgorithm)
  requireAlgorithm(key, algorithm)
  return { key, algorithm }
}

const macOf = (input: MacInput, key: KeyRecord, call: KmsCall): Buffer =>
  mac(given(input.MacAlgorithm), currentMaterial(key, call.state).secret, bufferOf(given(input.Message)))

const context = (input: MacInput, _call: KmsCall, { alias }: Target) => ({
  'kms:MacAlgorithm': input.MacAlgorithm,
  'kms:RequestAlias': alias,
})

const audit = (input: MacInput, _output: unknown, target: Target | undefined): AuditFacts => ({
  requestParameters: said(input, 'KeyId', 'MacAlgorithm', 'DryRun'),
  responseElements: null,
  resources: keyResources(target),
})

const generateMac = kms.row('GenerateMac', {
  ...onNamedKey,
  action: 'kms:GenerateMac',
  context,
  grant: () => granted('GenerateMac'),
  run(input, call, target) {
    const { key, algorithm } = keyFor(input, target, 'GenerateMac')
    endDryRun(input)
    const made = macOf(input, key, call)
    recordUse(key, call)
    return { Mac: made, MacAlgorithm: algorithm, KeyId: key.arn }
  },
  audit,
})

const verifyMac = kms.row('VerifyMac', {
  ...onNamedKey,
  action: 'kms:VerifyMac',
  context,
  grant: () => granted('VerifyMac'),
  run(input, call, target) {
    const { key, algorithm } = keyFor(input, target, 'VerifyMac')
    // Compared as secrets are: in constant time. One of another length is just as wrong (facts: B6).
    if (!secretOf(macOf(input, key, call)).equals(secretOf(bufferOf(given(input.Mac))))) throw invalidMac()
    endDryRun(input)
    recordUse(key, call)
    return { KeyId: key.arn, MacValid: true, MacAlgorithm: algorithm }
  },
  audit,
})

export const macRows = [generateMac, verifyMac]
