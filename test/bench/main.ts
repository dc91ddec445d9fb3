/**
 * `npm run bench`: every figure is a ratio to a bare node:http server that answers as many bytes, measured in the same run, the
 * two in turn. Options: `--quick`, `--only <name>` (`--only "key pairs"`: what making them does to others; `--only listings`: pages
 * of 100 and of 100 000 keys), `--against <commit>` (adds that commit's build as a third server), `--growth`.
 */
import { parseArgs } from 'node:util'
import { growth } from './growth.ts'
import { keyPairs } from './keyPairs.ts'
import { listings } from './listings.ts'
import { ask, fire, type Sample, type Shot } from './load.ts'
import { buildCommit } from './commit.ts'
import { CASES, type Case } from './requests.ts'
import { discard, startBare, startTwokey, type Bare, type Running } from './servers.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    growth: { type: 'boolean', default: false },
  },
})
const ROUNDS = options.quick ? 2 : 5
const KEY_PAIRS = 'key pairs'
const LISTINGS = 'listings'
const SLICE_SECONDS = options.quick ? 0.4 : 1

interface Contender {
  readonly server: Running
  readonly shot: Shot
}

const bare = await startBare()
const current = await startTwokey('this commit')
const earlier =
  options.against === undefined ? undefined : await startTwokey(options.against, await buildCommit(options.against))
console.log(`ready from cold in ${current.startedIn.toFixed(0)} ms (process start included)\n`)
console.log(
  row(
    'operation',
    'conc',
    'rate',
    'bare',
    'ratio',
    'p50 ms',
    'p99 ms',
    'p50/bare',
    earlier ? `vs ${earlier.name}` : '',
  ),
)

for (const one of CASES) {
  if (options.only !== undefined && !one.name.includes(options.only)) continue
  if (options.growth) break
  const shot = await one.prepare(current.port)
  await imitate(bare, current.port, shot)
  const contenders: Contender[] = [
    { server: bare, shot },
    { server: current, shot },
    ...(earlier ? [{ server: earlier, shot: await one.prepare(earlier.port) }] : []),
  ]
  for (const concurrency of one.concurrency) report(one, concurrency, await measure(contenders, concurrency))
}

if (!options.growth && KEY_PAIRS.includes(options.only ?? '')) await keyPairs(current, options.quick)
if (options.only === undefined) await growth(options.quick)
if (options.only === undefined || options.only === LISTINGS) await listings(options.quick)

for (const server of [bare, current, earlier]) {
  if (!server) continue
  await server.stop()
  await discard(server.directory)
}

/** The bare server answers what Twokey answers, in status, type and size. */
async function imitate(server: Bare, port: number, shot: Shot): Promise<void> {
  const answer = await ask(port, shot.bytes)
  await server.answerWith({
    status: answer.status,
    contentType: /\r\ncontent-type: *([^\r]+)/i.exec(answer.head)?.[1] ?? 'text/plain',
    length: answer.body.length,
  })
}

/** In turn, several rounds, after one that is not counted: the machine's moods hit all alike. */
async function measure(contenders: readonly Contender[], concurrency: number): Promise<Sample[][]> {
  const samples: Sample[][] = contenders.map(() => [])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, { server, shot }] of contenders.entries()) {
      const sample = await fire(server.port, shot, concurrency, SLICE_SECONDS)
      if (round > 0) samples[index]?.push(sample)
    }
  }
  return samples
}

function report({ name, unit }: Case, concurrency: number, [base = [], own = [], before]: Sample[][]): void {
  const rates = (samples: readonly Sample[]) =>
    samples.map((sample) => (unit === 'bytes' ? moved(sample, name) : sample.requests) / sample.seconds)
  const rate = median(rates(own))
  const ratio = median(rates(own).map((value, index) => value / (rates(base)[index] ?? NaN)))
  const [p50, p99] = percentiles(own)
  const [bareP50] = percentiles(base)
  const against = before
    ? median(rates(own).map((value, index) => value / (rates(before)[index] ?? NaN))).toFixed(2)
    : ''
  console.log(
    row(
      name,
      String(concurrency),
      show(rate, unit),
      show(median(rates(base)), unit),
      ratio.toFixed(3),
      p50.toFixed(2),
      p99.toFixed(2),
      (p50 / bareP50).toFixed(1),
      against,
    ),
  )
}

/** Bytes of the object: uploads are answered with next to nothing. */
function moved(sample: Sample, name: string): number {
  const size = name.endsWith('64 MiB') ? 1 << 26 : 1 << 20
  return sample.requests * size
}

function show(rate: number, unit: Case['unit']): string {
  return unit === 'bytes' ? `${(rate / 2 ** 20).toFixed(0)} MiB/s` : `${rate.toFixed(0)}/s`
}

function percentiles(samples: readonly Sample[]): [number, number] {
  const all = samples.flatMap(({ latencies }) => latencies).sort((a, b) => a - b)
  return [all[Math.floor(all.length * 0.5)] ?? NaN, all[Math.floor(all.length * 0.99)] ?? NaN]
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

function row(...cells: readonly string[]): string {
  const widths = [33, 5, 11, 12, 7, 8, 8, 9, 0]
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
    .join(' ')
}
