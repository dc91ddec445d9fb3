import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createTwokey } from '../../plugin/twokey.ts'
import type { Twokey } from '../../plugin/types.ts'
import { refusal } from '../services/s3/support.ts'

const servers: Server[] = []
let twokey: Twokey
beforeAll(async () => {
  twokey = await createTwokey()
})
afterAll(async () => {
  for (const server of servers) server.close().closeAllConnections()
  await twokey.close()
})

async function serve(mount: (app: express.Express) => void): Promise<string> {
  const app = express()
  mount(app)
  app.use((req, res) => {
    res.status(404).json({ mock: req.originalUrl })
  })
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
}

const router = () => twokey.router() as RequestHandler
const clientAt = (endpoint: string) =>
  new S3Client({ endpoint, region: 'us-east-1', credentials: twokey.root().credentials, maxAttempts: 1 })

/** Streams, a key that is escaped, and a presigned URL: all that a path is signed in. */
async function roundTrip(endpoint: string, Bucket: string) {
  const s3 = clientAt(endpoint)
  await s3.send(new CreateBucketCommand({ Bucket }))
  const object = { Bucket, Key: 'a b/ü+.txt' }
  await s3.send(new PutObjectCommand({ ...object, Body: 'text' }))
  const { Body } = await s3.send(new GetObjectCommand(object))
  expect(await Body?.transformToString()).toBe('text')
  const presigned = await fetch(await getSignedUrl(s3, new GetObjectCommand(object)))
  expect(await presigned.text()).toBe('text')
}

describe('the emulator in an express app', () => {
  it('takes what is for AWS and leaves the rest to the app', async () => {
    const url = await serve((app) => app.use(router()))
    await roundTrip(url, 'at-root')
    for (const path of ['/', '/users/1', '/at-root/a']) {
      expect(await (await fetch(url + path)).json()).toEqual({ mock: path })
    }
    expect((await fetch(`${url}/users`, { headers: { authorization: 'Bearer x' } })).status).toBe(404)
  })

  it('answers below a path, which is part of what clients sign', async () => {
    const url = await serve((app) => app.use('/mocks/aws', router()))
    await roundTrip(`${url}/mocks/aws`, 'below')
    expect((await fetch(`${url}/mocks/other`)).status).toBe(404)
    const unsigned = await fetch(`${url}/mocks/aws/below/a`)
    expect(unsigned.status).toBe(403)
    expect(await unsigned.text()).toContain('<Code>AccessDenied</Code>')
  })

  it('refuses a request that was signed for another path', async () => {
    const url = await serve((app) => {
      app.use((req, _res, next) => {
        // What a proxy does that rewrites paths, before express has seen them.
        if (req.originalUrl.startsWith('/rewritten')) req.originalUrl = req.url = req.url.slice('/rewritten'.length)
        next()
      })
      app.use(router())
    })
    const call = clientAt(`${url}/rewritten`).send(new GetObjectCommand({ Bucket: 'below', Key: 'a' }))
    expect((await refusal(call)).code).toBe('SignatureDoesNotMatch')
  })

  it('opens the admin door', async () => {
    const url = await serve((app) => app.use('/aws', router()))
    expect(await (await fetch(`${url}/aws/_twokey/health`)).json()).toMatchObject({ status: 'ok' })
  })

  it('says where it belongs when a body parser has been quicker', async () => {
    const url = await serve((app) => {
      app.use(express.urlencoded(), express.raw({ type: '*/*' }))
      app.use(router())
    })
    const iam = new IAMClient({ endpoint: url, region: 'us-east-1', credentials: twokey.root().credentials })
    const said = {
      status: 400,
      code: 'BodyAlreadyRead',
      message:
        'twokey: the body of this request was read before it came here; mount twokey before body parsers such as express.urlencoded() and express.raw()',
    }
    expect(await refusal(iam.send(new CreateUserCommand({ UserName: 'x' })))).toEqual(said)
    const put = clientAt(url).send(new PutObjectCommand({ Bucket: 'below', Key: 'b', Body: 'text' }))
    expect(await refusal(put)).toEqual(said)
  })

  it('takes what it is told to', async () => {
    const takes = (req: { url?: string | undefined }) => req.url?.startsWith('/public') === true
    const url = await serve((app) => app.use(twokey.router({ takes }) as RequestHandler))
    expect((await fetch(`${url}/public/a`)).headers.get('x-amz-request-id')).toMatch(/^[A-Z0-9]{16}$/)
    expect((await fetch(`${url}/private/a`)).status).toBe(404)
  })
})
