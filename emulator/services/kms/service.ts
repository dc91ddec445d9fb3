import { AwsError } from '../../lib/awsError.ts'
import { denialMessage } from '../../access/render.ts'
import { defineService } from '../../operation/define.ts'
import { constraints } from './constraints.ts'
import { throttled } from './errors.ts'
import { armKeyStores } from './keyStores/connect.ts'
import { armAll } from './keys/timers.ts'
import { withinRates } from './quotas.ts'
import { kmsState, type KmsState } from './state.ts'

/** The builder of the service's rows. */
export const kms = defineService<typeof import('@aws-sdk/client-kms'), KmsState>({
  name: 'kms',
  protocol: 'awsJson',
  wire: {
    namespace: 'com.amazonaws.kms',
    version: '2014-11-01',
    target: 'TrentService',
    // facts: B8
    leading: { KeyMetadata: ['AWSAccountId'] },
  },
  load: () => import('@aws-sdk/client-kms'),
  state: kmsState,
  constraints,
  denied: (decision, check) =>
    new AwsError(
      'AccessDeniedException',
      400,
      denialMessage(decision, { form: 'kms', mention: check.resource.mention }),
      { unmodelled: true },
    ),
  admitRate(input, call, subject) {
    if (!withinRates(input, call, subject)) throw throttled()
  },
  start: (state, env) => {
    state.opened.clear()
    armAll(state, env)
    armKeyStores(state, env)
  },
})
