import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { RevokeGrantCommand } from '@aws-sdk/client-kms'
import { allow } from './support.ts'
import { OPERATIONS } from './gates/operations.ts'
import { granted, named } from './gates/ways.ts'
import { ACCOUNT, GatesWorld, REGION, allBut, isKeyCheck, sentence, type Check } from './gates/world.ts'

let world: GatesWorld
beforeAll(async () => {
  world = await GatesWorld.start()
})
beforeEach(async () => {
  await world.permit(allow('*'))
  await world.newKeys()
  await world.prepare()
})
afterAll(() => world.stop())

const keyed = OPERATIONS.filter(({ checks }) => checks({ key: '', sourceKey: '', targetKey: '' }).some(isKeyCheck))

/** The object that a key is used for: the one the operation is about, or the source of a copy. */
const contextOf = (check: Check, checks: readonly Check[]) => {
  const objects = checks.filter((each) => !isKeyCheck(each)).map(({ resource }) => resource)
  const source = objects.find((arn) => arn.endsWith('/source'))
  return check.resource === world.sourceKey ? source : objects.find((arn) => arn !== source)
}

describe.each(keyed)('$name', ({ checks, run }) => {
  const keyChecks = () => checks(world).filter(isKeyCheck)
  const outcome = async () => (await world.end(run(world.user.s3, world))).view

  it('is allowed by key policies with conditions that S3’s use of the key meets', async () => {
    const all = checks(world)
    for (const key of world.keys) {
      const mine = keyChecks().filter(({ resource }) => resource === key)
      const statements = mine.map((check) =>
        named(world, check, {
          StringEquals: {
            'kms:EncryptionContext:aws:s3:arn': contextOf(check, all),
            'kms:ViaService': `s3.${REGION}.amazonaws.com`,
            'kms:CallerAccount': ACCOUNT,
          },
          'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': 'aws:s3:arn' },
        }),
      )
      await world.keyPolicy(key, ...statements)
    }
    // The key policies name the user, so its own policy need not speak of keys.
    await world.permit(allow('s3:*'))
    expect(await outcome()).toMatchObject({ outcome: 'allowed' })
  })

  it('is allowed by grants alone, and no more at once when they are revoked', async () => {
    for (const key of world.keys) await world.keyPolicy(key)
    await world.permit(allow('s3:*'))
    const [first, ...rest] = keyChecks()
    if (!first) throw new Error('no key check')
    const Constraints = { EncryptionContextEquals: { 'aws:s3:arn': contextOf(first, checks(world)) ?? '' } }
    const GrantId = await granted(world, first, { Constraints })
    for (const check of rest) await granted(world, check)
    const { outcome: allowed, gates } = await outcome()
    expect(allowed).toBe('allowed')
    const deciders = gates
      .filter(({ gate }) => gate === 'key')
      .flatMap(({ checks: asked }) => asked.map(({ decidedBy }) => decidedBy))
    expect(deciders).toEqual(keyChecks().map(() => expect.objectContaining({ layer: 'grant' })))
    expect(deciders[0]?.grant).toBe(GrantId)

    await world.defaultKeyPolicy(world.key)
    await world.permit(allow('*'))
    await world.prepare()
    await world.keyPolicy(world.key)
    await world.permit(allow('s3:*'))
    await world.kms.send(new RevokeGrantCommand({ KeyId: first.resource, GrantId }))
    const before = world.snapshot()
    const message = sentence(
      world.user.arn,
      first,
      `because no resource-based policy allows the ${first.action} action`,
    )
    expect((await outcome()).error).toEqual({ code: 'AccessDenied', message })
    expect(world.snapshot()).toEqual(before)
  })

  it('uses the key through S3 only, where the identity policy says so', async () => {
    const through = { StringEquals: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` } }
    const [check] = keyChecks()
    if (!check) throw new Error('no key check')
    await world.permit(...allBut(check), { ...allow(check.action, check.resource), Condition: through })
    expect(await outcome()).toMatchObject({ outcome: 'allowed' })
  })
})
