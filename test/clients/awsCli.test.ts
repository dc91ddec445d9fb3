import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsEnvironment, canRun, needs, run, type Ran } from '../support/commands.ts'
import { ACCOUNT, rootOf, startEmulator, type Credentials, type TestEmulator } from '../support/emulator.ts'

const test = needs(canRun('aws', '--version'), 'the AWS CLI')

type Env = Readonly<Record<string, string>>

let twokey: TestEmulator
let folder: string
beforeAll(async () => {
  twokey = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'twokey-cli-'))
})
afterAll(async () => {
  await twokey.stop()
  await rm(folder, { recursive: true })
})

const aws = (args: readonly string[], as: Credentials = rootOf(ACCOUNT), env: Env = {}): Promise<Ran> =>
  run('aws', args, { env: { ...awsEnvironment(twokey.url, as), ...env } })

async function ok(args: readonly string[], as?: Credentials, env?: Env): Promise<string> {
  const ran = await aws(args, as, env)
  expect(`${String(ran.status)} ${ran.stderr}`.trim()).toBe('0')
  return ran.stdout.trim()
}

const json = async (args: readonly string[], as?: Credentials) =>
  JSON.parse(await ok(args, as)) as Record<string, never>

describe('the AWS CLI', () => {
  test('is denied by the second key, and gets through with a policy, a grant, or a role', async () => {
    const keyArn = await ok(['kms', 'create-key', '--query', 'KeyMetadata.Arn', '--output', 'text'])
    await ok(['kms', 'create-alias', '--alias-name', 'alias/data', '--target-key-id', keyArn])
    await ok(['s3', 'mb', 's3://secrets'])
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn } }
    await ok([
      's3api',
      'put-bucket-encryption',
      '--bucket',
      'secrets',
      '--server-side-encryption-configuration',
      JSON.stringify({ Rules: [rule] }),
    ])
    await writeFile(join(folder, 'report.txt'), 'the numbers')
    await ok(['s3', 'cp', join(folder, 'report.txt'), 's3://secrets/report.txt', '--quiet'])

    await ok(['iam', 'create-user', '--user-name', 'reader'])
    const read = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::secrets/*' }],
    }
    await ok([
      'iam',
      'put-user-policy',
      '--user-name',
      'reader',
      '--policy-name',
      'Read',
      '--policy-document',
      JSON.stringify(read),
    ])
    const made = (await json(['iam', 'create-access-key', '--user-name', 'reader'])) as unknown as {
      AccessKey: { AccessKeyId: string; SecretAccessKey: string }
    }
    const reader = { accessKeyId: made.AccessKey.AccessKeyId, secretAccessKey: made.AccessKey.SecretAccessKey }
    const target = join(folder, 'copy.txt')
    const get = ['s3api', 'get-object', '--bucket', 'secrets', '--key', 'report.txt', target]

    const denied = await aws(get, reader)
    expect(denied.stderr.trim()).toBe(
      `An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: kms:Decrypt on resource: ${keyArn} because no identity-based policy allows the kms:Decrypt action`,
    )
    expect(
      (await json(['s3api', 'head-object', '--bucket', 'secrets', '--key', 'report.txt'], reader))['SSEKMSKeyId'],
    ).toBe(keyArn)

    const grant = (await json([
      'kms',
      'create-grant',
      '--key-id',
      keyArn,
      '--grantee-principal',
      `arn:aws:iam::${ACCOUNT}:user/reader`,
      '--operations',
      'Decrypt',
    ])) as unknown as { GrantId: string }
    await ok(get, reader)
    expect(await readFile(target, 'utf8')).toBe('the numbers')
    await ok(['kms', 'revoke-grant', '--key-id', keyArn, '--grant-id', grant.GrantId])
    expect((await aws(get, reader)).stderr).toContain('because no identity-based policy allows the kms:Decrypt action')

    const useKey = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn }] }
    await ok([
      'iam',
      'put-user-policy',
      '--user-name',
      'reader',
      '--policy-name',
      'Key',
      '--policy-document',
      JSON.stringify(useKey),
    ])
    await ok(get, reader)

    const trust = {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/reader` }, Action: 'sts:AssumeRole' },
      ],
    }
    const roleArn = await ok([
      'iam',
      'create-role',
      '--role-name',
      'app',
      '--assume-role-policy-document',
      JSON.stringify(trust),
      '--query',
      'Role.Arn',
      '--output',
      'text',
    ])
    await ok([
      'iam',
      'put-role-policy',
      '--role-name',
      'app',
      '--policy-name',
      'All',
      '--policy-document',
      JSON.stringify({ ...useKey, Statement: [...useKey.Statement, ...read.Statement] }),
    ])
    const assumed = (await json(
      ['sts', 'assume-role', '--role-arn', roleArn, '--role-session-name', 'night', '--policy', JSON.stringify(read)],
      reader,
    )) as unknown as {
      Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string }
    }
    const session = {
      accessKeyId: assumed.Credentials.AccessKeyId,
      secretAccessKey: assumed.Credentials.SecretAccessKey,
      sessionToken: assumed.Credentials.SessionToken,
    }
    expect((await aws(get, session)).stderr.trim()).toBe(
      `An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::${ACCOUNT}:assumed-role/app/night is not authorized to perform: kms:Decrypt on resource: ${keyArn} because no session policy allows the kms:Decrypt action`,
    )

    await ok(['kms', 'disable-key', '--key-id', keyArn])
    expect((await aws(get, reader)).stderr.trim()).toBe(
      `An error occurred (KMS.DisabledException) when calling the GetObject operation: ${keyArn} is disabled.`,
    )
  }, 120_000)

  test('encrypts, decrypts, and lists its keys', async () => {
    await ok(['kms', 'create-key', '--description', 'second', '--tags', 'TagKey=team,TagValue=blue'])
    // From a file, because versions 1 and 2 read a value in other ways.
    await writeFile(join(folder, 'plain'), 'hello')
    const plaintext = `fileb://${join(folder, 'plain')}`
    const unknown = await aws(['kms', 'encrypt', '--key-id', 'alias/cli', '--plaintext', plaintext])
    expect(unknown.stderr.trim()).toBe(
      `An error occurred (NotFoundException) when calling the Encrypt operation: Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/cli is not found.`,
    )
    const id = await ok(['kms', 'create-key', '--query', 'KeyMetadata.KeyId', '--output', 'text'])
    await ok(['kms', 'create-alias', '--alias-name', 'alias/cli', '--target-key-id', id])
    const blob = await ok([
      'kms',
      'encrypt',
      '--key-id',
      'alias/cli',
      '--plaintext',
      plaintext,
      '--encryption-context',
      'a=b',
      '--query',
      'CiphertextBlob',
      '--output',
      'text',
    ])
    await writeFile(join(folder, 'blob'), Buffer.from(blob, 'base64'))
    expect(
      await ok([
        'kms',
        'decrypt',
        '--ciphertext-blob',
        `fileb://${join(folder, 'blob')}`,
        '--encryption-context',
        'a=b',
        '--query',
        'Plaintext',
        '--output',
        'text',
      ]),
    ).toBe('aGVsbG8=')
    const wrong = await aws([
      'kms',
      'decrypt',
      '--ciphertext-blob',
      `fileb://${join(folder, 'blob')}`,
      '--encryption-context',
      'a=c',
    ])
    expect(wrong.stderr).toContain('(InvalidCiphertextException)')
    expect(
      await ok(['kms', 'list-aliases', '--query', "Aliases[?AliasName=='alias/cli'].TargetKeyId", '--output', 'text']),
    ).toBe(id)
    expect(
      await ok([
        'kms',
        'get-key-policy',
        '--key-id',
        id,
        '--policy-name',
        'default',
        '--query',
        'Policy',
        '--output',
        'text',
      ]),
    ).toContain('"Sid" : "Enable IAM User Permissions"')
  }, 120_000)

  test('moves large files in parts, and presigns', async () => {
    await ok(['s3', 'mb', 's3://large'])
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'abcdefg')
    await writeFile(join(folder, 'large.bin'), bytes)
    await ok(['s3', 'cp', join(folder, 'large.bin'), 's3://large/large.bin', '--quiet', '--sse', 'aws:kms'])
    await ok(['s3', 'cp', 's3://large/large.bin', join(folder, 'back.bin'), '--quiet'])
    expect((await readFile(join(folder, 'back.bin'))).equals(bytes)).toBe(true)
    // Version 1 presigns with Signature Version 2 unless told otherwise, and S3 takes that for old buckets only.
    const config = join(folder, 'config')
    await writeFile(config, '[default]\ns3 =\n  signature_version = s3v4\n')
    const url = await ok(['s3', 'presign', 's3://large/large.bin'], undefined, { AWS_CONFIG_FILE: config })
    const fetched = await fetch(url)
    expect(fetched.status).toBe(200)
    expect(Buffer.from(await fetched.arrayBuffer()).equals(bytes)).toBe(true)
    expect((await fetch(url.replace('large.bin', 'other.bin'))).status).toBe(403)
    expect(await ok(['s3', 'ls', 's3://large'])).toMatch(/20971520 large\.bin$/)
    await ok(['s3', 'rb', 's3://large', '--force'])
  }, 120_000)
})
