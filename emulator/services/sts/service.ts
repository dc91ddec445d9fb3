import { defineService } from '../../operation/define.ts'
import { constraints } from './constraints.ts'
import { denied } from './denied.ts'
import { watchSessions } from './sessions.ts'
import { stsState, type StsState } from './state.ts'

/** The builder of the service's rows. */
export const sts = defineService<typeof import('@aws-sdk/client-sts'), StsState>({
  name: 'sts',
  protocol: 'awsQuery',
  wire: {
    namespace: 'com.amazonaws.sts',
    version: '2011-06-15',
    xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/',
  },
  load: () => import('@aws-sdk/client-sts'),
  state: stsState,
  constraints,
  denied: (decision) => denied(decision),
  start: watchSessions,
})
