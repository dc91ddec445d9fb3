import { randomBytes, randomInt } from 'node:crypto'
import type { Scenario } from '../../server/world/scenario.ts'

/**
 * The same scenario in accounts and buckets that nobody has used, so that it can be played in an emulator that holds something: all its
 * account ids are exchanged for new ones, as are the ids of its VPC endpoints, and the names of its buckets, which belong to everybody,
 * get an ending.
 * @returns also which account has become which
 */
export function inFreshAccounts(scenario: Scenario): { scenario: Scenario; accounts: ReadonlyMap<string, string> } {
  const { world } = scenario
  const ids = [...Object.keys(world.accounts), ...memberIds(scenario)]
  const accounts = new Map(ids.map((id) => [id, freshId()]))
  let text = JSON.stringify(scenario)
  for (const [id, fresh] of accounts) text = text.replaceAll(id, fresh)
  const ending = `-${randomBytes(5).toString('hex')}`
  for (const { buckets = {}, vpcEndpoints = {} } of Object.values(world.accounts)) {
    for (const name of Object.keys(buckets)) text = text.replace(mentionsOf(name), (before) => before + ending)
    for (const id of Object.keys(vpcEndpoints))
      text = text.replaceAll(id, `vpce-${randomBytes(17).toString('hex').slice(0, 17)}`)
  }
  const fresh = JSON.parse(text) as Scenario
  return { scenario: { ...fresh, world: withBuckets(fresh, ending) }, accounts }
}

/** Where a bucket is named in calls, policies and messages: a key of the same name is another thing. */
const mentionsOf = (name: string) =>
  new RegExp(
    `(?<="(?:Bucket|CopySource|S3BucketName)":"/?|arn:aws:s3:::|S3 bucket )${name.replaceAll('.', '\\.')}(?![a-z0-9.-])`,
    'g',
  )

const withBuckets = ({ world }: Scenario, ending: string): Scenario['world'] => ({
  ...world,
  accounts: Object.fromEntries(
    Object.entries(world.accounts).map(([id, { buckets, ...account }]) => [
      id,
      {
        ...account,
        ...(buckets && {
          buckets: Object.fromEntries(Object.entries(buckets).map(([name, bucket]) => [name + ending, bucket])),
        }),
      },
    ]),
  ),
})

const memberIds = ({ world: { organization } }: Scenario) =>
  organization ? [organization.managementAccount, ...organization.members] : []

const freshId = () => `9${String(randomInt(100_000_000_000)).padStart(11, '0')}`
