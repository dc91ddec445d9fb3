import { compileDocument, PolicyError } from './compile.ts'

/** What a document is to be stored as. */
export type PolicyKind = 'identity' | 'trust' | 'key' | 'bucket' | 'session' | 'scp' | 'rcp' | 'endpoint'

/** Why AWS would not store a document. `message` is AWS's text; the service knows its error code. */
export interface PolicyProblem {
  readonly fault: 'not-json' | 'malformed' | 'too-long'
  readonly message: string
}

export interface PolicyChecks {
  /** Whether a principal that a resource policy names exists; left out, all do. */
  readonly principalExists?: ((arn: string) => boolean) | undefined
}

/** Whether AWS would store a document as a policy of this kind; undefined when it would. */
export function validatePolicy(text: string, kind: PolicyKind, checks: PolicyChecks = {}): PolicyProblem | undefined {
  try {
    compileDocument(text)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    if (error.fault === 'not-json') return { fault: 'not-json', message: 'This policy contains invalid Json' }
    return { fault: 'malformed', message: 'Syntax errors in policy.' }
  }
  return undefined
}
