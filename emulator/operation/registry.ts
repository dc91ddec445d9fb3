import type { Store } from '../state/store.ts'
import { loadModel, type OperationModel, type ServiceModel } from '../wire/schema.ts'
import { compileConstraints, type Validator } from './constraints.ts'
import type { AnyRow, ServiceDefinition } from './define.ts'

/** A service with its collections. */
export interface BoundService {
  readonly definition: ServiceDefinition
  readonly state: unknown
  /** The wire contract; AWS's client is loaded on first use. */
  model(): ServiceModel | Promise<ServiceModel>
  row(operation: string): AnyRow['row'] | undefined
  /** The operation's input constraints, compiled on first use. */
  validator(operation: OperationModel): Validator
}

export interface Registry {
  get(name: string): BoundService | undefined
  /** Throws when there is no such service: a mistake in the wiring, not in a request. */
  require(name: string): BoundService
  readonly services: readonly BoundService[]
}

export function createRegistry(definitions: readonly ServiceDefinition[], store: Store): Registry {
  const services = definitions.map((definition) => bind(definition, store))
  const byName = new Map(services.map((service) => [service.definition.name, service]))
  return {
    services,
    get: (name) => byName.get(name),
    require(name) {
      const service = byName.get(name)
      if (!service) throw new Error(`service \`${name}\` is not part of this emulator`)
      return service
    },
  }
}

function bind(definition: ServiceDefinition, store: Store): BoundService {
  let loaded: ServiceModel | undefined
  let loading: Promise<ServiceModel> | undefined
  const load = async () => {
    const model = loadModel(definition.wire, await definition.load())
    // INVARIANT: every row is an operation of AWS's own model, so table and code cannot disagree.
    for (const operation of definition.rows.keys()) {
      if (!model.operations.has(operation)) throw new Error(`\`${definition.name}\` has no operation \`${operation}\``)
    }
    loaded = model
    return model
  }
  const validators = new Map<string, Validator>()
  return {
    definition,
    state: definition.state(store),
    model: () => loaded ?? (loading ??= load()),
    row: (operation) => definition.rows.get(operation),
    validator(operation) {
      let validator = validators.get(operation.name)
      if (!validator) {
        validator = compileConstraints(operation, definition.constraints, definition.protocol)
        validators.set(operation.name, validator)
      }
      return validator
    },
  }
}
