import { describe, expect, it } from '@jest/globals'
import type { Principal } from '../../emulator/access/types.ts'
import { AWS_PRICES, classOf, keyCost, monthsBetween, type PricedKey } from '../../emulator/audit/prices.ts'
import type { Outcome } from '../../emulator/audit/recorder.ts'
import { createUsageMeter } from '../../emulator/audit/usage.ts'
import { usageReport } from '../../emulator/audit/usageReport.ts'
import { AwsError } from '../../emulator/lib/awsError.ts'
import type { Trace } from '../../emulator/operation/trace.ts'

const at = (text: string) => Date.parse(text)
const NOW = at('2027-01-15T12:00:00Z')
const KEY = 'arn:aws:kms:us-east-1:111111111111:key/1'

interface Asked {
  readonly operation?: string
  readonly account?: string
  readonly time?: number
  readonly key?: string | undefined
  readonly keySpec?: string | undefined
  readonly keyPairSpec?: string
  readonly error?: AwsError
}

function outcome({ operation = 'Encrypt', account = '1', time = NOW, error, ...audit }: Asked): Outcome {
  const principal: Principal = { kind: 'root', account, arn: '', userId: account }
  return {
    requestId: 'r',
    time,
    service: 'kms',
    operation,
    region: 'us-east-1',
    caller: { principal, accessKeyId: undefined, policies: () => ({ identity: [] }) },
    http: { sourceIp: '', userAgent: '', secure: true, host: '' },
    status: 200,
    error,
    trace: traceOf(audit),
  }
}
function traceOf({ key, keySpec = 'SYMMETRIC_DEFAULT', keyPairSpec }: Asked): Trace {
  const resources = key === undefined ? [] : [{ arn: key, account: '1', type: 'AWS::KMS::Key', keySpec }]
  return { decisions: [], forwarded: [], readOnly: true, audit: { resources, requestParameters: { keyPairSpec } } }
}
const OPTIONS = { until: NOW, prices: AWS_PRICES, freeTier: 0, limit: 10 }

describe('prices', () => {
  it.each([
    ['Decrypt', 'SYMMETRIC_DEFAULT', undefined, 'requests'],
    ['GenerateMac', 'HMAC_256', undefined, 'requests'],
    ['GenerateRandom', undefined, undefined, 'requests'],
    ['Sign', 'RSA_2048', undefined, 'rsa2048'],
    ['Sign', 'RSA_4096', undefined, 'asymmetric'],
    ['Verify', 'ECC_NIST_P256', undefined, 'asymmetric'],
    ['GetPublicKey', 'ML_DSA_44', undefined, 'asymmetric'],
    ['DescribeKey', 'RSA_4096', undefined, 'requests'],
    ['GenerateDataKeyPair', 'SYMMETRIC_DEFAULT', 'RSA_2048', 'rsaKeyPairs'],
    ['GenerateDataKeyPairWithoutPlaintext', 'SYMMETRIC_DEFAULT', 'ECC_NIST_P384', 'eccKeyPairs'],
  ])('%s with %s (pair: %s) costs as %s', (operation, keySpec, pairSpec, priceClass) => {
    expect(classOf(operation, keySpec, pairSpec)).toBe(priceClass)
  })

  it('count months by the hours of each', () => {
    expect(monthsBetween(at('2027-02-01T00:00:00Z'), at('2027-03-01T00:00:00Z'))).toBeCloseTo(1, 12)
    expect(monthsBetween(at('2027-01-01T00:00:00Z'), at('2028-01-01T00:00:00Z'))).toBeCloseTo(12, 12)
    expect(monthsBetween(at('2027-04-10T05:00:00Z'), at('2027-04-10T06:00:00Z'))).toBeCloseTo(1 / (30 * 24), 10)
    // Begun hours count.
    expect(monthsBetween(at('2027-04-10T05:59:00Z'), at('2027-04-10T06:01:00Z'))).toBeCloseTo(2 / (30 * 24), 10)
    expect(monthsBetween(5, 5)).toBe(0)
    expect(monthsBetween(9e12, 5)).toBe(0)
  })

  const key: PricedKey = {
    arn: KEY,
    account: '1',
    region: 'us-east-1',
    spec: 'SYMMETRIC_DEFAULT',
    createdAt: at('2027-01-01T00:00:00Z'),
    rotatedAt: [],
  }
  const year = { since: at('2027-01-01T00:00:00Z'), until: at('2028-01-01T00:00:00Z') }
  const months = (...from: readonly number[]) =>
    from.map((month) => at(`2027-${String(month).padStart(2, '0')}-01T00:00:00Z`))

  it('a key costs a dollar a month, from its creation, within the period', () => {
    expect(keyCost(key, year, AWS_PRICES).usd).toBeCloseTo(12, 9)
    expect(keyCost({ ...key, createdAt: months(10)[0]! }, year, AWS_PRICES).usd).toBeCloseTo(3, 9)
    expect(keyCost({ ...key, createdAt: 0 }, year, AWS_PRICES).usd).toBeCloseTo(12, 9)
  })
  it('its first and second rotation cost a dollar each from then on, later ones nothing', () => {
    expect(keyCost({ ...key, rotatedAt: months(7) }, year, AWS_PRICES)).toMatchObject({
      usd: expect.closeTo(18, 9),
      rotationMonths: expect.closeTo(6, 9),
    })
    expect(keyCost({ ...key, rotatedAt: months(7, 10) }, year, AWS_PRICES).usd).toBeCloseTo(21, 9)
    expect(keyCost({ ...key, rotatedAt: months(7, 10, 11, 12) }, year, AWS_PRICES).usd).toBeCloseTo(21, 9)
    expect(keyCost({ ...key, rotatedAt: months(7) }, year, { ...AWS_PRICES, key: 2, rotation: 0.5 }).usd).toBeCloseTo(
      27,
      9,
    )
  })
  it('it costs nothing once it is scheduled for deletion', () => {
    expect(keyCost({ ...key, until: months(4)[0], rotatedAt: months(3) }, year, AWS_PRICES).usd).toBeCloseTo(4, 9)
    expect(keyCost({ ...key, until: 0 }, year, AWS_PRICES).usd).toBe(0)
  })
})

describe('the usage meter', () => {
  const meter = () => createUsageMeter({ now: () => NOW })

  it('tells accounts, operations, services, keys and kinds of key pairs apart', () => {
    const { listener, rows } = meter()
    for (let again = 0; again < 2; again++) {
      listener(outcome({ key: KEY }))
      listener(outcome({ key: KEY, account: '2' }))
      listener(outcome({ key: KEY, operation: 'Decrypt' }))
      listener(outcome({ key: `${KEY}2` }))
      listener(outcome({ operation: 'ListKeys' }))
      listener(outcome({ operation: 'GenerateDataKeyPair', key: KEY, keyPairSpec: 'RSA_2048' }))
      listener(outcome({ operation: 'GenerateDataKeyPair', key: KEY, keyPairSpec: 'ECC_NIST_P256' }))
    }
    const shown = rows().map(({ account, operation, key, priceClass, requests }) =>
      [account, operation, key, priceClass, requests].join(' '),
    )
    expect(shown.sort()).toEqual(
      [
        `1 Encrypt ${KEY} requests 2`,
        `2 Encrypt ${KEY} requests 2`,
        `1 Decrypt ${KEY} requests 2`,
        `1 Encrypt ${KEY}2 requests 2`,
        `1 ListKeys  requests 2`,
        `1 GenerateDataKeyPair ${KEY} rsaKeyPairs 2`,
        `1 GenerateDataKeyPair ${KEY} eccKeyPairs 2`,
      ].sort(),
    )
  })

  it('counts refusals as requests, throttled calls apart, and what never reached an operation not at all', () => {
    const { listener, rows } = meter()
    listener(outcome({ key: KEY, error: new AwsError('AccessDeniedException', 400, '') }))
    listener(outcome({ key: KEY, error: new AwsError('ThrottlingException', 400, '') }))
    listener({ ...outcome({ key: KEY }), trace: undefined })
    expect(rows()).toMatchObject([{ requests: 1, throttled: 1, savedByBucketKeys: 0 }])
  })

  it('keeps a bounded number of rows, of one key too, and loses no request', () => {
    const { listener, rows } = meter()
    for (let index = 0; index < 300; index++) listener(outcome({ key: KEY, operation: `Op${String(index)}` }))
    expect(rows()).toHaveLength(257)
    for (let index = 0; index < 12_000; index++)
      listener(outcome({ key: `key ${String(index)}`, account: String(index) }))
    expect(rows()).toHaveLength(10_001)
    expect(rows().at(-1)).toMatchObject({
      operation: '(others)',
      key: null,
      requests: 300 - 256 + 12_000 - (10_000 - 256),
    })
    expect(rows().reduce((sum, { requests }) => sum + requests, 0)).toBe(12_300)
  })

  it('begins anew when cleared', () => {
    const clock = { at: NOW, now: () => clock.at }
    const { listener, rows, clear, ...rest } = createUsageMeter(clock)
    listener(outcome({ key: KEY }))
    clock.at += 5000
    clear()
    expect(rows()).toEqual([])
    expect(rest.months()).toEqual([])
    expect(usageReport(createUsageMeter(clock), [], OPTIONS).since).toBe('2027-01-15T12:00:05.000Z')
  })
})

describe('the usage report', () => {
  it('takes the free tier off, by account and calendar month, and only where AWS does', () => {
    const meter = createUsageMeter({ now: () => NOW })
    const many = (count: number, asked: Asked) => {
      for (let index = 0; index < count; index++) meter.listener(outcome({ key: KEY, ...asked }))
    }
    many(30, { time: at('2027-01-20T00:00:00Z') })
    many(30, { time: at('2027-02-20T00:00:00Z') })
    // The clock went back: still the same January.
    many(5, { time: at('2027-01-31T23:59:59Z') })
    many(10, { account: '2' })
    many(40, { operation: 'Sign', keySpec: 'RSA_2048', key: `${KEY}r` })
    const { totals } = usageReport(meter, [], { ...OPTIONS, freeTier: 20 })
    expect(totals.freeTier).toEqual({ requests: 20 + 20 + 10, usd: 0.00015 })
    expect(totals.requests).toMatchObject({ requests: 115, usd: 0.000345 })
    expect(totals.usd).toBe(0.000195)
  })

  it('lists the dearest keys first, with what they cost to keep', () => {
    const meter = createUsageMeter({ now: () => at('2027-01-01T00:00:00Z') })
    for (let index = 0; index < 3; index++) meter.listener(outcome({ key: KEY, time: at('2027-01-20T00:00:00Z') }))
    meter.listener(outcome({ key: `${KEY}s`, operation: 'Sign', keySpec: 'ECC_NIST_P256' }))
    meter.listener(outcome({ operation: 'ListKeys' }))
    const stored = { account: '1', region: 'us-east-1', spec: 'SYMMETRIC_DEFAULT', createdAt: 0, rotatedAt: [] }
    const report = usageReport(meter, [{ arn: `${KEY}kept`, ...stored }], {
      ...OPTIONS,
      until: at('2027-02-01T00:00:00Z'),
      limit: 3,
    })
    expect(report.keys.map(({ key, usd }) => [key, usd])).toEqual([
      [`${KEY}kept`, 1],
      [`${KEY}s`, 0.000015],
      [KEY, 0.000009],
    ])
    expect(report.moreKeys).toBe(1)
    expect(report.totals).toMatchObject({ keys: { count: 1, usd: 1 }, usd: 1.000027 })
    expect(report.services).toEqual([
      { service: 'direct', requests: 5, savedByBucketKeys: 0, throttled: 0, usd: 0.000027, savedUsd: 0 },
    ])
  })
})
