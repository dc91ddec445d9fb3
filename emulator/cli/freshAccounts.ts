import { randomBytes, randomInt } from 'node:crypto'
import { readScenario, type Scenario } from '../server/world/scenario.ts'

/**
 * The same scenario in accounts and buckets that nobody has used, so that it can be played in an emulator that holds something: all its
 * account ids are exchanged for new ones, and the names of its buckets, which belong to everybody, get an ending.
 * @returns also which account has become which
 */
export function inFreshAccounts(scenario: Scenario): { scenario: Scenario; accounts: ReadonlyMap<string, string> } {
  const { world } = scenario
  const ids = [...Object.keys(world.accounts), ...memberIds(scenario)]
  const accounts = new Map(ids.map((id) => [id, freshId()]))
  let text = JSON.stringify(scenario)
  for (const [id, fresh] of accounts) text = text.replaceAll(id, fresh)
  const ending = `-${randomBytes(5).toString('hex')}`
  for (const { buckets = {} } of Object.values(world.accounts)) {
    for (const name of Object.keys(buckets)) {
      text = text
        .replaceAll(`"${name}"`, `"${name}${ending}"`)
        .replaceAll(`arn:aws:s3:::${name}`, (arn) => arn + ending)
    }
  }
  return { scenario: readScenario(JSON.parse(text)), accounts }
}

const memberIds = ({ world: { organization } }: Scenario) =>
  organization ? [organization.managementAccount, ...organization.members] : []

const freshId = () => `9${String(randomInt(100_000_000_000)).padStart(11, '0')}`
