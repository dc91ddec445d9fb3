import { randomFillSync } from 'node:crypto'

const POOL_SIZE = 16 * 1024
const pool = Buffer.allocUnsafeSlow(POOL_SIZE)
let used = POOL_SIZE

/**
 * Fills `target[start, start + length)` with bytes from the operating system's generator, for nonces and salts.
 * One system call serves hundreds of them. INVARIANT: a pool byte is given out once and cleared.
 */
export function fillRandom(target: Buffer, start: number, length: number): void {
  if (length > POOL_SIZE) {
    randomFillSync(target, start, length)
    return
  }
  if (used + length > POOL_SIZE) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(target, start, used, used + length)
  pool.fill(0, used, used + length)
  used += length
}
