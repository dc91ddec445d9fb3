import { describe, expect, it } from '@jest/globals'
import { createRegistry } from '../../../emulator/operation/registry.ts'
import { constraints } from '../../../emulator/services/iam/constraints.ts'
import { iamService } from '../../../emulator/services/iam/index.ts'
import { openStore } from '../../../emulator/state/openStore.ts'

const store = await openStore({ dir: ':memory:', fsync: false, log: () => undefined })
const service = createRegistry([iamService], store).require('iam')
const model = await service.model()

describe('the constraint table', () => {
  it.each([...iamService.rows.keys()])('fits the model of %s', (name) => {
    const operation = model.operations.get(name)
    if (!operation) throw new Error(`no operation ${name}`)
    expect(service.validator(operation)).toBeInstanceOf(Function)
  })

  it('has no operation that is not there', () => {
    expect(Object.keys(constraints.operations).filter((name) => !iamService.rows.has(name))).toEqual([])
  })
})
