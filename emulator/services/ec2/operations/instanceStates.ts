import type { InstanceStateChange } from '@aws-sdk/client-ec2'
import type { AwsError } from '../../../lib/awsError.ts'
import type { Check } from '../../../operation/define.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, mustContain, notEmulated, refused } from '../errors.ts'
import { instanceOf, putInstance, requireInstances, volumesOf } from '../instances/find.ts'
import { anyInstance, instanceResource } from '../instances/resources.ts'
import { changeView, PENDING, userInitiated } from '../instances/states.ts'
import { startInstance, stopInstance, terminateInstance } from '../instances/tasks.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, InstanceRecord } from '../state.ts'

interface Named {
  readonly InstanceIds?: readonly string[] | undefined
  readonly DryRun?: boolean | undefined
}

/** Rows about several instances: the permission is needed on each, whether or not it exists. */
const onInstances = (action: string) =>
  ({
    action,
    subject({ InstanceIds }: Named): readonly string[] {
      if (!InstanceIds || InstanceIds.length === 0) throw mustContain('InstanceId')
      return InstanceIds
    },
    *admit(_input: Named, call: Ec2Call, ids: readonly string[]): Generator<Check, void, void> {
      for (const id of new Set(ids)) {
        const instance = instanceOf(call, id)
        yield { action, resource: instance ? instanceResource(instance, call) : anyInstance(call, id) }
      }
    },
    audit: auditOf,
  }) as const

/** What one operation does to each of the instances it names: the state that follows, and what has to be done about it. */
interface Transition {
  /** From these states; undefined for those in which nothing happens. Throws AWS's refusal for the others. */
  readonly next: (instance: InstanceRecord, call: Ec2Call) => Partial<InstanceRecord> | undefined
  readonly begin: (id: string, call: Ec2Call) => void
}

/** All or none: nothing has changed when one of them is refused. */
function change(ids: readonly string[], { next, begin }: Transition, call: Ec2Call): InstanceStateChange[] {
  return call.env.store.transaction(() => {
    const steps = requireInstances(call, ids).map((instance) => ({ instance, change: next(instance, call) }))
    return steps.map(({ instance, change: changed }) => {
      if (!changed) return changeView(instance.id, instance.state, instance.state)
      const after = { ...instance, ...changed }
      putInstance(call, after)
      begin(instance.id, call)
      return changeView(instance.id, instance.state, after.state)
    })
  })
}

const wrongState = ({ id }: InstanceRecord, what: string): AwsError =>
  refused('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be ${what}.`)

const START: Transition = {
  next(instance, call) {
    if (instance.state === 'pending' || instance.state === 'running') return undefined
    if (instance.state !== 'stopped') throw wrongState(instance, 'started')
    if (!volumesOf(call, instance.id).some(({ attachment: { device } }) => device === instance.rootDevice)) {
      throw invalidValue(
        `Invalid value '${instance.id}' for instanceId. Instance does not have a volume attached at root (${instance.rootDevice})`,
      )
    }
    return { state: 'pending', stateReason: PENDING, transitionReason: undefined, launchTime: call.time }
  },
  begin(instanceId, call) {
    later(startInstance, instanceId, { instanceId }, call)
  },
}

const STOP: Transition = {
  next(instance, { time }) {
    if (instance.state === 'stopping' || instance.state === 'stopped') return undefined
    if (instance.state !== 'running') throw wrongState(instance, 'stopped')
    if (instance.disableApiStop) {
      throw refused(
        'OperationNotPermitted',
        `The instance '${instance.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
      )
    }
    return { state: 'stopping', ...userInitiated(time) }
  },
  begin(instanceId, call) {
    later(stopInstance, instanceId, { instanceId }, call)
  },
}

const TERMINATE: Transition = {
  next(instance, { time }) {
    if (instance.state === 'shutting-down' || instance.state === 'terminated') return undefined
    if (instance.disableApiTermination) {
      throw refused(
        'OperationNotPermitted',
        `The instance '${instance.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      )
    }
    return { state: 'shutting-down', ...userInitiated(time) }
  },
  begin(instanceId, call) {
    later(terminateInstance, instanceId, { instanceId }, call)
  },
}

const startInstances = ec2.row('StartInstances', {
  ...onInstances('ec2:StartInstances'),
  run(input, call, ids) {
    endDryRun(input)
    return { StartingInstances: change(ids, START, call) }
  },
})

const stopInstances = ec2.row('StopInstances', {
  ...onInstances('ec2:StopInstances'),
  run(input, call, ids) {
    endDryRun(input)
    if (input.Hibernate) throw notEmulated('EC2 hibernation')
    return { StoppingInstances: change(ids, STOP, call) }
  },
})

const terminateInstances = ec2.row('TerminateInstances', {
  ...onInstances('ec2:TerminateInstances'),
  run(input, call, ids) {
    endDryRun(input)
    return { TerminatingInstances: change(ids, TERMINATE, call) }
  },
})

/** Nothing runs here: what is left is whether it may be done. */
const rebootInstances = ec2.row('RebootInstances', {
  ...onInstances('ec2:RebootInstances'),
  run(input, call, ids) {
    endDryRun(input)
    for (const instance of requireInstances(call, ids)) {
      if (instance.state !== 'running' && instance.state !== 'pending') throw wrongState(instance, 'rebooted')
    }
    return {}
  },
})

export const instanceStateRows = [startInstances, stopInstances, terminateInstances, rebootInstances]
