import { beforeEach, describe, expect, it } from '@jest/globals'
import { resourceText } from '../../../emulator/access/generate/pattern.ts'
import { contextOf } from '../../../emulator/access/context.ts'
import type { AuthorizationRequest, ContextValue, Decision, Principal } from '../../../emulator/access/types.ts'
import { createUseRecord, USUAL_BOUNDS, type Bounds, type UseRecord } from '../../../emulator/audit/use/record.ts'
import { detached } from '../../../emulator/lib/detached.ts'

const USER = 'arn:aws:iam::111111111111:user/app'
const KEY = 'arn:aws:kms:us-east-1:111111111111:key/1'
const user = (arn = USER): Principal => ({
  kind: 'user',
  account: '111111111111',
  arn,
  userId: 'AIDA',
  userName: 'app',
  tags: {},
})

function decision(
  action: string,
  resource: string,
  more: Partial<AuthorizationRequest> & { readonly keys?: Record<string, ContextValue>; readonly denied?: true } = {},
): Decision {
  const { keys = {}, denied, ...request } = more
  return {
    allowed: !denied,
    effect: denied ? 'implicit-deny' : 'allow',
    layer: 'identity',
    resourceSide: 'delegated',
    crossAccount: false,
    policies: { identity: [] },
    request: {
      principal: user(),
      action,
      resource,
      resourceAccount: '111111111111',
      guard: 'ordinary',
      context: contextOf(keys),
      ...request,
    },
  }
}

let record: UseRecord
const hear = (decisions: readonly Decision[], via: readonly Decision[] = [], time = 5) => {
  const trace = (list: readonly Decision[]) => ({ decisions: list, forwarded: [], readOnly: false })
  record.listener({
    requestId: 'r',
    time,
    service: 's3',
    operation: 'GetObject',
    region: 'us-east-1',
    caller: { principal: user(), accessKeyId: undefined, policies: () => ({ identity: [] }) },
    http: { sourceIp: '127.0.0.1', userAgent: '', secure: true, host: '' },
    status: 200,
    error: undefined,
    trace: {
      ...trace(decisions),
      forwarded: via.map((one) => ({
        service: 'kms',
        operation: 'Decrypt',
        requestId: 'k',
        trace: trace([one]),
        spared: false,
        invokedBy: 'fas.s3.amazonaws.com',
      })),
    },
  })
}
const bounded = (bounds: Partial<Bounds>) => {
  record = createUseRecord({ now: () => 0 }, { ...USUAL_BOUNDS, ...bounds })
}
const rows = (arn = USER) =>
  (record.doings(arn) ?? []).flatMap((doing) =>
    [...doing.rows()].map((row) => ({
      what: `${doing.action}${doing.via === undefined ? '' : ` via ${doing.via} in ${doing.region}`}`,
      on: resourceText(row.resource),
      conditions: Object.fromEntries(
        row.conditions.map(({ key, values }) => [
          key,
          values.map(({ text, open }) => (open ? `${text}*` : text)).join(),
        ]),
      ),
      times: row.allowed + row.denied,
      names: row.names,
    })),
  )

beforeEach(() => {
  bounded({})
})

describe('the record of use', () => {
  it('adds up what is alike, and tells apart what a policy would', () => {
    const decrypt = (value: string) => decision('kms:Decrypt', KEY, { encryptionContext: { 'aws:s3:arn': value } })
    for (let times = 0; times < 3; times++) hear([decision('s3:GetObject', 'arn:aws:s3:::b/1')], [decrypt('b/1')])
    hear([decision('s3:GetObject', 'arn:aws:s3:::b/2', { denied: true })], [decrypt('b/2')])
    hear([decrypt('b/1')])
    const via = 'kms:Decrypt via s3 in us-east-1'
    const context = 'kms:EncryptionContext:aws:s3:arn'
    expect(rows()).toEqual([
      { what: 's3:GetObject', on: 'arn:aws:s3:::b/1', conditions: {}, times: 3, names: 1 },
      { what: 's3:GetObject', on: 'arn:aws:s3:::b/2', conditions: {}, times: 1, names: 1 },
      { what: via, on: KEY, conditions: { [context]: 'b/1' }, times: 3, names: 1 },
      { what: via, on: KEY, conditions: { [context]: 'b/2' }, times: 1, names: 1 },
      { what: 'kms:Decrypt', on: KEY, conditions: { [context]: 'b/1' }, times: 1, names: 1 },
    ])
    expect([...record.people()]).toEqual([
      { arn: USER, kind: 'user', account: '111111111111', roleName: '', allowed: 8, denied: 1 },
    ])
    record.clear()
    expect([...record.people()]).toEqual([])
  })
  it('knows the conditions that belong to an action', () => {
    const keys = { 'kms:GrantOperations': ['Encrypt', 'Decrypt'], 'kms:GranteePrincipal': 'x' }
    hear([
      decision('kms:CreateGrant', KEY, { keys: { ...keys, 'kms:GrantIsForAWSResource': 'false' } }),
      decision('kms:CreateGrant', KEY, { keys: { ...keys, 'kms:GrantIsForAWSResource': 'true' } }),
      decision('iam:PassRole', 'r', { keys: { 'iam:PassedToService': 'ec2.amazonaws.com', 'aws:SourceIp': 'x' } }),
    ])
    expect(rows().map(({ conditions }) => conditions)).toEqual([
      { 'kms:GranteePrincipal': 'x', 'kms:GrantOperations': 'Decrypt,Encrypt' },
      { 'kms:GrantIsForAWSResource': 'true' },
      { 'iam:PassedToService': 'ec2.amazonaws.com' },
    ])
  })
  it('does not take names that EBS makes up for something to rely on', () => {
    for (const id of ['vol-1', 'vol-2', 'snap-1'])
      hear([decision('kms:Decrypt', KEY, { encryptionContext: { 'aws:ebs:id': id } })])
    const context = 'kms:EncryptionContext:aws:ebs:id'
    expect(rows().map(({ conditions, times }) => [conditions[context], times])).toEqual([
      ['vol-*', 2],
      ['snap-*', 1],
    ])
  })
  it('asks for no condition that could not hold: names that differ in case alone', () => {
    hear([decision('kms:Decrypt', KEY, { encryptionContext: { team: 'a', Team: 'b', app: 'c' } })])
    expect(rows().map(({ conditions }) => conditions)).toEqual([{ 'kms:EncryptionContext:app': 'c' }])
  })
  it('takes all sessions of a role for the role, and leaves services and strangers out', () => {
    const roleArn = 'arn:aws:iam::111111111111:role/path/app'
    for (const name of ['one', 'two'])
      hear([
        decision('s3:GetObject', 'arn:aws:s3:::b/1', {
          principal: {
            kind: 'role',
            account: '111111111111',
            arn: `arn:aws:sts::111111111111:assumed-role/app/${name}`,
            roleArn,
            roleId: 'AROA',
            roleName: 'app',
            sessionName: name,
            userId: `AROA:${name}`,
            tags: {},
            session: { issuedAt: 0, mfa: false },
            serviceLinked: false,
          },
        }),
        decision('s3:GetObject', 'arn:aws:s3:::b/1', { principal: { kind: 'anonymous' } }),
        decision('s3:GetObject', 'arn:aws:s3:::b/1', {
          principal: { kind: 'service', service: 'cloudtrail.amazonaws.com' },
        }),
      ])
    expect([...record.people()].map(({ arn, roleName, allowed }) => [arn, roleName, allowed])).toEqual([
      [roleArn, 'app', 2],
    ])
  })
})

describe('its bounds', () => {
  const objects = (count: number, prefix = 'arn:aws:s3:::b/logs/') => {
    for (let index = 0; index < count; index++) hear([decision('s3:GetObject', `${prefix}${String(index)}`)])
  }
  it('put names together when there are too many under one parent', () => {
    bounded({ names: 10 })
    hear([decision('s3:GetObject', 'arn:aws:s3:::other/1')])
    objects(10)
    expect(rows()).toHaveLength(11)
    objects(11)
    const [other, whole] = rows()
    expect(other?.on).toBe('arn:aws:s3:::other/1')
    expect(whole).toMatchObject({ on: 'arn:aws:s3:::b/logs/*', times: 21, names: 11 })
    hear([decision('s3:GetObject', 'arn:aws:s3:::b/reports/1')])
    expect(rows()[1]).toMatchObject({ on: 'arn:aws:s3:::b/*', times: 22, names: 11 })
  })
  it('put encryption contexts of a key together, each name for itself', () => {
    bounded({ names: 3 })
    for (let index = 0; index < 5; index++) {
      const encryptionContext = { app: 'shop', tenant: `eu/${String(index)}` }
      hear([decision('kms:Decrypt', KEY, { encryptionContext })])
    }
    expect(rows()).toEqual([
      {
        what: 'kms:Decrypt',
        on: KEY,
        conditions: { 'kms:EncryptionContext:app': 'shop', 'kms:EncryptionContext:tenant': 'eu/*' },
        times: 5,
        names: 4,
      },
    ])
  })
  it('hold for rows, for characters, and for what cannot be put together', () => {
    bounded({ rows: 20 })
    objects(15)
    objects(15, 'arn:aws:s3:::c/')
    expect(record.kept.rows).toBeLessThanOrEqual(20)
    bounded({ characters: 2000 })
    objects(200)
    expect(record.kept.characters).toBeLessThanOrEqual(2000)
    expect(rows()).toMatchObject([{ on: 'arn:aws:s3:::b/logs/*', times: 200 }])
    bounded({ groups: 3 })
    for (const bucket of ['a', 'b', 'c', 'd', 'd']) objects(1, `arn:aws:s3:::${bucket}/`)
    expect(rows()).toHaveLength(3)
    expect(record.unrecorded).toBe(2)
  })
  it('keep a hundred thousand names of a hundred thousand objects few', () => {
    for (let index = 0; index < 100_000; index++) {
      const name = `arn:aws:s3:::bucket/${'x'.repeat(900)}/${String(index)}`
      hear(
        [decision('s3:GetObject', name)],
        [decision('kms:Decrypt', KEY, { encryptionContext: { 'aws:s3:arn': name } })],
      )
    }
    expect(record.kept.rows).toBeLessThanOrEqual(2000)
    expect(record.kept.characters).toBeLessThan(10_000)
    expect(rows().map(({ names, times }) => [names, times])).toEqual([
      [1001, 100_000],
      [1001, 100_000],
    ])
  })
})

describe('a detached text', () => {
  it.each(['', 'plain', 'Zoë 🚀', 'half a pair: \ud83d.'])('is the same text: %j', (text) => {
    expect(detached(text)).toBe(text)
  })
})
