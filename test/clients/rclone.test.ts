import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { allow, startWorld, type Person, type World } from '../services/s3/support.ts'
import { canRun, needs } from '../support/commands.ts'
import { ACCOUNT, rootOf, type Credentials } from '../support/emulator.ts'
import { openShell, type Shell } from '../support/shell.ts'

const test = needs(canRun('rclone', 'version'), 'rclone')

let world: World
let shell: Shell
let key: string
let reader: Person
beforeAll(async () => {
  world = await startWorld('clone')
  shell = await openShell(world.emulator)
  key = await world.key()
  reader = await world.user('reader', allow('s3:*'))
})
afterAll(async () => {
  await shell.leave()
  await world.stop()
})

/** A remote without a file of configuration: everything it needs is in its name. */
function run(as: Credentials, ...args: readonly string[]) {
  const remote = `:s3,provider=Other,env_auth=true,endpoint='${world.emulator.url}',region=us-east-1:`
  const under = ['--s3-server-side-encryption', 'aws:kms', '--s3-sse-kms-key-id', key, '--config', '/dev/null']
  const quick = ['--retries', '1', '--low-level-retries', '1', '--s3-upload-cutoff', '5M', '--s3-chunk-size', '5M']
  const named = args.map((arg) => arg.replace(/^to:/, remote))
  return shell.as(as).run('rclone', ...named, ...under, ...quick, '--s3-copy-cutoff', '5M')
}

async function rclone(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(rootOf(ACCOUNT), ...args)
  expect(`${String(status)} ${status === 0 ? '' : stderr}`.trim()).toBe('0')
  return stdout.trim()
}

const facts = (Key: string) => world.s3.send(new HeadObjectCommand({ Bucket: 'clone', Key }))

describe('rclone', () => {
  test('copies, checks, syncs and lists a tree under a key', async () => {
    await shell.ok('sh', '-c', "mkdir -p tree/a; echo x >tree/x; echo u >'tree/a/ü +&'; : >tree/empty")
    await rclone('copy', 'tree', 'to:clone/tree')
    await rclone('check', 'tree', 'to:clone/tree', '--download')
    expect((await rclone('lsf', '-R', 'to:clone')).split('\n').sort()).toEqual(
      ['tree/', 'tree/a/', 'tree/a/ü +&', 'tree/empty', 'tree/x'].sort(),
    )
    expect(await facts('tree/x')).toMatchObject({ SSEKMSKeyId: key })
    await shell.ok('rm', 'tree/x')
    await rclone('sync', 'tree', 'to:clone/tree')
    expect(await rclone('lsf', 'to:clone/tree')).toBe('a/\nempty')
    await rclone('mkdir', 'to:new-bucket')
    await rclone('sync', 'to:clone/tree', 'to:new-bucket/tree')
    await rclone('copy', 'to:new-bucket/tree', 'back')
    await shell.ok('diff', '-r', 'tree', 'back')
    await rclone('purge', 'to:new-bucket')
  }, 120_000)

  test('moves a large file in parts, and reads its ranges', async () => {
    const bytes = randomBytes(11 << 20)
    await shell.write('large', bytes)
    await rclone('copy', 'large', 'to:clone')
    expect(await facts('large')).toMatchObject({ SSEKMSKeyId: key, ETag: expect.stringMatching(/-3"$/) as unknown })
    await rclone('moveto', 'to:clone/large', 'to:clone/moved')
    expect((await facts('moved')).ETag).toMatch(/-3"$/)
    await rclone('copyto', 'to:clone/moved', 'again')
    expect((await shell.read('again')).equals(bytes)).toBe(true)
    await shell.write('range', bytes.subarray(100, 6_000_000))
    const remote = `:s3,provider=Other,env_auth=true,endpoint='${world.emulator.url}':clone/moved`
    await shell.ok('sh', '-c', `rclone cat "${remote}" --offset 100 --count 5999900 | cmp - range`)
  }, 120_000)

  test('is told which gate is shut', async () => {
    await shell.write('small', 'small')
    await rclone('copy', 'small', 'to:clone')
    const down = await run(reader.credentials, 'copyto', 'to:clone/small', 'stolen')
    expect(down.status).not.toBe(0)
    expect(down.stderr).toContain(
      `AccessDenied: User: ${reader.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
    )
    const up = await run(reader.credentials, 'copyto', 'large', 'to:clone/mine')
    expect(up.stderr).toContain(
      `AccessDenied: User: ${reader.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${key} because no identity-based policy allows the kms:GenerateDataKey action`,
    )
  }, 120_000)
})
