import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  RestoreObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type PutObjectCommandInput,
  type RestoreRequest,
  type Tier,
} from '@aws-sdk/client-s3'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

const BUCKET = 'archive'
const HOUR = 3_600_000
const DAY = 24 * HOUR

let world: World
beforeAll(async () => {
  world = await startWorld(BUCKET)
})
afterAll(() => world.stop())

const clock = () => world.emulator.emulator.clock
const { at, put, get, head, restore, advance } = {
  at: () => clock().now(),
  advance(milliseconds: number) {
    clock().setOffset(clock().offset + milliseconds)
  },
  put: (Key: string, StorageClass: PutObjectCommandInput['StorageClass'], more: Partial<PutObjectCommandInput> = {}) =>
    world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'frozen', StorageClass, ...more })),
  get: (Key: string, s3 = world.s3) => s3.send(new GetObjectCommand({ Bucket: BUCKET, Key })),
  head: (Key: string) => world.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key })),
  restore: async (Key: string, RestoreRequest: RestoreRequest, s3 = world.s3) =>
    (await s3.send(new RestoreObjectCommand({ Bucket: BUCKET, Key, RestoreRequest }))).$metadata.httpStatusCode,
}
const tier = (Tier: Tier, Days = 2): RestoreRequest => ({ Days, GlacierJobParameters: { Tier } })

const midnight = (time: number) => new Date(Math.ceil(time / DAY) * DAY).toUTCString()
const unreadable = {
  status: 403,
  code: 'InvalidObjectState',
  message: "The operation is not valid for the object's storage class",
}

describe('classes that are read at once', () => {
  it.each(['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'REDUCED_REDUNDANCY'] as const)(
    '%s',
    async (storageClass) => {
      await put(storageClass, storageClass)
      const { Body, StorageClass } = await get(storageClass)
      expect(await Body?.transformToString()).toBe('frozen')
      expect(StorageClass).toBe(storageClass)
      expect(await refusal(restore(storageClass, {}))).toEqual({
        status: 403,
        code: 'InvalidObjectState',
        message: "Restore is not allowed for the object's current storage class",
      })
    },
  )

  it('none of another name', async () => {
    expect(await refusal(put('odd', 'COLD' as 'GLACIER'))).toEqual({
      status: 400,
      code: 'InvalidStorageClass',
      message: 'The storage class you specified is not valid',
    })
  })
})

describe('archived objects', () => {
  it.each(['GLACIER', 'DEEP_ARCHIVE'] as const)('%s can be described, and not read', async (storageClass) => {
    await put(storageClass, storageClass)
    expect(await head(storageClass)).toMatchObject({ StorageClass: storageClass, ContentLength: 6 })
    expect(await refusal(get(storageClass))).toEqual(unreadable)
    const raw = await send(
      world.emulator.url,
      signed(world.emulator.url, 's3', { method: 'GET', path: `/${BUCKET}/${storageClass}` }),
    )
    expect(raw.body).toContain(`</Message><StorageClass>${storageClass}</StorageClass>`)
  })

  it('cannot be copied, whole or in part', async () => {
    await put('source', 'GLACIER')
    const CopySource = `${BUCKET}/source`
    const source = { ...unreadable, message: "Operation is not valid for the source object's storage class" }
    expect(await refusal(world.s3.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'copy', CopySource })))).toEqual(
      source,
    )
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'copy' }))
    const part = { Bucket: BUCKET, Key: 'copy', UploadId, PartNumber: 1, CopySource }
    expect(await refusal(world.s3.send(new UploadPartCopyCommand(part)))).toEqual(source)
    expect(await refusal(head('copy'))).toMatchObject({ status: 404 })
  })

  it('come from uploads in parts as well', async () => {
    const place = { Bucket: BUCKET, Key: 'parts' }
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ ...place, StorageClass: 'GLACIER' }))
    const { ETag } = await world.s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'x' }))
    await world.s3.send(
      new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
    )
    expect(await refusal(get('parts'))).toEqual(unreadable)
  })

  it('may be copied into another class once they are restored', async () => {
    await put('thaw', 'GLACIER')
    await restore('thaw', tier('Expedited'))
    advance(HOUR)
    await world.s3.send(
      new CopyObjectCommand({ Bucket: BUCKET, Key: 'thaw', CopySource: `${BUCKET}/thaw`, StorageClass: 'STANDARD' }),
    )
    const { StorageClass, Restore } = await head('thaw')
    expect([StorageClass, Restore]).toEqual([undefined, undefined])
  })
})

describe('a restoration', () => {
  it.each([
    ['GLACIER', 'Expedited', HOUR / 12],
    ['GLACIER', 'Standard', 5 * HOUR],
    ['GLACIER', 'Bulk', 12 * HOUR],
    ['DEEP_ARCHIVE', 'Standard', 12 * HOUR],
    ['DEEP_ARCHIVE', 'Bulk', 48 * HOUR],
  ] as const)('of %s by %s takes its time, lasts its days, and is over', async (storageClass, name, takes) => {
    const key = `${storageClass}-${name}`
    await put(key, storageClass)
    const from = at()
    expect(await restore(key, tier(name))).toBe(202)
    expect((await head(key)).Restore).toBe('ongoing-request="true"')
    advance(takes - 60_000)
    expect(await refusal(get(key))).toEqual(unreadable)
    advance(120_000)
    const { Body, Restore, StorageClass } = await get(key)
    expect(await Body?.transformToString()).toBe('frozen')
    // Time passes while the test runs: the two may fall on either side of midnight only in the last second of a day.
    expect(Restore).toBe(`ongoing-request="false", expiry-date="${midnight(from + takes + 2 * DAY)}"`)
    expect(StorageClass).toBe(storageClass)
    advance(3 * DAY)
    expect(await refusal(get(key))).toEqual(unreadable)
    expect((await head(key)).Restore).toBeUndefined()
  })

  it('is refused while one is under way, unless it is to be faster', async () => {
    await put('hasty', 'GLACIER')
    expect(await restore('hasty', tier('Bulk'))).toBe(202)
    const again = {
      status: 409,
      code: 'RestoreAlreadyInProgress',
      message: 'Object restore is already in progress',
    }
    expect(await refusal(restore('hasty', tier('Bulk')))).toEqual(again)
    expect(await restore('hasty', tier('Expedited'))).toBe(202)
    expect(await refusal(restore('hasty', tier('Standard')))).toEqual(again)
    advance(HOUR)
    expect(await (await get('hasty')).Body?.transformToString()).toBe('frozen')
  })

  it('of a restored object gives its copy new days, counted from now', async () => {
    await put('longer', 'GLACIER')
    await restore('longer', tier('Expedited', 1))
    advance(HOUR)
    expect(await restore('longer', tier('Standard', 10))).toBe(200)
    expect((await head('longer')).Restore).toBe(`ongoing-request="false", expiry-date="${midnight(at() + 10 * DAY)}"`)
    expect(await (await get('longer')).Body?.transformToString()).toBe('frozen')
  })

  it('shows in listings that ask for it', async () => {
    await put('listed', 'GLACIER')
    const listed = async () => {
      const { Contents } = await world.s3.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'listed', OptionalObjectAttributes: ['RestoreStatus'] }),
      )
      return Contents?.[0]?.RestoreStatus
    }
    expect(await listed()).toBeUndefined()
    await restore('listed', tier('Expedited', 1))
    expect(await listed()).toEqual({ IsRestoreInProgress: true })
    advance(HOUR)
    expect(await listed()).toMatchObject({ IsRestoreInProgress: false, RestoreExpiryDate: expect.any(Date) })
  })

  it('needs s3:RestoreObject, and the key only for reading', async () => {
    const key = await world.key()
    await put('sealed', 'GLACIER', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
    const ida = await world.user('ida', allow('s3:GetObject'))
    expect(await refusal(restore('sealed', tier('Expedited'), ida.s3))).toEqual(
      denied(
        `User: ${ida.arn} is not authorized to perform: s3:RestoreObject on resource: "arn:aws:s3:::archive/sealed" because no identity-based policy allows the s3:RestoreObject action`,
      ),
    )
    expect((await head('sealed')).Restore).toBeUndefined()
    await world.allow('ida', allow(['s3:GetObject', 's3:RestoreObject']))
    expect(await restore('sealed', tier('Expedited'), ida.s3)).toBe(202)
    advance(HOUR)
    expect(await refusal(get('sealed', ida.s3))).toEqual(
      denied(
        `User: ${ida.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
      ),
    )
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    expect(await refusal(get('sealed'))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${key} is disabled.`,
    })
  })

  it.each<[string, RestoreRequest, object]>([
    ['without days', {}, { status: 400, code: 'MalformedXML' }],
    ['for no days', { Days: 0 }, { status: 400, code: 'InvalidArgument' }],
    ['by an unknown tier', tier('Slow' as Tier), { status: 400, code: 'MalformedXML' }],
    [
      'of type SELECT',
      { Type: 'SELECT', Tier: 'Standard' },
      { status: 501, code: 'NotImplemented', message: 'twokey does not emulate s3 restores of type SELECT' },
    ],
  ])('is refused %s', async (_name, request, expected) => {
    await put('refused', 'GLACIER')
    expect(await refusal(restore('refused', request))).toMatchObject(expected)
    expect((await head('refused')).Restore).toBeUndefined()
  })

  it('is refused by a tier that the class does not have', async () => {
    await put('deep', 'DEEP_ARCHIVE')
    expect(await refusal(restore('deep', tier('Expedited')))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message: 'Retrieval option is not supported by this storage class',
    })
  })

  it('gives no days to objects that move between tiers by themselves', async () => {
    await put('clever', 'INTELLIGENT_TIERING')
    expect(await refusal(restore('clever', { Days: 1 }))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message:
        'INTELLIGENT_TIERING objects are not subject to restore expiry. Do not specify Days when restoring this object',
    })
  })

  it('is refused for keys that do not exist', async () => {
    expect(await refusal(restore('nothing', tier('Bulk')))).toMatchObject({ status: 404, code: 'NoSuchKey' })
  })
})
