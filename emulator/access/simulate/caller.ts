import { splitArn } from '../../lib/arn.ts'
import type { Principal } from '../types.ts'
import { SimulationError } from './types.ts'

/** Who a simulation is about. */
export interface SimulatedCaller {
  readonly arn: string
  readonly account: string
  /** Users only (facts: captures 11.3). */
  readonly userName: string | undefined
  /** As resource policies see the caller. */
  readonly principal: Principal
}

const IDENTITY = /^(user|role|group)\/(?:.*\/)?([^/]+)$/

/** @throws SimulationError when the ARN is not that of a user, role or group */
export function simulatedCaller(arn: string): SimulatedCaller {
  const [, , service, , account = '', resource = ''] = splitArn(arn) ?? []
  const [, kind, name = ''] = IDENTITY.exec(resource) ?? []
  if (service !== 'iam' || kind === undefined)
    throw new SimulationError('Invalid caller - Caller must be an IAM user, role or group in this context.')
  const principal: Principal =
    kind === 'role'
      ? {
          kind,
          account,
          arn,
          roleArn: arn,
          roleId: arn,
          roleName: name,
          sessionName: '',
          userId: arn,
          tags: {},
          session: { issuedAt: 0, mfa: false },
          serviceLinked: false,
        }
      : { kind: 'user', account, arn, userId: arn, userName: name, tags: {} }
  return { arn, account, userName: kind === 'user' ? name : undefined, principal }
}

/** The account of ResourceOwner. @throws SimulationError when it is no IAM ARN */
export function ownerAccount(owner: string): string {
  const [, , service, , account = ''] = splitArn(owner) ?? []
  if (service !== 'iam' || account === '') throw new SimulationError(`'${owner}' is not a valid as a Resource Owner.`)
  return account
}
