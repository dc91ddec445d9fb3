import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsEnvironment, canRun, needs, run } from '../support/commands.ts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  REGION,
  rootOf,
  startEmulator,
  type Credentials,
  type TestEmulator,
} from '../support/emulator.ts'

const present = canRun('aws', '--version') && canRun('aws', 'ebs', 'start-snapshot', '--generate-cli-skeleton')
const test = needs(present, 'the AWS CLI with `aws ebs`')

let twokey: TestEmulator
let folder: string
beforeAll(async () => {
  twokey = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'twokey-ebs-cli-'))
})
afterAll(async () => {
  await twokey.stop()
  await rm(folder, { recursive: true })
})

/** A person at a shell. A command is written as it is typed, without quotes: arguments have no blanks in them. */
function person(credentials: Credentials) {
  const aws = (command: string, ...more: readonly string[]) =>
    run('aws', [...command.split(' '), ...more], { env: awsEnvironment(twokey.url, credentials), cwd: folder })
  return {
    /** What it prints as text. */
    async types(command: string, ...more: readonly string[]): Promise<string> {
      const { status, stdout, stderr } = await aws(command, '--output', 'text', ...more)
      expect(`${String(status)} ${stderr}`.trim()).toBe('0')
      return stdout.trim()
    },
    /** What it complains of. */
    async fails(command: string, ...more: readonly string[]): Promise<string> {
      const { status, stdout, stderr } = await aws(command, ...more)
      expect(status === 0 ? stdout : '').toBe('')
      return stderr.trim()
    },
  }
}

const owner = person(rootOf(ACCOUNT))
const otherRoot = person(rootOf(OTHER_ACCOUNT))
const allow = (Action: string | string[], Resource = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const block = Buffer.alloc(524_288, 'the numbers ')

/** Account A's snapshot with a block in it, under a key whose policy does not know account B. */
async function snapshotOfOwner(): Promise<{ key: string; snapshot: string }> {
  const key = await owner.types('kms create-key --query KeyMetadata.Arn')
  await writeFile(join(folder, 'block'), block)
  const checksum = createHash('sha256').update(block).digest('base64')
  const start = `ebs start-snapshot --volume-size 1 --encrypted --kms-key-arn ${key} --query SnapshotId`
  const snapshot = await owner.types(start)
  await owner.types(
    `ebs put-snapshot-block --snapshot-id ${snapshot} --block-index 7 --block-data block --data-length 524288 --checksum ${checksum} --checksum-algorithm SHA256`,
  )
  await owner.types(`ebs complete-snapshot --snapshot-id ${snapshot} --changed-blocks-count 1`)
  await owner.types(`ec2 wait snapshot-completed --snapshot-ids ${snapshot}`)
  return { key, snapshot }
}

/** A user of account B who may do this, and use no key. */
async function userOfOther(name: string, actions: string[]) {
  await otherRoot.types(`iam create-user --user-name ${name}`)
  const named = `iam put-user-policy --user-name ${name} --policy-name Ec2 --policy-document`
  await otherRoot.types(named, policy(allow(actions)))
  const made = await otherRoot.types(
    `iam create-access-key --user-name ${name} --query AccessKey.[AccessKeyId,SecretAccessKey]`,
  )
  const [accessKeyId = '', secretAccessKey = ''] = made.split('\t')
  return person({ accessKeyId, secretAccessKey })
}

/** The KMS refusal that a request ended with after its answer. */
async function lastDenial(): Promise<string | undefined> {
  const answer = await fetch(`${twokey.url}/_twokey/decisions?limit=1&outcome=denied`)
  const { decisions } = (await answer.json()) as { decisions: { error?: { message: string } }[] }
  return decisions[0]?.error?.message
}

interface Page {
  readonly Volumes: readonly { readonly VolumeId: string }[]
  readonly NextToken?: string
}

describe('the AWS CLI', () => {
  test('shares an encrypted snapshot with another account, which can use it once the key is shared too', async () => {
    const { key, snapshot } = await snapshotOfOwner()
    const restorer = await userOfOther('restorer', ['ec2:CopySnapshot', 'ec2:CreateVolume', 'ec2:Describe*', 'ebs:*'])
    const restorerArn = `arn:aws:iam::${OTHER_ACCOUNT}:user/restorer`
    const ownKey = await otherRoot.types('kms create-key --query KeyMetadata.Arn')
    const useOwnKey = allow(
      ['kms:DescribeKey', 'kms:GenerateDataKey*', 'kms:ReEncrypt*', 'kms:Decrypt', 'kms:CreateGrant'],
      ownKey,
    )
    await otherRoot.types(
      'iam put-user-policy --user-name restorer --policy-name Own --policy-document',
      policy(useOwnKey),
    )
    const copy = `ec2 copy-snapshot --source-region ${REGION} --source-snapshot-id ${snapshot} --encrypted --kms-key-id ${ownKey} --query SnapshotId`
    const restore = `ec2 create-volume --availability-zone ${REGION}a --snapshot-id ${snapshot} --encrypted --kms-key-id ${ownKey} --query VolumeId`
    const stateOf = (id: string) =>
      restorer.types(`ec2 describe-snapshots --snapshot-ids ${id} --query Snapshots[].[State,StateMessage]`)

    // Not shared: at once where it is named, afterwards where it is copied.
    expect(await restorer.fails(`ec2 describe-snapshots --snapshot-ids ${snapshot}`)).toBe(
      `An error occurred (InvalidSnapshot.NotFound) when calling the DescribeSnapshots operation: The snapshot '${snapshot}' does not exist.`,
    )
    expect(await restorer.fails(restore)).toBe(
      'An error occurred (InvalidSnapshot.NotFound) when calling the CreateVolume operation: Snapshot does not exist',
    )
    const lost = await restorer.types(copy)
    expect(await restorer.fails(`ec2 wait snapshot-completed --snapshot-ids ${lost}`)).toBe(
      'Waiter SnapshotCompleted failed: Waiter encountered a terminal failure state: For expression "Snapshots[].State" we matched expected path: "error" at least once',
    )
    expect(await stateOf(lost)).toBe('error\tSource snapshot is not found')

    // Shared, but not its key.
    await owner.types(
      `ec2 modify-snapshot-attribute --snapshot-id ${snapshot} --attribute createVolumePermission --operation-type add --user-ids ${OTHER_ACCOUNT}`,
    )
    const without = await restorer.types(copy)
    await restorer.fails(`ec2 wait snapshot-completed --snapshot-ids ${without}`)
    expect(await stateOf(without)).toBe('error\tGiven key ID is not accessible')
    const gone = await restorer.types(restore)
    expect(await restorer.fails(`ec2 wait volume-available --volume-ids ${gone}`)).toBe(
      `Waiter VolumeAvailable failed: An error occurred (InvalidVolume.NotFound): The volume '${gone}' does not exist.`,
    )
    expect(await lastDenial()).toBe(
      `User: ${restorerArn} is not authorized to perform: kms:ReEncryptFrom on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    )
    expect(await restorer.fails(`ebs list-snapshot-blocks --snapshot-id ${snapshot}`)).toBe(
      'An error occurred (ResourceNotFoundException) when calling the ListSnapshotBlocks operation: KMS key not found.',
    )

    // The key too: its policy admits the account, and the account its user.
    const principal = { Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` } }
    const uses = ['kms:DescribeKey', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*']
    const forResources = { Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } }
    const ownerOfKey = allow('kms:*', '*', { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } })
    await owner.types(
      `kms put-key-policy --key-id ${key} --policy-name default --policy`,
      policy(ownerOfKey, allow(uses, '*', principal), allow('kms:CreateGrant', '*', { ...principal, ...forResources })),
    )
    const useTheirs = policy(allow(uses, key), allow('kms:CreateGrant', key, forResources))
    await otherRoot.types('iam put-user-policy --user-name restorer --policy-name Theirs --policy-document', useTheirs)
    const copied = await restorer.types(copy)
    await restorer.types(`ec2 wait snapshot-completed --snapshot-ids ${copied}`)
    const volume = await restorer.types(restore)
    await restorer.types(`ec2 wait volume-available --volume-ids ${volume}`)

    // What has been copied needs nothing of account A any more.
    await owner.types(`kms disable-key --key-id ${key}`)
    await owner.types(`ec2 delete-snapshot --snapshot-id ${snapshot}`)
    const token = await restorer.types(
      `ebs list-snapshot-blocks --snapshot-id ${copied} --query Blocks[].[BlockIndex,BlockToken]`,
    )
    const [index, blockToken] = token.split('\t')
    expect(index).toBe('7')
    await restorer.types(
      `ebs get-snapshot-block --snapshot-id ${copied} --block-index 7 --block-token ${String(blockToken)} back`,
    )
    expect((await readFile(join(folder, 'back'))).equals(block)).toBe(true)
  }, 240_000)

  test('is told in a message that STS decodes what it may not do, and pages and filters what it may see', async () => {
    const watcher = await userOfOther('watcher', ['ec2:Describe*'])
    const made: string[] = []
    for (const size of ['1', '2', '3'])
      made.push(
        await otherRoot.types(
          `ec2 create-volume --availability-zone ${REGION}a --size ${size} --query VolumeId --tag-specifications ResourceType=volume,Tags=[{Key=size,Value=${size}}]`,
        ),
      )
    const [volume = ''] = made
    const denied = await watcher.fails(`ec2 delete-volume --volume-id ${volume}`)
    const said = `An error occurred (UnauthorizedOperation) when calling the DeleteVolume operation: You are not authorized to perform this operation. User: arn:aws:iam::${OTHER_ACCOUNT}:user/watcher is not authorized to perform: ec2:DeleteVolume on resource: arn:aws:ec2:${REGION}:${OTHER_ACCOUNT}:volume/${volume} because no identity-based policy allows the ec2:DeleteVolume action. Encoded authorization failure message: `
    expect(denied.slice(0, said.length)).toBe(said)
    const decoded = JSON.parse(
      await otherRoot.types('sts decode-authorization-message --encoded-message', denied.slice(said.length)),
    ) as { allowed: boolean; context: { action: string; resource: string } }
    expect(decoded).toMatchObject({
      allowed: false,
      context: { action: 'DeleteVolume', resource: `arn:aws:ec2:${REGION}:${OTHER_ACCOUNT}:volume/${volume}` },
    })
    expect(await otherRoot.fails(`ec2 delete-volume --volume-id ${volume} --dry-run`)).toBe(
      'An error occurred (DryRunOperation) when calling the DeleteVolume operation: Request would have succeeded, but DryRun flag is set.',
    )

    const filtered = 'ec2 describe-volumes --filters Name=tag:size,Values=1,3 Name=status,Values=avail*'
    const found = await watcher.types(`${filtered} --query Volumes[].VolumeId`)
    expect(found.split('\t').sort()).toEqual([made[0], made[2]].sort())
    const paged = 'ec2 describe-volumes --filters Name=tag-key,Values=size --page-size 5 --max-items 2'
    const first = JSON.parse(await watcher.types(paged, '--output', 'json')) as Page
    const second = JSON.parse(
      await watcher.types(paged, '--output', 'json', '--starting-token', String(first.NextToken)),
    ) as Page
    expect([first.Volumes.length, second.Volumes.length, second.NextToken]).toEqual([2, 1, undefined])
    expect([...first.Volumes, ...second.Volumes].map(({ VolumeId }) => VolumeId).sort()).toEqual([...made].sort())
    expect(await watcher.fails('ec2 describe-volumes --filters Name=colour,Values=red')).toBe(
      "An error occurred (InvalidParameterValue) when calling the DescribeVolumes operation: The filter 'colour' is invalid",
    )
  }, 120_000)
})
