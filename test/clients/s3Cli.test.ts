import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { canRun, needs } from '../support/commands.ts'
import { openShell, type Shell } from '../support/shell.ts'
import { allow, startWorld, type Person, type World } from '../services/s3/support.ts'
import { ACCOUNT } from '../support/emulator.ts'
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'

const test = needs(canRun('aws', '--version'), 'the AWS CLI')
const testLarge: typeof test =
  process.env['TWOKEY_TEST_LARGE'] === undefined
    ? (name, body) => {
        it.skip(`${name} (skipped: TWOKEY_TEST_LARGE is not set)`, body)
      }
    : test

const MIB = 1 << 20
let world: World
let shell: Shell
let key: string
let reader: Person
beforeAll(async () => {
  world = await startWorld('one', 'two')
  shell = await openShell(world.emulator)
  key = await world.key()
  await shell.ok(
    'sh',
    '-c',
    "mkdir -p tree/a/b; echo x >tree/x.txt; echo l >tree/y.log; echo z >tree/a/b/z.txt; echo u >'tree/a/ü +&.txt'; : >tree/empty",
  )
  reader = await world.user('reader', allow('s3:*'))
})
afterAll(async () => {
  await shell.leave()
  await world.stop()
})

const s3 = (...args: readonly string[]) => shell.ok('aws', 's3', ...args)
const kms = (id: string) => ['--sse', 'aws:kms', '--sse-kms-key-id', id]
const facts = (Bucket: string, Key: string) => world.s3.send(new HeadObjectCommand({ Bucket, Key }))
const keysOf = async (Bucket: string, Prefix?: string) =>
  ((await world.s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(({ Key }) => Key)

describe('aws s3', () => {
  test('copies trees up, across and back under a key, and leaves out what is excluded', async () => {
    await s3('cp', 'tree', 's3://one/tree', '--recursive', '--quiet', '--exclude', '*.log', ...kms(key))
    expect(await keysOf('one', 'tree/')).toEqual(['tree/a/b/z.txt', 'tree/a/ü +&.txt', 'tree/empty', 'tree/x.txt'])
    expect(await facts('one', 'tree/a/ü +&.txt')).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })

    await s3('cp', 's3://one/tree', 's3://two/copy', '--recursive', '--quiet', '--exclude', '*', '--include', '*.txt')
    expect(await facts('two', 'copy/x.txt')).toMatchObject({ ServerSideEncryption: 'AES256' })
    expect(await s3('ls', 's3://two/copy/')).toMatch(/^PRE a\/\n[-\d]+ [:\d]+ +2 x\.txt$/)

    await s3('sync', 's3://one/tree', 'back', '--quiet')
    await shell.ok('diff', '-r', '--exclude=*.log', 'tree', 'back')
    // Nothing has changed, so there is nothing to say.
    expect(await s3('sync', 'back', 's3://one/tree')).toBe('')
    await shell.ok('rm', 'back/x.txt')
    expect(await s3('sync', 'back', 's3://one/tree', '--delete')).toBe('delete: s3://one/tree/x.txt')
    await s3('rm', 's3://one/tree', '--recursive', '--quiet', '--exclude', 'tree/empty', '--exclude', 'empty')
    expect(await keysOf('one', 'tree/')).toEqual(['tree/empty'])
  }, 120_000)

  test('takes a key by id, alias and ARN', async () => {
    await shell.kms('create-alias', '--alias-name', 'alias/data', '--target-key-id', key)
    for (const id of [key.replace(/.*\//, ''), 'alias/data', `arn:aws:kms:us-east-1:${ACCOUNT}:alias/data`]) {
      await s3('cp', 'tree/x.txt', 's3://one/named', '--quiet', ...kms(id))
      expect(await facts('one', 'named')).toMatchObject({ SSEKMSKeyId: key })
    }
    expect((await shell.run('aws', 's3', 'cp', 'tree/x.txt', 's3://one/named', ...kms('alias/none'))).stderr).toContain(
      `An error occurred (KMS.NotFoundException) when calling the PutObject operation: Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/none is not found.`,
    )
  }, 120_000)

  test('moves large files in parts: up, across, away, and through pipes', async () => {
    const bytes = randomBytes(17 * MIB)
    await shell.write('large', bytes)
    await s3('cp', 'large', 's3://one/large', '--quiet', ...kms(key))
    expect((await facts('one', 'large')).ETag).toMatch(/^"[0-9a-f]{32}-3"$/)
    await s3('cp', 's3://one/large', 's3://two/large', '--quiet', ...kms(key))
    expect(await facts('two', 'large')).toMatchObject({ SSEKMSKeyId: key, ContentLength: bytes.length })
    await s3('mv', 's3://two/large', 's3://two/moved', '--quiet')
    expect(await keysOf('two')).not.toContain('large')
    await shell.ok('sh', '-c', 'aws s3 cp s3://two/moved - | aws s3 cp - s3://one/piped --sse aws:kms')
    await s3('cp', 's3://one/piped', 'large-again', '--quiet')
    expect((await shell.read('large-again')).equals(bytes)).toBe(true)
  }, 120_000)

  test('brings a key of its own', async () => {
    const [mine, other] = [randomBytes(32), randomBytes(32)]
    await shell.write('mine', mine)
    await shell.write('other', other)
    await s3('mb', 's3://customers')
    await shell.ok(
      'aws',
      's3api',
      'put-bucket-encryption',
      '--bucket',
      'customers',
      '--server-side-encryption-configuration',
      JSON.stringify({
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
            BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
          },
        ],
      }),
    )
    await s3('cp', 'large', 's3://customers/c', '--quiet', '--sse-c', 'AES256', '--sse-c-key', 'fileb://mine')
    await s3('cp', 's3://customers/c', 'c', '--quiet', '--sse-c', 'AES256', '--sse-c-key', 'fileb://mine')
    expect((await shell.read('c')).equals(await shell.read('large'))).toBe(true)
    expect(
      (await shell.run('aws', 's3', 'cp', 's3://customers/c', 'c', '--sse-c', 'AES256', '--sse-c-key', 'fileb://other'))
        .stderr,
    ).toContain('An error occurred (403) when calling the HeadObject operation: Forbidden')
    await s3('rb', 's3://customers', '--force')
  }, 120_000)

  test('says which of the two gates is shut', async () => {
    await s3('cp', 'tree/x.txt', 's3://one/secret', '--quiet', ...kms(key))
    const theirs = shell.as(reader.credentials)
    const down = await theirs.run('aws', 's3', 'cp', 's3://one/secret', 'stolen')
    expect(`${String(down.status)} ${down.stderr.trim()}`).toBe(
      `1 download failed: s3://one/secret to ./stolen An error occurred (AccessDenied) when calling the GetObject operation: User: ${reader.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
    )
    const up = await theirs.run('aws', 's3', 'cp', 'tree/x.txt', 's3://one/mine', ...kms(key))
    expect(up.stderr.trim()).toBe(
      `upload failed: tree/x.txt to s3://one/mine An error occurred (AccessDenied) when calling the PutObject operation: User: ${reader.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${key} because no identity-based policy allows the kms:GenerateDataKey action`,
    )
    const parts = await theirs.run('aws', 's3', 'cp', 'large', 's3://one/mine', ...kms(key))
    expect(parts.stderr).toContain(
      `An error occurred (AccessDenied) when calling the CreateMultipartUpload operation: User: ${reader.arn} is not authorized to perform: kms:GenerateDataKey`,
    )
    expect(await keysOf('one')).not.toContain('mine')
  }, 120_000)

  test('removes a bucket with what is in it', async () => {
    const refused = await shell.run('aws', 's3', 'rb', 's3://one')
    expect(refused.stderr.trim()).toBe(
      'remove_bucket failed: s3://one An error occurred (BucketNotEmpty) when calling the DeleteBucket operation: The bucket you tried to delete is not empty',
    )
    expect(await s3('rb', 's3://one', '--force')).toMatch(/remove_bucket: one$/)
    expect(await s3('ls')).toMatch(/^[-\d]+ [:\d]+ two$/)
  }, 120_000)

  const manyFiles = async (count: number) => {
    await shell.ok(
      'sh',
      '-c',
      `mkdir many; i=0; while [ $i -lt ${String(count)} ]; do echo $i >many/$i; i=$((i+1)); done`,
    )
    await s3('mb', 's3://many')
    const began = performance.now()
    await s3('sync', 'many', 's3://many', '--only-show-errors', ...kms(key))
    const up = performance.now()
    await s3('sync', 's3://many', 'again', '--only-show-errors')
    const down = performance.now()
    await shell.ok('diff', '-r', 'many', 'again')
    await s3('rb', 's3://many', '--force')
    await shell.ok('rm', '-r', 'many', 'again')
    return [up - began, down - up].map((ms) => (ms / 1000).toFixed(1))
  }

  test('syncs hundreds of small files under a key', async () => {
    await manyFiles(400)
  }, 120_000)

  testLarge(
    'syncs ten thousand',
    async () => {
      const [up, down] = await manyFiles(10_000)
      process.stdout.write(`10 000 files: up ${up ?? ''} s, down ${down ?? ''} s\n`)
    },
    900_000,
  )
})
