import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  UpdateObjectEncryptionCommand,
  UploadPartCommand,
  type DefaultRetention,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, deny, refusal, startWorld, type Refusal, type World } from './support.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const DAY = 86_400_000
const now = () => world.emulator.emulator.clock.now()
/** A moment some days from now, whole seconds. */
const inDays = (days: number) => new Date(Math.floor(now() / 1000) * 1000 + days * DAY)
const advance = (milliseconds: number) => {
  const { clock } = world.emulator.emulator
  clock.setOffset(clock.offset + milliseconds)
}

let count = 0
async function lockable(byDefault?: DefaultRetention): Promise<string> {
  const Bucket = `locked-${String(++count)}`
  await world.s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
  if (byDefault) await configure(Bucket, { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: byDefault } })
  return Bucket
}
async function plain(): Promise<string> {
  const Bucket = `unlocked-${String(++count)}`
  await world.s3.send(new CreateBucketCommand({ Bucket }))
  return Bucket
}
const configure = (Bucket: string, configuration: object) =>
  world.s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: configuration,
    }),
  )
const configuration = async (Bucket: string) =>
  (await world.s3.send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration

const Key = 'k'
async function put(Bucket: string, more: Partial<PutObjectCommandInput> = {}): Promise<string> {
  const { VersionId } = await world.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'content', ...more }))
  return VersionId ?? ''
}
const remove = (Bucket: string, VersionId: string | undefined, bypass?: boolean, s3: S3Client = world.s3) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: bypass }))
const retain = (Bucket: string, Retention: object, bypass?: boolean, s3: S3Client = world.s3) =>
  s3.send(
    new PutObjectRetentionCommand({
      Bucket,
      Key,
      Retention: Retention,
      BypassGovernanceRetention: bypass,
    }),
  )
const retention = async (Bucket: string) =>
  (await world.s3.send(new GetObjectRetentionCommand({ Bucket, Key }))).Retention
const hold = (Bucket: string, Status: string) =>
  world.s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: Status as 'ON' } }))

const LOCKED = denied('Access Denied because object protected by object lock.')
const MALFORMED = {
  status: 400,
  code: 'MalformedXML',
  message: 'The XML you provided was not well-formed or did not validate against our published schema',
}
const NO_LOCK = { status: 400, code: 'InvalidRequest', message: 'Bucket is missing Object Lock Configuration' }
const NOT_LOCKED = {
  status: 404,
  code: 'NoSuchObjectLockConfiguration',
  message: 'The specified object does not have a ObjectLock configuration',
}
const invalid = (message: string): Refusal => ({ status: 400, code: 'InvalidArgument', message })

describe('a bucket with Object Lock', () => {
  it('is created as such, under versioning that stays enabled', async () => {
    const Bucket = await lockable()
    expect(await configuration(Bucket)).toEqual({ ObjectLockEnabled: 'Enabled' })
    const status = async () => (await world.s3.send(new GetBucketVersioningCommand({ Bucket }))).Status
    const change = (Status: 'Enabled' | 'Suspended') =>
      world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
    expect(await status()).toBe('Enabled')
    expect(await refusal(change('Suspended'))).toEqual({
      status: 409,
      code: 'InvalidBucketState',
      message: 'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    })
    await change('Enabled')
    expect(await status()).toBe('Enabled')
  })

  it('takes the permissions to configure both', async () => {
    const create = (s3: S3Client, Bucket: string) =>
      s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    const { s3, arn } = await world.user('lock-maker', allow('s3:CreateBucket'))
    const needs = (action: string) =>
      denied(
        `User: ${arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::made-locked" because no identity-based policy allows the ${action} action`,
      )
    expect(await refusal(create(s3, 'made-locked'))).toEqual(needs('s3:PutBucketObjectLockConfiguration'))
    await world.allow('lock-maker', allow(['s3:CreateBucket', 's3:PutBucketObjectLockConfiguration']))
    expect(await refusal(create(s3, 'made-locked'))).toEqual(needs('s3:PutBucketVersioning'))
    await world.allow('lock-maker', allow(['s3:CreateBucket', 's3:PutBucket*']))
    await create(s3, 'made-locked')
  })

  it('may become one later, once it is under versioning', async () => {
    const Bucket = await plain()
    const enabled = { ObjectLockEnabled: 'Enabled' }
    expect(await refusal(configuration(Bucket))).toEqual({
      status: 404,
      code: 'ObjectLockConfigurationNotFoundError',
      message: 'Object Lock configuration does not exist for this bucket',
    })
    expect(await refusal(configure(Bucket, enabled))).toEqual({
      status: 409,
      code: 'InvalidBucketState',
      message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    })
    await world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    await configure(Bucket, enabled)
    expect(await configuration(Bucket)).toEqual(enabled)
  })

  it('keeps one default retention, in days or in years', async () => {
    const Bucket = await lockable({ Mode: 'GOVERNANCE', Days: 3 })
    const kept = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 3 } } }
    expect(await configuration(Bucket)).toEqual(kept)
    const rule = (DefaultRetention: object) => ({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } })
    const wrong = (change: object) => refusal(configure(Bucket, change))
    expect(await wrong({})).toEqual(MALFORMED)
    expect(await wrong({ ObjectLockEnabled: 'Disabled' })).toEqual(MALFORMED)
    expect(await wrong(rule({ Days: 1 }))).toEqual(MALFORMED)
    expect(await wrong(rule({ Mode: 'STRICT', Days: 1 }))).toEqual(MALFORMED)
    expect(await wrong(rule({ Mode: 'COMPLIANCE' }))).toEqual(MALFORMED)
    expect(await wrong(rule({ Mode: 'COMPLIANCE', Days: 1, Years: 1 }))).toEqual(MALFORMED)
    expect(await wrong(rule({ Mode: 'COMPLIANCE', Days: 0 }))).toEqual(
      invalid('Default retention period must be a positive integer value.'),
    )
    expect(await wrong(rule({ Mode: 'COMPLIANCE', Years: 101 }))).toEqual(invalid('Default retention period too large'))
    expect(await configuration(Bucket)).toEqual(kept)
    await configure(Bucket, { ObjectLockEnabled: 'Enabled' })
    expect(await configuration(Bucket)).toEqual({ ObjectLockEnabled: 'Enabled' })
  })
})

describe('a locked version', () => {
  it('in compliance mode is deleted by nobody before its time', async () => {
    const Bucket = await lockable()
    const VersionId = await put(Bucket, {
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: inDays(10),
    })
    expect(await refusal(remove(Bucket, VersionId))).toEqual(LOCKED)
    expect(await refusal(remove(Bucket, VersionId, true))).toEqual(LOCKED)
    advance(9 * DAY)
    expect(await refusal(remove(Bucket, VersionId, true))).toEqual(LOCKED)
    const read = await world.s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))
    expect(await read.Body?.transformToString()).toBe('content')
    advance(DAY + 1000)
    await remove(Bucket, VersionId)
    expect((await refusal(world.s3.send(new GetObjectCommand({ Bucket, Key })))).code).toBe('NoSuchKey')
  })

  it('in governance mode gives way to those who bypass it and may', async () => {
    const Bucket = await lockable()
    const VersionId = await put(Bucket, { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(10) })
    const { s3, arn } = await world.user('bypasser', allow('s3:DeleteObjectVersion'))
    expect(await refusal(remove(Bucket, VersionId, false, s3))).toEqual(LOCKED)
    expect(await refusal(remove(Bucket, VersionId, true, s3))).toEqual(
      denied(
        `User: ${arn} is not authorized to perform: s3:BypassGovernanceRetention on resource: "arn:aws:s3:::${Bucket}/${Key}" because no identity-based policy allows the s3:BypassGovernanceRetention action`,
      ),
    )
    await world.allow('bypasser', allow(['s3:DeleteObjectVersion', 's3:BypassGovernanceRetention']))
    expect(await refusal(remove(Bucket, VersionId, false, s3))).toEqual(LOCKED)
    expect((await remove(Bucket, VersionId, true, s3)).VersionId).toBe(VersionId)
  })

  it('under a legal hold is kept as long as that lasts', async () => {
    const Bucket = await lockable()
    const VersionId = await put(Bucket, { ObjectLockLegalHoldStatus: 'ON' })
    expect(await refusal(remove(Bucket, VersionId, true))).toEqual(LOCKED)
    advance(400 * DAY)
    expect(await refusal(remove(Bucket, VersionId, true))).toEqual(LOCKED)
    await hold(Bucket, 'OFF')
    await remove(Bucket, VersionId)
  })

  it('may be hidden by a delete marker, which is not locked, and by new versions', async () => {
    const Bucket = await lockable({ Mode: 'COMPLIANCE', Days: 1 })
    const first = await put(Bucket)
    const marker = await remove(Bucket, undefined)
    expect(marker.DeleteMarker).toBe(true)
    await put(Bucket)
    await remove(Bucket, marker.VersionId)
    expect(await refusal(remove(Bucket, first))).toEqual(LOCKED)
  })

  it('is kept where many are deleted at once', async () => {
    const Bucket = await lockable()
    const kept = await put(Bucket, { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(1) })
    const free = await put(Bucket)
    const removeAll = (s3: S3Client, bypass?: boolean) =>
      s3.send(
        new DeleteObjectsCommand({
          Bucket,
          BypassGovernanceRetention: bypass,
          Delete: { Objects: [kept, free].map((VersionId) => ({ Key, VersionId })) },
        }),
      )
    const { Deleted, Errors } = await removeAll(world.s3)
    expect(Deleted).toEqual([{ Key, VersionId: free }])
    expect(Errors).toEqual([{ Key, VersionId: kept, Code: 'AccessDenied', Message: LOCKED.message }])
    const { s3 } = await world.user('many-deleter', allow('s3:DeleteObjectVersion'))
    const refused = (await removeAll(s3, true)).Errors
    expect(refused?.map(({ Message }) => Message)).toEqual([
      expect.stringContaining('s3:BypassGovernanceRetention'),
      expect.stringContaining('s3:BypassGovernanceRetention'),
    ])
    expect((await removeAll(world.s3, true)).Deleted?.length).toBe(2)
  })

  it('keeps its encryption, too', async () => {
    const Bucket = await lockable()
    await put(Bucket, { ObjectLockLegalHoldStatus: 'ON' })
    const KMSKeyArn = await world.key()
    const ObjectEncryption = { SSEKMS: { KMSKeyArn } }
    const update = () => world.s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key, ObjectEncryption }))
    expect(await refusal(update())).toEqual(
      denied(
        "The encryption type for the specified object can't be updated because that object is protected by S3 Object Lock. If the object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have an Object Lock compliance mode retention period applied to them.",
      ),
    )
    await hold(Bucket, 'OFF')
    await update()
    expect((await world.s3.send(new HeadObjectCommand({ Bucket, Key }))).SSEKMSKeyId).toBe(KMSKeyArn)
  })

  it('cannot be had, and nothing bypassed, where the bucket has no Object Lock', async () => {
    const Bucket = await plain()
    expect(await refusal(put(Bucket, { ObjectLockLegalHoldStatus: 'ON' }))).toEqual(NO_LOCK)
    await put(Bucket)
    expect(await refusal(remove(Bucket, 'null', true))).toEqual(
      invalid('x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.'),
    )
    expect(await refusal(retention(Bucket))).toEqual(NO_LOCK)
    expect(await refusal(retain(Bucket, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(1) }))).toEqual(NO_LOCK)
    expect(await refusal(hold(Bucket, 'ON'))).toEqual(NO_LOCK)
    expect(await refusal(world.s3.send(new GetObjectLegalHoldCommand({ Bucket, Key })))).toEqual(NO_LOCK)
  })
})

describe('retention', () => {
  it('comes from the write, or else from the bucket at that moment', async () => {
    const Bucket = await lockable({ Mode: 'GOVERNANCE', Days: 3 })
    const before = now()
    await put(Bucket)
    const byDefault = await retention(Bucket)
    expect(byDefault?.Mode).toBe('GOVERNANCE')
    const until = byDefault?.RetainUntilDate?.getTime() ?? 0
    expect(until).toBeGreaterThanOrEqual(before + 3 * DAY)
    expect(until).toBeLessThanOrEqual(now() + 3 * DAY)
    const asked = { Mode: 'COMPLIANCE' as const, RetainUntilDate: inDays(1) }
    await put(Bucket, { ObjectLockMode: asked.Mode, ObjectLockRetainUntilDate: asked.RetainUntilDate })
    expect(await retention(Bucket)).toEqual(asked)
  })

  it('in years ends on the same day of the year', async () => {
    const Bucket = await lockable({ Mode: 'GOVERNANCE', Years: 2 })
    await put(Bucket)
    const until = (await retention(Bucket))?.RetainUntilDate
    const today = new Date(now())
    expect(until?.getUTCFullYear()).toBe(today.getUTCFullYear() + 2)
  })

  it('comes with copies and multipart uploads too', async () => {
    const Bucket = await lockable({ Mode: 'GOVERNANCE', Days: 3 })
    await put(Bucket, { ObjectLockLegalHoldStatus: 'ON' })
    const lock = { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: inDays(1) }
    const CopySource = `${Bucket}/${Key}`
    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'locked-copy', CopySource, ...lock }))
    const upload = async (name: string, more: object) => {
      const on = { Bucket, Key: name }
      const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ ...on, ...more }))
      const part = new UploadPartCommand({ ...on, UploadId, PartNumber: 1, Body: 'part' })
      const { ETag } = await world.s3.send(part)
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      await world.s3.send(new CompleteMultipartUploadCommand({ ...on, UploadId, MultipartUpload }))
    }
    await upload('upload', {})
    await upload('locked-upload', { ...lock, ObjectLockLegalHoldStatus: 'OFF' })
    const head = async (name: string) => {
      const answer = await world.s3.send(new HeadObjectCommand({ Bucket, Key: name }))
      return {
        ObjectLockMode: answer.ObjectLockMode,
        ObjectLockRetainUntilDate: answer.ObjectLockRetainUntilDate,
        ObjectLockLegalHoldStatus: answer.ObjectLockLegalHoldStatus,
      }
    }
    const byDefault = {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: expect.any(Date),
      ObjectLockLegalHoldStatus: undefined,
    }
    expect(await head('copy')).toEqual(byDefault)
    expect(await head('upload')).toEqual(byDefault)
    expect(await head('locked-copy')).toEqual({ ...lock, ObjectLockLegalHoldStatus: undefined })
    expect(await head('locked-upload')).toEqual({ ...lock, ObjectLockLegalHoldStatus: 'OFF' })
  })

  it('is extended by those who may set it, and otherwise changed only by a bypass', async () => {
    const Bucket = await lockable()
    await put(Bucket)
    const governed = (days: number) => ({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(days) })
    const { s3 } = await world.user('retainer', allow('s3:PutObjectRetention'))
    await retain(Bucket, governed(5), false, s3)
    await retain(Bucket, governed(6), false, s3)
    expect(await refusal(retain(Bucket, governed(4), false, s3))).toEqual(LOCKED)
    expect(await refusal(retain(Bucket, {}, false, s3))).toEqual(LOCKED)
    const compliance = (days: number) => ({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(days) })
    expect(await refusal(retain(Bucket, compliance(7), false, s3))).toEqual(LOCKED)
    expect((await refusal(retain(Bucket, governed(4), true, s3))).message).toContain('s3:BypassGovernanceRetention')
    await retain(Bucket, governed(4), true)
    expect(await retention(Bucket)).toEqual(governed(4))
    await retain(Bucket, {}, true)
    expect(await refusal(retention(Bucket))).toEqual(NOT_LOCKED)
  })

  it('in compliance mode can only be extended', async () => {
    const Bucket = await lockable()
    await put(Bucket, { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(5) })
    const kept = await retention(Bucket)
    expect(await refusal(retain(Bucket, { Mode: 'COMPLIANCE', RetainUntilDate: inDays(4) }, true))).toEqual(LOCKED)
    expect(await refusal(retain(Bucket, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(9) }, true))).toEqual(LOCKED)
    expect(await refusal(retain(Bucket, {}, true))).toEqual(LOCKED)
    expect(await retention(Bucket)).toEqual(kept)
    const longer = { Mode: 'COMPLIANCE', RetainUntilDate: inDays(6) }
    await retain(Bucket, longer)
    expect(await retention(Bucket)).toEqual(longer)
    advance(7 * DAY)
    // It is told for ever, but protects no longer.
    expect(await retention(Bucket)).toEqual(longer)
    await retain(Bucket, {})
    expect(await refusal(retention(Bucket))).toEqual(NOT_LOCKED)
  })

  it('must make sense', async () => {
    const Bucket = await lockable()
    await put(Bucket)
    const past = { Mode: 'GOVERNANCE', RetainUntilDate: inDays(-1) }
    expect(await refusal(retain(Bucket, past))).toEqual(invalid('The retain until date must be in the future!'))
    expect(await refusal(retain(Bucket, { Mode: 'GOVERNANCE' }))).toEqual(MALFORMED)
    expect(await refusal(retain(Bucket, { RetainUntilDate: inDays(1) }))).toEqual(MALFORMED)
    expect(await refusal(retain(Bucket, { Mode: 'STRICT', RetainUntilDate: inDays(1) }))).toEqual(MALFORMED)
    expect(await refusal(retention(Bucket))).toEqual(NOT_LOCKED)
    const wrong = (headers: object) => refusal(put(Bucket, headers))
    expect(await wrong({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(-1) })).toEqual(
      invalid('The retain until date must be in the future!'),
    )
    expect(await wrong({ ObjectLockMode: 'STRICT', ObjectLockRetainUntilDate: inDays(1) })).toEqual(
      invalid('Unknown wormMode directive.'),
    )
    const both = 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied'
    expect(await wrong({ ObjectLockMode: 'GOVERNANCE' })).toEqual(invalid(both))
    expect(await wrong({ ObjectLockRetainUntilDate: inDays(1) })).toEqual(invalid(both))
    expect(await wrong({ ObjectLockLegalHoldStatus: 'MAYBE' })).toEqual(
      invalid("Legal Hold must be either of 'ON' or 'OFF'"),
    )
  })
})

describe('a legal hold', () => {
  it('is set and lifted, whatever the retention', async () => {
    const Bucket = await lockable({ Mode: 'COMPLIANCE', Days: 1 })
    await put(Bucket)
    const status = async () => (await world.s3.send(new GetObjectLegalHoldCommand({ Bucket, Key }))).LegalHold?.Status
    expect(await refusal(status())).toEqual(NOT_LOCKED)
    for (const state of ['ON', 'OFF']) {
      await hold(Bucket, state)
      expect(await status()).toBe(state)
    }
    expect(await refusal(hold(Bucket, 'MAYBE'))).toEqual(MALFORMED)
    expect((await retention(Bucket))?.Mode).toBe('COMPLIANCE')
  })
})

describe('an upload that will be locked', () => {
  it('comes with a checksum', async () => {
    const Bucket = await lockable()
    const { url } = world.emulator
    const bare = (path: string, headers: Record<string, string> = {}) =>
      send(url, signed(url, 's3', { method: 'PUT', path, body: 'content', headers }))
    const lock = { 'x-amz-object-lock-legal-hold': 'ON' }
    const refused = await bare(`/${Bucket}/${Key}`, lock)
    expect([refused.status, refused.body]).toEqual([
      400,
      expect.stringContaining(
        '<Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters</Message>',
      ),
    ])
    expect((await bare(`/${Bucket}/${Key}`, { ...lock, 'content-md5': 'mgNkuembtIDdJegXiOIp5A==' })).status).not.toBe(
      501,
    )
    expect((await bare(`/${Bucket}/unlocked`)).status).toBe(200)
    const byDefault = await lockable({ Mode: 'GOVERNANCE', Days: 1 })
    expect((await bare(`/${byDefault}/${Key}`)).status).toBe(400)
  })
})

describe('permissions and conditions', () => {
  it('locks in headers take permissions of their own', async () => {
    const Bucket = await lockable()
    const { s3, arn } = await world.user('lock-writer', allow('s3:PutObject'))
    const write = (more: object) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }))
    const needs = (action: string) =>
      denied(
        `User: ${arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}/${Key}" because no identity-based policy allows the ${action} action`,
      )
    const retained = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(1) }
    await write({})
    expect(await refusal(write(retained))).toEqual(needs('s3:PutObjectRetention'))
    expect(await refusal(write({ ObjectLockLegalHoldStatus: 'OFF' }))).toEqual(needs('s3:PutObjectLegalHold'))
    await world.allow('lock-writer', allow(['s3:PutObject', 's3:PutObjectRetention', 's3:PutObjectLegalHold']))
    await write({ ...retained, ObjectLockLegalHoldStatus: 'OFF' })
  })

  it('reads tell the lock to those who may know it', async () => {
    const Bucket = await lockable()
    const until = inDays(1)
    await put(Bucket, {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: until,
      ObjectLockLegalHoldStatus: 'OFF',
    })
    const { s3 } = await world.user('lock-reader', allow('s3:GetObject'))
    const read = () => s3.send(new GetObjectCommand({ Bucket, Key }))
    const hidden = await read()
    expect([hidden.ObjectLockMode, hidden.ObjectLockLegalHoldStatus]).toEqual([undefined, undefined])
    await world.allow('lock-reader', allow(['s3:GetObject', 's3:GetObjectRetention', 's3:GetObjectLegalHold']))
    expect(await read()).toMatchObject({
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: until,
      ObjectLockLegalHoldStatus: 'OFF',
    })
  })

  it('policies see mode, date, days and hold of a request', async () => {
    const Bucket = await lockable()
    await put(Bucket)
    const when = (operator: string, key: string, value: string) => ({
      ...deny('s3:*'),
      Condition: { [operator]: { [key]: value } },
    })
    const { s3, arn } = await world.user(
      'conditioned',
      allow('s3:*'),
      when('NumericGreaterThan', 's3:object-lock-remaining-retention-days', '10'),
      when('StringEquals', 's3:object-lock-mode', 'COMPLIANCE'),
      when('StringEquals', 's3:object-lock-legal-hold', 'ON'),
      when('DateLessThan', 's3:object-lock-retain-until-date', inDays(2).toISOString()),
    )
    const refused = (action: string) =>
      denied(
        `User: ${arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}/${Key}" with an explicit deny in an identity-based policy`,
      )
    const governed = (days: number) => ({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(days) })
    const on = (what: Promise<unknown>) => refusal(what)
    expect(await on(retain(Bucket, governed(11), false, s3))).toEqual(refused('s3:PutObjectRetention'))
    expect(await on(retain(Bucket, governed(1), false, s3))).toEqual(refused('s3:PutObjectRetention'))
    expect(await on(retain(Bucket, { Mode: 'COMPLIANCE', RetainUntilDate: inDays(5) }, false, s3))).toEqual(
      refused('s3:PutObjectRetention'),
    )
    const holding = new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'ON' } })
    expect(await on(s3.send(holding))).toEqual(refused('s3:PutObjectLegalHold'))
    const write = new PutObjectCommand({ Bucket, Key, Body: 'x', ObjectLockLegalHoldStatus: 'ON' })
    expect(await on(s3.send(write))).toEqual(refused('s3:PutObject'))
    await retain(Bucket, governed(5), false, s3)
  })
})
