import type { InstanceAttribute } from '@aws-sdk/client-ec2'
import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, mustContain, refused } from '../errors.ts'
import { instanceOf, requireInstance } from '../instances/find.ts'
import { anyInstance, instanceResource } from '../instances/resources.ts'
import { deviceViews } from '../instances/view.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, InstanceRecord } from '../state.ts'

type Attribute = (instance: InstanceRecord, call: Ec2Call) => InstanceAttribute

const flag = (Value: boolean | undefined) => ({ Value: Value ?? false })

const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  blockDeviceMapping: (instance, call) => ({ BlockDeviceMappings: deviceViews(instance, call) }),
  disableApiStop: ({ disableApiStop }) => ({ DisableApiStop: flag(disableApiStop) }),
  disableApiTermination: ({ disableApiTermination }) => ({ DisableApiTermination: flag(disableApiTermination) }),
  ebsOptimized: ({ ebsOptimized }) => ({ EbsOptimized: flag(ebsOptimized) }),
  enaSupport: () => ({ EnaSupport: flag(true) }),
  enclaveOptions: () => ({ EnclaveOptions: { Enabled: false } }),
  groupSet: ({ securityGroups }) => ({ Groups: securityGroups.map((GroupId) => ({ GroupId, GroupName: 'default' })) }),
  instanceInitiatedShutdownBehavior: ({ shutdownBehavior }) => ({
    InstanceInitiatedShutdownBehavior: { Value: shutdownBehavior ?? 'stop' },
  }),
  instanceType: ({ type }) => ({ InstanceType: { Value: type } }),
  kernel: () => ({ KernelId: {} }),
  productCodes: () => ({ ProductCodes: [] }),
  ramdisk: () => ({ RamdiskId: {} }),
  rootDeviceName: ({ rootDevice }) => ({ RootDeviceName: { Value: rootDevice } }),
  sourceDestCheck: () => ({ SourceDestCheck: flag(true) }),
  sriovNetSupport: () => ({ SriovNetSupport: {} }),
  userData: ({ userData }) => ({ UserData: userData === undefined ? {} : { Value: userData } }),
}

const describeInstanceAttribute = ec2.row('DescribeInstanceAttribute', {
  action: 'ec2:DescribeInstanceAttribute',
  readOnly: true,
  resource({ InstanceId = '' }, call) {
    const instance = instanceOf(call, InstanceId)
    return instance ? instanceResource(instance, call) : anyInstance(call, InstanceId === '' ? '*' : InstanceId)
  },
  context: (input, call) => ({ 'ec2:Region': call.region, 'ec2:Attribute': input.Attribute }),
  run(input, call) {
    endDryRun(input)
    if (input.InstanceId === undefined || input.InstanceId === '') throw mustContain('InstanceId')
    // Whatever was sent: an unknown one is a text, too.
    const name: string = input.Attribute ?? ''
    if (name === '') throw refused('InvalidParameterCombination', 'No attributes specified.')
    const attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined
    if (!attribute) throw invalidValue(`Value (${name}) for parameter attribute is invalid. Unknown attribute.`)
    const instance = requireInstance(call, input.InstanceId)
    return { InstanceId: instance.id, ...attribute(instance, call) }
  },
  audit: readAudit,
})

export const instanceAttributeRows = [describeInstanceAttribute]
