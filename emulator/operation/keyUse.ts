import { AwsError } from '../lib/awsError.ts'
import type { Call, Via } from './call.ts'
import type { KeyCallOptions, KeyUses, Keys, ServiceDefinition } from './define.ts'
import { accountOf, callFor, notImplemented, perform } from './perform.ts'
import type { Registry } from './registry.ts'
import type { ForwardedTrace } from './trace.ts'

/**
 * The key uses a row declares, as functions. Each is a KMS operation performed for the caller through the same steps as a direct
 * call, with kms:ViaService and aws:CalledVia added. There is no private door to a key.
 */
export function keysOf(uses: KeyUses, from: Call, service: ServiceDefinition, registry: Registry): Keys<KeyUses> {
  const keys: Record<string, (request: object, options?: KeyCallOptions) => object | Promise<object>> = {}
  for (const [name, operation] of Object.entries(uses)) {
    keys[name] = (request, options) => forward(from, service, registry, operation, request, options ?? NO_OPTIONS)
  }
  return keys
}

const NO_OPTIONS: KeyCallOptions = {}

/**
 * Where a service's own machines call from (KMS developer guide, "Using the IP address condition": "an IP address that is associated with
 * the Amazon EC2 infrastructure"). AWS does not say which; this one is AWS's.
 */
const SERVICE_ADDRESS = '52.94.133.131'

function forward(
  from: Call,
  service: ServiceDefinition,
  registry: Registry,
  operation: string,
  request: object,
  { spared = false, as, invokedBy, region = from.region }: KeyCallOptions,
): object | Promise<object> {
  const { forwards } = service
  if (!forwards) throw new Error(`\`${service.name}\` declares key uses but not how it appears to KMS`)
  const kms = registry.require('kms')
  const row = kms.row(operation)
  if (!row) throw notImplemented('kms', operation)

  const call = callFor(
    kms,
    operation,
    row,
    {
      requestId: from.env.ids.uuid(),
      region,
      account: as ? accountOf(as.principal) : from.account,
      caller: as ?? from.caller,
      time: from.time,
      http: as
        ? { ...from.http, sourceIp: SERVICE_ADDRESS }
        : from.endpoint
          ? { ...from.http, private: true }
          : from.http,
      env: from.env,
      // A service in its own name remains the one who asks, for the same reason.
      source: as ? undefined : from.source,
      // What a service does as itself is not done on anybody's behalf.
      via: as ? undefined : viaOf(from, service.name, forwards, region, invokedBy ?? forwards.invokedBy, spared),
    },
    registry,
  )
  const trace: ForwardedTrace = {
    service: 'kms',
    operation,
    requestId: call.requestId,
    trace: call.trace,
    spared,
    invokedBy: invokedBy ?? forwards.invokedBy,
    caller: as,
    region: region === from.region ? undefined : region,
  }
  from.trace.forwarded = [...from.trace.forwarded, trace]
  try {
    const output = perform(kms, row, request, call)
    return output instanceof Promise ? output.catch((error: unknown) => fail(error, trace, service, from)) : output
  } catch (error) {
    return fail(error, trace, service, from)
  }
}

/** Throws what the caller of the service is told. */
function fail(error: unknown, trace: ForwardedTrace, service: ServiceDefinition, from: Call): never {
  if (!(error instanceof AwsError)) throw error
  trace.error = error
  throw service.keyFailure?.(error, from) ?? error
}

type Forwards = NonNullable<ServiceDefinition['forwards']>

/** By how a service appears, and Region: of calls that nobody else has made the caller's. */
const usual = new WeakMap<Forwards, Map<string, Via>>()

/** Nearly all calls of a service in a Region are made in the same way: they share what says so. */
function viaOf(
  { via }: Call,
  service: string,
  forwards: Forwards,
  region: string,
  invokedBy: string,
  spared: boolean,
): Via {
  const regions = usual.get(forwards)
  const known = regions?.get(region)
  const isUsual = via === undefined && invokedBy === forwards.invokedBy && !spared
  if (known && isUsual) return known
  const made: Via = {
    service,
    viaService: forwards.viaService(region),
    calledVia: [...(via?.calledVia ?? []), forwards.calledVia],
    invokedBy,
    spared,
  }
  if (isUsual && regions && regions.size < MOST_REGIONS) regions.set(region, made)
  else if (isUsual && !regions) usual.set(forwards, new Map([[region, made]]))
  return made
}

/** Clients may call a Region what they like. */
const MOST_REGIONS = 100
