import type { Call } from '../../../operation/call.ts'
import { auditOf, readAudit } from '../audit.ts'
import { beginChain } from '../delivery/records.ts'
import { unknownTrail } from '../errors.ts'
import { findOwnTrail, findTrail, trailNamed, trailPath, trailResource } from '../names.ts'
import { cloudtrail } from '../service.ts'
import type { CloudTrailCall, CloudTrailState, TrailRecord } from '../state.ts'

interface NameInput {
  readonly Name: string | undefined
}

const onTrail = {
  subject: ({ Name }: NameInput, call: CloudTrailCall) => findOwnTrail(Name, call),
  resource: ({ Name }: NameInput, call: CloudTrailCall) => trailResource(Name, call),
  audit: auditOf,
} as const

/** Turns logging on or off; what is so already stays as it is. */
function turn(logging: boolean, call: Call<CloudTrailState>, { name, homeRegion: region, arn }: TrailRecord): void {
  const { account, state, time } = call
  call.env.store.transaction(() => {
    const trail = trailNamed({ account, region, name }, call)
    if (!trail) throw unknownTrail(arn, account)
    if (trail.logging === logging) return
    const change = logging ? { startedAt: time } : { stoppedAt: time }
    state.trails.in(account).put(trailPath(region, name), { ...trail, logging, ...change })
    if (logging) beginChain(trail, time, state)
  })
  state.deliveries.changed(account)
}

const startLogging = cloudtrail.row('StartLogging', {
  ...onTrail,
  action: 'cloudtrail:StartLogging',
  run(_input, call, trail) {
    turn(true, call, trail)
    return {}
  },
})

const stopLogging = cloudtrail.row('StopLogging', {
  ...onTrail,
  action: 'cloudtrail:StopLogging',
  run(_input, call, trail) {
    turn(false, call, trail)
    return {}
  },
})

const dateOf = (time: number | undefined) => (time === undefined ? undefined : new Date(time))
const textOf = (time: number | undefined) =>
  time === undefined ? '' : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

const getTrailStatus = cloudtrail.row('GetTrailStatus', {
  action: 'cloudtrail:GetTrailStatus',
  readOnly: true,
  subject: ({ Name }, call) => findTrail(Name, call),
  resource: ({ Name }, call) => trailResource(Name, call),
  run(_input, call, { arn, logging, startedAt, stoppedAt }) {
    const status = call.state.statuses.in().get(arn)
    return {
      IsLogging: logging,
      LatestDeliveryError: status?.error,
      LatestDeliveryTime: dateOf(status?.deliveredAt),
      StartLoggingTime: dateOf(startedAt),
      StopLoggingTime: dateOf(stoppedAt),
      LatestDigestDeliveryTime: dateOf(status?.digestAt),
      LatestDigestDeliveryError: status?.digestError,
      LatestDeliveryAttemptTime: textOf(status?.attemptedAt),
      LatestNotificationAttemptTime: '',
      LatestNotificationAttemptSucceeded: '',
      LatestDeliveryAttemptSucceeded: textOf(status?.deliveredAt),
      TimeLoggingStarted: textOf(startedAt),
      TimeLoggingStopped: textOf(stoppedAt),
    }
  },
  audit: readAudit,
})

export const loggingRows = [startLogging, stopLogging, getTrailStatus]
