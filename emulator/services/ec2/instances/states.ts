import type { InstanceState, InstanceStateChange } from '@aws-sdk/client-ec2'
import type { AwsError } from '../../../lib/awsError.ts'
import type { InstanceRecord, StateReason } from '../state.ts'

type State = InstanceRecord['state']

const CODES: Readonly<Record<State, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
}

export const stateView = (state: State): InstanceState => ({ Code: CODES[state], Name: state })

/** What the operations that change states answer for each instance. */
export const changeView = (id: string, before: State, after: State): InstanceStateChange => ({
  InstanceId: id,
  PreviousState: stateView(before),
  CurrentState: stateView(after),
})

/** Of an instance that comes up: AWS writes so much. */
export const PENDING: StateReason = { code: 'pending', message: 'pending' }

/** Of one that its owner stops or terminates. */
export const userInitiated = (time: number): Pick<InstanceRecord, 'stateReason' | 'transitionReason'> => ({
  stateReason: {
    code: 'Client.UserInitiatedShutdown',
    message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  },
  transitionReason: `User initiated (${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} GMT)`,
})

/** KMS's refusals for keys that exist and cannot be used now. */
const BAD_STATES: ReadonlySet<string> = new Set(['DisabledException', 'KMSInvalidStateException'])

/** Why an instance does not come up: what KMS refused is told in two kinds only (facts: B7). */
export function failureOf(error: AwsError): Pick<InstanceRecord, 'stateReason' | 'transitionReason'> {
  if (BAD_STATES.has(error.code)) {
    const code = 'Client.InvalidKMSKey.InvalidState'
    const message = 'The KMS key provided is in an incorrect state'
    return { stateReason: { code, message }, transitionReason: `${code}: ${message}` }
  }
  const message = 'Client.InternalError: Client error on launch'
  return { stateReason: { code: 'Client.InternalError', message }, transitionReason: message }
}
