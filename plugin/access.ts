import { decisionText } from '../emulator/audit/decisionText.ts'
import type { DecisionSummary, DecisionView } from '../emulator/audit/decisionLog.ts'
import { DoorError, type Door } from './door.ts'
import { answered } from './requestId.ts'
import type {
  Access,
  ClockControl,
  Credentials,
  Identity,
  KeyArns,
  SdkRequestHandler,
  Statement,
  UserSpec,
  World,
} from './types.ts'

/** How an emulator is reached: over the network, or within the process. */
export interface Way {
  readonly door: Door
  readonly endpoint: () => string
  /** Within the process only. A new one for each client. */
  readonly requestHandler?: () => SdkRequestHandler
}

export interface Place {
  readonly account: string
  readonly region: string
}

interface Issued extends Credentials {
  readonly arn: string
}

/** What tests do with an emulator, whichever way it is reached. */
export function createAccess(
  { door, endpoint, requestHandler }: Way,
  { account: home, region: homeRegion }: Place,
): Access {
  const identity = (account: string, { arn, ...credentials }: Issued): Identity => {
    const sdk: Identity['sdk'] = ({ region = homeRegion } = {}) => ({
      endpoint: endpoint(),
      region,
      credentials,
      ...(requestHandler && { requestHandler: requestHandler() }),
    })
    return {
      account,
      arn,
      credentials,
      sdk,
      client: (Client, { region, ...settings } = {}) =>
        new Client({ ...sdk(region === undefined ? {} : { region }), ...settings } as never),
    }
  }
  const root = (account = home) =>
    identity(account, { arn: `arn:aws:iam::${account}:root`, accessKeyId: account, secretAccessKey: 'test' })
  const issue = async (asked: unknown) =>
    (await door('/credentials', { method: 'POST', body: { for: asked } })) as Issued
  const build = async (world: World) =>
    ((await door('/worlds', { method: 'POST', body: world })) as { readonly keys: KeyArns }).keys
  const decision: Access['decision'] = async (call) => decisionOf(door, (await answered(call)).requestId)

  return {
    account: home,
    region: homeRegion,
    root,
    client: (Client, { as = root(), ...options } = {}) => as.client(Client, options),
    sdk: ({ as = root(), ...options } = {}) => as.sdk(options),
    async user(name, made, { account = home } = {}) {
      if (made) await build({ accounts: { [account]: { users: { [name]: userSpec(made) } } } })
      return identity(account, await issue(`${account}/${name}`))
    },
    async role(name, made, { account = home } = {}) {
      await build({ accounts: { [account]: { roles: { [name]: made } } } })
      return `arn:aws:iam::${account}:role/${name}`
    },
    async assume(role, { by, ...rest }) {
      const arn = role.startsWith('arn:') ? role : `arn:aws:iam::${home}:role/${role}`
      return identity(arn.split(':')[4] ?? home, await issue({ role: arn, by: nameOf(by, home), ...rest }))
    },
    async world(world) {
      if ('accounts' in world) return build(world)
      const keys = await build({ accounts: { [home]: world } })
      const own = Object.entries(keys).map(([name, arn]) => [name.replace(`${home}/`, ''), arn])
      return { ...keys, ...(Object.fromEntries(own) as KeyArns) }
    },
    decision,
    async explain(call) {
      const found = await decision(call)
      if (!found) throw new Error('the emulator knows no such call')
      return decisionText(found, { color: false })
    },
    async decisions({ limit = 100, denied = false } = {}) {
      const path = `/decisions?limit=${String(limit)}${denied ? '&outcome=denied' : ''}`
      return ((await door(path)) as { readonly decisions: DecisionSummary[] }).decisions
    },
    door,
  }
}

/** What the emulator knows of a request; undefined when it knows nothing. */
export async function decisionOf(door: Door, requestId: string | undefined): Promise<DecisionView | undefined> {
  if (requestId === undefined) return undefined
  try {
    return (await door(`/decisions/${encodeURIComponent(requestId)}`)) as DecisionView
  } catch (error) {
    if (error instanceof DoorError && error.status === 404) return undefined
    throw error
  }
}

const userSpec = (made: readonly Statement[] | UserSpec): UserSpec =>
  Array.isArray(made) ? { policies: { inline: { Version: '2012-10-17', Statement: made } } } : (made as UserSpec)

/** As the admin door names callers: `<account>/<user>`, an account for its root, or a service. */
function nameOf(by: string | Identity, home: string): string {
  if (typeof by === 'string') return by.includes('/') || by.endsWith('.amazonaws.com') ? by : `${home}/${by}`
  const user = /:user\/(?:.*\/)?([^/]+)$/.exec(by.arn)?.[1]
  if (user !== undefined) return `${by.account}/${user}`
  return by.arn.endsWith(':root') ? by.account : by.arn
}

/** The emulator's clock, through its admin door. */
export function clockControl(door: Door): ClockControl {
  const at = async (body?: object) => {
    const { now } = (await door('/clock', body && { method: 'POST', body })) as { readonly now: string }
    return new Date(now)
  }
  return {
    advance: (duration) => at({ advance: duration }),
    set: (time) => at({ set: typeof time === 'string' ? time : time.toISOString() }),
    reset: () => at({ reset: true }),
    now: () => at(),
  }
}
