import type { KeyRecord, KmsCall } from '../state.ts'
import { certificateKeyPolicy, managedKeyPolicy } from './managedPolicies.ts'
import { MANAGED_SERVICES } from './managedServices.ts'
import { createKeyRecord, storeNewKey } from './create.ts'
import { symmetricMaterial } from './material.ts'
import { armKey } from './timers.ts'

const DAY = 86_400_000
/** AWS rotates its own keys each year, in days (facts: B11, D3). */
const YEAR = 365

interface ManagedKey {
  readonly protects: string
  readonly policy: (account: string, region: string) => string
}

/** By alias. */
const MANAGED_KEYS: ReadonlyMap<string, ManagedKey> = new Map<string, ManagedKey>([
  ...MANAGED_SERVICES.map((service): [string, ManagedKey] => [
    `alias/aws/${service.service}`,
    { protects: service.protects, policy: (account, region) => managedKeyPolicy(service, account, region) },
  ]),
  ['alias/aws/acm', { protects: 'ACM private keys', policy: certificateKeyPolicy }],
])

/** In name order: the aliases that AWS has predefined in every account, with or without a key (facts: B9). */
export const PREDEFINED_ALIASES: readonly string[] = [...MANAGED_KEYS.keys()].sort()

export const isReserved = (alias: string): boolean => alias.startsWith('alias/aws/')

/** The AWS managed key behind a predefined alias of the caller's account, made when it is first asked for (facts: D3). */
export function managedKeyFor(alias: string, call: KmsCall): KeyRecord | undefined {
  const managed = MANAGED_KEYS.get(alias)
  if (!managed || call.account === '') return undefined
  const { account, region, time } = call
  const made = call.env.store.transaction(() => {
    const key = storeNewKey(
      createKeyRecord(
        {
          id: call.env.ids.uuid(),
          manager: 'AWS',
          description: `Default key that protects my ${managed.protects} when no other key is defined`,
          policy: managed.policy(account, region),
          rotation: { periodInDays: YEAR, nextAt: time + YEAR * DAY },
        },
        call,
      ),
      symmetricMaterial(),
      call,
    )
    call.state.aliases.in(account, region).put(alias, { name: alias, keyId: key.id, createdAt: time, updatedAt: time })
    return key
  })
  armKey(made, call)
  return made
}
