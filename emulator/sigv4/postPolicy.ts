import { parseAmzDate } from './date.ts'
import { ALGORITHM, sameSignature, signatureOf, signingKey, TERMINATOR } from './signature.ts'
import type { Scope, ScopeFault } from './types.ts'
import { SignatureProblem } from './types.ts'

/** What a signed form claims: its policy, base64 as sent, is the string that was signed. */
export interface FormClaim {
  readonly accessKeyId: string
  readonly scope: Scope
  readonly policy: string
  readonly signature: string
  readonly sessionToken: string | undefined
}

/** The fields of Signature Version 4, in the order in which S3 misses them. */
const FIELDS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature'] as const

/**
 * Takes the signature of a form apart and checks what needs no secret. A form's age is for its policy to limit, so no clock is read.
 *
 * @param field the value of a form field, by lower-case name
 * @param missing makes the refusal of a form that lacks a field
 * @returns undefined for a form without policy and signature
 * @throws SignatureProblem
 */
export function parseForm(
  field: (name: string) => string | undefined,
  missing: (name: string) => Error,
): FormClaim | undefined {
  const policy = field('policy')
  const present = FIELDS.filter((name) => field(name.toLowerCase()) !== undefined)
  const version2 = field('awsaccesskeyid') !== undefined || field('signature') !== undefined
  if (policy === undefined) {
    if (present.length === 0 && !version2) return undefined
    throw missing('policy')
  }
  if (present.length === 0) {
    if (!version2) throw missing('AWSAccessKeyId')
    throw new SignatureProblem({ code: 'unsupported-algorithm', algorithm: 'AWS', sent: 'AWS', via: 'header' })
  }
  for (const name of FIELDS) if (!present.includes(name)) throw missing(name)
  const algorithm = field('x-amz-algorithm') ?? ''
  if (algorithm !== ALGORITHM) {
    throw new SignatureProblem({ code: 'unsupported-algorithm', algorithm, sent: algorithm, via: 'query' })
  }
  return {
    ...credentialOf(field('x-amz-credential') ?? '', field('x-amz-date') ?? ''),
    policy,
    signature: field('x-amz-signature') ?? '',
    sessionToken: field('x-amz-security-token'),
  }
}

function credentialOf(credential: string, date: string): Pick<FormClaim, 'accessKeyId' | 'scope'> {
  if (parseAmzDate(date) === undefined) throw new SignatureProblem({ code: 'bad-date', date, via: 'query' })
  const [accessKeyId = '', day = '', region = '', service, terminator, ...rest] = credential.split('/')
  if (service === undefined || terminator === undefined || rest.length > 0 || accessKeyId === '') {
    throw new SignatureProblem({ code: 'credential-arity', credential, via: 'query' })
  }
  const faults: ScopeFault[] = []
  if (region === '') faults.push({ part: 'region', got: region, expected: '' })
  if (service !== 's3') faults.push({ part: 'service', got: service, expected: 's3' })
  if (terminator !== TERMINATOR) faults.push({ part: 'terminator', got: terminator })
  if (day !== date.slice(0, 8)) faults.push({ part: 'date', got: day, expected: date.slice(0, 8), date })
  if (faults.length > 0) throw new SignatureProblem({ code: 'scope', faults, via: 'query' })
  return { accessKeyId, scope: { date: day, region, service } }
}

/** Compares the signature of a form with our own, in constant time. Throws SignatureProblem `mismatch`. */
export function verifyForm({ accessKeyId, scope, policy, signature }: FormClaim, secret: string): void {
  if (sameSignature(signatureOf(signingKey(secret, scope), policy), signature)) return
  throw new SignatureProblem({
    code: 'mismatch',
    accessKeyId,
    canonicalRequest: '',
    stringToSign: policy,
    provided: signature,
  })
}
