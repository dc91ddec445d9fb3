import { denialMessage } from '../../access/render.ts'
import { AwsError } from '../../lib/awsError.ts'
import { defineService } from '../../operation/define.ts'
import { cloudTrailState, type CloudTrailState } from './state.ts'

/** The builder of the service's rows. */
export const cloudtrail = defineService<typeof import('@aws-sdk/client-cloudtrail'), CloudTrailState>({
  name: 'cloudtrail',
  protocol: 'awsJson',
  // facts: kms-iam.md F5
  wire: {
    namespace: 'com.amazonaws.cloudtrail',
    version: '2013-11-01',
    target: 'CloudTrail_20131101',
    targetPackage: 'com.amazonaws.cloudtrail.v20131101.',
  },
  load: () => import('@aws-sdk/client-cloudtrail'),
  state: cloudTrailState,
  denied: (decision, { resource }) =>
    new AwsError(
      'AccessDeniedException',
      400,
      denialMessage(decision, { form: 'generic', mention: resource.arn === '*' ? 'nothing' : 'arn' }),
      { unmodelled: true },
    ),
  start: (state, env) => {
    state.deliveries.begin(state, env)
  },
  stop: (state) => state.deliveries.end(),
})
