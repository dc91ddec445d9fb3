import { DescribeSnapshotsCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs } from '../support/commands.ts'
import { ACCOUNT, OTHER_ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { configuration, initialised, terraformIn } from '../support/terraform.ts'

const root = await mkdtemp(join(tmpdir(), 'twokey-terraform-ebs-'))
const folder = await configuration(root, 'terraform-ebs')
const test = needs(initialised(folder), 'Terraform with the AWS provider')

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(async () => {
  await twokey.stop()
  await rm(root, { recursive: true })
})

describe('Terraform', () => {
  test('applies, plans clean, changes and destroys volumes and snapshots, shared with another account and copied by it', async () => {
    const terraform = terraformIn(folder)
    const given = { endpoint: twokey.url, size: '1', shared: 'true' }
    const made = await terraform.apply(given)
    const [volume, snapshot] = [made['volume']?.value, made['snapshot']?.value]
    expect(made['found']?.value).toEqual({
      volume,
      volumes: [volume],
      snapshot,
      snapshots: [snapshot],
    })
    expect(made['by_default']?.value).toEqual({ enabled: true, key: true, encrypted: true, under_key: true })
    expect(made['copies_of_others']?.value).toEqual([{ owner: OTHER_ACCOUNT, size: 1 }])
    expect(made['regions']?.value).toEqual(expect.arrayContaining(['us-east-1', 'us-west-2', 'eu-central-1']))
    await terraform.planClean(given)

    const changed = await terraform.apply({ ...given, size: '2', shared: 'false' })
    expect(changed['volume']?.value).toBe(volume)
    expect(changed['copies_of_others']?.value).toEqual([])
    expect(await left(ACCOUNT)).toEqual(expect.arrayContaining([`${String(volume)} of 2 GiB`, snapshot]))
    expect(await left(OTHER_ACCOUNT, 'us-west-2')).toEqual([])

    await terraform.destroy({ ...given, size: '2', shared: 'false' })
    expect(await left(ACCOUNT)).toEqual([])
  }, 480_000)
})

/** The volumes and snapshots of an account. */
async function left(account: string, region = 'us-east-1'): Promise<string[]> {
  const ec2 = twokey.client(EC2Client, { credentials: rootOf(account), region })
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({}))
  const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))
  return [
    ...(Volumes ?? []).map(({ VolumeId, Size }) => `${String(VolumeId)} of ${String(Size)} GiB`),
    ...(Snapshots ?? []).map(({ SnapshotId }) => String(SnapshotId)),
  ]
}
