import { defineService } from '../../operation/define.ts'
import { takeUpTasks } from './background.ts'
import { blobsInUse } from './blocks/state.ts'
import { denied } from './denied.ts'
import { ec2State, type Ec2State } from './state.ts'

/** The builder of the service's rows. */
export const ec2 = defineService<typeof import('@aws-sdk/client-ec2'), Ec2State>({
  name: 'ec2',
  protocol: 'ec2Query',
  wire: {
    namespace: 'com.amazonaws.ec2',
    version: '2016-11-15',
    xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  },
  load: () => import('@aws-sdk/client-ec2'),
  state: ec2State,
  denied: (decision, _check, call) => denied(decision, call),
  // facts: B4
  forwards: {
    invokedBy: 'ec2-frontend-api.amazonaws.com',
    viaService: (region) => `ec2.${region}.amazonaws.com`,
    calledVia: 'ec2.amazonaws.com',
  },
  liveBlobs: blobsInUse,
  start: takeUpTasks,
})
