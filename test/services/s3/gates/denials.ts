import { expect } from '@jest/globals'
import type { Gated } from './operations.ts'
import { decider, isKeyCheck, sentence, type GatesWorld } from './world.ts'
import type { Way } from './ways.ts'

/** Takes one permission of an operation away: it is refused for that, in AWS's whole sentence, and nothing has changed. */
export async function expectDenied(world: GatesWorld, operation: Gated, place: number, way: Way): Promise<void> {
  const check = operation.checks(world)[place]
  if (!check) throw new Error('no such check')
  const before = world.snapshot()
  const { as = world.user, giveBack } = await way.take(world, check)
  try {
    const { status, message, view } = await world.end(operation.run(as.s3, world))
    const text = sentence(as.arn, check, way.cause(check))
    expect([status, view.outcome, view.error]).toEqual([403, 'denied', { code: 'AccessDenied', message: text }])
    // The answer to HEAD has no body to tell it in.
    if (operation.name !== 'HeadObject') expect(message).toBe(text)
    expect(decider(view)).toEqual({ gate: isKeyCheck(check) ? 'key' : 'data', ...check, layer: way.layer })
    expect(world.snapshot()).toEqual(before)
  } finally {
    await giveBack()
  }
}
