import express, { Router, type ErrorRequestHandler, type Request } from 'express'
import { isAccountId } from '../../lib/arn.ts'
import { StateError } from '../../state/errors.ts'
import type { StateDocument } from '../../state/store.ts'
import type { Emulator } from '../app.ts'
import { consoleRouter } from '../console/router.ts'
import { AdminError } from './adminError.ts'
import { shownDecision } from './decision.ts'
import { decisionStream } from './decisionStream.ts'
import { parseDuration } from './duration.ts'
import { buildClusters, buildEndpoints, buildWorld } from '../world/build.ts'
import { issueCredentials } from '../world/credentials.ts'
import { playScenario, readScenario } from '../world/scenario.ts'
import type { EndpointRecord } from '../endpoints/endpoints.ts'
import { readWorld, WorldError } from '../world/world.ts'
import { ownPagesOnly } from './guard.ts'
import { keyOf, keysOf } from './keys.ts'
import { policyOf } from './policy.ts'
import { usageOf } from './usage.ts'

/** The door for people and tests, `/_twokey/` (DESIGN §8). JSON in, JSON out; errors are `{ "error": "<sentence>" }`. */
export function adminRouter(emulator: Emulator): Router {
  const router = Router()
  const stream = decisionStream(emulator.decisions)
  const json = express.json({ limit: '256mb', type: () => true })
  router.use(ownPagesOnly)
  router.get('/health', (_req, res) => {
    res.json({ status: 'ok', version: VERSION, time: new Date(emulator.clock.now()).toISOString() })
  })
  router.post('/reset', (_req, res) => {
    emulator.reset()
    res.json({ reset: true })
  })
  router.get('/state', (req, res) => {
    res.json(emulator.store.export({ secrets: queryOf(req).get('secrets') === '1' }))
  })
  router.post('/state', json, (req, res) => {
    const missingBlobs = emulator.restore(stateDocument(req.body))
    res.json({ imported: true, ...(missingBlobs > 0 && { missingBlobs }) })
  })
  router.get('/clock', (_req, res) => {
    res.json(clockView(emulator))
  })
  router.post('/clock', json, (req, res) => {
    emulator.clock.setOffset(newOffset(emulator, req.body as unknown))
    res.json(clockView(emulator))
  })
  router.get('/decisions', (req, res) => {
    if (req.headers.accept?.includes('text/event-stream')) stream(res)
    else res.json({ decisions: emulator.decisions.list(listOptions(queryOf(req))) })
  })
  router.get('/decisions/:id', (req, res) => {
    const view = emulator.decisions.get(req.params.id)
    if (!view)
      throw new AdminError(
        404,
        `no decision with the request id \`${req.params.id}\`; GET /_twokey/decisions lists the latest`,
      )
    res.json(shownDecision(view, emulator.env.directory))
  })
  router.get('/events', (req, res) => {
    res.json({ Records: emulator.trail.list(listOptions(queryOf(req)).limit) })
  })
  router.get('/usage', (req, res) => {
    res.json(usageOf(emulator, queryOf(req)))
  })
  router.get('/keys', (req, res) => {
    res.json(keysOf(emulator, queryOf(req)))
  })
  router.get('/keys/:arn', (req, res) => {
    res.json(keyOf(emulator, req.params.arn))
  })
  router.get('/policy', (req, res) => {
    res.json(policyOf(emulator, queryOf(req)))
  })
  router.post('/worlds', json, async (req, res) => {
    const keys = await buildWorld(emulator, readWorld(req.body))
    res.json({ keys: Object.fromEntries(keys) })
  })
  router.post('/credentials', json, async (req, res) => {
    res.json(await issueCredentials(emulator, (req.body as { for?: unknown } | undefined)?.for))
  })
  router.post('/cloudhsm', json, (req, res) => {
    const { account, region, items } = declared(req.body, 'clusters', '"cluster-…":{…}')
    buildClusters(emulator, { account, region }, items)
    res.json({ declared: Object.keys(items) })
  })
  router.get('/vpc-endpoints', (_req, res) => {
    res.json({ endpoints: emulator.core.endpoints.list().map(endpointView) })
  })
  router.post('/vpc-endpoints', json, (req, res) => {
    const { account, region, items } = declared(req.body, 'endpoints', '"vpce-…":{…}')
    buildEndpoints(emulator, { account, region }, items)
    res.json({ declared: Object.keys(items) })
  })
  router.post('/scenarios', json, async (req, res) => {
    res.json({ steps: await playScenario(emulator, await readScenario(req.body)) })
  })
  router.get('/ca.pem', (_req, res) => {
    if (!emulator.tls) throw new AdminError(404, 'there is no TLS port; set TWOKEY_TLS_PORT')
    res.type('application/x-pem-file').send(emulator.tls.certificate.ca)
  })
  router.use(consoleRouter())
  router.use((req) => {
    throw new AdminError(404, `there is no \`${req.method} /_twokey${req.path}\`; docs/admin.md lists what there is`)
  })
  router.use(onError)
  return router
}

const VERSION = process.env['npm_package_version'] ?? '0.1.0'

const queryOf = (req: Request) => new URLSearchParams(req.originalUrl.split('?')[1] ?? '')

const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const status = error instanceof AdminError ? error.status : isInputFault(error) ? 400 : statusOf(error)
  res.status(status).json({ error: error instanceof Error ? error.message : 'failed' })
}

/** A world, a scenario or a state that cannot be used; the message says why. */
const isInputFault = (error: unknown) => error instanceof WorldError || error instanceof StateError

/** body-parser's errors carry a status; anything else is ours. */
function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  return typeof status === 'number' ? status : 500
}

function clockView({ clock }: Emulator) {
  return { now: new Date(clock.now()).toISOString(), offsetMilliseconds: clock.offset }
}

/** `{"advance":"P8D"}`, `{"set":"2027-01-01T00:00:00Z"}` or `{"reset":true}`. */
function newOffset({ clock }: Emulator, body: unknown): number {
  const request = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  if (typeof request['advance'] === 'string') {
    const by = parseDuration(request['advance'])
    if (by === undefined)
      throw new AdminError(400, `\`${request['advance']}\` is not a duration; write P8D, PT15M or -PT1H`)
    return clock.offset + by
  }
  if (typeof request['set'] === 'string') {
    const to = Date.parse(request['set'])
    if (Number.isNaN(to)) throw new AdminError(400, `\`${request['set']}\` is not a time; write 2027-01-01T00:00:00Z`)
    return clock.offset + (to - clock.now())
  }
  if (request['reset'] === true) return 0
  throw new AdminError(400, 'say {"advance":"P8D"}, {"set":"2027-01-01T00:00:00Z"} or {"reset":true}')
}

function stateDocument(body: unknown): StateDocument {
  const document = body as Partial<StateDocument> | undefined
  if (document?.format !== 'twokey-state' || typeof document.collections !== 'object') {
    throw new AdminError(400, 'this is not a state document; GET /_twokey/state gives one')
  }
  return document as StateDocument
}

/** `{"account":"111111111111","region":"us-east-1","clusters":{"cluster-…":{…}}}`: things declared under their ids. */
function declared(body: unknown, member: string, example: string) {
  const { account, region = 'us-east-1', [member]: items } = (body ?? {}) as Readonly<Record<string, unknown>>
  const whole = typeof account === 'string' && isAccountId(account) && typeof region === 'string'
  if (!whole || typeof items !== 'object' || items === null) {
    throw new AdminError(
      400,
      `say {"account":"111111111111","region":"us-east-1","${member}":{${example}}}; see docs/admin.md`,
    )
  }
  return { account, region, items: items as Readonly<Record<string, unknown>> }
}

const endpointView = ({ policy, ...rest }: EndpointRecord) => ({
  ...rest,
  ...(policy !== undefined && { policy: JSON.parse(policy) as object }),
})

function listOptions(query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? '100')
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new AdminError(400, 'limit must be a number from 1 to 10000')
  return { limit, deniedOnly: query.get('outcome') === 'denied' }
}
