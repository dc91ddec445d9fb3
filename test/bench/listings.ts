import { fire, type Shot } from './load.ts'
import { must, s3 } from './requests.ts'
import { discard, startTwokey } from './servers.ts'

const MANY = 100_000
const FEW = 100
/** As long as the smallest bucket's, so that pages cost the same wherever they are. */
const PAGE = 100
/** This share of keys begins with one prefix, which a delimiter rolls up. */
const ROLLED_UP = 0.99

const EMPTY = Buffer.alloc(0)

const name = (at: number) => String(at).padStart(6, '0')

/** Pages of a bucket with many objects against the first page of a small one. */
export async function listings(quick: boolean): Promise<void> {
  const server = await startTwokey('listings')
  const many = quick ? MANY / 10 : MANY
  for (const [bucket, count] of [
    ['few', FEW],
    ['many', many],
  ] as const) {
    await must(server.port, s3('PUT', `/${bucket}`))
    process.stderr.write(`storing ${count} objects …\n`)
    let at = 0
    const next = () => {
      const key = at < count * ROLLED_UP ? `a/${name(at)}` : `b${name(at)}`
      at++
      return s3('PUT', `/${bucket}/${key}`, Buffer.from('x'))
    }
    await fire(server.port, { bytes: EMPTY, next, status: 200 }, 32, 600, count)
  }
  const list = (bucket: string, query: string): Shot => ({
    bytes: s3('GET', `/${bucket}?${query}&list-type=2&max-keys=${PAGE}`),
    status: 200,
  })
  const pages: readonly (readonly [string, Shot])[] = [
    [`first page of ${FEW} keys`, list('few', 'prefix=')],
    [`first page of ${many} keys`, list('many', 'prefix=')],
    [`middle page of ${many} keys`, list('many', `start-after=a%2F${name(many / 2)}`)],
    [`last page of ${many} keys`, list('many', `start-after=b${name(many - PAGE)}`)],
    [`page with a delimiter, which rolls up ${many * ROLLED_UP} keys`, list('many', 'delimiter=%2F')],
  ]
  const rates = pages.map(() => [] as number[])
  for (let round = 0; round < 7; round++) {
    for (const [index, [, shot]] of pages.entries()) {
      const sample = await fire(server.port, shot, 4, 5, quick ? 50 : 200)
      if (round > 0) rates[index]?.push(sample.requests / sample.seconds)
    }
  }
  const middle = rates.map((values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN)
  for (const [index, [page]] of pages.entries()) {
    const rate = middle[index] ?? NaN
    console.log(`ListObjectsV2, ${page}: ${rate.toFixed(0)}/s, ${(rate / (middle[0] ?? NaN)).toFixed(2)} of the first`)
  }
  await server.stop()
  await discard(server.directory)
}
