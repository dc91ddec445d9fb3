import type { Recorder } from '../audit/recorder.ts'
import { AwsError } from '../lib/awsError.ts'
import type { Call, Environment } from '../operation/call.ts'
import type { GoOn } from '../operation/continuation.ts'
import { keysOf } from '../operation/keyUse.ts'
import { accountOf, callFor } from '../operation/perform.ts'
import type { Registry } from '../operation/registry.ts'

/** Wires `env.goOn`: the later part of a request passes the same doors as the first. */
export function createGoOn(registry: Registry, env: () => Environment, recorder: () => Recorder): GoOn {
  return async (continuation, uses, work) => {
    const { requestId, operation, region, principal, accessKeyId, http } = continuation
    const service = registry.require(continuation.service)
    const row = service.row(operation)
    if (!row) throw new Error(`\`${continuation.service}\` cannot go on with \`${operation}\``)
    const caller = env().directory.again(principal, accessKeyId)
    const call = callFor(
      service,
      operation,
      // Its own key uses are those of the request; the work declares what it needs.
      { ...row, keyUse: {} },
      {
        requestId,
        region,
        account: accountOf(principal),
        caller,
        time: env().clock.now(),
        http: { ...http, method: 'POST', path: '/', query: '', headers: {} },
        env: env(),
      },
      registry,
    )
    let error: AwsError | undefined
    try {
      await work(withKeys(call, keysOf(uses, call, service.definition, registry)))
    } catch (thrown) {
      if (!(thrown instanceof AwsError)) throw thrown
      error = thrown
    } finally {
      // Work that asked nobody for anything leaves nothing to record.
      if (call.trace.forwarded.length > 0 || error) {
        recorder().record({
          requestId,
          time: call.time,
          service: continuation.service,
          operation,
          region,
          caller,
          http: { ...http, host: '' },
          // What it was answered: work goes on only for requests that were granted.
          status: 200,
          error,
          trace: call.trace,
          later: true,
        })
      }
    }
  }
}

/** The call is an object of a class; it is given its keys, not copied. INVARIANT: `keys` were made from `U`. */
const withKeys = <K>(call: Call, keys: object): Call<unknown, K> => Object.assign(call, { keys }) as Call<unknown, K>
