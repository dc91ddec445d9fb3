import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue } from '../errors.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import { changeSettings, settingsOf } from '../settings.ts'

const enable = ec2.row('EnableSnapshotBlockPublicAccess', {
  action: 'ec2:EnableSnapshotBlockPublicAccess',
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { State } = input
    if (State !== 'block-all-sharing' && State !== 'block-new-sharing') {
      // Not recorded: the text.
      throw invalidValue(`Value (${State ?? 'null'}) for parameter state is invalid.`)
    }
    changeSettings(call, { snapshotBlockPublicAccess: State })
    return { State }
  },
  audit: auditOf,
})

const disable = ec2.row('DisableSnapshotBlockPublicAccess', {
  action: 'ec2:DisableSnapshotBlockPublicAccess',
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    changeSettings(call, { snapshotBlockPublicAccess: undefined })
    return { State: 'unblocked' as const }
  },
  audit: auditOf,
})

const UNBLOCKED = 'unblocked' as const

const get = ec2.row('GetSnapshotBlockPublicAccessState', {
  action: 'ec2:GetSnapshotBlockPublicAccessState',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    return { State: settingsOf(call).snapshotBlockPublicAccess ?? UNBLOCKED, ManagedBy: 'account' as const }
  },
  audit: readAudit,
})

export const snapshotPublicAccessRows = [enable, disable, get]
