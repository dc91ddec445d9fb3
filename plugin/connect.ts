import { clockControl, createAccess } from './access.ts'
import { createDoor } from './door.ts'
import type { Controlled } from './types.ts'

/**
 * An emulator that runs somewhere else, in a container for instance.
 * @param url `http://127.0.0.1:4566`
 */
export function connectTwokey(
  url: string,
  { account = '111111111111', region = 'us-east-1' }: { readonly account?: string; readonly region?: string } = {},
): Controlled {
  const door = createDoor(url)
  return {
    ...createAccess({ door, endpoint: () => url }, { account, region }),
    clock: clockControl(door),
    async reset() {
      await door('/reset', { method: 'POST' })
    },
  }
}
