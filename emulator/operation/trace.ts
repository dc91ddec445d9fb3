import type { AwsError } from '../lib/awsError.ts'
import type { Decision } from '../access/types.ts'
import type { Caller } from './call.ts'

/** What a row says about a call for the audit trail (facts: F2). Never plaintext, secrets or tokens. */
export interface AuditFacts {
  readonly requestParameters?: Readonly<Record<string, unknown>> | null
  readonly responseElements?: Readonly<Record<string, unknown>> | null
  readonly additionalEventData?: Readonly<Record<string, unknown>>
  readonly resources?: readonly AuditedResource[]
  /** Of S3: how bytes came and went. */
  readonly transfer?: {
    readonly authenticated: 'AuthHeader' | 'QueryString' | 'HtmlForm' | undefined
    /** As sent, without what is secret in a presigned one. */
    readonly query: string
    readonly bytesIn: number
    readonly bytesOut: number | undefined
    /** `SSE_KMS`, `Default_SSE_S3` */
    readonly encryption: string | undefined
  }
  /** Other accounts in whose trails the call is, although none of its `resources` is theirs (EC2: who owns a copied snapshot). */
  readonly sharedWith?: readonly string[]
  /** What the same request leaves in the trails of other Regions (ReplicateKey, UpdatePrimaryRegion). */
  readonly elsewhere?: readonly { readonly operation: string; readonly region: string; readonly facts: AuditFacts }[]
  /** A read that the service made inside, for the same caller: a call of its own in the trail (S3: of a copy's source). */
  readonly inside?: { readonly operation: string; readonly region: string; readonly facts: AuditFacts }
}

export interface AuditedResource {
  readonly arn: string
  readonly account: string
  readonly type: string
  /** Of a KMS key that exists: what requests cost depends on it. Not part of CloudTrail's record. */
  readonly keySpec?: string | undefined
}

/** What a service did by itself, for the audit trail (facts: F2): no request is there, and nobody asked. */
export interface ServiceEvent {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly service: string
  /** `RotateKey` */
  readonly operation: string
  readonly account: string
  readonly region: string
  readonly eventType: 'AwsServiceEvent' | 'AwsApiCall'
  /** The key alone, where AWS says so. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly facts: AuditFacts
  /** Under which the record is found again. */
  readonly id: string
}

/**
 * What happened in one call: gathered by the steps, read by the decision log, the audit trail and the usage meter. A thousand are
 * kept, so its lists are replaced by longer ones instead of growing with room to spare.
 */
export interface Trace {
  /** The authorization decisions, in the order they were taken. */
  decisions: readonly Decision[]
  /** Calls that the service made for its caller. */
  forwarded: readonly ForwardedTrace[]
  audit?: AuditFacts | undefined
  readonly readOnly: boolean
}

export interface ForwardedTrace {
  readonly service: string
  readonly operation: string
  readonly requestId: string
  readonly trace: Trace
  /** AWS's service would not have made this call (`Via.spared`). */
  readonly spared: boolean
  /** How CloudTrail names the service that made it. */
  readonly invokedBy: string
  /** Whom it was made as, where not as the request's caller. */
  readonly caller?: Caller | undefined
  /** Where, if not in the request's Region. */
  readonly region?: string | undefined
  error?: AwsError | undefined
}

export const newTrace = (readOnly: boolean): Trace => ({ decisions: NOTHING, forwarded: NOTHING, readOnly })

const NOTHING: readonly never[] = []
