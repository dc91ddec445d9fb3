import { readAudit } from '../audit.ts'
import { findTrail, readName, trailNamed, trailResource, trailsIn } from '../names.ts'
import { cloudtrail } from '../service.ts'
import type { CloudTrailCall, TrailRecord } from '../state.ts'
import { trailView } from '../view.ts'

const getTrail = cloudtrail.row('GetTrail', {
  action: 'cloudtrail:GetTrail',
  readOnly: true,
  subject: ({ Name }, call) => findTrail(Name, call),
  resource: ({ Name }, call) => trailResource(Name, call),
  run: (_input, _call, trail) => ({ Trail: trailView(trail) }),
  audit: readAudit,
})

/** The trails that names and ARNs name; what there is not is left out. */
function* named(names: readonly string[], call: CloudTrailCall): Generator<TrailRecord> {
  for (const name of new Set(names)) {
    const { account, region, name: plain } = readName(name, call)
    const trail = account === call.account ? trailNamed({ account, region, name: plain }, call) : undefined
    if (trail) yield trail
  }
}

const describeTrails = cloudtrail.row('DescribeTrails', {
  action: 'cloudtrail:DescribeTrails',
  readOnly: true,
  run({ trailNameList = [], includeShadowTrails = true }, call) {
    const trails = trailNameList.length > 0 ? named(trailNameList, call) : trailsIn(call.region, call)
    const shown = [...trails].filter(
      ({ homeRegion, multiRegion }) => homeRegion === call.region || (multiRegion && includeShadowTrails),
    )
    return { trailList: shown.map(trailView) }
  },
  audit: readAudit,
})

/** All of an account's trails, in whatever Region: there are few enough for one page. */
const listTrails = cloudtrail.row('ListTrails', {
  action: 'cloudtrail:ListTrails',
  readOnly: true,
  run: (_input, call) => ({
    Trails: [...call.state.trails.in(call.account).entries()].map(([, { arn, name, homeRegion }]) => ({
      TrailARN: arn,
      Name: name,
      HomeRegion: homeRegion,
    })),
  }),
  audit: readAudit,
})

export const describeRows = [getTrail, describeTrails, listTrails]
