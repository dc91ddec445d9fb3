import type { DecapsulateRequest, EncapsulateRequest } from '@aws-sdk/client-kms'
import { decapsulate as open, encapsulate as seal } from '../../../crypto/keyMaterial.ts'
import type { AuditFacts } from '../../../operation/trace.ts'
import { keyResources, said } from '../audit.ts'
import { invalidCiphertext } from '../errors.ts'
import { bufferOf } from '../keys/ciphertext.ts'
import { recordUse } from '../keys/lastUse.ts'
import { currentMaterial } from '../keys/material.ts'
import type { Target } from '../keys/resolve.ts'
import { endDryRun, requireAlgorithm, requireUsage, usable } from '../keys/use.ts'
import { kms } from '../service.ts'
import type { KmsCall } from '../state.ts'
import { granted, onNamedKey } from './cryptoCalls.ts'
import { given } from './onKey.ts'

type Input = EncapsulateRequest | DecapsulateRequest

/** Documented by AWS, recorded by nobody: refusals are those of the other kinds of keys. */
function keyFor(input: Input, call: KmsCall, target: Target, operation: 'Encapsulate' | 'Decapsulate') {
  const key = usable(target, operation)
  requireUsage(key, 'ENCAPSULATE_DECAPSULATE', operation)
  const algorithm = given(input.EncapsulationAlgorithm)
  requireAlgorithm(key, algorithm)
  return { key, algorithm, material: currentMaterial(key, call.state).secret }
}

/** No condition key for the algorithm, of which there is one, is documented. */
const context = (_input: Input, _call: KmsCall, { alias }: Target) => ({ 'kms:RequestAlias': alias })

const audit = (input: Input, _output: unknown, target: Target | undefined): AuditFacts => ({
  requestParameters: said(input, 'KeyId', 'EncapsulationAlgorithm', 'DryRun'),
  responseElements: null,
  resources: keyResources(target),
})

const encapsulate = kms.row('Encapsulate', {
  ...onNamedKey,
  action: 'kms:Encapsulate',
  context,
  grant: () => granted('Encapsulate'),
  run(input, call, target) {
    const { key, algorithm, material } = keyFor(input, call, target, 'Encapsulate')
    endDryRun(input)
    const { ciphertext, sharedSecret } = seal(key.spec, material)
    recordUse(key, call)
    return {
      KeyId: key.arn,
      SharedSecret: sharedSecret,
      SharedSecretCiphertextBlob: ciphertext,
      EncapsulationAlgorithm: algorithm,
    }
  },
  audit,
})

const decapsulate = kms.row('Decapsulate', {
  ...onNamedKey,
  action: 'kms:Decapsulate',
  context,
  grant: () => granted('Decapsulate'),
  run(input, call, target) {
    const { key, algorithm, material } = keyFor(input, call, target, 'Decapsulate')
    // Only a wrong length is refused; any other ciphertext gives some secret (FIPS 203: implicit rejection).
    const sharedSecret = open(key.spec, material, bufferOf(given(input.SharedSecretCiphertextBlob)))
    if (!sharedSecret) throw invalidCiphertext()
    endDryRun(input)
    recordUse(key, call)
    return { KeyId: key.arn, SharedSecret: sharedSecret, EncapsulationAlgorithm: algorithm }
  },
  audit,
})

export const encapsulationRows = [encapsulate, decapsulate]
