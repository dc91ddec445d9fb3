import type { KeySpec as SpecName, KeyUsageType } from '@aws-sdk/client-kms'
import { KEY_SPECS } from '../../services/kms/keySpecs.ts'
import { WorldError, type KeySpec } from './world.ts'

/**
 * Spec and usage of a world's key, as CreateKey wants them. A usage may be left out where the spec has only one.
 * @param place as in `make`, for the sentence that a mistake is answered with
 */
export function specAndUsage(place: string, { spec, usage }: KeySpec): { KeySpec?: SpecName; KeyUsage?: KeyUsageType } {
  if (spec === undefined && usage === undefined) return {}
  const name = spec ?? 'SYMMETRIC_DEFAULT'
  if (!isSpec(name)) throw new WorldError(`${place} has the spec \`${name}\`; write one of ${SPECS.join(', ')}`)
  const usages = Object.keys(KEY_SPECS[name].usages) as KeyUsageType[]
  const [first] = usages
  if (usage === undefined && usages.length > 1)
    throw new WorldError(`${place} needs a \`usage\`: for a ${name} key write ${usages.join(' or ')}`)
  const chosen = usages.find((one) => one === (usage ?? first))
  if (!chosen)
    throw new WorldError(`${place} has the usage \`${String(usage)}\`: for a ${name} key write ${usages.join(' or ')}`)
  return { KeySpec: name, KeyUsage: chosen }
}

const SPECS = Object.keys(KEY_SPECS)
const isSpec = (name: string): name is SpecName => Object.hasOwn(KEY_SPECS, name)
