import { randomBytes } from 'node:crypto'
import type { DecisionView } from '../../audit/decisionLog.ts'
import type { Actor } from '../../server/world/scenario.ts'
import type { Stage, StageAnswer, StageCall } from '../../server/world/stage.ts'
import type { UserSpec, World } from '../../server/world/world.ts'
import { CliError } from '../cliError.ts'
import { ask } from '../door.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Requests without a signature. */
const NOBODY = 'anonymous'

interface Client {
  readonly config: { systemClockOffset: number }
  readonly middlewareStack: { add(middleware: Middleware, options: object): void }
  send(command: object): Promise<object>
  destroy(): void
}

type Next = (args: { request: { headers: Record<string, string> } }) => Promise<unknown>
type Middleware = (next: Next) => Next

type Constructor<T> = new (input: object) => T

/** A stage that has to be left: its clients keep connections. */
export interface WireStage extends Stage {
  close(): void
}

/** A running emulator, asked by AWS's own clients: every call is signed and goes the whole way. */
export function wireStage(url: string): WireStage {
  // The clients' word on old versions of Node is for those who write programs with them.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const users = new Map<string, Credentials>()
  const clients = new Map<string, Client>()
  let offset: Promise<number> | undefined
  const call = async (credentials: Credentials | undefined, what: Omit<StageCall, 'as'>) => {
    const { Client, Command } = await toolsFor(what.service, what.operation)
    const id = [what.service, what.region, credentials?.accessKeyId, what.through].join(' ')
    const client = clients.get(id) ?? connect(Client, url, credentials, what)
    clients.set(id, client)
    client.config.systemClockOffset = await (offset ??= offsetOf(url))
    return send(client, Command, what)
  }
  const credentialsOf = async (as: Actor): Promise<Credentials | undefined> => {
    if (as === NOBODY) return undefined
    if (typeof as !== 'string') return sessionOf(as, await credentialsOf(as.by), call)
    const user = users.get(as)
    if (!user && as.includes('/')) throw new CliError(`the scenario has no user \`${as}\``)
    return user ?? { accessKeyId: as, secretAccessKey: 'test' }
  }
  return {
    async build(world) {
      const { keys } = (await ask('/worlds', { method: 'POST', body: withAccessKeys(world, users), at: url })) as {
        keys: Record<string, string>
      }
      return new Map(Object.entries(keys))
    },
    perform: async ({ as, ...what }) => call(await credentialsOf(as), what),
    async decision(requestId) {
      // What was refused before it was known who asks, or has been forgotten, has no decision.
      const known = ask(`/decisions/${encodeURIComponent(requestId)}`, { at: url }).catch(() => undefined)
      return (await known) as DecisionView | undefined
    },
    async moveClock(milliseconds) {
      const seconds = String(Math.abs(milliseconds) / 1000)
      await ask('/clock', { method: 'POST', body: { advance: `${milliseconds < 0 ? '-' : ''}PT${seconds}S` }, at: url })
      offset = undefined
    },
    close() {
      for (const client of clients.values()) client.destroy()
    },
  }
}

/** The world with an access key for each user, kept by `<account>/<user>`. */
function withAccessKeys(world: World, known: Map<string, Credentials>): World {
  const accounts = Object.entries(world.accounts).map(([account, spec]) => {
    const users = Object.entries(spec.users ?? {}).map(([name, user]): [string, UserSpec] => {
      const accessKey = {
        id: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
        secret: randomBytes(20).toString('hex'),
      }
      known.set(`${account}/${name}`, { accessKeyId: accessKey.id, secretAccessKey: accessKey.secret })
      return [name, { ...user, accessKey }]
    })
    return [account, { ...spec, users: Object.fromEntries(users) }]
  })
  return { ...world, accounts: Object.fromEntries(accounts) as World['accounts'] }
}

async function sessionOf(
  as: Exclude<Actor, string>,
  by: Credentials | undefined,
  call: (credentials: Credentials | undefined, what: Omit<StageCall, 'as'>) => Promise<StageAnswer>,
): Promise<Credentials> {
  const { output, refusal } = await call(by, {
    region: 'us-east-1',
    service: 'sts',
    operation: 'AssumeRole',
    input: {
      RoleArn: as.role,
      RoleSessionName: as.session ?? 'scenario',
      ...(as.policy && { Policy: JSON.stringify(as.policy) }),
    },
    body: undefined,
  })
  if (!output) throw new CliError(`${as.by} cannot assume ${as.role}: ${refusal.code}: ${refusal.message}`)
  const { AccessKeyId, SecretAccessKey, SessionToken } = (
    output as { Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string } }
  ).Credentials
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

const offsetOf = async (url: string) =>
  ((await ask('/clock', { at: url })) as { offsetMilliseconds: number }).offsetMilliseconds

function connect(
  Client: Constructor<Client>,
  url: string,
  credentials: Credentials | undefined,
  { service, region, through }: Omit<StageCall, 'as'>,
): Client {
  const client = new Client({
    endpoint: url,
    region,
    ...(credentials ? { credentials } : UNSIGNED),
    forcePathStyle: true,
    maxAttempts: 1,
  })
  if (through !== undefined) client.middlewareStack.add(hostOf(through, service, region), BEFORE_SIGNING)
  return client
}

async function send(
  client: Client,
  Command: Constructor<object>,
  { input, body }: Omit<StageCall, 'as'>,
): Promise<StageAnswer> {
  try {
    const answer = await client.send(new Command({ ...input, ...(body && { Body: body }) }))
    const { $metadata, ...output } = answer as { $metadata: { requestId?: string } }
    return { requestId: $metadata.requestId ?? '', output: await readStreams(output) }
  } catch (error) {
    const { name, message, $metadata } = error as Error & {
      $metadata?: { requestId?: string; httpStatusCode?: number }
    }
    if ($metadata?.httpStatusCode === undefined) throw error
    const refusal = { code: name, status: $metadata.httpStatusCode, message: message === EMPTY ? '' : message }
    return { requestId: $metadata.requestId ?? '', refusal }
  }
}

/** What clients make of an empty message. */
const EMPTY = 'UnknownError'

/** Clients want credentials all the same. */
const UNSIGNED = {
  credentials: { accessKeyId: NOBODY, secretAccessKey: NOBODY },
  signer: { sign: (request: unknown) => Promise.resolve(request) },
}

/** The name of a VPC endpoint as the Host: whether it can be resolved here does not matter. */
function hostOf(id: string, service: string, region: string): Middleware {
  const host = `${service === 's3' ? 'bucket.' : ''}${id}-a1b2c3d4.${service}.${region}.vpce.amazonaws.com`
  return (next) => (args) => {
    args.request.headers['host'] = host
    return next(args)
  }
}

const BEFORE_SIGNING = { step: 'build', priority: 'low', name: 'throughEndpoint' }

/** AWS's client of a service and its command; the package of each is named after the service. */
async function toolsFor(
  service: string,
  operation: string,
): Promise<{ Client: Constructor<Client>; Command: Constructor<object> }> {
  const library = /^[a-z0-9-]+$/.test(service)
    ? ((await import(`@aws-sdk/client-${service}`).catch(() => ({}))) as Record<string, unknown>)
    : {}
  const clientName = Object.keys(library).find((name) => name.toLowerCase() === `${service.replaceAll('-', '')}client`)
  const Client = clientName === undefined ? undefined : library[clientName]
  const Command = library[`${operation}Command`]
  if (!Client || !Command) throw new CliError(`there is no operation \`${service}:${operation}\` to call`)
  // INVARIANT: this is how AWS's packages name what they export.
  return { Client: Client as Constructor<Client>, Command: Command as Constructor<object> }
}

/** Streams have to be read before the next answer. */
async function readStreams(output: object): Promise<object> {
  const members = Object.entries(output).map(async ([name, value]: [string, unknown]) => [
    name,
    isStream(value) ? await value.transformToByteArray() : value,
  ])
  return Object.fromEntries((await Promise.all(members)) as [string, unknown][])
}

const isStream = (value: unknown): value is { transformToByteArray(): Promise<Uint8Array> } =>
  typeof value === 'object' && value !== null && 'transformToByteArray' in value
