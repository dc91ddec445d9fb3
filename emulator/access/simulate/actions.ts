import { splitArn } from '../../lib/arn.ts'
import { SimulationError } from './types.ts'

/** What the simulator knows of a service: the shape of its ARNs, and what its actions begin with. */
interface KnownService {
  /** How several resources of an action are named together. */
  readonly template: string
}

/** Templates recorded for these services (facts: captures 11.1); kms's is by analogy. */
const SERVICES: Readonly<Record<string, KnownService>> = {
  s3: { template: 'arn:aws:s3:::${BucketName}/${KeyName}' },
  iam: { template: 'arn:aws:iam::${Account}:${ResourceType}/${ResourceName}' },
  ec2: { template: 'arn:aws:ec2:${Region}:${Account}:${ResourceType}/${ResourcePath}' },
  kms: { template: 'arn:aws:kms:${Region}:${Account}:key/${KeyId}' },
}

/** How AWS's action names begin; a name that begins otherwise is unknown, and unknown names are taken literally. */
const VERBS =
  /^(?:Abort|Add|Attach|Bypass|Cancel|Copy|Create|Decrypt|Delete|Describe|Detach|Disable|Enable|Encrypt|Generate|Get|Import|List|Pass|Put|ReEncrypt|Remove|Replicate|Restore|Retire|Revoke|Rotate|Run|Schedule|Set|Sign|Simulate|Start|Stop|Tag|Terminate|Untag|Update|Verify)(?:[A-Z]\w*)?$/

/** @throws SimulationError for an action without a service */
export function checkAction(action: string): void {
  if (!action.includes(':')) throw new SimulationError('The action is invalid since it is missing names')
}

/** @throws SimulationError */
export function checkResource(resource: string): void {
  if (resource === '*') return
  if (splitArn(resource)?.[0] !== 'arn')
    throw new SimulationError(`ResourceNames are not in a valid ARN format: ${resource}.`)
}

/** A known action is never allowed on another service's resource, whatever the policies say (facts: captures 11.2). */
export function fits(action: string, resource: string): boolean {
  const [service = '', name = ''] = action.split(':')
  if (resource === '*' || !SERVICES[service.toLowerCase()] || !VERBS.test(name)) return true
  return splitArn(resource)?.[2] === service.toLowerCase()
}

/** How the answer names the resources of one action. */
export function resourceName(action: string, resources: readonly string[] | undefined): string {
  const [first, ...more] = resources ?? []
  if (first === undefined) return '*'
  if (more.length === 0) return first
  return SERVICES[action.slice(0, action.indexOf(':')).toLowerCase()]?.template ?? '*'
}
