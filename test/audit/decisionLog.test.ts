import { describe, expect, it } from '@jest/globals'
import { createDecisionLog } from '../../emulator/audit/decisionLog.ts'
import { createRing } from '../../emulator/audit/ring.ts'
import type { Outcome } from '../../emulator/audit/recorder.ts'
import { AwsError } from '../../emulator/lib/awsError.ts'

const outcome = (requestId: string, error?: AwsError): Outcome => ({
  requestId,
  time: 0,
  service: 'kms',
  operation: 'Encrypt',
  region: 'us-east-1',
  caller: { principal: { kind: 'anonymous' }, accessKeyId: undefined, policies: () => ({ identity: [] }) },
  http: { sourceIp: '127.0.0.1', userAgent: '', secure: true, host: '' },
  status: error?.status ?? 200,
  error,
  trace: undefined,
})
const refusal = new AwsError('AccessDeniedException', 400, 'no')

describe('a ring', () => {
  it('keeps the latest, newest first, and says what had to go', () => {
    const ring = createRing<number>(3)
    expect([1, 2, 3, 4].map((item) => ring.add(item))).toEqual([undefined, undefined, undefined, 1])
    expect([...ring.newest()]).toEqual([4, 3, 2])
    ring.clear()
    expect([...ring.newest()]).toEqual([])
  })
})

describe('the decision log', () => {
  it('remembers refusals longer than what went well', () => {
    const log = createDecisionLog()
    log.listener(outcome('good'))
    log.listener(outcome('bad', refusal))
    for (let index = 0; index < 1000; index++) log.listener(outcome(`more-${String(index)}`))
    expect(log.get('good')).toBeUndefined()
    expect(log.get('bad')).toMatchObject({
      requestId: 'bad',
      outcome: 'failed',
      error: { code: 'AccessDeniedException', message: 'no' },
    })
    expect(log.list({ limit: 2 }).map(({ requestId }) => requestId)).toEqual(['more-999', 'more-998'])
  })

  it('keeps a bounded number, of refusals too', () => {
    const log = createDecisionLog()
    for (let index = 0; index < 25_000; index++) log.listener(outcome(`bad-${String(index)}`, refusal))
    expect(log.get('bad-14999')).toBeUndefined()
    expect(log.get('bad-15000')).toBeDefined()
    expect(log.list({ limit: 100_000 })).toHaveLength(1000)
  })

  it.each(['first', 'last'])(
    'keeps what came of a request later together with it, also when it is heard of %s',
    (when) => {
      const log = createDecisionLog()
      const call = { service: 'kms', operation: 'CreateGrant', requestId: 'k', spared: false, invokedBy: 'ec2' }
      const inner = { decisions: [], forwarded: [], readOnly: false }
      const own = {
        ...outcome('a'),
        trace: { ...inner, forwarded: [{ ...call, operation: 'DescribeKey', trace: inner }] },
      }
      const later: Outcome = {
        ...outcome('a', refusal),
        status: 200,
        later: true,
        trace: { ...inner, forwarded: [{ ...call, trace: inner, error: refusal }] },
      }
      for (const one of when === 'first' ? [later, own] : [own, later]) log.listener(one)
      expect(log.get('a')).toMatchObject({ status: 200, afterwards: true, error: { code: 'AccessDeniedException' } })
      expect(log.get('a')?.gates.map(({ operation, outcome: end }) => `${operation} ${end}`)).toEqual([
        'DescribeKey allowed',
        'CreateGrant failed',
      ])
      // Their places among the latest are two; when the first is forgotten, the whole is not.
      for (let index = 0; index < 999; index++) log.listener(outcome(`more-${String(index)}`))
      expect(log.get('a')).toBeDefined()
    },
  )

  it('tells subscribers until they leave', () => {
    const log = createDecisionLog()
    const heard: string[] = []
    const leave = log.subscribe(
      ({ requestId }) => heard.push(requestId),
      () => heard.push('(cleared)'),
    )
    log.listener(outcome('a'))
    log.clear()
    leave()
    log.listener(outcome('b'))
    log.clear()
    expect(heard).toEqual(['a', '(cleared)'])
  })
})
