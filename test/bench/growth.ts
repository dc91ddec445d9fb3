import { fire, type Sample } from './load.ts'
import { createKeyShot } from './requests.ts'
import { discard, startTwokey, type Running } from './servers.ts'

const SIZES = [100, 10_000, 100_000]

/** CreateKey with more and more keys stored, the start with that many, and the longest a request waited for a checkpoint. */
export async function growth(quick: boolean): Promise<void> {
  const sizes = quick ? SIZES.slice(0, 2) : SIZES
  const servers: (Running & { stored: number })[] = []
  for (const size of sizes) {
    const server = { ...(await startTwokey(`${size} keys`)), stored: size }
    process.stderr.write(`storing ${size} keys …\n`)
    const filled = await fire(server.port, createKeyShot(), 32, 600, size)
    console.log(
      `stored ${size} keys at ${(filled.requests / filled.seconds).toFixed(0)}/s; longest wait ${Math.max(...worst(filled)).toFixed(0)} ms`,
    )
    servers.push(server)
  }
  // Small slices in turn, so that the smallest state stays small.
  const rates = servers.map(() => [] as number[])
  for (let round = 0; round < 10; round++) {
    for (const [index, { port }] of servers.entries()) {
      const sample = await fire(port, createKeyShot(), 32, 5, 200)
      if (round > 0) rates[index]?.push(sample.requests / sample.seconds)
    }
  }
  const middle = rates.map((values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN)
  for (const [index, { stored }] of servers.entries()) {
    console.log(
      `CreateKey with ${stored} keys stored: ${(middle[index] ?? NaN).toFixed(0)}/s, ${((middle[index] ?? NaN) / (middle[0] ?? NaN)).toFixed(2)} of the rate with ${sizes[0] ?? 0}`,
    )
  }
  for (const { stored, directory, stop } of servers) {
    await stop()
    const again = await startTwokey(`${stored} keys again`, undefined, directory)
    console.log(`start with ${stored} keys: ${again.startedIn.toFixed(0)} ms`)
    await again.stop()
    await discard(directory)
  }
}

const worst = ({ latencies }: Sample) => [...latencies].sort((a, b) => b - a).slice(0, 1)
