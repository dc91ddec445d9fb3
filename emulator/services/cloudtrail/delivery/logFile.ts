import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Environment } from '../../../operation/call.ts'
import type { DeliveredFile, TrailRecord } from '../state.ts'
import { folderOf, writeFile } from './write.ts'

const compress = promisify(gzip)

export const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

/** `20261126T0755Z`, and the parts of the path. */
function stamped(time: number) {
  const iso = new Date(time).toISOString()
  return { minute: `${iso.slice(0, 16).replace(/[-:]/g, '')}Z`, day: iso.slice(0, 10).replaceAll('-', '/') }
}

/** What became of a file: S3's code where it was not taken. */
export type Delivery = { readonly file: DeliveredFile } | { readonly error: string }

/**
 * Writes events (JSON texts) into a log file of the trail's bucket.
 * @param time milliseconds since the epoch: it is in the file's name
 */
export async function writeLogFile(
  trail: TrailRecord,
  region: string,
  events: readonly string[],
  time: number,
  env: Pick<Environment, 'callService' | 'ids'>,
): Promise<Delivery> {
  const { account, bucket } = trail
  const { minute, day } = stamped(time)
  const name = `${account}_CloudTrail_${region}_${minute}_${env.ids.base32(16)}.json.gz`
  const key = `${folderOf(trail)}CloudTrail/${region}/${day}/${name}`
  const content = `{"Records":[${events.join(',')}]}`
  const body = await compress(content)
  const answer = await writeFile(trail, { key, body, encryption: 'trail' }, env)
  if ('error' in answer) return { error: answer.error.code }
  return { file: { bucket, key, hash: sha256(content), ...agesOf(events) } }
}

/** When the oldest and the newest of them happened: ISO times are in the order of their texts. */
function agesOf(events: readonly string[]): { readonly newest: string; readonly oldest: string } {
  let newest = ''
  let oldest = ''
  for (const event of events) {
    const time = /"eventTime":"([^"]*)"/.exec(event)?.[1] ?? ''
    if (newest === '' || time > newest) newest = time
    if (oldest === '' || time < oldest) oldest = time
  }
  return { newest, oldest }
}
