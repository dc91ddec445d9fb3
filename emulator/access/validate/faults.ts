/** What a document is to be stored as. */
export type PolicyKind = 'identity' | 'trust' | 'key' | 'bucket' | 'session' | 'scp' | 'rcp' | 'endpoint'

/** What is wrong with a document: a closed set. */
export type FaultCode =
  | 'invalid-json'
  | 'invalid-version'
  | 'missing-statement'
  | 'invalid-syntax'
  | 'unknown-element'
  | 'missing-effect'
  | 'invalid-effect'
  | 'missing-action'
  | 'action-without-vendor'
  | 'action-with-two-colons'
  | 'action-not-allowed'
  | 'action-without-resource'
  | 'condition-without-action'
  | 'missing-resource'
  | 'invalid-resource'
  | 'prohibited-resource'
  | 'missing-principal'
  | 'prohibited-principal'
  | 'invalid-principal'
  | 'invalid-sid'
  | 'duplicate-sid'
  | 'invalid-condition'
  | 'for-all-values-of-single-value'
  | 'too-long'

/** A fault found; `detail` is what the message quotes. */
export interface Fault {
  readonly code: FaultCode
  readonly detail: string
}

/** Why AWS would not store a document. The service knows the error code and status. */
export interface PolicyProblem {
  readonly fault: FaultCode
  /** AWS's text; empty where AWS sends none (KMS). */
  readonly message: string
}

export const fault = (code: FaultCode, detail = ''): Fault => ({ code, detail })

type Texts = Readonly<Partial<Record<FaultCode, string | ((detail: string) => string)>>>
interface Wording {
  readonly otherwise: string
  readonly texts: Texts
}

/** IAM's words (facts: H3, and AWS's answers quoted in public reports). */
const IAM: Wording = {
  otherwise: 'Syntax errors in policy.',
  texts: {
    'invalid-json': 'This policy contains invalid Json',
    'invalid-version': 'Policy document must be version 2012-10-17 or greater.',
    'missing-action': 'Policy statement must contain actions.',
    'missing-resource': 'Policy statement must contain resources.',
    'action-without-vendor': 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    'action-with-two-colons': 'Actions/Condition can contain only one colon.',
    'invalid-resource': (resource) => `Resource ${resource} must be in ARN format or "*".`,
    'prohibited-principal': 'Policy document should not specify a principal.',
    'invalid-sid':
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    'duplicate-sid': 'Statement IDs (SID) in a single policy must be unique.',
  },
}

const TRUST: Wording = {
  otherwise: IAM.otherwise,
  texts: {
    ...IAM.texts,
    'missing-action': 'Missing required field Action',
    'missing-principal': 'Missing required field Principal',
    'missing-effect': 'Missing required field Effect',
    'missing-statement': 'Missing required field Statement',
    'prohibited-resource': (field) => `Has prohibited field ${field}`,
    'action-not-allowed': 'AssumeRole policy may only specify STS AssumeRole actions.',
    'invalid-principal': (principal) => `Invalid principal in policy: ${principal}`,
  },
}

/** KMS sends an empty message for most faults of a document. */
const KMS: Wording = {
  otherwise: '',
  texts: {
    'invalid-principal': 'Policy contains a statement with one or more invalid principals.',
    'for-all-values-of-single-value':
      'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified [encryption context or tag] or with an unspecified [encryption context or tag]. To fix, remove ForAllValues.',
  },
}

const S3: Wording = {
  otherwise: 'Invalid policy syntax.',
  texts: {
    'invalid-json': "Policies must be valid JSON and the first byte must be '{'",
    'invalid-version': 'The policy must contain a valid version string',
    'missing-statement': 'Missing required field Statement',
    'missing-effect': 'Missing required field Effect',
    'missing-principal': 'Missing required field Principal',
    'missing-action': 'Missing required field Action',
    'missing-resource': 'Missing required field Resource',
    'unknown-element': (name) => `Unknown field ${name}`,
    'invalid-effect': (effect) => `Invalid effect: ${effect}`,
    'action-without-vendor': 'Policy has invalid action',
    'action-with-two-colons': 'Policy has invalid action',
    'action-not-allowed': 'Policy has invalid action',
    'action-without-resource': 'Action does not apply to any resource(s) in statement',
    'condition-without-action': 'Conditions do not apply to combination of actions and resources in statement',
    'invalid-resource': 'Policy has invalid resource',
    'invalid-principal': 'Invalid principal in policy',
    'too-long': 'Policy exceeds the maximum allowed document size.',
  },
}

/** One sentence for everything (facts: captures 9.5). */
const ORGANIZATIONS: Wording = {
  otherwise: 'The provided policy document does not meet the requirements of the specified policy type.',
  texts: {},
}

const WORDING: Readonly<Record<PolicyKind, Wording>> = {
  identity: IAM,
  session: IAM,
  trust: TRUST,
  key: KMS,
  bucket: S3,
  scp: ORGANIZATIONS,
  rcp: ORGANIZATIONS,
  endpoint: IAM,
}

export function problemOf({ code, detail }: Fault, kind: PolicyKind): PolicyProblem {
  const { texts, otherwise } = WORDING[kind]
  const text = texts[code] ?? otherwise
  return { fault: code, message: typeof text === 'string' ? text : text(detail) }
}
