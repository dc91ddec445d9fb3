import { request, type ClientRequest } from 'node:http'
import { expect, it } from '@jest/globals'
import { GenerateDataKeyPairCommand } from '@aws-sdk/client-kms'
import { rootOf } from '../../support/emulator.ts'
import { signed } from '../../support/raw.ts'
import { ACCOUNT, OTHER_ACCOUNT, kmsForTests } from './support.ts'

const kms = kmsForTests()

it('RSA key pairs: an account waits for 200 at most, others do not wait for it, and a client that has gone is not served', async () => {
  const { KeyId } = await kms.createKey()
  const other = await kms.createKey({}, kms.of(OTHER_ACCOUNT))
  const { url } = kms.running
  const sent: ClientRequest[] = []
  const refusal = new Promise<string>((resolve) => {
    for (let count = 0; count < 205; count++) sent.push(ask(url, KeyId, resolve))
  })
  expect(await refusal).toMatch(/^400 .*ThrottlingException/)
  // In its turn after the one that is being made, not after two hundred.
  const begun = performance.now()
  const pair = new GenerateDataKeyPairCommand({ KeyId: other.KeyId, KeyPairSpec: 'RSA_2048' })
  expect((await kms.of(OTHER_ACCOUNT).send(pair)).PrivateKeyPlaintext).toBeDefined()
  const turn = performance.now() - begun

  for (const each of sent) each.destroy()
  const again = performance.now()
  await kms.root.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_2048' }))
  // Two hundred pairs of 4096 bits take minutes.
  expect(Math.max(turn, performance.now() - again)).toBeLessThan(25_000)
})

/** A request for a pair that takes long; `refused` hears of an answer that is not one. */
function ask(url: string, KeyId: string, refused: (answer: string) => void): ClientRequest {
  const body = JSON.stringify({ KeyId, KeyPairSpec: 'RSA_4096' })
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.GenerateDataKeyPairWithoutPlaintext',
  }
  const ready = signed(url, 'kms', { headers, body }, { credentials: rootOf(ACCOUNT) })
  const outgoing = request(url, { method: 'POST', headers: { ...ready.headers }, agent: false }, (response) => {
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      if (response.statusCode !== 200) refused(`${String(response.statusCode)} ${text}`)
    })
    response.on('error', () => undefined)
  })
  outgoing.on('error', () => undefined)
  outgoing.end(body)
  return outgoing
}
