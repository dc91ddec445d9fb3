import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { expectDenied } from './gates/denials.ts'
import { questions } from './gates/operations.ts'
import { KEY_WAYS, WAYS } from './gates/ways.ts'
import { GatesWorld, isKeyCheck } from './gates/world.ts'

let world: GatesWorld
beforeAll(async () => {
  world = await GatesWorld.start()
  await world.role()
})
afterAll(() => world.stop())

describe('the key gate', () => {
  describe.each(questions(isKeyCheck))('%s', (_, operation, place) => {
    it.each([...WAYS, ...KEY_WAYS])('is denied when $name', (way) => expectDenied(world, operation, place, way))
  })
})
