import { createHash } from 'node:crypto'
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
  const computed = hash.digest('hex')
  if (computed !== sha256.toLowerCase()) {
    throw new SignatureProblem({ code: 'content-mismatch', claimed: sha256, computed })
  }
}
