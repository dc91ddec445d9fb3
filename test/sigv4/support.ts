import type {
  Claim,
  Expected,
  HeaderClaim,
  Payload,
  Problem,
  QueryClaim,
  Seed,
  SignedRequest,
} from '../../emulator/sigv4/types.ts'
import { SignatureProblem } from '../../emulator/sigv4/types.ts'
import { parseClaim } from '../../emulator/sigv4/claim.ts'
import { payloadHash, payloadOf } from '../../emulator/sigv4/payload.ts'
import { createVerifier } from '../../emulator/sigv4/verify.ts'

const WINDOW_SECONDS = 900

/** Text as it stands on the wire: one code unit for each byte of its UTF-8. */
export function onWire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Header names in lower case, values as text. */
export function lowerCased(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), onWire(String(value))]))
}

export function expecting(service: string, now: number, region?: string): Expected {
  return { service, region, now, windowSeconds: WINDOW_SECONDS }
}

export function signedClaim(claim: Claim): HeaderClaim | QueryClaim {
  if (claim.kind === 'anonymous') throw new Error('the request carries no signature')
  return claim
}

/** Everything a server does with a signature, in order. */
export function accept(
  request: SignedRequest,
  secret: string,
  expected: Expected,
  body: Buffer = Buffer.alloc(0),
): { claim: HeaderClaim | QueryClaim; payload: Payload; seed: Seed } {
  const claim = signedClaim(parseClaim(request, expected))
  const payload = payloadOf(request, claim, expected.service)
  return { claim, payload, seed: createVerifier().verify(claim, request, secret, payloadHash(payload, body)) }
}

/** The problem an action runs into; fails when it runs into none. */
export function problemOf(action: () => unknown): Problem {
  try {
    action()
  } catch (error) {
    if (error instanceof SignatureProblem) return error.problem
    throw error
  }
  throw new Error('the signature was accepted')
}

export async function* inPieces(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve()
    yield piece
  }
}

export async function readAll(data: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of data) pieces.push(piece)
  return Buffer.concat(pieces)
}
