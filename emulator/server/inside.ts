import { roughSize } from '../audit/weight.ts'
import { AwsError } from '../lib/awsError.ts'
import type { Caller, VpcEndpoint } from '../operation/call.ts'
import { accountOf, callFor, notImplemented, perform } from '../operation/perform.ts'
import { headersSaid } from '../wire/restHeaders.ts'
import type { Emulator } from './app.ts'

/** A call that does not come over the wire: worlds being built, scenarios being played. Same rows, same checks, same record. */
export interface InsideCall {
  readonly caller: Caller
  readonly region: string
  readonly service: string
  readonly operation: string
  readonly input: object
  /** The body of operations that stream theirs. */
  readonly body?: Buffer | undefined
  /** Under which the decision is recorded; a new one when left out. */
  readonly requestId?: string
  /** The VPC endpoint that it comes through. */
  readonly endpoint?: VpcEndpoint | undefined
}

/**
 * Performs an operation in this process, from validation on. Throws AWS's refusal.
 * @returns the operation's output and the id under which the decision is recorded
 */
export async function callInside(
  emulator: Emulator,
  inside: InsideCall,
): Promise<{ output: object; requestId: string }> {
  const { core, env, registry } = emulator
  const { service: name, operation, caller, region } = inside
  const service = registry.get(name)
  const row = service?.row(operation)
  if (!service || !row) throw notImplemented(name, operation)
  const model = (await service.model()).operations.get(operation)
  const fault = model && service.validator(model)(inside.input)
  if (fault) throw fault

  const body = inside.body
  const call = callFor(
    service,
    operation,
    row,
    {
      requestId: inside.requestId ?? env.ids.uuid(),
      region,
      account: accountOf(caller.principal),
      caller,
      time: env.clock.now(),
      http: {
        method: 'POST',
        path: '/',
        query: '',
        headers: { ...(model && headersSaid(model, inside.input)), ...headersOf(body) },
        sourceIp: '127.0.0.1',
        userAgent: 'twokey',
        secure: true,
      },
      // Nobody waits a second between the keys of a world.
      env: { ...env, quotas: undefined },
      endpoint: inside.endpoint,
      body: row.streams ? once(body ?? Buffer.alloc(0)) : undefined,
      trailers: () => ({}),
    },
    registry,
  )
  let error: AwsError | undefined
  try {
    return { output: await perform(service, row, inside.input, call), requestId: call.requestId }
  } catch (thrown) {
    if (thrown instanceof AwsError) error = thrown
    throw thrown
  } finally {
    core.recorder.record({
      requestId: call.requestId,
      time: call.time,
      service: name,
      operation,
      region,
      caller,
      http: { ...call.http, host: '', endpoint: inside.endpoint },
      status: error?.status ?? 200,
      error,
      trace: call.trace,
      size: roughSize(inside.input),
    })
  }
}

const headersOf = (body: Buffer | undefined): Record<string, string> =>
  body ? { 'content-length': String(body.length) } : {}

async function* once(body: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve()
  if (body.length > 0) yield body
}

/** The root user of an account, as bootstrap credentials give it. */
export function rootCaller(emulator: Emulator, account: string): Caller {
  return emulator.env.directory.root(account)
}
