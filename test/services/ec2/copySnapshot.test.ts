import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CopySnapshotCommand,
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  DescribeTagsCommand,
  type CopySnapshotCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { EBSClient, StartSnapshotCommand } from '@aws-sdk/client-ebs'
import { ListGrantsCommand } from '@aws-sdk/client-kms'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootOf } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { block, contents, sha256, written } from './direct/support.ts'
import { described, finished, sharing } from './snapshotSupport.ts'
import {
  ACCOUNT,
  DRY_RUN,
  OTHER_ACCOUNT,
  allow,
  badRequest,
  refusal,
  startWorld,
  unauthorized,
  until,
  withoutBlob,
  type World,
} from './support.ts'

let dataDir: string
let world: World
let a: EC2Client
let b: EC2Client
let ebsA: EBSClient
let ebsB: EBSClient
let plain: string

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-copy-'))
  world = await startWorld({ dataDir })
  a = world.ec2
  b = world.rootOf(OTHER_ACCOUNT).ec2
  ebsA = world.emulator.client(EBSClient)
  ebsB = world.emulator.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT) })
  plain = await written(ebsA, { 0: 1 })
})
afterAll(async () => {
  await world.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const MISSING = 'snap-0fedcba9876543210'

const copying = (SourceSnapshotId: string, more: Partial<CopySnapshotCommandInput> = {}) =>
  new CopySnapshotCommand({ SourceSnapshotId, SourceRegion: 'us-east-1', ...more })

/** As written, without what the SDK adds (it signs a URL for the source's Region). */
async function raw(parameters: Record<string, string>, credentials = rootOf(ACCOUNT)) {
  const body = new URLSearchParams({ Action: 'CopySnapshot', Version: '2016-11-15', ...parameters }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await send(world.emulator.url, signed(world.emulator.url, 'ec2', { headers, body }, { credentials }))
  const part = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.body)?.[1]
  const message = part('Message')?.replaceAll('&apos;', "'")
  return { status: answer.status, code: part('Code'), message, snapshotId: part('snapshotId') }
}

const SOURCE = { SourceRegion: 'us-east-1' }
const value = (message: string) => ({ status: 400, code: 'InvalidParameterValue', message, snapshotId: undefined })
const url = (parameters: Record<string, string>) =>
  `https://ec2.us-east-1.amazonaws.com/?${new URLSearchParams(parameters).toString()}`

describe('CopySnapshot', () => {
  it('looks at the source’s id, its Region, the duration and the tags before anything else', async () => {
    const { credentials } = await world.user(ACCOUNT, 'nobody')
    const refused = (parameters: Record<string, string>) => raw({ DryRun: 'true', ...parameters }, credentials)
    expect(await refused({})).toMatchObject({
      status: 400,
      code: 'MissingParameter',
      message: 'The request must contain the parameter SourceSnapshotId',
    })
    for (const SourceSnapshotId of ['', 'bad', 'snap-00000000000000000']) {
      expect(await refused({ SourceSnapshotId })).toEqual(value('The specified snapshotId is invalid'))
    }
    expect(await refused({ SourceSnapshotId: plain })).toEqual({
      status: 500,
      code: 'InternalError',
      message: 'An internal error has occurred',
      snapshotId: undefined,
    })
    for (const SourceRegion of ['', 'us-nowhere-9']) {
      expect(await refused({ SourceSnapshotId: plain, SourceRegion })).toMatchObject({
        status: 400,
        code: 'InvalidRegion',
        message: `${SourceRegion} is not a valid region name.`,
      })
    }
    for (const minutes of ['14', '0', '2895', '20']) {
      expect(await refused({ ...SOURCE, SourceSnapshotId: plain, CompletionDurationMinutes: minutes })).toEqual(
        value(
          `'${minutes}' is not a valid value for completion duration. Specify a value between 15 and 2880 minutes, in 15 minute increments only`,
        ),
      )
    }
    expect((await refused({ ...SOURCE, SourceSnapshotId: plain })).code).toBe('UnauthorizedOperation')
  })

  it('answers a dry run without a look at source, destination or key', async () => {
    const KmsKeyId = 'alias/none'
    expect(await refusal(a.send(copying(MISSING, { DryRun: true, Encrypted: true, KmsKeyId })))).toEqual(DRY_RUN)
    const other = { ...SOURCE, SourceSnapshotId: MISSING, DestinationRegion: 'us-west-2', PresignedUrl: 'not-a-url' }
    expect((await raw({ ...other, DryRun: 'true' })).code).toBe('DryRunOperation')
    expect(await raw(other)).toEqual(
      value(`DestinationRegion 'us-west-2' does not match the current region (us-east-1)`),
    )
  })

  it('reads what a presigned URL names, and not its signature', async () => {
    const base = { ...SOURCE, SourceSnapshotId: plain }
    expect(await raw({ ...base, PresignedUrl: 'not-a-url', KmsKeyId: 'alias/none', Encrypted: 'true' })).toEqual(
      value('The protocol in PresignedUrl should be http or https'),
    )
    const other = 'snap-00000000000000000'
    expect(await raw({ ...base, PresignedUrl: url({ SourceSnapshotId: other }) })).toEqual(
      value(
        `The source snapshot specified in PresignedUrl '${other}' does not match the source snapshot in the request: '${plain}'`,
      ),
    )
    const wrong = url({ SourceSnapshotId: plain, DestinationRegion: 'us-west-2' })
    expect(await raw({ ...base, PresignedUrl: wrong })).toEqual(
      value(`The destination region specified in PresignedUrl: 'us-west-2' is incorrect`),
    )
    const right = url({ SourceSnapshotId: plain, DestinationRegion: 'us-east-1', 'X-Amz-Signature': '0'.repeat(64) })
    const { status, snapshotId } = await raw({ ...base, PresignedUrl: right })
    expect(status).toBe(200)
    expect(await finished(a, snapshotId)).toMatchObject({ State: 'completed' })
  })

  it('inherits neither tags nor permissions nor the description', async () => {
    const source = await written(ebsA, { 0: 1 }, { Description: 'first', Tags: [{ Key: 'of', Value: 'source' }] })
    await a.send(sharing(source, OTHER_ACCOUNT))
    const bare = await a.send(copying(source))
    expect(bare.Tags).toBeUndefined()
    const copied = await finished(a, bare.SnapshotId)
    expect(copied).toMatchObject({
      VolumeId: 'vol-ffffffff',
      VolumeSize: 1,
      Description: '',
      FullSnapshotSizeInBytes: 524_288,
      StorageTier: 'standard',
      TransferType: 'standard',
      Progress: '100%',
    })
    expect(copied.Tags).toBeUndefined()
    expect(copied.StateMessage).toBeUndefined()
    expect(copied.CompletionTime).toBeInstanceOf(Date)
    expect((await refusal(b.send(new DescribeSnapshotsCommand({ SnapshotIds: [bare.SnapshotId ?? ''] })))).code).toBe(
      'InvalidSnapshot.NotFound',
    )
    const Tags = [{ Key: 'of', Value: 'copy' }]
    const more = await a.send(
      copying(source, {
        Description: 'second',
        CompletionDurationMinutes: 30,
        TagSpecifications: [{ ResourceType: 'snapshot', Tags }],
      }),
    )
    expect(more.Tags).toEqual(Tags)
    expect(more.SnapshotId).not.toBe(bare.SnapshotId)
    expect(await finished(a, more.SnapshotId)).toMatchObject({
      Description: 'second',
      Tags,
      TransferType: 'time-based',
      CompletionDurationMinutes: 30,
    })
  })

  it('finds out about the source later', async () => {
    const missing = await a.send(copying(MISSING))
    const wrong = await a.send(copying(plain, { SourceRegion: 'eu-west-1' }))
    for (const { SnapshotId } of [missing, wrong]) {
      expect(await finished(a, SnapshotId)).toMatchObject({
        State: 'error',
        StateMessage: 'Source snapshot is not found',
        VolumeSize: 0,
        Encrypted: false,
        Progress: '0%',
      })
    }
    const { SnapshotId = '' } = await ebsA.send(new StartSnapshotCommand({ VolumeSize: 1 }))
    const early = await a.send(copying(SnapshotId))
    expect(await finished(a, early.SnapshotId)).toMatchObject({
      State: 'error',
      StateMessage: 'Source snapshot is not complete',
      VolumeSize: 0,
    })
  })

  it('asks for the copy and the source, each as whose it is', async () => {
    await a.send(sharing(plain, OTHER_ACCOUNT))
    const source = `arn:aws:ec2:us-east-1::snapshot/${plain}`
    const any = 'arn:aws:ec2:us-east-1::snapshot/*'
    const on = (Resource: string, Condition?: object) => ({
      ...allow('ec2:CopySnapshot', Resource),
      ...(Condition && { Condition }),
    })
    const user = await world.user(OTHER_ACCOUNT, 'copier')
    const tried = async (...statements: readonly object[]) => {
      await world.allow(OTHER_ACCOUNT, 'copier', ...statements)
      return withoutBlob(await refusal(user.ec2.send(copying(plain, { DryRun: true }))))
    }
    const denied = (resource: string) =>
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:CopySnapshot on resource: ${resource} because no identity-based policy allows the ec2:CopySnapshot action`,
      )
    expect(await tried(on(any))).toEqual(DRY_RUN)
    expect(await tried(on(source))).toEqual(denied(any))
    const mine = { StringEquals: { 'aws:ResourceAccount': OTHER_ACCOUNT } }
    const owners = { StringEquals: { 'aws:ResourceAccount': ACCOUNT } }
    expect(await tried(on(any, mine))).toEqual(denied(source))
    expect(await tried(on(any, owners))).toEqual(denied(any))
    expect(await tried(on(any, mine), on(source, owners))).toEqual(DRY_RUN)
    expect(await tried(on(any, mine), on(source, { StringEquals: { 'ec2:Owner': ACCOUNT } }))).toEqual(DRY_RUN)
    expect(await tried(on(any, mine), on(source, { StringEquals: { 'ec2:ResourceTag/t': 'A' } }))).toEqual(
      denied(source),
    )
    const tags = { TagSpecifications: [{ ResourceType: 'snapshot' as const, Tags: [{ Key: 'k', Value: 'v' }] }] }
    const tagging = () => refusal(user.ec2.send(copying(plain, { DryRun: true, ...tags })))
    await world.allow(OTHER_ACCOUNT, 'copier', on(any))
    expect(withoutBlob(await tagging()).message).toContain(
      'ec2:CreateTags on resource: arn:aws:ec2:us-east-1::snapshot/*',
    )
    const create = { StringEquals: { 'ec2:CreateAction': 'CopySnapshot' } }
    await world.allow(OTHER_ACCOUNT, 'copier', on(any), { ...allow('ec2:CreateTags'), Condition: create })
    expect(await tagging()).toEqual(DRY_RUN)
    await a.send(sharing(plain, OTHER_ACCOUNT, 'Remove'))
  })
})

describe('while a copy is made', () => {
  const blobs = () =>
    readdirSync(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).length
  const pass = () => {
    const { clock } = world.emulator.emulator
    clock.setOffset(clock.offset + 60_001)
  }
  async function restart(asyncDelay: number) {
    await world.stop()
    world = await startWorld({ dataDir, asyncDelay })
    a = world.ec2
    b = world.rootOf(OTHER_ACCOUNT).ec2
    ebsA = world.emulator.client(EBSClient)
    ebsB = world.emulator.client(EBSClient, { credentials: rootOf(OTHER_ACCOUNT) })
  }

  it('it is pending, and the source may vanish or be withdrawn before it is looked at', async () => {
    const sources = [await written(ebsA, { 0: 1 }), await written(ebsA, { 0: 1 })] as const
    for (const id of sources) await a.send(sharing(id, OTHER_ACCOUNT))
    await restart(60_000)
    const copies = [await b.send(copying(sources[0])), await b.send(copying(sources[1]))]
    expect(await described(b, copies[0]?.SnapshotId)).toMatchObject({
      State: 'pending',
      StateMessage: 'Metadata not updated',
      VolumeId: 'vol-ffffffff',
      VolumeSize: 0,
      Encrypted: false,
      Progress: '0%',
      StorageTier: 'standard',
      TransferType: 'standard',
    })
    await a.send(new DeleteSnapshotCommand({ SnapshotId: sources[0] }))
    await a.send(sharing(sources[1], OTHER_ACCOUNT, 'Remove'))
    pass()
    for (const { SnapshotId } of copies) {
      expect(await finished(b, SnapshotId)).toMatchObject({
        State: 'error',
        StateMessage: 'Source snapshot is not found',
      })
    }
  })

  it('the program may end: then it is made after the next start, and nothing is left over', async () => {
    await restart(0)
    const key = await world.key()
    const target = await world.key()
    const many = Object.fromEntries(Array.from({ length: 24 }, (_, index) => [index, index + 1]))
    const source = await written(ebsA, many, { KmsKeyArn: key })
    const before = blobs()
    const { SnapshotId } = await a.send(copying(source, { Encrypted: true, KmsKeyId: target }))
    // In the middle of it, its grants are on both keys.
    const grants = await until(async () => {
      const [one, other] = await Promise.all(
        [key, target].map(async (KeyId) => (await world.kms.send(new ListGrantsCommand({ KeyId }))).Grants ?? []),
      )
      const found = [...(one ?? []), ...(other ?? [])]
      return found.length === 2 ? found : undefined
    })
    for (const grant of grants) {
      expect(grant).toMatchObject({
        GranteePrincipal: 'ec2.us-east-1.amazonaws.com',
        RetiringPrincipal: 'ec2.us-east-1.amazonaws.com',
        Operations: ['Decrypt'],
      })
    }
    expect(grants.map(({ Constraints }) => Constraints?.EncryptionContextEquals)).toEqual([
      { 'aws:ebs:id': source },
      { 'aws:ebs:id': SnapshotId },
    ])
    await restart(0)
    expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed', KmsKeyId: target })
    expect(Object.keys(await contents(ebsA, SnapshotId ?? ''))).toHaveLength(24)
    for (const KeyId of [key, target]) {
      await until(async () =>
        (await world.kms.send(new ListGrantsCommand({ KeyId }))).Grants?.length === 0 ? true : undefined,
      )
    }
    expect(blobs()).toBe(before + 24)
    await a.send(new DeleteSnapshotCommand({ SnapshotId }))
    await a.send(new DeleteSnapshotCommand({ SnapshotId: source }))
    expect(blobs()).toBe(before - 24)
  })
})

describe('what KMS is asked for', () => {
  it('is in the decision log and the audit trail, with who asked', async () => {
    const source = await world.key()
    const target = await world.key()
    const id = await written(ebsA, { 0: 1 }, { KmsKeyArn: source })
    const { SnapshotId = '', $metadata } = await a.send(copying(id, { Encrypted: true, KmsKeyId: target }))
    expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed' })
    const names = ['DescribeKey', 'GenerateDataKeyWithoutPlaintext', 'CreateGrant', 'CreateGrant', 'Decrypt', 'Decrypt']
    const view = await until(() =>
      Promise.resolve(world.emulator.emulator.decisions.get($metadata.requestId ?? '')).then((found) =>
        found && found.gates.length >= 9 ? found : undefined,
      ),
    )
    expect(
      view.gates.filter(({ gate }) => gate === 'key').map(({ operation, outcome }) => `${operation} ${outcome}`),
    ).toEqual([...names, 'RetireGrant', 'RetireGrant'].map((name) => `${name} allowed`))
    const front = 'ec2-frontend-api.amazonaws.com'
    const back = 'prod.kms-caller.ebs.us-east-1.amazonaws.com'
    const events = world.emulator.emulator.trail
      .list(1000)
      .filter(({ eventSource }) => eventSource === 'kms.amazonaws.com')
      .filter((event) => [source, target].some((key) => JSON.stringify(event).includes(key)))
      .filter(({ eventName }) => new Set([...names, 'RetireGrant']).has(String(eventName)))
      .map(({ eventName, userIdentity }) => {
        const { type, invokedBy } = userIdentity as { type?: string; invokedBy?: string }
        return `${String(eventName)} ${type ?? ''} ${invokedBy ?? ''}`
      })
      .reverse()
      .slice(-8)
    expect(events).toEqual([
      `DescribeKey Root ${front}`,
      `GenerateDataKeyWithoutPlaintext Root ${front}`,
      `CreateGrant Root ${front}`,
      `CreateGrant Root ${back}`,
      `Decrypt AWSService ${back}`,
      `Decrypt AWSService ${back}`,
      `RetireGrant AWSService ${back}`,
      `RetireGrant AWSService ${back}`,
    ])
  })
})

describe('tags on a snapshot that is shared', () => {
  it('are each account’s own, and outlive the sharing', async () => {
    const id = await written(ebsA, { 0: 1 }, { Tags: [{ Key: 'whose', Value: 'A' }] })
    await a.send(sharing(id, OTHER_ACCOUNT))
    expect((await described(b, id)).Tags).toBeUndefined()
    await b.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'whose', Value: 'B' }] }))
    expect((await described(b, id)).Tags).toEqual([{ Key: 'whose', Value: 'B' }])
    expect((await described(a, id)).Tags).toEqual([{ Key: 'whose', Value: 'A' }])
    await a.send(sharing(id, OTHER_ACCOUNT, 'Remove'))
    expect(await refusal(b.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'k', Value: 'v' }] })))).toEqual(
      badRequest('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`),
    )
    const { Tags } = await b.send(new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [id] }] }))
    expect(Tags).toMatchObject([{ Key: 'whose', Value: 'B', ResourceType: 'snapshot' }])
    expect(await contents(ebsB, id).catch((error: unknown) => (error as Error).name)).toBe('ResourceNotFoundException')
    expect(await contents(ebsA, id)).toEqual({ 0: sha256(block(1)) })
  })
})
