import type { Recorder } from '../audit/recorder.ts'
import { AwsError } from '../lib/awsError.ts'
import type { Environment } from '../operation/call.ts'
import { callFor, notImplemented, perform } from '../operation/perform.ts'
import type { Registry } from '../operation/registry.ts'
import type { CallService } from '../operation/serviceCall.ts'

/** Wires `env.callService`: what a service does in its own name passes the same doors as a request from outside. */
export function createServiceCalls(registry: Registry, env: () => Environment, recorder: () => Recorder): CallService {
  return async ({ principal, source, region, service: name, operation, input, headers, body }) => {
    const service = registry.require(name)
    const row = service.row(operation)
    if (!row) throw notImplemented(name, operation)
    const caller = env().directory.servicePrincipal(principal)
    const http = {
      method: 'POST',
      path: '/',
      query: '',
      headers: {
        authorization: 'AWS4-HMAC-SHA256',
        ...headers,
        ...(body && { 'content-length': String(body.length) }),
      },
      sourceIp: principal,
      userAgent: principal,
      secure: true,
    }
    const call = callFor(
      service,
      operation,
      row,
      {
        requestId: name === 's3' ? env().ids.base32(16) : env().ids.uuid(),
        region,
        account: '',
        caller,
        source,
        time: env().clock.now(),
        http,
        env: env(),
        body: row.streams ? once(body ?? Buffer.alloc(0)) : undefined,
        trailers: () => ({}),
      },
      registry,
    )
    let error: AwsError | undefined
    try {
      return { output: await perform(service, row, input, call) }
    } catch (thrown) {
      if (!(thrown instanceof AwsError)) throw thrown
      error = thrown
      return { error: { code: thrown.code, text: thrown.text, headers: thrown.headers } }
    } finally {
      recorder().record({
        requestId: call.requestId,
        time: call.time,
        service: name,
        operation,
        region,
        caller,
        http: { ...http, host: '' },
        status: error?.status ?? 200,
        error,
        trace: call.trace,
      })
    }
  }
}

async function* once(body: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve()
  if (body.length > 0) yield body
}
