import type { Principal } from '../access/types.ts'
import type { Call } from './call.ts'
import type { KeyUses, Keys } from './define.ts'

/**
 * A request that has been answered and whose service still has work to do for the caller. JSON, because it may have to be kept: the
 * work may outlive the process.
 */
export interface Continuation {
  readonly requestId: string
  readonly service: string
  readonly operation: string
  readonly region: string
  /** Who asked. The policies are read anew when the work is done. */
  readonly principal: Principal
  readonly accessKeyId?: string | undefined
  readonly http: {
    readonly sourceIp: string
    readonly userAgent: string
    readonly secure: boolean
    readonly private?: boolean
  }
}

export const continuationOf = ({
  requestId,
  service,
  operation,
  region,
  caller,
  http,
  endpoint,
}: Call): Continuation => ({
  requestId,
  service,
  operation,
  region,
  principal: caller.principal,
  ...(caller.accessKeyId !== undefined && { accessKeyId: caller.accessKeyId }),
  http: { sourceIp: http.sourceIp, userAgent: http.userAgent, secure: http.secure, ...(endpoint && { private: true }) },
})

/**
 * Does work for a request that has been answered, as its caller, with `uses` on `call.keys`. What KMS was asked for is recorded under
 * the request's id: decision log, audit trail, usage meter. A refusal (AwsError) that the work ends with is recorded and kept from
 * whoever waits; nobody hears it. Anything else is thrown.
 */
export type GoOn = <const U extends KeyUses>(
  continuation: Continuation,
  uses: U,
  work: (call: Call<unknown, Keys<U>>) => Promise<void>,
) => Promise<void>
