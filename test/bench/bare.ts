/** The bare server, in a process of its own (`startBare`): reads each request, answers what it was last told to. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let answer = { status: 200, contentType: 'application/octet-stream', body: Buffer.alloc(0) }
const server = createServer((req, res) => {
  req.on('data', () => undefined)
  req.on('end', () => {
    res.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': answer.body.length })
    res.end(answer.body)
  })
})
process.on('message', (told: { status: number; contentType: string; length: number }) => {
  answer = { ...told, body: Buffer.alloc(told.length, 'x') }
  process.send?.('set')
})
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
