/** What a client claimed about itself, taken apart but not yet believed. */
export type Claim =
  | { readonly kind: 'anonymous' }
  | ({ readonly kind: 'header' } & SignedClaim)
  | ({ readonly kind: 'query'; readonly expiresSeconds: number } & SignedClaim)

export interface SignedClaim {
  readonly accessKeyId: string
  readonly scope: { readonly date: string; readonly region: string; readonly service: string }
  /** `YYYYMMDD'T'HHMMSS'Z'`, as sent. */
  readonly date: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Lower case, in the order sent. */
  readonly signedHeaders: readonly string[]
  /** Lower-case hex. */
  readonly signature: string
  readonly sessionToken: string | undefined
}

/** How the payload is covered by the signature (`x-amz-content-sha256`). */
export type Payload =
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunked'; readonly signed: boolean; readonly trailer: boolean; readonly decodedLength: number }

/** Everything the checks look at. Header names lower case; `path` and `query` as sent. */
export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** Why a signature was not accepted: a closed set. Each protocol has its own words for it (server/steps/signatureErrors.ts). */
export type Problem =
  | { readonly code: 'missing' }
  | { readonly code: 'both-ways' }
  | { readonly code: 'missing-header-parts'; readonly parts: readonly string[]; readonly header: string }
  | { readonly code: 'missing-query-parts'; readonly parts: readonly string[] }
  | { readonly code: 'not-key-value'; readonly header: string; readonly part: string }
  | { readonly code: 'bad-date'; readonly date: string }
  | { readonly code: 'unsupported-algorithm'; readonly algorithm: string }
  | { readonly code: 'credential-arity'; readonly credential: string }
  | { readonly code: 'scope'; readonly faults: readonly ScopeFault[] }
  | { readonly code: 'host-not-signed' }
  | { readonly code: 'headers-not-signed'; readonly headers: readonly string[] }
  | { readonly code: 'expired'; readonly date: string; readonly now: number; readonly windowSeconds: number }
  | { readonly code: 'not-yet-current'; readonly date: string; readonly now: number; readonly windowSeconds: number }
  | { readonly code: 'presign-expired'; readonly expiresSeconds: number; readonly expiresAt: number; readonly now: number }
  | { readonly code: 'presign-expires-invalid'; readonly reason: 'not-a-number' | 'negative' | 'too-long' }
  | { readonly code: 'unknown-key'; readonly accessKeyId: string }
  | { readonly code: 'bad-token'; readonly accessKeyId: string }
  | { readonly code: 'expired-token' }
  | { readonly code: 'content-hash-missing' }
  | { readonly code: 'content-hash-invalid'; readonly value: string }
  | { readonly code: 'content-mismatch'; readonly claimed: string; readonly computed: string }
  | {
      readonly code: 'mismatch'
      readonly accessKeyId: string
      readonly canonicalRequest: string
      readonly stringToSign: string
      readonly provided: string
    }

export type ScopeFault =
  | { readonly part: 'region'; readonly got: string; readonly expected: string }
  | { readonly part: 'service'; readonly got: string; readonly expected: string }
  | { readonly part: 'terminator'; readonly got: string }
  | { readonly part: 'date'; readonly got: string; readonly expected: string; readonly date: string }

export class SignatureProblem extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(`signature not accepted: ${problem.code}`)
    this.problem = problem
  }
}
