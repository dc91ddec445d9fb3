import { isRegionName } from '../../lib/regions.ts'
import { decodeChunked } from '../../sigv4/chunked.ts'
import { parseClaim } from '../../sigv4/claim.ts'
import { hashChecked } from '../../sigv4/hashChecked.ts'
import { payloadHash, payloadOf } from '../../sigv4/payload.ts'
import { sha256Hex } from '../../sigv4/signature.ts'
import {
  SignatureProblem,
  type ChunkedPayload,
  type Claim,
  type Payload,
  type Problem,
  type Seed,
} from '../../sigv4/types.ts'
import { sessionMay } from '../../services/sts/limits.ts'
import type { Exchange } from '../exchange.ts'
import { wireRequest } from './match.ts'
import { ANONYMOUS } from './receive.ts'

/** AWS's window for the client's clock (facts: A3 rows 10 and 11). */
const WINDOW_SECONDS = 900

/**
 * Who is asking: takes the signature apart, finds the credential, compares, and ties the body to the signature.
 * Sets `caller`, and for streamed bodies `stream`, which throws at its end if the body is not what was signed.
 */
export function authenticate(exchange: Exchange): void | Promise<void> {
  const { core, serviceName, row } = exchange
  const claim = claimOf(exchange)
  exchange.claim = claim
  if (claim.kind === 'anonymous') {
    if (row && !row.anonymous) throw new SignatureProblem({ code: 'missing' })
    exchange.caller = ANONYMOUS
    // Unsigned, but still framed and hashed as the headers say.
    const payload = payloadOf(exchange, claim, serviceName)
    return tieBody(exchange, payload, undefined)
  }
  const found = core.env.directory.lookup(claim.accessKeyId, claim.sessionToken, exchange.time)
  if (!found.found) {
    throw new SignatureProblem(
      found.problem === 'expired-token'
        ? { code: 'expired-token' }
        : { code: found.problem, accessKeyId: claim.accessKeyId },
    )
  }
  const payload = payloadIn(exchange, claim)
  const seed = core.verifier.verify(claim, signedOf(exchange), found.secret, payloadHash(payload, exchange.body))
  // AWS does not know some temporary credentials at all at IAM and STS (facts: H2).
  if (!sessionMay(found.caller.principal, serviceName, exchange.operation ?? '')) {
    throw new SignatureProblem({ code: 'bad-token', accessKeyId: claim.accessKeyId })
  }
  exchange.caller = found.caller
  if (claim.kind === 'query') addQueryHeaders(exchange)
  return tieBody(exchange, payload, seed)
}

/** What the URL says in place of headers holds like them, now that its signature has been compared. */
function addQueryHeaders(exchange: Exchange): void {
  const more = exchange.service?.definition.queryHeaders?.(exchange.query)
  if (!more) return
  const headers = { ...more, ...exchange.headers }
  exchange.headers = headers
  exchange.wire = { ...wireRequest(exchange), headers }
}

/** What is forwarded as a stream is not covered by the signature, and the signature says so. */
const payloadIn = (exchange: Exchange, claim: Claim): Payload =>
  exchange.forwarding && exchange.row?.streams ? { kind: 'unsigned' } : payloadOf(exchange, claim, exchange.serviceName)

/** The request as its client has signed it. */
const signedOf = (exchange: Exchange): Pick<Exchange, 'method' | 'path' | 'query' | 'headers'> => {
  const { method, path, signedPath, query, headers } = exchange
  return signedPath === path ? exchange : { method, path: signedPath, query, headers }
}

function tieBody(exchange: Exchange, payload: Payload, seed: Seed | undefined): void | Promise<void> {
  if (!exchange.row?.streams) return checkBody(exchange, payload, seed)
  attachStream(exchange, payload, seed)
}

/**
 * Clients sign by the machine's clock, or by the emulator's if they follow it; either will do. Moving the emulator's clock ages
 * keys and sessions, not requests.
 */
function claimOf(exchange: Exchange): Claim {
  const { serviceName: service, core, time } = exchange
  const region = expectedRegion(exchange)
  const at = (now: number) => parseClaim(exchange, { service, region, now, windowSeconds: WINDOW_SECONDS })
  const { offset } = core.env.clock
  if (offset === 0) return at(time)
  try {
    return at(time - offset)
  } catch (error) {
    if (error instanceof SignatureProblem && OF_TIME.has(error.problem.code)) return at(time)
    throw error
  }
}

/**
 * Any Region will do. S3's global endpoint takes what names none for its own and says which it expects, so that clients sign again:
 * s3cmd begins with `US` (recorded for `us_east_1`: aws/aws-cli#2954).
 */
const expectedRegion = ({ serviceName, region }: Exchange): string | undefined =>
  serviceName !== 's3' || isRegionName(region) ? undefined : 'us-east-1'

const OF_TIME: ReadonlySet<Problem['code']> = new Set([
  'expired',
  'not-yet-current',
  'presign-expired',
  'presign-not-yet-valid',
])

function attachStream(exchange: Exchange, payload: Payload, seed: Seed | undefined): void {
  // Who stops reading early must not tear down the connection: the refusal is still to be sent.
  const source: AsyncIterable<Buffer> = exchange.req.iterator({ destroyOnReturn: false })
  switch (payload.kind) {
    case 'chunked': {
      const decoded = decodeChunked(source, payload, seed)
      exchange.stream = decoded.data
      exchange.trailers = () => decoded.trailers()
      return
    }
    case 'hash':
      exchange.stream = hashChecked(source, payload.sha256)
      return
    case 'body':
    case 'unsigned':
      exchange.stream = source
  }
}

/** Bodies that were read whole: the declared hash, or the chunk signatures, must fit them. */
function checkBody(exchange: Exchange, payload: Payload, seed: Seed | undefined): void | Promise<void> {
  if (payload.kind === 'hash') {
    const computed = sha256Hex(exchange.body)
    if (computed !== payload.sha256.toLowerCase()) {
      throw new SignatureProblem({ code: 'content-mismatch', claimed: payload.sha256, computed })
    }
  }
  return payload.kind === 'chunked' ? joinChunks(exchange, payload, seed) : checkPromises(exchange)
}

async function joinChunks(exchange: Exchange, payload: ChunkedPayload, seed: Seed | undefined): Promise<void> {
  const decoded = decodeChunked(once(exchange.body), payload, seed)
  const chunks: Buffer[] = []
  for await (const chunk of decoded.data) chunks.push(chunk)
  exchange.body = Buffer.concat(chunks)
  exchange.trailers = () => decoded.trailers()
  await checkPromises(exchange)
}

/** What headers and trailers promise of a body. */
function checkPromises({ service, operation, body, headers, trailers }: Exchange): void | Promise<void> {
  if (body.length > 0) return service?.definition.checkBody?.(operation ?? '', body, headers, trailers?.() ?? {})
}

async function* once(body: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve()
  yield body
}
