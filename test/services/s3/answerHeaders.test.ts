import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { refusal, startWorld, type World } from './support.ts'

const Bucket = 'headers'
/** Of one piece, and of several. */
const SIZES = [0, 5, 3 * 1024 * 1024]

let world: World
beforeAll(async () => {
  world = await startWorld(Bucket)
  for (const size of SIZES) {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: String(size), Body: Buffer.alloc(size) }))
  }
})
afterAll(() => world.stop())

const request = (method: string, path: string) => signed(world.emulator.url, 's3', { method, path })

describe.each(SIZES)('the headers of an answer with %d bytes', (size) => {
  it('hold what Latin-1 can say', async () => {
    const disposition = encodeURIComponent('attachment; filename="résumé.pdf"')
    const path = `/${Bucket}/${size}?response-content-disposition=${disposition}&response-cache-control=%C3%A9&response-expires=%C3%A9`
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await send(world.emulator.url, request(method, path))
      expect([status, body.length]).toEqual([200, method === 'GET' ? size : 0])
      expect(headers).toMatchObject({
        'content-disposition': 'attachment; filename="résumé.pdf"',
        'cache-control': 'é',
        expires: 'é',
      })
    }
  })

  it('refuse what it cannot say', async () => {
    for (const member of ['CacheControl', 'ContentDisposition', 'ContentEncoding', 'ContentLanguage', 'ContentType']) {
      const call = world.s3.send(new GetObjectCommand({ Bucket, Key: String(size), [`Response${member}`]: '倉' }))
      expect(await refusal(call)).toEqual({
        status: 400,
        code: 'InvalidArgument',
        message: 'Header value cannot be represented using ISO-8859-1.',
      })
    }
    const { status, body } = await send(
      world.emulator.url,
      request('GET', `/${Bucket}/${size}?response-expires=%E2%80%93`),
    )
    expect([status, body]).toEqual([
      400,
      expect.stringContaining('<ArgumentName>response-expires</ArgumentName><ArgumentValue>–</ArgumentValue>'),
    ])
  })

  it('keep to their line', async () => {
    const path = `/${Bucket}/${size}?response-expires=a%0D%0Aset-cookie:b&response-content-type=c%0Ad`
    const { status, headers } = await send(world.emulator.url, request('GET', path))
    expect([status, headers['expires'], headers['content-type'], headers['set-cookie']]).toEqual([
      200,
      'a  set-cookie:b',
      'c d',
      undefined,
    ])
  })
})

it('an object’s own content-disposition may have Latin-1 letters', async () => {
  const ContentDisposition = 'attachment; filename="é"'
  // The client sends Latin-1, and its signature is of UTF-8, so the header stays out of it here.
  const raw = request('PUT', `/${Bucket}/letters`)
  const headers = { ...raw.headers, 'content-disposition': ContentDisposition }
  expect((await send(world.emulator.url, { ...raw, headers })).status).toBe(200)
  const answer = await send(world.emulator.url, request('GET', `/${Bucket}/letters`))
  expect(answer.headers['content-disposition']).toBe(ContentDisposition)
  await expect(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'letters' }))).resolves.toBeDefined()
})

describe('a client that hangs up', () => {
  it('leaves nothing held of the object, whenever it does', async () => {
    const { blobs } = world.emulator.emulator.env
    const count = () => {
      let found = 0
      blobs.sweep(() => ++found > 0)
      return found
    }
    const before = count()
    const Body = Buffer.alloc(8 * 1024 * 1024, createHash('sha256').digest())
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'left', Body }))
    const { hostname, port, host } = new URL(world.emulator.url)
    for (const patience of [0, 0, 1, 2, 5, 10, 20, 40]) {
      const { headers = {} } = request('GET', `/${Bucket}/left`)
      const lines = Object.entries({ ...headers, host }).map(([name, value]) => `${name}: ${value}\r\n`)
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.write(`GET /${Bucket}/left HTTP/1.1\r\n${lines.join('')}\r\n`)
      await sleep(patience)
      socket.destroy()
    }
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'left' }))
    for (let wait = 0; wait < 40 && count() !== before; wait++) await sleep(50)
    expect(count()).toBe(before)
  })
})
