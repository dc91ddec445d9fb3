import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { allow, startWorld, type World } from '../services/s3/support.ts'
import { canRun, needs } from '../support/commands.ts'
import { rootOf, ACCOUNT, type Credentials } from '../support/emulator.ts'
import { openShell, type Shell } from '../support/shell.ts'

const test = needs(canRun('s3cmd', '--version'), 's3cmd')

let world: World
let shell: Shell
let key: string
beforeAll(async () => {
  world = await startWorld('cmd', 'other')
  shell = await openShell(world.emulator)
  key = await world.key()
})
afterAll(async () => {
  await shell.leave()
  await world.stop()
})

function run(as: Credentials, ...args: readonly string[]) {
  const { host } = new URL(world.emulator.url)
  const credentials = [`--access_key=${as.accessKeyId}`, `--secret_key=${as.secretAccessKey}`]
  const endpoint = [`--host=${host}`, `--host-bucket=${host}`, '--no-ssl', '--config=/dev/null', '--no-progress']
  return shell.run('s3cmd', ...credentials, ...endpoint, ...args)
}

async function s3cmd(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(rootOf(ACCOUNT), ...args)
  expect(`${String(status)} ${status === 0 ? '' : stderr}`.trim()).toBe('0')
  return stdout.trim()
}

const underKey = () => ['--server-side-encryption', `--server-side-encryption-kms-id=${key}`]
const facts = (Key: string) => world.s3.send(new HeadObjectCommand({ Bucket: 'cmd', Key }))

describe('s3cmd', () => {
  test('puts in parts, gets, copies, moves, lists and deletes under a key', async () => {
    const bytes = randomBytes(11 << 20)
    await shell.write('large', bytes)
    await s3cmd('put', 'large', 's3://cmd/large', '--multipart-chunk-size-mb=5', ...underKey())
    expect(await facts('large')).toMatchObject({ SSEKMSKeyId: key, ETag: expect.stringMatching(/-3"$/) as unknown })
    await s3cmd('cp', 's3://cmd/large', 's3://cmd/copy', ...underKey())
    await s3cmd('mv', 's3://cmd/copy', 's3://cmd/moved')
    await s3cmd('get', 's3://cmd/moved', 'again')
    expect((await shell.read('again')).equals(bytes)).toBe(true)
    expect((await s3cmd('ls', 's3://cmd')).split('\n').map((line) => line.replace(/^\S+ \S+ +/, ''))).toEqual([
      '11534336  s3://cmd/large',
      '11534336  s3://cmd/moved',
    ])
    expect(await s3cmd('info', 's3://cmd/large')).toMatch(/SSE: +aws:kms\n/)
    await s3cmd('modify', '--add-header=x-amz-meta-team:blue', 's3://cmd/large')
    expect((await facts('large')).Metadata).toMatchObject({ team: 'blue' })
    await s3cmd('del', '--recursive', '--force', 's3://cmd')
    expect(await s3cmd('ls', 's3://cmd')).toBe('')
  }, 120_000)

  // It signs the creation for the Region `US`, and again when it is told which that is.
  test('makes a bucket and says where it is', async () => {
    expect(await s3cmd('mb', 's3://made')).toBe("Bucket 's3://made/' created")
    expect(await s3cmd('info', 's3://made')).toMatch(/Location: +us-east-1\n/)
    await s3cmd('rb', 's3://made')
  }, 120_000)

  test('syncs a tree up and down, once', async () => {
    await shell.ok('sh', '-c', "mkdir -p tree/a; echo x >tree/x; echo u >'tree/a/ü +&'; : >tree/empty")
    await s3cmd('sync', 'tree/', 's3://other/tree/', ...underKey())
    // Under KMS an ETag is no MD5, so that s3cmd would send everything again.
    expect(await s3cmd('sync', '--no-check-md5', 'tree/', 's3://other/tree/', ...underKey())).toBe('')
    await s3cmd('sync', 's3://other/tree/', 'back/')
    await shell.ok('diff', '-r', 'tree', 'back')
    await s3cmd('rb', '--recursive', '--force', 's3://other')
  }, 120_000)

  test('is told which gate is shut', async () => {
    await shell.write('small', 'small')
    await s3cmd('put', 'small', 's3://cmd/small', ...underKey())
    const reader = await world.user('reader', allow('s3:*'))
    const down = await run(reader.credentials, 'get', 's3://cmd/small', 'stolen')
    expect(down.status).not.toBe(0)
    expect(down.stderr).toContain(
      `User: ${reader.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
    )
    const up = await run(reader.credentials, 'put', 'small', 's3://cmd/mine', ...underKey())
    expect(up.stderr).toContain(
      `User: ${reader.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${key} because no identity-based policy allows the kms:GenerateDataKey action`,
    )
  }, 120_000)
})
