import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { expectDenied } from './gates/denials.ts'
import { questions } from './gates/operations.ts'
import { WAYS } from './gates/ways.ts'
import { GatesWorld, isKeyCheck } from './gates/world.ts'

let world: GatesWorld
beforeAll(async () => {
  world = await GatesWorld.start()
  await world.role()
})
afterAll(() => world.stop())

describe('the data gate', () => {
  describe.each(questions((check) => !isKeyCheck(check)))('%s', (_, operation, place) => {
    it.each(WAYS)('is denied when $name', (way) => expectDenied(world, operation, place, way))
  })
})
