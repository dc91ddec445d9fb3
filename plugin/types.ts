import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DecisionSummary, DecisionView } from '../emulator/audit/decisionLog.ts'
import type { Settings } from '../emulator/server/settings.ts'
import type { AccountSpec, RoleSpec, UserSpec, World } from '../emulator/server/world/world.ts'
import type { Door } from './door.ts'

export type { AccountSpec, DecisionSummary, DecisionView, Door, RoleSpec, Settings, UserSpec, World }

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What AWS SDK clients are constructed with to reach the emulator. */
export interface SdkSettings {
  readonly endpoint: string
  readonly region: string
  readonly credentials: Credentials
  /** Left out where the emulator is reached over the network. */
  readonly requestHandler?: SdkRequestHandler
}

/* eslint-disable @typescript-eslint/no-explicit-any -- each version of the SDK has types of its own for these; only the SDK calls them */

/** What carries the SDK's requests: its `HttpHandler`, as far as it is of interest here. */
export interface SdkRequestHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(request: any, options?: any): Promise<{ response: any }>
  destroy(): void
  updateHttpClientConfig(key: any, value: any): void
  httpHandlerConfigs(): any
}

/** A plugin for `client.middlewareStack.use(…)`. */
export interface SdkPlugin {
  applyToStack(stack: any): void
}

/* eslint-enable @typescript-eslint/no-explicit-any */

/** A client's constructor. Each of AWS's clients has settings of its own type; those given here are passed on. */
export type ClientClass<C> = new (settings: never) => C

/** Where, and other settings of the client (`maxAttempts`, `logger` …). */
export interface ClientOptions {
  readonly region?: string
  readonly [setting: string]: unknown
}

/** Somebody with credentials. */
export interface Identity {
  readonly account: string
  /** ARN of the root user, the user or the role session. */
  readonly arn: string
  readonly credentials: Credentials
  /** A ready-made client: `identity.client(S3Client)`. */
  client<C>(Client: ClientClass<C>, options?: ClientOptions): C
  /** The same as settings: `new S3Client({ ...identity.sdk() })`. */
  sdk(options?: { readonly region?: string }): SdkSettings
}

/** A policy statement as it stands in a policy document. */
export type Statement = Readonly<Record<string, unknown>>

/** What can be looked up: the promise, the output or the error of an SDK call, an answer of `fetch`, or a request id. */
export type CallLike = unknown

/** Who assumes a role. */
export interface AssumeOptions {
  /** A user (by name or as an identity), or a service: `lambda.amazonaws.com`. The role must trust them; AWS lets no root user do it. */
  readonly by: string | Identity
  /** The session's name; `twokey` if left out. */
  readonly session?: string
  /** A session policy. */
  readonly policy?: object
  readonly seconds?: number
}

/** Keys of a world, by name: `data` for those of the account that `world` built into, `222222222222/data` for all. */
export type KeyArns = Readonly<Record<string, string>>

/** An emulator as programs and tests use it. */
export interface Access {
  /** The account that is meant where none is named. */
  readonly account: string
  readonly region: string
  /** A client of AWS's SDK, signing as the account's root, or as somebody else: `client(S3Client, { as: reader })`. */
  client<C>(Client: ClientClass<C>, options?: ClientOptions & { readonly as?: Identity }): C
  /** The same as settings: `new S3Client({ ...twokey.sdk() })`. */
  sdk(options?: { readonly as?: Identity; readonly region?: string }): SdkSettings
  /** The root user of an account. */
  root(account?: string): Identity
  /**
   * A user with a new access key. With policies (statements, or a user as in a world file) the user is made; without, there must be one.
   */
  user(name: string, made?: readonly Statement[] | UserSpec, options?: { readonly account?: string }): Promise<Identity>
  /** Makes a role. Resolves to its ARN. */
  role(name: string, made: RoleSpec, options?: { readonly account?: string }): Promise<string>
  /** A session of a role, given by ARN or by its name in the account. Rejects with AWS's refusal. */
  assume(role: string, options: AssumeOptions): Promise<Identity>
  /** Builds a world (docs/worlds.md), or what one holds for this account: users, roles, keys, buckets. Resolves to the ARNs of the keys. */
  world(world: World | AccountSpec): Promise<KeyArns>
  /** Why a call was allowed or refused; undefined when the emulator does not know it. */
  decision(call: CallLike): Promise<DecisionView | undefined>
  /** The same as text, as `twokey explain` prints it. */
  explain(call: CallLike): Promise<string>
  /** The latest requests, the latest first. */
  decisions(options?: { readonly limit?: number; readonly denied?: boolean }): Promise<DecisionSummary[]>
  /** Everything else that the admin door can do: `door('/usage')`. */
  readonly door: Door
}

/** The emulator's clock. */
export interface ClockControl {
  /** By an ISO 8601 duration: `P8D`, `PT15M`. What is due by then happens. */
  advance(duration: string): Promise<Date>
  set(time: Date | string): Promise<Date>
  /** Back to the machine's clock. */
  reset(): Promise<Date>
  now(): Promise<Date>
}

/** An emulator that nobody else uses. */
export interface Controlled extends Access {
  readonly clock: ClockControl
  /** Empties everything: accounts, keys, objects, decisions; the clock goes back to the machine's. */
  reset(): Promise<void>
}

/** `express.Router`-like: works in express 4 and 5, connect, and by hand in any `node:http` server. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

export interface RouterOptions {
  /**
   * Which requests are for AWS; the others go to `next()`. Left out: those that are signed or show marks of an AWS client, and under a path
   * of its own (`app.use('/aws', …)`) all.
   */
  readonly takes?: (req: IncomingMessage) => boolean
}

/** An emulator in this process. */
export interface Twokey extends Controlled {
  /** Opens a port for other processes; resolves to the URL. */
  listen(): Promise<string>
  /** Where it listens; undefined before `listen`. */
  readonly url: string | undefined
  /** Leads a client that exists already into the emulator: its requests, its credentials, its Region. Returns it. */
  attach<C extends object>(client: C, options?: { readonly as?: Identity; readonly region?: string }): C
  /** Leads a client's requests into the emulator, and changes nothing else of it: `client.middlewareStack.use(twokey.plugin())`. */
  plugin(): SdkPlugin
  /** For `requestHandler` in a client's settings; a new one each time, because clients close theirs. */
  requestHandler(): SdkRequestHandler
  /** To mount in an express app, before its body parsers. */
  router(options?: RouterOptions): Middleware
  close(): Promise<void>
}

export interface TwokeyOptions {
  /** Whose root is the usual caller; `111111111111` if left out. */
  readonly account?: string
  /** `us-east-1` if left out. */
  readonly region?: string
  /** A world to begin with. */
  readonly world?: World | AccountSpec
  /** Settings of the emulator. It keeps nothing and logs nothing unless they say so. */
  readonly settings?: Partial<Settings>
  /** Takes what the emulator logs. */
  readonly log?: (line: string) => void
  /** The machine's clock, in milliseconds since the epoch: `() => Date.now()` follows a test's faked `Date`. */
  readonly now?: () => number
}

export interface GatewayOptions extends Partial<Omit<Settings, 'upstreams'>> {
  /** As `TWOKEY_UPSTREAM`: `http://moto:5000`, or `dynamodb=http://…,sqs=http://…`, or both. */
  readonly upstream: string
}

export interface RunningGateway {
  /** What clients take as their endpoint. */
  readonly url: string
  stop(): Promise<void>
}
