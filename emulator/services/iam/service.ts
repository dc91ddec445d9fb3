import { AwsError } from '../../lib/awsError.ts'
import { denialMessage } from '../../access/render.ts'
import { defineService } from '../../operation/define.ts'
import { constraints } from './constraints.ts'
import { spokenResource } from './spokenResource.ts'
import { iamState, type IamState } from './state.ts'

/** The builder of the service's rows. */
export const iam = defineService<typeof import('@aws-sdk/client-iam'), IamState>({
  name: 'iam',
  protocol: 'awsQuery',
  wire: {
    namespace: 'com.amazonaws.iam',
    version: '2010-05-08',
    xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/',
  },
  load: () => import('@aws-sdk/client-iam'),
  state: iamState,
  constraints,
  denied(decision, { action, resource }) {
    const request = { ...decision.request, resource: spokenResource(action, resource.arn) }
    return new AwsError('AccessDenied', 403, denialMessage({ ...decision, request }, { form: 'generic' }))
  },
  start: (state) => {
    state.versions.replaced()
    state.lastUsed.clear()
  },
})
