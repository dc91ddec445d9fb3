import { AwsError } from '../../lib/awsError.ts'
import { peekCredential } from '../../sigv4/authorization.ts'
import { isTargetOf } from '../../wire/schema.ts'
import type { Exchange } from '../exchange.ts'
import { PROTOCOLS } from '../protocols.ts'
import { endpointHost, type EndpointHost } from '../endpoints/host.ts'
import { routeBucketHost } from './bucketHost.ts'
import { takeOver } from '../gateway/steps.ts'
import { serviceOfTarget } from '../gateway/table.ts'
import { refuseLargeHead } from './headSize.ts'
import { read } from './receive.ts'

const DEFAULT_REGION = 'us-east-1'

/**
 * Which service and region: from the target header, the credential scope, the host, or the query API's version. What is left
 * over is S3, whose anonymous requests carry none of these.
 */
export function identify(exchange: Exchange): void | Promise<void> {
  const scope = peekCredential(exchange)
  const endpoint = endpointHost(exchange.headers['host'] ?? '')
  const name = targetService(exchange) ?? scope?.service ?? endpoint?.service
  if (name !== undefined) return settle(exchange, name, scope?.region, endpoint)
  return unsignedService(exchange).then((found) => settle(exchange, found, undefined, endpoint))
}

function settle(
  exchange: Exchange,
  name: string,
  region: string | undefined,
  endpoint: EndpointHost | undefined,
): void | Promise<void> {
  exchange.serviceName = name
  exchange.region = regionOf(region) ?? endpoint?.region ?? hostRegion(exchange) ?? DEFAULT_REGION
  const service = exchange.core.registry.get(name)
  exchange.service = service
  if (!service) {
    exchange.protocol = likelyProtocol(exchange)
    const { gateway, endpoints } = exchange.core
    const upstream = gateway?.upstreamOf(name)
    if (gateway && upstream !== undefined) {
      takeOver(exchange, gateway, upstream)
      if (endpoint) exchange.endpoint = endpoints.admit(endpoint, name)
      return
    }
    throw notEmulated(name)
  }
  exchange.protocol = PROTOCOLS[service.definition.protocol]
  if (name === 's3') {
    if (isS3Control(exchange)) {
      exchange.serviceName = 's3control'
      throw notEmulated('s3control')
    }
    exchange.routedPath = routeBucketHost(exchange.headers['host'] ?? '', exchange.path)
    exchange.requestId = exchange.core.env.ids.base32(16)
    refuseLargeHead(exchange)
  }
  if (endpoint) exchange.endpoint = exchange.core.endpoints.admit(endpoint, name)
  const model = service.model()
  // Loaded at the first request; later ones need not wait.
  if (!(model instanceof Promise)) exchange.model = model
  else
    return model.then((loaded) => {
      exchange.model = loaded
    })
}

function targetService({ headers, core }: Exchange): string | undefined {
  const target = headers['x-amz-target']
  if (target === undefined) return undefined
  const prefix = target.slice(0, target.lastIndexOf('.'))
  const own = core.registry.services.find(({ definition }) => isTargetOf(definition.wire, prefix))?.definition.name
  return own ?? (core.gateway && serviceOfTarget(prefix))
}

async function unsignedService(exchange: Exchange): Promise<string> {
  const { headers, core } = exchange
  const host = /^([a-z0-9]+)[.-]/.exec(headers['host'] ?? '')?.[1]
  if (host !== undefined && host !== 's3' && core.registry.get(host)) return host
  const isForm = exchange.method === 'POST' && isFormType(headers['content-type'])
  if (isForm) await read(exchange)
  const text = `${exchange.query}&${isForm ? exchange.body.toString('latin1', 0, 65_536) : ''}`
  if (/(?:^|&)Action=/.test(text)) {
    const version = /(?:^|&)Version=([\d-]+)/.exec(text)?.[1]
    const query = core.registry.services.filter(({ definition }) => isQuery(definition.protocol))
    return (query.find(({ definition }) => definition.wire.version === version) ?? query[0])?.definition.name ?? 'sts'
  }
  // AWS's JSON services answer a missing target by themselves; here the first of them does.
  return headers['x-amz-target'] !== undefined || headers['content-type'] === 'application/x-amz-json-1.1'
    ? 'kms'
    : 's3'
}

const isQuery = (protocol: Exchange['protocol']['name']) => protocol === 'awsQuery' || protocol === 'ec2Query'

const isFormType = (type: string | undefined) => type?.startsWith('application/x-www-form-urlencoded') ?? false

const notEmulated = (service: string) =>
  new AwsError('NotImplemented', 501, `twokey does not emulate the service \`${service}\``)

/** S3 Control signs as S3 does; what all of its operations have is the version in the path and the account in a header. */
const isS3Control = ({ path, headers }: Exchange): boolean =>
  path.startsWith('/v20180820/') && headers['x-amz-account-id'] !== undefined

const regionOf = (name: string | undefined) => (name === '' ? undefined : name)

function hostRegion({ headers }: Exchange): string | undefined {
  return /\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com/.exec(headers['host'] ?? '')?.[1]
}

/** For services that are not here: the form of refusal their clients are most likely to read. */
function likelyProtocol({ headers }: Exchange): Exchange['protocol'] {
  if (headers['x-amz-target'] !== undefined || headers['content-type']?.includes('json')) return PROTOCOLS.awsJson
  return isFormType(headers['content-type']) ? PROTOCOLS.awsQuery : PROTOCOLS.restXml
}
