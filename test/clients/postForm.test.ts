import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { ACCOUNT, rootOf, startEmulator, type Credentials, type TestEmulator } from '../support/emulator.ts'

const test = needs(canRun('python3', '-c', 'import boto3') && canRun('curl', '--version'), 'boto3 and curl')

interface Form {
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
}

let twokey: TestEmulator
let s3: S3Client
let directory: string
let file: string
beforeAll(async () => {
  twokey = await startEmulator()
  s3 = twokey.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket: 'forms' }))
  directory = await mkdtemp(join(tmpdir(), 'twokey-forms-'))
  file = join(directory, 'report.txt')
  await writeFile(file, 'the numbers')
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  await twokey.stop()
})

async function formsBy(credentials: Credentials): Promise<Readonly<Record<'simple' | 'conditions', Form>>> {
  const script = fileURLToPath(new URL('./postForm.py', import.meta.url))
  const ran = await run('python3', [script], { env: awsEnvironment(twokey.url, credentials) })
  expect(`${String(ran.status)} ${ran.stderr}`.trim()).toBe('0')
  return JSON.parse(ran.stdout) as Record<'simple' | 'conditions', Form>
}

/** The status and the body with which curl was answered. */
async function post({ url, fields }: Form, upload = file): Promise<string> {
  const given = Object.entries(fields).flatMap(([name, value]) => ['--form-string', `${name}=${value}`])
  const args = ['-sS', '-w', '%{http_code} ', ...given, '-F', `file=@${upload}`, url]
  const { stdout, stderr } = await run('curl', args)
  expect(stderr).toBe('')
  return stdout
}

const read = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: 'forms', Key }))).Body?.transformToString()

describe('forms signed by boto3 and sent by curl', () => {
  test('are stored', async () => {
    const { simple, conditions } = await formsBy(rootOf(ACCOUNT))
    expect(await post(simple)).toBe('204 ')
    expect(await read('from-boto3/report.txt')).toBe('the numbers')
    expect(await post(conditions)).toContain('<Key>bounded.txt</Key>')
    const large = join(directory, 'large.txt')
    await writeFile(large, 'x'.repeat(1_000_000))
    expect(await post(conditions, large)).toContain('<Code>EntityTooLarge</Code>')
    expect(await read('bounded.txt')).toBe('the numbers')
    expect(await post(simple, large)).toBe('204 ')
    expect((await read('from-boto3/large.txt'))?.length).toBe(1_000_000)
  })

  test('carry temporary credentials', async () => {
    const iam = twokey.client(IAMClient)
    await iam.send(new CreateUserCommand({ UserName: 'writer' }))
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:PutObject'], Resource: 'arn:aws:s3:::forms/from-boto3/*' }],
    })
    await iam.send(new PutUserPolicyCommand({ UserName: 'writer', PolicyName: 'p', PolicyDocument }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'writer' }))
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    }
    const sts = twokey.client(STSClient, { credentials })
    const session = (await sts.send(new GetSessionTokenCommand({}))).Credentials
    const { simple, conditions } = await formsBy({
      accessKeyId: session?.AccessKeyId ?? '',
      secretAccessKey: session?.SecretAccessKey ?? '',
      sessionToken: session?.SessionToken ?? '',
    })
    expect(simple.fields['x-amz-security-token']).toBe(session?.SessionToken)
    expect(await post(simple)).toBe('204 ')
    expect(await post(conditions)).toContain(
      `User: arn:aws:iam::${ACCOUNT}:user/writer is not authorized to perform: s3:PutObject on resource: &quot;arn:aws:s3:::forms/bounded.txt&quot; because no identity-based policy allows the s3:PutObject action`,
    )
    const stolen = { ...simple, fields: { ...simple.fields, 'x-amz-security-token': 'another' } }
    expect(await post(stolen)).toContain('<Code>InvalidToken</Code>')
    // By now the policies have expired, by the emulator's clock if not by ours.
    twokey.emulator.clock.setOffset(61_000)
    expect(await post(simple)).toContain('<Message>Invalid according to Policy: Policy expired.</Message>')
  })
})
