/** What a client claimed about itself, taken apart but not yet believed. */
export type Claim = { readonly kind: 'anonymous' } | HeaderClaim | QueryClaim

export type HeaderClaim = { readonly kind: 'header' } & SignedClaim
export type QueryClaim = { readonly kind: 'query'; readonly expiresSeconds: number } & SignedClaim

export interface Scope {
  readonly date: string
  readonly region: string
  readonly service: string
}

export interface SignedClaim {
  readonly accessKeyId: string
  readonly scope: Scope
  /** `YYYYMMDD'T'HHMMSS'Z'`, as sent. */
  readonly date: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Lower case, sorted. */
  readonly signedHeaders: readonly string[]
  /** As sent; only lower-case hexadecimal can ever match. */
  readonly signature: string
  readonly sessionToken: string | undefined
}

/** What the claim must fit, known before any credential is looked up. */
export interface Expected {
  /** The signing name of the addressed service (`kms`, `s3`, `sts` …). */
  readonly service: string
  /** The region the endpoint stands for; undefined where any will do. */
  readonly region: string | undefined
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly now: number
  /** How far the client's clock may be off; AWS: 900. */
  readonly windowSeconds: number
}

/** How the payload is covered by the signature (`x-amz-content-sha256`). */
export type Payload =
  /** The service hashes the body itself, whatever a header says (all services but S3). */
  | { readonly kind: 'body' }
  /** S3: the hash the client declares and signs; whoever reads the body compares (`hashChecked`). As sent. */
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | ChunkedPayload

export interface ChunkedPayload {
  readonly kind: 'chunked'
  readonly signed: boolean
  readonly trailer: boolean
  /** Bytes without the framing (`x-amz-decoded-content-length`). */
  readonly decodedLength: number
  /** Lower-case names announced in `x-amz-trailer`. */
  readonly trailerNames: readonly string[]
}

/**
 * Everything the checks look at. Header names lower case; `path` and `query` as sent. Strings stand for bytes, one
 * code unit each (latin1), as node:http delivers them.
 */
export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** What signs the chunks that follow a verified request. */
export interface Seed {
  readonly accessKeyId: string
  /** The request's own signature: the first link of the chain. */
  readonly signature: string
  readonly signingKey: Buffer
  /** `YYYYMMDD'T'HHMMSS'Z'` */
  readonly date: string
  /** `date/region/service/aws4_request` */
  readonly scope: string
}

export type Via = 'header' | 'query'

/** Why a signature was not accepted: a closed set. Each protocol has its own words for it (server/steps/signatureErrors.ts). */
export type Problem =
  | { readonly code: 'missing' }
  | { readonly code: 'both-ways'; readonly header: string }
  | { readonly code: 'missing-header-parts'; readonly parts: readonly string[]; readonly header: string }
  | { readonly code: 'missing-query-parts'; readonly parts: readonly string[] }
  | { readonly code: 'not-key-value'; readonly header: string; readonly part: string }
  | { readonly code: 'bad-date'; readonly date: string; readonly via: Via }
  | {
      readonly code: 'unsupported-algorithm'
      readonly algorithm: string
      /** The whole header when not even its scheme was known, else the algorithm. */
      readonly sent: string
      readonly via: Via
    }
  | { readonly code: 'credential-arity'; readonly credential: string; readonly via: Via }
  | { readonly code: 'scope'; readonly faults: readonly ScopeFault[]; readonly via: Via }
  /** Signature Version 2 in the query, with all of its three parameters or not; until when, in milliseconds, if that is said. */
  | { readonly code: 'version-2-query'; readonly complete: boolean; readonly expiresAt?: number }
  | { readonly code: 'host-not-signed' }
  | { readonly code: 'headers-not-signed'; readonly headers: readonly string[] }
  | { readonly code: 'expired'; readonly date: string; readonly now: number; readonly windowSeconds: number }
  | { readonly code: 'not-yet-current'; readonly date: string; readonly now: number; readonly windowSeconds: number }
  | {
      readonly code: 'presign-expired'
      readonly expiresSeconds: number
      readonly expiresAt: number
      readonly now: number
    }
  | { readonly code: 'presign-not-yet-valid' }
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
      /** Empty for a chunk: only the request itself has one. */
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
