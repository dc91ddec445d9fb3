import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { ACCOUNT, startEmulator } from '../../support/emulator.ts'
import { send, signed, type RawRequest } from '../../support/raw.ts'
import { forged, told } from '../../support/wire.ts'
import { json, startGateway, startUpstream, type GatewayWorld } from './support.ts'

let world: GatewayWorld

beforeAll(async () => {
  world = await startGateway({ upstreamTimeout: 300 })
})
afterAll(() => world.stop())
beforeEach(() => {
  world.upstream.heard.length = 0
  world.upstream.raw = undefined
})

const ask = (service: string, raw: RawRequest) => send(world.twokey.url, signed(world.twokey.url, service, raw))
const table = () => json('DynamoDB_20120810.DescribeTable', { TableName: 'orders' })

describe('a forwarded request', () => {
  it('arrives as it was sent, signed anew as the root of the caller’s account', async () => {
    const raw = json('DynamoDB_20120810.DescribeTable', ' { "TableName" : "orders" }\n', { 'x-own': 'kept' })
    expect(told(await ask('dynamodb', raw))).toBe('200')
    const [{ method, url, headers, body }] = world.upstream.heard as [(typeof world.upstream.heard)[number]]
    expect({ method, url, body: body.toString() }).toEqual({ method: 'POST', url: '/', body: raw.body })
    expect(headers).toMatchObject({
      host: new URL(world.upstream.url).host,
      'x-own': 'kept',
      'x-amz-target': 'DynamoDB_20120810.DescribeTable',
      via: '1.1 twokey',
      'x-moto-account-id': ACCOUNT,
    })
    expect(headers.authorization).toMatch(
      new RegExp(`^AWS4-HMAC-SHA256 Credential=${ACCOUNT}/\\d{8}/us-east-1/dynamodb/aws4_request, SignedHeaders=`),
    )
    expect(headers['x-amz-content-sha256']).toBe(createHash('sha256').update(body).digest('hex'))
  })

  it('loses the headers of its connection, and those that would tell the upstream who is asking', async () => {
    const raw = json(
      'DynamoDB_20120810.ListTables',
      {},
      {
        connection: 'x-private, keep-alive',
        'x-private': 'a',
        'x-moto-account-id': '222222222222',
        'x-localstack-target': 'kms',
        'x-forwarded-host': 'b',
        'x-http-method-override': 'DELETE',
        expect: '100-continue',
      },
    )
    await ask('dynamodb', raw)
    const { headers } = world.upstream.heard[0]!
    for (const name of ['x-private', 'x-localstack-target', 'x-forwarded-host', 'x-http-method-override', 'expect'])
      expect(headers[name]).toBeUndefined()
    expect(headers['x-moto-account-id']).toBe(ACCOUNT)
  })

  it('loses its signature when it is presigned, and keeps the rest of its query', async () => {
    const { presign } = await import('../../../emulator/sigv4/sign.ts')
    const { host } = new URL(world.twokey.url)
    const empty = createHash('sha256').update('').digest('hex')
    const query = presign(
      { method: 'GET', path: '/', query: 'Action=ListTopics&Version=2010-03-31', headers: { host } },
      60,
      empty,
      {
        credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
        region: 'eu-west-1',
        service: 'sns',
        now: Date.now(),
      },
    )
    expect((await send(world.twokey.url, { method: 'GET', path: `/?${query}` })).status).toBe(200)
    const { url, headers } = world.upstream.heard[0]!
    expect(url).toBe('/?Action=ListTopics&Version=2010-03-31')
    expect(headers.authorization).toContain(`Credential=${ACCOUNT}/`)
    expect(headers.authorization).toContain('/eu-west-1/sns/')
  })

  it('is not sent when its signature is wrong, or its body is not what was signed, or nobody signed it', async () => {
    const raw = signed(world.twokey.url, 'dynamodb', table())
    expect(told(await send(world.twokey.url, forged(raw)))).toMatch(
      /^400 InvalidSignatureException: The request signature/,
    )
    expect(told(await send(world.twokey.url, { ...raw, body: JSON.stringify({ TableName: 'others' }) }))).toMatch(
      /^400 InvalidSignatureException: The request signature/,
    )
    expect(told(await send(world.twokey.url, table()))).toBe(
      '400 MissingAuthenticationTokenException: Request is missing Authentication Token',
    )
    expect(world.upstream.heard).toEqual([])
  })

  it('of one service is not taken for one of another', async () => {
    expect(told(await ask('sqs', table()))).toBe(
      "400 InvalidSignatureException: Credential should be scoped to correct service: 'dynamodb'. ",
    )
    expect(world.upstream.heard).toEqual([])
  })

  it('is streamed when its signature leaves the body out', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 7)
    let received = 0
    let largest = 0
    world.upstream.raw = (req, res) => {
      req.on('data', (piece: Buffer) => {
        received += piece.length
        largest = Math.max(largest, process.memoryUsage().arrayBuffers)
      })
      req.on('end', () => res.end('{}'))
    }
    const path = '/2015-03-31/functions/f/invocations'
    const total = 96
    const { headers } = signed(
      world.twokey.url,
      'lambda',
      {
        path,
        headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'content-length': String(total * chunk.length) },
      },
      { payloadHash: 'UNSIGNED-PAYLOAD' },
    )
    const before = process.memoryUsage().arrayBuffers
    const req = request(`${world.twokey.url}${path}`, { method: 'POST', headers: { ...headers } })
    const answered = once(req, 'response')
    for (let i = 0; i < total; i++) if (!req.write(chunk)) await once(req, 'drain')
    req.end()
    const [answer] = (await answered) as [IncomingMessage]
    expect(answer.statusCode).toBe(200)
    expect(received).toBe(total * chunk.length)
    expect(largest - before).toBeLessThan(48 * 1024 * 1024)
  })
})

describe('an answer', () => {
  it('comes back as it is, under our request id', async () => {
    world.upstream.answer = (_req, res) => {
      res.writeHead(400, {
        'content-type': 'application/x-amz-json-1.0',
        'x-amzn-requestid': 'theirs',
        'x-own': 'a',
        connection: 'close',
      })
      res.end('{"__type":"ResourceNotFoundException","message":"no such table"}')
    }
    const answer = await ask('dynamodb', table())
    expect(told(answer)).toBe('400 ResourceNotFoundException: no such table')
    expect(answer.headers).toMatchObject({ 'x-own': 'a', 'x-twokey-upstream-request-id': 'theirs' })
    const [latest] = world.twokey.emulator.decisions.list({ limit: 1 })
    expect(latest).toMatchObject({ requestId: answer.headers['x-amzn-requestid'], outcome: 'allowed', status: 400 })
  })

  it('is passed on while it is being said', async () => {
    let finish: () => void = () => undefined
    world.upstream.answer = (_req, res) => {
      res.write('{"a":')
      finish = () => res.end('1}')
    }
    const { headers, body } = signed(world.twokey.url, 'dynamodb', table())
    const req = request(world.twokey.url, { method: 'POST', headers: { ...headers } })
    req.end(body)
    const [answer] = (await once(req, 'response')) as [IncomingMessage]
    const [first] = (await once(answer, 'data')) as [Buffer]
    expect(first.toString()).toBe('{"a":')
    finish()
    const [second] = (await once(answer, 'data')) as [Buffer]
    expect(second.toString()).toBe('1}')
  })

  it('waits for a slow client instead of piling up', async () => {
    let written = 0
    world.upstream.answer = (_req, res) => {
      const more = () => {
        while (written < 200) if ((written++, !res.write(Buffer.alloc(1024 * 1024)))) return
        res.end()
      }
      res.on('drain', more)
      more()
    }
    const { headers, body } = signed(world.twokey.url, 'dynamodb', table())
    const req = request(world.twokey.url, { method: 'POST', headers: { ...headers } })
    req.end(body)
    const [answer] = (await once(req, 'response')) as [IncomingMessage]
    answer.pause()
    await sleep(150)
    expect(written).toBeLessThan(60)
    req.destroy()
  })

  it('that is cut short is cut short for the client', async () => {
    world.upstream.answer = (_req, res) => {
      res.writeHead(200, { 'content-length': '100' })
      res.write('half')
      setTimeout(() => res.destroy(), 20)
    }
    await expect(ask('dynamodb', table())).rejects.toThrow(/aborted|socket hang up/)
  })

  it('of a queue’s address leads back to the gateway', async () => {
    const { host } = new URL(world.twokey.url)
    const cases: [raw: RawRequest, answer: string, passed: string][] = [
      [
        json('AmazonSQS.GetQueueUrl', { QueueName: 'q' }),
        '{"QueueUrl":"http://elasticmq:9324/000000000000/q"}',
        `{"QueueUrl":"http://${host}/000000000000/q"}`,
      ],
      [
        json('AmazonSQS.ListQueues', {}),
        '{"QueueUrls": ["http://a/1/q","http:\\/\\/a\\/1\\/r"], "NextToken":"http://a/1/s"}',
        `{"QueueUrls": ["http://${host}/1/q","http://${host}/1/r"], "NextToken":"http://a/1/s"}`,
      ],
      [
        { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'Action=CreateQueue&QueueName=q' },
        '<CreateQueueResponse><QueueUrl>http://a/1/q</QueueUrl></CreateQueueResponse>',
        `<CreateQueueResponse><QueueUrl>http://${host}/1/q</QueueUrl></CreateQueueResponse>`,
      ],
      [
        json('AmazonSQS.ReceiveMessage', { QueueUrl: `http://x/${ACCOUNT}/q` }),
        '{"QueueUrl":"http://a/1/q"}',
        '{"QueueUrl":"http://a/1/q"}',
      ],
    ]
    for (const [raw, answer, passed] of cases) {
      world.upstream.answer = (_req, res) => {
        res.writeHead(200, { 'content-length': String(Buffer.byteLength(answer)) })
        res.end(answer)
      }
      expect((await ask('sqs', raw)).body).toBe(passed)
    }
  })
})

describe('an upstream', () => {
  it('that is not there is named, with what to do', async () => {
    const upstream = await startUpstream()
    const twokey = await startEmulator({
      upstreams: { byService: new Map([['dynamodb', upstream.url]]), others: undefined },
    })
    await upstream.stop()
    expect(told(await send(twokey.url, signed(twokey.url, 'dynamodb', table())))).toBe(
      `502 BadGateway: twokey allowed dynamodb:DescribeTable, but could not get an answer from the upstream ${upstream.url}: nothing listens there: start it, or correct TWOKEY_UPSTREAM`,
    )
    expect(twokey.emulator.decisions.list({ limit: 1 })).toMatchObject([{ outcome: 'failed', status: 502 }])
    // Without an upstream of its own, and none for everything else, a service is still not there.
    expect(told(await send(twokey.url, signed(twokey.url, 'sqs', json('AmazonSQS.ListQueues', {}))))).toBe(
      '501 NotImplemented: twokey does not emulate the service `sqs`',
    )
    await twokey.stop()
  })

  it('that says nothing is given up', async () => {
    world.upstream.answer = () => undefined
    expect(told(await ask('dynamodb', table()))).toBe(
      `504 GatewayTimeout: twokey allowed dynamodb:DescribeTable, but the upstream ${world.upstream.url} has not answered for 300 ms: look at its log, or wait longer with TWOKEY_UPSTREAM_TIMEOUT`,
    )
  })

  it('that speaks no HTTP is told as that', async () => {
    world.upstream.raw = (req) => {
      req.socket.end('hello\r\n\r\n')
    }
    expect(told(await ask('dynamodb', table()))).toMatch(/^502 BadGateway: .*: its answer could not be read \(HPE_/)
  })

  it('hears when the client has gone', async () => {
    const closed = new Promise<void>((resolve) => {
      world.upstream.answer = (_req, res) => {
        res.on('close', () => {
          resolve()
        })
      }
    })
    const { headers, body } = signed(world.twokey.url, 'dynamodb', table())
    const req = request(world.twokey.url, { method: 'POST', headers: { ...headers } })
    req.on('error', () => undefined)
    req.end(body)
    while (world.upstream.heard.length === 0) await sleep(5)
    const before = Date.now()
    req.destroy()
    await closed
    expect(Date.now() - before).toBeLessThan(200)
  })

  it('that hangs up an old connection just then is asked again', async () => {
    world.upstream.answer = (_req, res) => res.end('{}')
    await ask('dynamodb', table())
    await sleep(20)
    let times = 0
    world.upstream.raw = (req, res) => {
      if (++times === 1) req.socket.destroy()
      else res.end('{}')
    }
    expect(told(await ask('dynamodb', table()))).toBe('200')
    expect(times).toBe(2)
  })

  it('that is twokey itself is found out', async () => {
    expect(
      told(await ask('dynamodb', json('DynamoDB_20120810.ListTables', {}, { via: '1.0 cache, 1.1 twokey' }))),
    ).toBe(
      `508 LoopDetected: this request has come through twokey before: the upstream ${world.upstream.url} leads back here; correct TWOKEY_UPSTREAM`,
    )
    expect(world.upstream.heard).toEqual([])
  })

  it('keeps a connection that a client broke off in the middle of a body from mattering', async () => {
    const { headers, body = '' } = signed(world.twokey.url, 'dynamodb', table())
    const { hostname, port } = new URL(world.twokey.url)
    const socket = connect(Number(port), hostname)
    const head = Object.entries({ ...headers, 'content-length': '10000' }).map(([name, value]) => `${name}: ${value}`)
    socket.write(`POST / HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body.toString()}`)
    await sleep(30)
    socket.destroy()
    world.upstream.answer = (_req, res) => res.end('{}')
    expect(told(await ask('dynamodb', table()))).toBe('200')
    expect(world.upstream.heard).toHaveLength(1)
  })
})
