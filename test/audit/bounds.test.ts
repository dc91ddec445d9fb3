import { describe, expect, it } from '@jest/globals'
import { policySource } from '../../emulator/access/document.ts'
import type { Decision } from '../../emulator/access/types.ts'
import { createAuditTrail } from '../../emulator/audit/cloudTrail.ts'
import { createDecisionLog, RECENT_BUDGET, REFUSED_BUDGET } from '../../emulator/audit/decisionLog.ts'
import type { Outcome } from '../../emulator/audit/recorder.ts'
import { createRing } from '../../emulator/audit/ring.ts'
import { roughSize, sentSize } from '../../emulator/audit/weight.ts'
import { AwsError } from '../../emulator/lib/awsError.ts'

const ACCOUNT = '111111111111'
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/k`
const refusal = new AwsError('AccessDeniedException', 400, 'no')

function decision(document: string): Decision {
  const source = policySource({ layer: 'resource', name: 'key policy', text: document })
  return {
    allowed: false,
    effect: 'implicit-deny',
    layer: 'identity',
    resourceSide: 'none',
    crossAccount: false,
    request: {
      principal: { kind: 'root', account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, userId: ACCOUNT },
      action: 'kms:Encrypt',
      resource: KEY,
      resourceAccount: ACCOUNT,
      guard: 'key',
      context: { get: () => undefined, names: () => [] },
    },
    policies: { identity: [], resource: source },
  }
}

const SHARED = decision('{"Version":"2012-10-17","Statement":[]}')

interface Made {
  readonly error?: AwsError
  readonly size?: number
  readonly decisions?: readonly Decision[]
}
const outcome = (index: number, { error, size = 1500, decisions = [SHARED] }: Made = {}): Outcome => ({
  requestId: `request-${String(index)}`,
  time: index,
  service: 'kms',
  operation: 'Encrypt',
  region: 'us-east-1',
  caller: { principal: SHARED.request.principal, accessKeyId: undefined, policies: () => ({ identity: [] }) },
  http: { sourceIp: '127.0.0.1', userAgent: 'aws-cli', secure: true, host: 'localhost' },
  status: error?.status ?? 200,
  error,
  trace: {
    decisions,
    forwarded: [],
    readOnly: false,
    audit: { requestParameters: { keyId: KEY, policy: 'p'.repeat(size) } },
  },
  size,
})

describe('a ring', () => {
  it('knows how much and how heavy it is, and gives up its oldest', () => {
    const ring = createRing<string>(3)
    expect([ring.drop(), ring.size, ring.weight]).toEqual([undefined, 0, 0])
    expect(['a', 'b', 'c', 'd'].map((item, index) => ring.add(item, 10 ** index))).toEqual([
      undefined,
      undefined,
      undefined,
      'a',
    ])
    expect([ring.size, ring.weight]).toEqual([3, 1110])
    expect([ring.drop(), ring.size, ring.weight, [...ring.newest()]]).toEqual(['b', 2, 1100, ['d', 'c']])
    expect(ring.add('e', 5)).toBeUndefined()
    expect([[...ring.newest()], ring.weight]).toEqual([['e', 'd', 'c'], 1105])
    ring.clear()
    expect([ring.size, ring.weight, [...ring.newest()], ring.drop()]).toEqual([0, 0, [], undefined])
  })
})

describe('what a request is taken to weigh', () => {
  it('grows with texts, bytes, members and depth, and does not mind what is no data', () => {
    expect(roughSize('x'.repeat(1000))).toBeGreaterThanOrEqual(1000)
    expect(roughSize(Buffer.alloc(1000))).toBeGreaterThanOrEqual(1000)
    expect(roughSize([{ Key: 'a'.repeat(500) }, { Key: 'b'.repeat(500) }])).toBeGreaterThanOrEqual(1000)
    expect(roughSize(Object.fromEntries(Array.from({ length: 100 }, (_, at) => [String(at), null])))).toBeGreaterThan(
      800,
    )
    let deep: unknown[] = []
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    expect(roughSize(deep)).toBeGreaterThan(1_000_000)
    const cyclic = new (class {
      readonly self = this
    })()
    expect([undefined, null, 1, cyclic].map(roughSize).every((size) => size < 100)).toBe(true)
  })

  it('is what was sent, with the headers where every byte is looked at', () => {
    const sent = {
      path: '/',
      query: '',
      headers: { authorization: 'a'.repeat(3000) },
      input: { Policy: 'p'.repeat(5000) },
    }
    const large = sentSize({ ...sent, body: Buffer.alloc(5100) }, false)
    expect(large).toBeGreaterThan(5000)
    expect(large).toBeLessThan(6000)
    expect(sentSize({ ...sent, body: Buffer.alloc(5100) }, true)).toBeGreaterThan(large + 3000)
    expect(sentSize({ ...sent, body: Buffer.alloc(0), input: {} }, false)).toBeLessThan(100)
  })
})

describe('the decision log', () => {
  it('keeps a thousand of a hundred thousand ordinary requests, and ten thousand refusals', () => {
    const log = createDecisionLog()
    for (let index = 0; index < 100_000; index++) log.listener(outcome(index, index % 2 ? { error: refusal } : {}))
    const { recent, refused } = log.memory()
    expect([recent.count, refused.count]).toEqual([1000, 10_000])
    expect(recent.bytes).toBeLessThan(RECENT_BUDGET / 4)
    expect(refused.bytes).toBeLessThan(REFUSED_BUDGET)
    expect(log.get('request-80001')).toBeDefined()
    expect(log.get('request-79999')).toBeUndefined()
  })

  it('keeps fewer of large ones, the latest', () => {
    const log = createDecisionLog()
    const size = 128 * 1024
    for (let index = 0; index < 20_000; index++) {
      log.listener(outcome(index, index % 2 ? { size, error: refusal } : { size }))
      const { recent, refused } = log.memory()
      if (recent.bytes > RECENT_BUDGET || refused.bytes > REFUSED_BUDGET)
        throw new Error(`too much at ${String(index)}`)
    }
    const { recent, refused } = log.memory()
    expect(recent.bytes).toBeGreaterThan(RECENT_BUDGET - 2 * size)
    expect(refused.bytes).toBeGreaterThan(REFUSED_BUDGET - 2 * size)
    expect(log.list({ limit: 10_000 })).toHaveLength(recent.count)
    expect(log.list({ limit: 10_000, deniedOnly: true })).toHaveLength(refused.count)
    expect(log.get('request-19999')).toBeDefined()
    expect(log.get('request-1')).toBeUndefined()
    // Ordinary ones find room again.
    for (let index = 0; index < 10_000; index++) log.listener(outcome(index, { error: refusal }))
    expect(log.memory().refused.count).toBe(10_000)
  })

  it('keeps one that is too large by itself, until the next comes', () => {
    const log = createDecisionLog()
    log.listener(outcome(1))
    log.listener(outcome(2, { size: 2 * REFUSED_BUDGET, error: refusal }))
    expect(log.memory()).toMatchObject({ recent: { count: 1 }, refused: { count: 1 } })
    expect([log.get('request-1'), log.get('request-2')?.requestId]).toEqual([undefined, 'request-2'])
    log.listener(outcome(3, { error: refusal }))
    expect([log.get('request-2'), log.get('request-3')?.requestId]).toEqual([undefined, 'request-3'])
  })

  it('counts many decisions of one request', () => {
    const log = createDecisionLog()
    const decisions = Array.from({ length: 1000 }, () => SHARED)
    for (let index = 0; index < 1000; index++) log.listener(outcome(index, { decisions }))
    const { count, bytes } = log.memory().recent
    expect(count).toBeLessThan(100)
    expect(bytes).toBeLessThanOrEqual(RECENT_BUDGET)
  })

  it('counts a policy document once, however many decisions share it, and until the last of them goes', () => {
    const text = (index: number) => JSON.stringify({ Statement: [], Id: `${String(index)}-`.padEnd(30_000, 'x') })
    const bytesOf = (document: (index: number) => string) => {
      const log = createDecisionLog()
      for (let index = 0; index < 100; index++)
        log.listener(outcome(index, { error: refusal, decisions: [decision(document(index))] }))
      return log
    }
    const same = bytesOf(() => text(0)).memory().refused
    expect(same.count).toBe(100)
    expect(same.bytes).toBeLessThan(1_000_000)
    const others = bytesOf(text)
    expect(others.memory().refused.bytes).toBeGreaterThan(100 * 30_000)
    // As soon as those are gone, their documents weigh nothing.
    for (let index = 0; index < 10_000; index++) others.listener(outcome(index, { error: refusal }))
    const { count, bytes } = others.memory().refused
    expect(count).toBe(10_000)
    const ordinary = createDecisionLog()
    for (let index = 0; index < 10_000; index++) ordinary.listener(outcome(index, { error: refusal }))
    expect(bytes).toBe(ordinary.memory().refused.bytes)
  })
})

describe('the audit trail', () => {
  const kept = (size: number) => {
    const trail = createAuditTrail()
    for (let index = 0; index < 20_000; index++)
      trail.listener({ ...outcome(index, { size }), operation: 'PutKeyPolicy' })
    return { found: [...trail.history.newest(ACCOUNT, 'us-east-1')].length, listed: trail.list(10_000).length }
  }

  it('keeps ten thousand ordinary events, and fewer of large ones', () => {
    expect(kept(1000)).toEqual({ found: 10_000, listed: 1000 })
    const { found, listed } = kept(128 * 1024)
    expect([found < 520, found > 480, listed < 260, listed > 240]).toEqual([true, true, true, true])
  })
})
