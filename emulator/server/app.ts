import type { RequestListener, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import express, { type Express } from 'express'
import { answerClientErrors } from './clientError.ts'
import { createDecisionLog, type DecisionLog } from '../audit/decisionLog.ts'
import { createAuditTrail, type AuditTrail } from '../audit/cloudTrail.ts'
import { createRecorder, type Recorder } from '../audit/recorder.ts'
import { createUsageMeter, type UsageMeter } from '../audit/usage.ts'
import { createUseRecord, type UseRecord } from '../audit/use/record.ts'
import { createClock, type Clock } from '../lib/clock.ts'
import { createIds } from '../lib/ids.ts'
import type { Environment } from '../operation/call.ts'
import { createQuotas } from '../operation/rates.ts'
import { createRegistry, type Registry } from '../operation/registry.ts'
import { awsQuota } from '../services/kms/quotas.ts'
import { createVerifier } from '../sigv4/verify.ts'
import { openBlobs } from '../state/openBlobs.ts'
import { openStore } from '../state/openStore.ts'
import type { Blobs, StateDocument, Store } from '../state/store.ts'
import { adminRouter } from './admin/router.ts'
import type { LocalCertificate } from './certificate.ts'
import { createDirectory } from './directory.ts'
import { createGateway } from './gateway/gateway.ts'
import { createVpcEndpoints } from './endpoints/endpoints.ts'
import type { Core } from './exchange.ts'
import { createGoOn } from './goOn.ts'
import { open, serversOf, shut, urlOf } from './http.ts'
import { countMissing, sweepBlobs } from './liveBlobs.ts'
import { handle } from './pipeline.ts'
import { createServiceCalls } from './serviceCalls.ts'
import { SERVICES } from './services.ts'
import { readNitroRoots } from './nitroRoots.ts'
import type { Settings } from './settings.ts'
import { requestLogger } from './requestLog.ts'

/** A running emulator, or one that is ready to be mounted. */
export interface Emulator {
  readonly settings: Settings
  readonly app: Express
  readonly core: Core
  readonly registry: Registry
  readonly env: Environment
  readonly store: Store
  readonly blobs: Blobs
  readonly clock: Clock
  readonly recorder: Recorder
  readonly decisions: DecisionLog
  readonly trail: AuditTrail
  readonly usage: UsageMeter
  /** What principals did, for the policies that they need. */
  readonly use: UseRecord
  /** Opens the ports; resolves to the base URL, e.g. `http://127.0.0.1:4566`. */
  listen(): Promise<string>
  /** Serves HTTP on a connection that was made elsewhere: within the process, or at a port that is not the emulator's own. */
  accept(connection: Duplex): void
  /** Where HTTPS is served and by which authority; undefined without a TLS port. */
  readonly tls: { readonly url: string; readonly certificate: LocalCertificate } | undefined
  /** Empties everything: accounts, keys, objects, decisions; the clock goes back to the machine's. */
  reset(): void
  /** Whether no service holds anything. */
  isEmpty(): boolean
  /**
   * Replaces the state and the clock by exported ones. Throws StateError, and then nothing has changed.
   * @returns how many blobs it names that are not here: an export holds no bytes of objects and snapshots
   */
  restore(document: StateDocument): number
  /** Takes up what time brings: deletions, expiries, rotations. */
  rearm(): void
  /** Stops listening, writes the state, releases the directory. */
  close(): Promise<void>
}

/**
 * The only place that wires the rooms together. Throws with a sentence when a file or the data directory cannot be used.
 * @param machine the machine's clock, in milliseconds since the epoch
 */
export async function createEmulator(
  settings: Settings,
  log: (line: string) => void = () => undefined,
  machine: () => number = Date.now,
): Promise<Emulator> {
  const nitroRoots = readNitroRoots(settings.nitroRoot)
  const store = await openStore({ dir: settings.dataDir, fsync: settings.fsync, log })
  const blobs = openBlobs(settings.dataDir, { fsync: settings.fsync, log })
  const clockState = store.collection<{ offset: number }>({ name: 'clock', scope: 'global' })
  const clock = createClock(clockState.in().get('clock')?.offset ?? 0, machine)
  const ids = createIds(settings.idSeed)
  const registry = createRegistry(SERVICES, store)
  const trail = createAuditTrail()
  const env: Environment = {
    clock: persistOffset(clock, (offset) => {
      clockState.in().put('clock', { offset })
    }),
    ids,
    store,
    blobs,
    directory: createDirectory(registry, settings),
    xksEndpoints: settings.xksEndpoints ?? new Map(),
    enforcement: settings.enforcement,
    quotas: quotasOf(settings),
    asyncDelay: settings.asyncDelay,
    goOn: createGoOn(
      registry,
      () => env,
      () => recorder,
    ),
    nitroRoots,
    announce: trail.announce,
    trail: trail.history,
    callService: createServiceCalls(
      registry,
      () => env,
      () => recorder,
    ),
    log,
  }
  const recorder = createRecorder((error) => {
    log(`recording failed: ${String(error)}`)
  })
  const decisions = createDecisionLog()
  const usage = createUsageMeter(clock)
  const use = createUseRecord(clock)
  for (const { listener } of [decisions, trail, usage, use]) recorder.listen(listener)
  recorder.listen(({ caller, time, service, region, trace }) => {
    if (trace) env.directory.used(caller, { at: time, service, region })
  })
  recorder.listen(requestLogger(settings, log))

  const core: Core = {
    registry,
    env,
    verifier: createVerifier(),
    recorder,
    endpoints: createVpcEndpoints(store, new Set(registry.services.map(({ definition }) => definition.name))),
    gateway: createGateway(settings, registry),
    plainIsSecure: settings.tlsPort === undefined,
  }
  const app = express()
  const http = serversOf(app, straight(core, app, settings.admin))
  const plain = http.plain()
  answerClientErrors(plain, env.ids)
  const servers: Server[] = [plain]
  let tls: Emulator['tls']

  /** After the state was emptied or replaced: nothing of what was remembered is true any more. */
  const beginAnew = () => {
    tls?.certificate.keep()
    for (const log of [decisions, trail, usage, use]) log.clear()
    env.quotas?.clear()
    emulator.rearm()
  }

  const emulator: Emulator = {
    settings,
    app,
    core,
    registry,
    env,
    store,
    blobs,
    clock: env.clock,
    recorder,
    decisions,
    trail,
    usage,
    use,
    async listen() {
      const port = await open(plain, settings.port, settings.host)
      if (settings.tlsPort !== undefined) {
        const { localCertificate } = await import('./certificate.ts')
        const certificate = localCertificate(store, env)
        const secure = http.secure(certificate)
        servers.push(secure)
        answerClientErrors(secure, env.ids)
        tls = { url: urlOf('https', settings.host, await open(secure, settings.tlsPort, settings.host)), certificate }
      }
      return urlOf('http', settings.host, port)
    },
    accept(connection) {
      plain.emit('connection', connection)
    },
    get tls() {
      return tls
    },
    reset() {
      clock.stop()
      store.reset()
      blobs.reset()
      clock.setOffset(0)
      beginAnew()
    },
    restore(document) {
      store.import(document)
      clock.stop()
      clock.setOffset(clockState.in().get('clock')?.offset ?? 0)
      beginAnew()
      return countMissing(registry, blobs)
    },
    isEmpty: () =>
      Object.values(store.export({ secrets: false }).collections).every((scopes) => Object.keys(scopes).length === 0),
    rearm() {
      for (const { definition, state } of registry.services) definition.start?.(state, env)
    },
    async close() {
      clock.stop()
      await Promise.all(servers.map(shut))
      for (const { definition, state } of registry.services) await definition.stop?.(state)
      blobs.close()
      core.gateway?.close()
      await store.close()
    },
  }

  sweepBlobs(registry, blobs)
  mount(app, core, settings.admin ? adminRouter(emulator) : undefined)
  emulator.rearm()
  return emulator
}

function quotasOf({ quotas }: Settings): Environment['quotas'] {
  if (quotas === 'off') return undefined
  return createQuotas(quotas === 'aws' ? awsQuota : (quota) => quotas.get(quota))
}

const ADMIN = '/_twokey/'

/**
 * What our own ports hand requests to: express for what is ours, the request path for what is AWS's. Where the application is mounted in
 * another, express leads to the same; here its detour would cost a small request a fortieth of its time.
 */
function straight(core: Core, app: Express, admin: boolean): RequestListener {
  return (req, res) => {
    if (admin && req.url?.startsWith(ADMIN) === true) app(req, res)
    else void handle(core, req, res)
  }
}

/** `/_twokey/` for people and tests, everything else for AWS's clients. */
function mount(app: Express, core: Core, admin: express.Router | undefined): void {
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use((req, res, next) => {
    if (admin && req.url.startsWith(ADMIN)) next()
    else void handle(core, req, res)
  })
  if (admin) app.use('/_twokey', admin)
}

function persistOffset(clock: Clock, save: (offset: number) => void): Clock {
  return {
    now: () => clock.now(),
    get offset() {
      return clock.offset
    },
    setOffset(offset) {
      save(offset)
      clock.setOffset(offset)
    },
    schedule: (id, at, task) => {
      clock.schedule(id, at, task)
    },
    cancel: (id) => {
      clock.cancel(id)
    },
    stop: () => {
      clock.stop()
    },
  }
}
