import type { CreateGrantRequest, GrantConstraints as GrantConstraintsInput } from '@aws-sdk/client-kms'
import type { GrantConstraints, Grantee } from '../../../access/types.ts'
import type { Directory } from '../../../operation/call.ts'
import { validation } from '../errors.ts'
import { GRANT_OPERATIONS, specFacts, usageFacts } from '../keySpecs.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { bothConstraints, constraintTooLarge, oneGrantee, oneRetiring, serviceGrantIncomplete } from '../unsourced.ts'
import { principalText, readPrincipal, requirePrincipal } from './principals.ts'

const MOST_PAIRS = 8
const LONGEST_VALUE = 384

/** As the engine compares them; undefined when nothing is constrained. */
export function constraintsOf(input: GrantConstraintsInput | undefined): GrantConstraints | undefined {
  const equals = input?.EncryptionContextEquals
  const subset = input?.EncryptionContextSubset
  if (!equals && !subset) return undefined
  return { ...(equals && { equals }), ...(subset && { subset }) }
}

/** Whether a key's grants may say this (facts: B17, E1). Throws ValidationException. */
export function requireGrantable(input: CreateGrantRequest, key: KeyRecord): void {
  const possible = [...GRANT_OPERATIONS, ...usageFacts(key).grantOperations]
  const impossible = (input.Operations ?? []).filter((operation) => !possible.includes(operation))
  if (impossible.length > 0) {
    const kind = specFacts(key).symmetric ? 'a symmetric' : 'an asymmetric'
    throw validation(
      `Operations [${impossible.join(', ')}] are not supported when creating a grant for ${kind} KMS key with key usage ${key.usage}. Valid operations are [${possible.join(', ')}]`,
    )
  }
  requireConstraints(input.Constraints, key)
}

function requireConstraints(input: GrantConstraintsInput | undefined, key: KeyRecord): void {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = input ?? {}
  if (!equals && !subset) return
  if (key.spec !== 'SYMMETRIC_DEFAULT') {
    throw validation('EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.')
  }
  if (equals && subset) throw bothConstraints()
  const values = Object.values(equals ?? subset ?? {})
  if (values.length > MOST_PAIRS || values.some((value) => value.length > LONGEST_VALUE)) throw constraintTooLarge()
}

export interface Parties {
  readonly grantee: Grantee
  readonly retiring: Grantee | undefined
}

/** Who is granted to, and who may retire it. Throws InvalidArnException, ValidationException. */
export function partiesOf(input: CreateGrantRequest, call: KmsCall): Parties {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal } = input
  if ((GranteePrincipal === undefined) === (GranteeServicePrincipal === undefined)) throw oneGrantee()
  if (RetiringPrincipal !== undefined && RetiringServicePrincipal !== undefined) throw oneRetiring()
  const retiring =
    RetiringServicePrincipal !== undefined
      ? serviceGrantee(RetiringServicePrincipal, undefined)
      : RetiringPrincipal === undefined
        ? undefined
        : personOrService(RetiringPrincipal, 'RetiringPrincipal', call)
  if (GranteeServicePrincipal === undefined) {
    return { grantee: personOrService(GranteePrincipal ?? '', 'GranteePrincipal', call), retiring }
  }
  const sourceArn = input.Constraints?.SourceArn
  if (sourceArn === undefined || !retiring) throw serviceGrantIncomplete()
  return { grantee: serviceGrantee(GranteeServicePrincipal, sourceArn), retiring }
}

const serviceGrantee = (service: string, sourceArn: string | undefined): Grantee => ({
  kind: 'service',
  service,
  ...(sourceArn !== undefined && { sourceArn }),
})

/** Only AWS's own calls may name a service here (facts: E1). */
function personOrService(text: string, member: string, call: KmsCall): Grantee {
  if (call.via && SERVICE.test(text)) return serviceGrantee(text, undefined)
  return requirePrincipal(text, member, '.', call.env.directory)
}

const SERVICE = /^[a-z0-9.-]+\.amazonaws\.com$/

/** A principal as condition keys have it: the ARN behind a unique id, where there is one. */
export function conditionArn(text: string | undefined, directory: Directory): string | undefined {
  if (text === undefined || text.startsWith('arn:')) return text
  const found = readPrincipal(text, directory)
  return typeof found === 'string' ? text : principalText(found, directory)
}
