import { createHash } from 'node:crypto'
import type { Ec2Call } from '../state.ts'

/*
 * There are no networks here. What instances say of theirs is given by the request and not looked up, or else made up: the same ids each
 * time for the same account, Region and zone, and addresses out of the default network's range.
 */

const fakeId = (prefix: string, ...parts: readonly string[]) =>
  `${prefix}-0${createHash('sha256').update(parts.join('/')).digest('hex').slice(0, 16)}`

export const defaultVpc = ({ account, region }: Ec2Call): string => fakeId('vpc', account, region)
export const defaultSubnet = ({ account, region }: Ec2Call, zone: string): string =>
  fakeId('subnet', account, region, zone)
export const defaultGroup = ({ account, region }: Ec2Call): string => fakeId('sg', account, region, 'default')

/** An address in 172.31.0.0/16, as the default network has them. */
export function addressOf(instanceId: string): string {
  const digest = createHash('sha256').update(instanceId).digest()
  return `172.31.${digest[0] ?? 0}.${4 + ((digest[1] ?? 0) % 250)}`
}
