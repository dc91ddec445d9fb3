import { denialMessage } from '../../../access/render.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { defineService } from '../../../operation/define.ts'
import { ec2State, type Ec2State } from '../state.ts'
import { constraints } from './constraints.ts'

/** The builder of EBS direct's rows: EC2's snapshots by another door. */
export const ebs = defineService<typeof import('@aws-sdk/client-ebs'), Ec2State>({
  name: 'ebs',
  protocol: 'restJson',
  wire: {
    namespace: 'com.amazonaws.ebs',
    version: '2019-11-02',
    errorOrigin: 'http://internal.amazon.com/coral/com.amazon.zeppelindataservice/',
  },
  load: () => import('@aws-sdk/client-ebs'),
  state: ec2State,
  constraints,
  // Not recorded: the reason that the model knows beside the text.
  denied: (decision) => new AwsError('AccessDeniedException', 403, denialMessage(decision, { form: 'generic' })),
  // facts: captures 5.3. Yes, EC2's.
  forwards: {
    invokedBy: 'ebs.amazonaws.com',
    viaService: (region) => `ec2.${region}.amazonaws.com`,
    calledVia: 'ebs.amazonaws.com',
  },
})
