import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'

const test = needs(canRun('python3', '-c', 'import boto3'), 'boto3')

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(() => twokey.stop())

describe('boto3', () => {
  test('gets AWS’s errors and the bytes', async () => {
    const script = fileURLToPath(new URL('./story.py', import.meta.url))
    const ran = await run('python3', [script], { env: awsEnvironment(twokey.url, rootOf(ACCOUNT)) })
    expect(`${String(ran.status)} ${ran.stderr}`.trim()).toBe('0')
    const told = JSON.parse(ran.stdout) as {
      key: string
      denied: object
      read: string
      context: object
      multipart: number
      body: string
      validation: object
    }
    expect(told.denied).toEqual({
      Code: 'AccessDenied',
      Status: 403,
      Message: `User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: kms:Decrypt on resource: ${told.key} because no identity-based policy allows the kms:Decrypt action`,
    })
    expect(told.read).toBe('the numbers')
    expect(told.multipart).toBe(12 * 1024 * 1024)
    expect(told.context).toEqual({ Code: 'InvalidCiphertextException', Status: 400, Message: '' })
    expect(told.validation).toEqual({
      Code: 'ValidationException',
      Status: 400,
      Message:
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    })
  }, 120_000)
})
