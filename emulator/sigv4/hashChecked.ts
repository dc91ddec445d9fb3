import { createHash } from 'node:crypto'
import { sha256Hex } from './signature.ts'
import { SignatureProblem } from './types.ts'

/**
 * Passes a body through and compares its SHA-256 with the declared one at the end. INVARIANT: it ends normally only
 * when the hash was right; until then nothing read from it may count as received.
 *
 * @param sha256 as declared in `x-amz-content-sha256`
 * @throws SignatureProblem `content-mismatch`, after the last byte
 */
export async function* hashChecked(body: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const piece of body) {
    hash.update(piece)
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  }
  compare(hash.digest('hex'), sha256)
}

/**
 * The same for a body that is there as a whole.
 *
 * @throws SignatureProblem `content-mismatch`
 */
export function checkHash(body: Uint8Array, sha256: string): void {
  compare(sha256Hex(body), sha256)
}

function compare(computed: string, claimed: string): void {
  if (computed !== claimed.toLowerCase()) {
    throw new SignatureProblem({ code: 'content-mismatch', claimed, computed })
  }
}
