import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateVolumeCommand, DeleteVolumeCommand } from '@aws-sdk/client-ec2'
import { DeleteAccessKeyCommand, DeleteUserCommand, DeleteUserPolicyCommand, IAMClient } from '@aws-sdk/client-iam'
import { ListGrantsCommand } from '@aws-sdk/client-kms'
import { rootOf } from '../../support/emulator.ts'
import { ACCOUNT, allow, settled, startWorld, until, type World } from './support.ts'

const MINUTE = 60_000

let dataDir: string
let world: World

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-ec2-'))
  // What is asked for now is done in a minute.
  world = await startWorld({ dataDir, asyncDelay: MINUTE })
})
afterEach(async () => {
  await world.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  await world.stop()
  world = await startWorld({ dataDir, asyncDelay: MINUTE })
}

function pass(): void {
  const { clock } = world.emulator.emulator
  clock.setOffset(clock.offset + MINUTE + 1)
}

const gates = (requestId: string | undefined) =>
  until(() => Promise.resolve(world.emulator.emulator.decisions.get(requestId ?? '')))

describe('what EC2 has still to do', () => {
  it('is done after a restart, as whoever asked for it', async () => {
    const KmsKeyId = await world.key()
    const user = await world.user(ACCOUNT, 'maker', allow(['ec2:*', 'kms:*']))
    const { VolumeId, $metadata } = await user.ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1, Encrypted: true, KmsKeyId }),
    )
    await restart()
    pass()
    expect(await settled(world.ec2, VolumeId)).toMatchObject({ State: 'available', KmsKeyId })
    const view = await gates($metadata.requestId)
    expect(view.principal).toBe(user.arn)
    expect(view.gates.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      'GenerateDataKeyWithoutPlaintext allowed',
      'CreateGrant allowed',
    ])

    await world.ec2.send(new DeleteVolumeCommand({ VolumeId }))
    await restart()
    pass()
    await until(async () => {
      const { Grants } = await world.kms.send(new ListGrantsCommand({ KeyId: KmsKeyId }))
      return Grants?.length === 0 ? true : undefined
    })
    expect(await settled(world.ec2, VolumeId)).toBeUndefined()
  })

  it('is done under the policies of that moment', async () => {
    const KmsKeyId = await world.key()
    const user = await world.user(ACCOUNT, 'maker', allow(['ec2:*', 'kms:*']))
    const { VolumeId, $metadata } = await user.ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1, Encrypted: true, KmsKeyId }),
    )
    await world.allow(ACCOUNT, 'maker', allow('ec2:*'))
    pass()
    expect(await settled(world.ec2, VolumeId)).toBeUndefined()
    const view = await gates($metadata.requestId)
    expect(view.error).toEqual({
      code: 'AccessDeniedException',
      message: `User: ${user.arn} is not authorized to perform: kms:GenerateDataKeyWithoutPlaintext on resource: ${KmsKeyId} because no identity-based policy allows the kms:GenerateDataKeyWithoutPlaintext action`,
    })
    expect(view.gates.map(({ gate, outcome }) => `${gate} ${outcome}`)).toEqual(['data allowed', 'key denied'])
  })

  it('fails when its caller is gone', async () => {
    const KmsKeyId = await world.key()
    const user = await world.user(ACCOUNT, 'leaver', allow(['ec2:*', 'kms:*']))
    const { VolumeId, $metadata } = await user.ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1, Encrypted: true, KmsKeyId }),
    )
    const iam = world.emulator.client(IAMClient, { credentials: rootOf(ACCOUNT) })
    const UserName = 'leaver'
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: user.credentials.accessKeyId }))
    await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'inline' }))
    await iam.send(new DeleteUserCommand({ UserName }))
    pass()
    expect(await settled(world.ec2, VolumeId)).toBeUndefined()
    expect((await gates($metadata.requestId)).error?.code).toBe('AccessDeniedException')
  })
})
