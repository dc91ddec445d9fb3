import { fire, type Sample } from './load.ts'
import { createKeyShot, encrypt } from './requests.ts'
import type { Running } from './servers.ts'

/** What the slow calls are: as many connections as make RSA_4096 keys. */
const MAKERS = 8
/** What waits for them. */
const USERS = 4
/** Times as long as without them that the 99th of 100 requests may take. */
const BOUND = 5

/** How much longer Encrypt takes while others make RSA_4096 keys; the two in turn, because the machine has moods. */
export async function keyPairs({ port }: Running, quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 5
  const seconds = quick ? 2 : 6
  const shot = await encrypt.prepare(port)
  const makeKeys = createKeyShot({ KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' })
  await fire(port, shot, USERS, 1)
  const ratios: { readonly p50: number; readonly p99: number }[] = []
  let made = 0
  for (let round = 0; round < rounds; round++) {
    const idle = await fire(port, shot, USERS, seconds)
    const making = fire(port, makeKeys, MAKERS, seconds)
    const busy = await fire(port, shot, USERS, seconds)
    made += (await making).requests
    ratios.push({
      p50: percentile(busy, 0.5) / percentile(idle, 0.5),
      p99: percentile(busy, 0.99) / percentile(idle, 0.99),
    })
    console.log(`Encrypt alone: ${show(idle)}; while ${String(MAKERS)} connections make RSA_4096 keys: ${show(busy)}`)
  }
  const p99 = median(ratios.map((ratio) => ratio.p99))
  console.log(
    `while RSA_4096 keys are made (${String(made)} of them): Encrypt p50 ${median(ratios.map(({ p50 }) => p50)).toFixed(2)}, p99 ${p99.toFixed(2)} times the idle one; bound ${String(BOUND)}: ${p99 < BOUND ? 'met' : 'MISSED'}`,
  )
}

const show = (sample: Sample) =>
  `p99 ${percentile(sample, 0.99).toFixed(2)} ms, longest ${percentile(sample, 1).toFixed(1)} ms`

function percentile({ latencies }: Sample, part: number): number {
  const sorted = [...latencies].sort((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? NaN
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
