import { denialMessage } from '../../access/render.ts'
import { AwsError } from '../../lib/awsError.ts'
import { defineService } from '../../operation/define.ts'
import { constraints } from './constraints.ts'
import { organizationsState, type OrganizationsState } from './state.ts'

/** The builder of the service's rows. */
export const organizations = defineService<typeof import('@aws-sdk/client-organizations'), OrganizationsState>({
  name: 'organizations',
  protocol: 'awsJson',
  wire: {
    namespace: 'com.amazonaws.organizations',
    version: '2016-11-28',
    target: 'AWSOrganizationsV20161128',
  },
  load: () => import('@aws-sdk/client-organizations'),
  state: organizationsState,
  constraints,
  denied: (decision) => new AwsError('AccessDeniedException', 400, denialMessage(decision, { form: 'generic' })),
  start: ({ changes }) => {
    // Everything may have been replaced: reset or import.
    changes.count++
  },
})
