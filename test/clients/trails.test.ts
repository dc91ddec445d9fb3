import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { advance, arnOf, bucketPolicy, keyPolicy } from '../services/cloudtrail/support.ts'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import { ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'

const root = await mkdtemp(join(tmpdir(), 'twokey-trails-'))
const withCli = needs(canRun('aws', '--version'), 'the AWS CLI')
const withBoto3 = needs(canRun('python3', '-c', 'import boto3'), 'boto3')

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(async () => {
  await twokey.stop()
  await rm(root, { recursive: true })
})

const environment = () => awsEnvironment(twokey.url, rootOf(ACCOUNT))
const aws = (command: string) => run('aws', command.split(' '), { env: environment(), cwd: root })
const MINUTE = 60_000

/** What a command prints as text; it is expected to end well. */
async function types(command: string): Promise<string> {
  const { status, stdout, stderr } = await aws(`${command} --output text`)
  expect(`${String(status)} ${stderr}`.trim()).toBe('0')
  return stdout.trim()
}

describe('the AWS CLI', () => {
  withCli(
    'makes a trail, looks events up, finds its files intact, and one that was changed',
    async () => {
      await writeFile(join(root, 'bucket.json'), bucketPolicy('cli-logs', 'cli'))
      await writeFile(join(root, 'key.json'), keyPolicy())
      await types('s3api create-bucket --bucket cli-logs')
      await types('s3api put-bucket-policy --bucket cli-logs --policy file://bucket.json')
      const key = await types('kms create-key --policy file://key.json --query KeyMetadata.KeyId')
      await types(
        `cloudtrail create-trail --name cli --s3-bucket-name cli-logs --kms-key-id ${key} --enable-log-file-validation`,
      )
      await types('cloudtrail start-logging --name cli')
      const attribute = 'AttributeKey=EventName,AttributeValue=CreateTrail'
      expect(
        await types(`cloudtrail lookup-events --lookup-attributes ${attribute} --query Events[].[EventName,Username]`),
      ).toBe('CreateTrail\troot')

      const { emulator } = twokey
      const started = new Date(emulator.clock.now() - MINUTE).toISOString()
      await advance(emulator, 5 * MINUTE)
      await advance(emulator, 60 * MINUTE)
      await types(`kms describe-key --key-id ${key} --query KeyMetadata.KeyId`)
      await advance(emulator, 61 * MINUTE)
      const until = new Date(emulator.clock.now() + MINUTE).toISOString()
      const validate = () =>
        aws(`cloudtrail validate-logs --trail-arn ${arnOf('cli')} --start-time ${started} --end-time ${until}`)
      const intact = await validate()
      expect(`${String(intact.status)} ${intact.stderr}`.trim()).toBe('0')
      expect(intact.stdout).toContain('2/2 digest files valid\n2/2 log files valid\n')

      const s3 = twokey.client(S3Client)
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'cli-logs' }))
      const Key = Contents.map((object) => object.Key ?? '').find((name) => name.includes('/CloudTrail/'))
      await s3.send(new PutObjectCommand({ Bucket: 'cli-logs', Key, Body: gzipSync('{"Records":[]}') }))
      const changed = await validate()
      expect(changed.status).toBe(1)
      expect(changed.stderr).toContain(`Log file\ts3://cli-logs/${String(Key)}\tINVALID: hash value doesn't match\n`)
      expect(changed.stdout).toContain('2/2 digest files valid\n1/2 log files valid, 1/2 log files INVALID\n')
    },
    60_000,
  )
})

describe('boto3', () => {
  withBoto3(
    'pages through events, and is refused as its own exceptions say',
    async () => {
      const script = [
        'import boto3, json',
        'kms, trail = boto3.client("kms"), boto3.client("cloudtrail")',
        'for _ in range(7): kms.list_aliases()',
        'pages = trail.get_paginator("lookup_events").paginate(',
        '    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ListAliases"}], PaginationConfig={"PageSize": 3})',
        'told = [[json.loads(e["CloudTrailEvent"])["eventName"] for e in page["Events"]] for page in pages]',
        'try: trail.get_trail(Name="nothing")',
        'except trail.exceptions.TrailNotFoundException as e: told.append(e.response["Error"]["Message"])',
        'print(json.dumps(told))',
      ].join('\n')
      const { status, stdout, stderr } = await run('python3', ['-c', script], { env: environment() })
      expect(`${String(status)} ${stderr}`.trim()).toBe('0')
      expect(JSON.parse(stdout)).toEqual([
        ...[3, 3, 1].map((count) => Array.from({ length: count }, () => 'ListAliases')),
        `Unknown trail: ${arnOf('nothing')} for the user: ${ACCOUNT}`,
      ])
    },
    60_000,
  )
})
