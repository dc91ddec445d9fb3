import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Ec2Call } from '../state.ts'

const SEAL_BYTES = 16
const DAY = 86_400_000
/** Block tokens are good for a week (EBS User Guide, "EBS direct APIs"), page tokens for an hour. */
export const BLOCK_TOKEN_LIFE = 7 * DAY
export const PAGE_TOKEN_LIFE = DAY / 24

/**
 * What a list hands out, to be given back: opaque, and of use only as long as it stands for the same bytes. It names no caller: an
 * owner's token works for whom the snapshot is shared with (facts: captures 5.4).
 * @param fields what it stands for
 */
export function newToken(call: Ec2Call, fields: readonly (string | number)[], life: number): string {
  const body = Buffer.from(JSON.stringify([call.time + life, ...fields]))
  return Buffer.concat([seal(secretOf(call), body), body]).toString('base64')
}

/** The fields of a token of ours that has not expired. */
export function readToken(call: Ec2Call, token: string): readonly unknown[] | undefined {
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length <= SEAL_BYTES || bytes.toString('base64') !== token) return undefined
  const body = bytes.subarray(SEAL_BYTES)
  if (!timingSafeEqual(bytes.subarray(0, SEAL_BYTES), seal(secretOf(call), body))) return undefined
  const [expiry, ...fields] = JSON.parse(body.toString()) as [number, ...unknown[]]
  return expiry > call.time ? fields : undefined
}

const seal = (secret: Buffer, body: Buffer) =>
  createHmac('sha256', secret).update(body).digest().subarray(0, SEAL_BYTES)

const opened = new WeakMap<object, Buffer>()

function secretOf({ state, env }: Ec2Call): Buffer {
  const table = state.secrets.in()
  const record = table.get('tokens') ?? { key: randomBytes(32).toString('base64') }
  if (!table.has('tokens')) {
    env.store.transaction(() => {
      table.put('tokens', record)
    })
  }
  let secret = opened.get(record)
  if (!secret) opened.set(record, (secret = Buffer.from(record.key, 'base64')))
  return secret
}
