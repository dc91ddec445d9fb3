import { formatArn, isAccountId, parseArn } from '../../lib/arn.ts'
import type { Resource } from '../../operation/define.ts'
import { invalidArn, invalidName, unknownTrail, wrongHome } from './errors.ts'
import type { CloudTrailCall, TrailRecord } from './state.ts'
import { UNSOURCED } from './unsourced.ts'

const SHORTEST = 3
const LONGEST = 128

export const trailArn = (region: string, account: string, name: string): string =>
  formatArn('cloudtrail', region, account, `trail/${name}`)

/** The rules for names of trails (CloudTrail User Guide, "Naming requirements"). Throws InvalidTrailNameException. */
export function requireName(name: string): void {
  const { length } = name
  if (length === 0) throw invalidName('Trail name cannot be blank!')
  if (length < SHORTEST) {
    throw invalidName(
      `Trail name too short. Minimum allowed length: ${SHORTEST} characters. Specified name length: ${length} characters.`,
    )
  }
  if (length > LONGEST) {
    throw invalidName(
      `Trail name too long. Maximum allowed length: ${LONGEST} characters. Specified name length: ${length} characters.`,
    )
  }
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    throw invalidName(
      'Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).',
    )
  }
  if (!/^[A-Za-z0-9]/.test(name)) throw invalidName('Trail name must starts with a letter or number.')
  if (!/[A-Za-z0-9]$/.test(name)) throw invalidName('Trail name must ends with a letter or number.')
  if (/[._-]{2}/.test(name)) throw invalidName(UNSOURCED.adjacent)
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(name)) throw invalidName(UNSOURCED.ipAddress)
}

/** What a request calls a trail. */
export interface TrailName {
  readonly arn: string
  readonly name: string
  readonly region: string
  readonly account: string
}

/** A name, or the ARN of a trail in any Region and account. Throws InvalidTrailNameException, CloudTrailARNInvalidException. */
export function readName(text: string, { region, account }: Pick<CloudTrailCall, 'region' | 'account'>): TrailName {
  if (!text.startsWith('arn:')) {
    requireName(text)
    return { arn: trailArn(region, account, text), name: text, region, account }
  }
  const arn = parseArn(text)
  const name = arn?.resource.startsWith('trail/') ? arn.resource.slice('trail/'.length) : undefined
  if (arn?.service !== 'cloudtrail' || name === undefined || arn.region === '' || !isAccountId(arn.account)) {
    throw invalidArn(text)
  }
  requireName(name)
  return { arn: text, name, region: arn.region, account: arn.account }
}

/**
 * The existing trail of a request. By its name a trail is found in its home Region only (aws-sdk-go-v2 issue 1957); one that applies
 * to all Regions is found in each of them by its ARN. Throws TrailNotFoundException.
 */
export function findTrail(text: string | undefined, call: CloudTrailCall): TrailRecord {
  const named = readName(text ?? '', call)
  const trail = named.account === call.account ? trailNamed(named, call) : undefined
  if (!trail || (trail.homeRegion !== call.region && !trail.multiRegion)) throw unknownTrail(named.arn, call.account)
  return trail
}

/** The same for what changes it: that is done at home. Throws InvalidHomeRegionException. */
export function findOwnTrail(text: string | undefined, call: CloudTrailCall): TrailRecord {
  const trail = findTrail(text, call)
  if (trail.homeRegion !== call.region) throw wrongHome(trail.name, trail.homeRegion)
  return trail
}

export const trailNamed = (
  { account, region, name }: Pick<TrailName, 'account' | 'region' | 'name'>,
  { state }: Pick<CloudTrailCall, 'state'>,
): TrailRecord | undefined => state.trails.in(account).get(trailPath(region, name))

export const trailPath = (region: string, name: string): string => `${region}/${name}`

/** A trail as policies see it, existing or not. */
export function trailResource(text: string | undefined, call: CloudTrailCall): Resource {
  const { arn, account, region, name } = readName(text ?? '', call)
  const trail = trailNamed({ account, region, name }, call)
  return {
    arn,
    account,
    guard: 'ordinary',
    ...(trail && {
      context: Object.fromEntries(
        Object.entries(trail.tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value] as const),
      ),
    }),
  }
}

/** The trails that an account has in a Region: its own, and those of other Regions that apply to all. */
export function* trailsIn(region: string, { state, account }: Pick<CloudTrailCall, 'state' | 'account'>) {
  for (const [, trail] of state.trails.in(account).entries()) {
    if (trail.homeRegion === region || trail.multiRegion) yield trail
  }
}
