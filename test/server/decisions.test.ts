import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { DecisionView } from '../../emulator/audit/decisionLog.ts'
import { ACCOUNT } from '../support/emulator.ts'
import { allow, policy, refusal, startWorld, type Person, type World } from '../services/s3/support.ts'

const BUCKET = 'decided'
let world: World
let reader: Person
let keyArn: string

beforeAll(async () => {
  world = await startWorld(BUCKET)
  reader = await world.user('reader', allow('s3:GetObject'))
  keyArn = await world.key(
    policy(
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Deny', Principal: { AWS: reader.arn }, Action: 'kms:Decrypt', Resource: '*' },
    ),
  )
  const encryption = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn } as const
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'item', Body: 'x', ...encryption }))
})
afterAll(() => world.stop())

const door = (path: string, init?: RequestInit) => fetch(`${world.emulator.url}/_twokey/${path}`, init)

describe('GET /_twokey/decisions/<id>', () => {
  it('shows what was asked of the key, and the policies as people write them', async () => {
    await refusal(reader.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'item' })))
    const { decisions } = (await (await door('decisions?limit=1')).json()) as { decisions: [DecisionView] }
    expect(decisions[0]).toMatchObject({ outcome: 'denied', resource: `arn:aws:s3:::${BUCKET}/item` })
    const view = (await (await door(`decisions/${decisions[0].requestId}`)).json()) as DecisionView
    expect(view.from).toMatchObject({ sourceIp: '127.0.0.1', secure: true, endpoint: null })
    expect(view.from.userAgent).toContain('aws-sdk-js')
    const [check] = view.gates[1]?.checks ?? []
    expect(check).toMatchObject({
      action: 'kms:Decrypt',
      resource: keyArn,
      encryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${BUCKET}/item` },
      decidedBy: { layer: 'resource', statement: 1 },
    })
    expect(check?.context).toMatchObject({
      'kms:ViaService': 's3.us-east-1.amazonaws.com',
      'kms:EncryptionContext:aws:s3:arn': `arn:aws:s3:::${BUCKET}/item`,
      'aws:PrincipalArn': reader.arn,
      'aws:CalledVia': ['s3.amazonaws.com'],
    })
    // The key keeps the user's unique id; AWS shows the ARN that it was written with.
    const document = check?.layers.find(({ layer }) => layer === 'resource')?.policies[0]?.document
    expect((JSON.parse(document ?? '') as { Statement: object[] }).Statement[1]).toEqual({
      Effect: 'Deny',
      Principal: { AWS: reader.arn },
      Action: 'kms:Decrypt',
      Resource: '*',
    })
  })
})

describe('the live stream of decisions', () => {
  it('connects at once, tells of each request, and when everything is forgotten', async () => {
    const leave = new AbortController()
    const answer = await door('decisions', { headers: { accept: 'text/event-stream' }, signal: leave.signal })
    const reading = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    const next = async () => (await reading.read()).value
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    expect(await next()).toBe('retry: 1000\n\n')
    await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'other', Body: 'x' }))
    expect(await next()).toMatch(/^data: \{"requestId":.*"operation":"PutObject".*"outcome":"allowed"\}\n\n$/)
    world.emulator.emulator.decisions.clear()
    expect(await next()).toBe('event: cleared\ndata: {}\n\n')
    leave.abort()
  })

  it('has a hundred readers at most; when one leaves, another may come', async () => {
    const leaving = Array.from({ length: 100 }, () => new AbortController())
    const follow = (signal?: AbortSignal) =>
      door('decisions', { headers: { accept: 'text/event-stream' }, signal: signal ?? null })
    // The reader of the test before may still be leaving.
    const admitted = async (signal: AbortSignal) => {
      for (;;) {
        const answer = await follow(signal)
        if (answer.status === 200) return
        await setTimeout(10)
      }
    }
    for (const { signal } of leaving) await admitted(signal)
    const refused = await follow()
    expect(refused.status).toBe(503)
    expect(await refused.json()).toEqual({
      error: '100 readers follow the decisions already; close one of them, or ask without `Accept: text/event-stream`',
    })
    expect((await door('decisions')).status).toBe(200)
    leaving.pop()?.abort()
    const last = new AbortController()
    await admitted(last.signal)
    for (const one of [...leaving, last]) one.abort()
  })
})
