import { parseArn } from '../../lib/arn.ts'
import { AwsError } from '../../lib/awsError.ts'
import { accountOf } from '../../operation/perform.ts'
import type { AnyRow } from '../../operation/define.ts'
import type { Exchange } from '../exchange.ts'
import { deniedBy, protocolOf, type NamedCheck } from './denied.ts'
import { forward, refuseLoop } from './forward.ts'
import { elsewhere, type Gateway } from './gateway.ts'
import { clientsOf } from './models.ts'
import { permissionsFor } from './permissions.ts'
import { resolveNames } from './resolve.ts'
import type { Asked, Said } from './said.ts'
import { hear, hearRest, mannerOf, type Manner, type Speech } from './speech.ts'
import { requestTags } from './tags.ts'
import { ruleOf } from './table.ts'

/** What a request to a service that is elsewhere is known to be, on its way down the steps. */
export interface Forwarding {
  readonly gateway: Gateway
  readonly upstream: string
  readonly manner: Manner
  speech: Speech | undefined
  checks: readonly NamedCheck[]
}

/** Begins: the service is not here, but somewhere. */
export function takeOver(exchange: Exchange, gateway: Gateway, upstream: string): void {
  const { serviceName, method, path, query, headers } = exchange
  const manner = mannerOf({ method, path, query, headers })
  exchange.protocol = protocolOf(serviceName, manner)
  refuseLoop(exchange, upstream)
  const forwarding: Forwarding = { gateway, upstream, manner, speech: undefined, checks: [] }
  exchange.forwarding = forwarding
  exchange.service = elsewhere(serviceName, (decision, check) => deniedBy(serviceName, manner, decision, check))
  // What a REST request is about is in its path, so its body may come later; where the client leaves it out of the signature, it does.
  const streams = manner === 'rest' && headers['x-amz-content-sha256'] === 'UNSIGNED-PAYLOAD'
  exchange.row = rowFor(exchange, gateway, upstream, () => forwarding.checks, streams)
}

/** The row of an operation that a service of our own does not have, where the settings say who has it. */
export function borrowedRow(exchange: Exchange, operation: string): AnyRow['row'] | undefined {
  const { core, serviceName: service, region } = exchange
  const upstream = core.gateway?.upstreamOfOwn(service)
  if (!core.gateway || upstream === undefined) return undefined
  refuseLoop(exchange, upstream)
  return rowFor(exchange, core.gateway, upstream, () => {
    const account = accountOf(exchange.caller.principal)
    const input = exchange.input as Said['input']
    return checksFor({ service, operation, input, region, account })
  })
}

/** A row made for one request: its permissions, and then the upstream. */
function rowFor(
  exchange: Exchange,
  gateway: Gateway,
  upstream: string,
  checks: () => readonly NamedCheck[],
  streams = false,
): AnyRow['row'] {
  return {
    // Each check names its own; that there is one makes `perform` ask them.
    action: `${exchange.serviceName}:*`,
    *admit() {
      yield* checks()
    },
    run: (_input, call) => forward(gateway, upstream, exchange, call),
    ...(streams && { streams: true as const }),
  }
}

/** AWS's JSON front ends refuse what they cannot read before they look at the signature. */
export function listen(exchange: Exchange): void {
  const { forwarding } = exchange
  if (!forwarding || (forwarding.manner !== 'json' && forwarding.manner !== 'cbor')) return
  forwarding.speech = hear(forwarding.manner, exchange)
  exchange.operation = forwarding.speech.operation
}

/** What is asked for, and which permissions it needs. */
export async function understand(exchange: Exchange): Promise<void> {
  const { forwarding, serviceName: service, region, caller } = exchange
  if (!forwarding) throw new Error('nothing is to be forwarded')
  const { gateway, manner } = forwarding
  const speech = forwarding.speech ?? (manner === 'rest' ? await rest(exchange, gateway) : hear(manner, exchange))
  exchange.operation = speech.operation
  exchange.input = speech.input
  if (exchange.row && isReading(speech.operation)) exchange.row = { ...exchange.row, readOnly: true }
  const said: Said = { service, region, account: accountOf(caller.principal), ...speech }
  forwarding.checks = checksFor(said, await resolveNames(forwarding, said, permissionsFor(said)))
}

/** For the audit trail; AWS says it of each operation, mostly as its name does. */
const isReading = (operation: string) =>
  /^(?:Batch)?(?:Get|List|Describe|Query|Scan|Search|Lookup|Head)/.test(operation)

async function rest(exchange: Exchange, gateway: Gateway): Promise<Speech> {
  const { serviceName, method, path } = exchange
  const models = await gateway.models.of(serviceName)
  const speech = hearRest(models, exchange)
  if (speech) return speech
  if (models.length === 0) {
    const packages = clientsOf(serviceName).map((name) => `@aws-sdk/${name}`)
    throw new AwsError(
      'NotImplemented',
      501,
      `twokey cannot tell which operation of \`${serviceName}\` ${method} ${path} is, and forwards nothing that it has not authorized: install ${packages.join(' or ')} beside twokey and start it again`,
    )
  }
  throw new AwsError(
    'UnknownOperationException',
    404,
    `twokey knows no operation of \`${serviceName}\` for ${method} ${path}`,
  )
}

function checksFor(said: Said, permissions: readonly Asked[] = permissionsFor(said)): readonly NamedCheck[] {
  const prefix = ruleOf(said.service).prefix ?? said.service
  const tags = requestTags(said.input)
  return permissions.map(({ action, arn, named, context }) => {
    const owner = parseArn(arn)?.account
    return {
      action: action.includes(':') ? action : `${prefix}:${action}`,
      resource: {
        arn,
        // What has no account in its ARN is the caller's.
        account: owner === undefined ? undefined : owner === '' ? said.account : owner,
        guard: owner === undefined ? 'none' : 'ordinary',
      },
      context: { ...tags, ...context },
      named,
    }
  })
}
