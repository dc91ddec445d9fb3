import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadModel, type ServiceModel } from '../../wire/schema.ts'
import { ruleOf } from './table.ts'

/** The models of services that are elsewhere, from those clients of AWS's SDK that happen to be installed. */
export interface Models {
  /** All clients that know operations of the service; empty when none is installed. */
  of(service: string): Promise<readonly ServiceModel[]>
}

/** The packages that would tell a service's operations, without `@aws-sdk/`. */
export const clientsOf = (service: string): readonly string[] => ruleOf(service).clients ?? [`client-${service}`]

/** More names than that are no services. */
const MOST = 500

export function createModels(): Models {
  const known = new Map<string, Promise<readonly ServiceModel[]>>()
  return {
    of(service) {
      let models = known.get(service)
      if (!models) {
        if (known.size >= MOST || !/^[a-z\d-]{1,60}$/.test(service)) return Promise.resolve([])
        models = load(service)
        known.set(service, models)
      }
      return models
    },
  }
}

async function load(service: string): Promise<readonly ServiceModel[]> {
  const models: ServiceModel[] = []
  for (const client of clientsOf(service)) {
    const module = await moduleOf(`@aws-sdk/${client}`)
    const namespace = module && namespaceOf(module)
    if (module && namespace !== undefined) models.push(loadModel({ namespace, version: '' }, module))
  }
  return models
}

/** A package as Twokey finds it, or else as the program finds it that Twokey was started in. */
async function moduleOf(name: string): Promise<object | undefined> {
  try {
    return (await import(name)) as object
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  try {
    const path = createRequire(join(process.cwd(), 'package.json')).resolve(name)
    return (await import(pathToFileURL(path).href)) as object
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}

const isMissing = (error: unknown) =>
  ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(String((error as { code?: unknown }).code))

/** The SDK writes an operation as `[9, namespace, name, …]`. */
function namespaceOf(module: object): string | undefined {
  const operation = Object.values(module).find((value): value is unknown[] => Array.isArray(value) && value[0] === 9)
  return typeof operation?.[1] === 'string' ? operation[1] : undefined
}
