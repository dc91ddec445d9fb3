import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { allow } from './support.ts'
import { CORE_OPERATIONS } from './gates/operations.ts'
import { ACCOUNT, Bucket, GatesWorld, allBut, isKeyCheck, sentence } from './gates/world.ts'

let world: GatesWorld
beforeAll(async () => {
  world = await GatesWorld.start()
})
beforeEach(async () => {
  await world.permit(allow('*'))
  await world.prepare()
})
afterAll(() => world.stop())

const SERVICE = 'fas.s3.amazonaws.com'
const keyed = CORE_OPERATIONS.filter(({ checks }) => checks({ key: '', sourceKey: '', targetKey: '' }).some(isKeyCheck))

/** The records that a request leaves, oldest first. */
async function recordsOf(request: () => Promise<unknown>) {
  world.emulator.trail.clear()
  await request()
  return world.emulator.trail.list(100).reverse()
}

/** Calls of KMS are S3's doing in the caller's name. */
const byS3 = () => ({
  userIdentity: expect.objectContaining({
    type: 'IAMUser',
    arn: world.user.arn,
    accountId: ACCOUNT,
    invokedBy: SERVICE,
  }) as unknown,
  eventSource: 'kms.amazonaws.com',
  sourceIPAddress: SERVICE,
  userAgent: SERVICE,
  recipientAccountId: ACCOUNT,
})

describe.each(keyed)('$name', ({ checks, run }) => {
  const contexts = () => {
    const objects = new Set(checks(world).flatMap((each) => (isKeyCheck(each) ? [] : [each.resource])))
    return { own: [...objects].find((arn) => !arn.endsWith('/source')), source: `arn:aws:s3:::${Bucket}/source` }
  }

  it('leaves a record of each use of a key, with its encryption context', async () => {
    const records = await recordsOf(() => run(world.user.s3, world))
    const { own, source } = contexts()
    const uses = checks(world).filter(isKeyCheck)
    expect(records.filter(({ eventSource }) => eventSource === 'kms.amazonaws.com')).toEqual(
      uses.map(({ action, resource }) =>
        expect.objectContaining({
          ...byS3(),
          eventName: action.slice('kms:'.length),
          requestParameters: expect.objectContaining({
            encryptionContext: { 'aws:s3:arn': resource === world.sourceKey ? source : own },
          }) as unknown,
          resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: resource }],
        }),
      ),
    )
    expect(records.at(-1)).toMatchObject({ eventSource: 's3.amazonaws.com', eventCategory: 'Data' })
    // Neither the data key nor anything of the object.
    expect(JSON.stringify(records)).not.toMatch(/plaintext"|of the (object|source|part)/i)
  })

  it('leaves a record of a refusal, without parameters and resources', async () => {
    const uses = checks(world).filter(isKeyCheck)
    const denied = uses.at(-1)
    if (!denied) throw new Error('no key check')
    await world.permit(...allBut(denied))
    const records = await recordsOf(() => world.end(run(world.user.s3, world)))
    const calls = records.filter(({ eventSource }) => eventSource === 'kms.amazonaws.com')
    // The uses before it stand (facts: captures 7.7).
    expect(calls.map(({ errorCode }) => errorCode)).toEqual([...uses.slice(1).map(() => undefined), 'AccessDenied'])
    const cause = `because no identity-based policy allows the ${denied.action} action`
    const refused = calls.at(-1)
    expect(refused).toMatchObject({
      ...byS3(),
      errorMessage: sentence(world.user.arn, denied, cause),
      requestParameters: null,
      responseElements: null,
    })
    expect(refused).not.toHaveProperty('resources')
    expect(records.at(-1)).toMatchObject({ eventSource: 's3.amazonaws.com', errorCode: 'AccessDenied' })
  })

  it('leaves a record of a key that cannot be used, about that key', async () => {
    const [use] = checks(world).filter(isKeyCheck)
    const KeyId = use?.resource
    await world.kms.send(new DisableKeyCommand({ KeyId }))
    const records = await recordsOf(() => world.end(run(world.user.s3, world)))
    await world.kms.send(new EnableKeyCommand({ KeyId }))
    expect(records.filter(({ eventSource }) => eventSource === 'kms.amazonaws.com')).toMatchObject([
      { ...byS3(), errorCode: 'DisabledException', errorMessage: `${KeyId ?? ''} is disabled.` },
    ])
  })
})

describe('a write that S3 refuses', () => {
  it('has used the key before, on record', async () => {
    const put = CORE_OPERATIONS[0]
    if (!put) throw new Error('no operation')
    await world.permit(allow('kms:*'))
    const records = await recordsOf(() => world.end(put.run(world.user.s3, world)))
    expect(records).toMatchObject([
      { eventName: 'GenerateDataKey', requestParameters: { encryptionContext: expect.anything() as unknown } },
      { eventName: 'PutObject', errorCode: 'AccessDenied' },
    ])
    expect(records[0]).not.toHaveProperty('errorCode')
  })
})
