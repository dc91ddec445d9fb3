import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DeleteObjectsCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { allow, deny } from './support.ts'
import { OPERATIONS } from './gates/operations.ts'
import { Bucket, GatesWorld, decider, isKeyCheck, sentence } from './gates/world.ts'

let world: GatesWorld
beforeAll(async () => {
  world = await GatesWorld.start()
})
afterAll(() => world.stop())

describe.each(OPERATIONS)('$name', ({ checks, run, name }) => {
  beforeEach(() => world.prepare())

  it('asks in AWS’s order, is allowed when all is, and changes nothing before', async () => {
    const all = checks(world)
    const before = world.snapshot()
    const given: object[] = [allow('iam:GetUser')]
    for (const [place, check] of all.entries()) {
      await world.permit(...given)
      const { status, code, message, view } = await world.end(run(world.user.s3, world))
      const cause = `because no identity-based policy allows the ${check.action} action`
      const text = sentence(world.user.arn, check, cause)
      expect(view.error).toEqual({ code: 'AccessDenied', message: text })
      // The answer to HEAD has no body to tell it in.
      if (name === 'HeadObject') expect(status).toBe(403)
      else expect({ status, code, message }).toEqual({ status: 403, code: 'AccessDenied', message: text })
      expect(decider(view)).toEqual({ gate: isKeyCheck(check) ? 'key' : 'data', ...check, layer: 'identity' })
      expect(asked(view)).toEqual(sorted(all.slice(0, place + 1)))
      expect(world.snapshot()).toEqual(before)
      given.push(allow(check.action, check.resource))
    }
    await world.permit(...given)
    const { view } = await world.end(run(world.user.s3, world))
    expect([view.outcome, view.error, asked(view)]).toEqual(['allowed', undefined, sorted(all)])
  })
})

interface Asked {
  readonly action: string
  readonly resource: string
}

/** The decision log tells the data gate first; that refusals come in order shows the order. */
const sorted = (checks: readonly Asked[]) => checks.map(({ action, resource }) => `${action} ${resource}`).sort()
const asked = ({ gates }: { readonly gates: readonly { readonly checks: readonly Asked[] }[] }) =>
  sorted(gates.flatMap((gate) => gate.checks))

describe('HeadObject with checksums', () => {
  it('answers without them when the key is not to be had', async () => {
    await world.prepare()
    await world.permit(allow('s3:GetObject'))
    const head = () => world.user.s3.send(new HeadObjectCommand({ Bucket, Key: 'object', ChecksumMode: 'ENABLED' }))
    const { ChecksumCRC32, ChecksumCRC64NVME, ChecksumType, ContentLength } = await head()
    expect([ContentLength, ChecksumCRC32 ?? ChecksumCRC64NVME, ChecksumType]).toEqual([13, undefined, undefined])
    await world.permit(allow(['s3:GetObject', 'kms:Decrypt']))
    expect((await head()).ChecksumType).toBe('FULL_OBJECT')
  })
})

describe('DeleteObjects', () => {
  it('asks for each key, and refuses only those that may not go', async () => {
    await world.prepare()
    await world.permit(allow('*'), deny('s3:DeleteObject', `arn:aws:s3:::${Bucket}/object`))
    const Objects = [{ Key: 'object' }, { Key: 'source' }]
    const { Deleted, Errors } = await world.user.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted).toEqual([{ Key: 'source' }])
    const check = { action: 's3:DeleteObject', resource: `arn:aws:s3:::${Bucket}/object` }
    const Message = sentence(world.user.arn, check, 'with an explicit deny in an identity-based policy')
    expect(Errors).toEqual([{ Key: 'object', Code: 'AccessDenied', Message }])
    await expect(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'object' }))).resolves.toBeDefined()
  })
})
