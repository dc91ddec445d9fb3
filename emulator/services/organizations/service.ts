import { defineService } from '../../operation/define.ts'
import { accessDenied } from './errors.ts'
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
  denied: accessDenied,
  start: ({ changes }) => {
    // Everything may have been replaced: reset or import.
    changes.count++
  },
})
