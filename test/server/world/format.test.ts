import { describe, expect, it } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { checkFormat } from '../../../emulator/server/world/format.ts'

const FIXTURES = new URL('../../../fixtures/', import.meta.url)
const parse = async (path: string) =>
  JSON.parse(await readFile(new URL(path, FIXTURES), 'utf8')) as Record<string, unknown>

/** The words for what is wrong, as `path: problem`. */
const found = (value: unknown) =>
  checkFormat(value).then(
    () => 'fits',
    (error: unknown) =>
      (error as Error).message
        .replace(/; see docs\/worlds\.md$/, '')
        .replace(/^the scenario /, '')
        .replace(/^`(.*?)` (?=is |has |lacks |must )/, '$1: '),
  )

describe('what does not fit the format of scenarios', () => {
  it('accepts what comes with Twokey', async () => {
    for (const name of await readdir(new URL('scenarios/', FIXTURES)))
      expect([name, await found(await parse(`scenarios/${name}`))]).toEqual([name, 'fits'])
  })

  const STEP = { says: 'x', as: '111111111111', do: 'kms:ListKeys', with: {}, expect: 'allowed' }
  const of = (step: object, more: object = {}) => ({
    title: 'x',
    story: 'y',
    world: { accounts: {} },
    steps: [STEP, { ...STEP, ...step }],
    ...more,
  })
  it.each<[string, object, string]>([
    ['a list', [], 'is a list; write an object (A world, and calls with what AWS answers them (docs/worlds.md))'],
    [
      'a missing member',
      { title: 'x', story: 'y', world: { accounts: {} } },
      'lacks `steps`: Calls, in order. What is refused is best followed by a `fix`, and by the same call, allowed',
    ],
    [
      'a stray member',
      of({ expects: 1 }),
      'steps[1]: has `expects`; it may have says, fix, after, as, do, with, body, block, region, through, while, keep, expect, afterwards',
    ],
    [
      'a word for an actor',
      of({ as: 'me' }),
      'steps[1].as: is "me" (Who calls: an account\'s root "111111111111", its user "111111111111/name", "anonymous", or a role\'s session)',
    ],
    [
      'a session without its caller',
      of({ as: { role: 'arn:aws:iam::111111111111:role/a' } }),
      'steps[1].as: lacks `by`: Who assumes the role: "111111111111/name", or an account\'s root',
    ],
    ['no operation', of({ do: 'GetObject' }), 'steps[1].do: is "GetObject" (Service and operation: "s3:GetObject")'],
    [
      'an answer as a text',
      of({ expect: 'denied' }),
      'steps[1].expect: is "denied" ("allowed", a refusal, or members of the answer)',
    ],
    [
      'a refusal without its message',
      of({ expect: { code: 'AccessDenied', status: 403 } }),
      'steps[1].expect: lacks `message`',
    ],
    [
      'a layer that is none',
      of({ expect: { code: 'x', status: 403, message: 'y', layer: 'iam' } }),
      'steps[1].expect.layer: is "iam"; write one of "identity", "boundary", "session", "scp", "rcp", "endpoint", "resource", "acl", "trust", "grant" (The layer that decided; left out where no policy did (a disabled key))',
    ],
    [
      'a status that is none',
      of({ expect: { code: 'x', status: 200, message: 'y' } }),
      'steps[1].expect.status: is 200; it must be at least 300 (The HTTP status)',
    ],
    [
      'a user in a world',
      of({}, { world: { accounts: { 111111111111: { users: { me: { policy: {} } } } } } }),
      'world.accounts["111111111111"].users.me: has `policy`; it may have accessKey, groups, path, policies, attached, boundary, tags',
    ],
    [
      'an account that is none',
      of({}, { world: { accounts: { me: {} } } }),
      'world.accounts.me: has a name that does not fit: is "me"; it must match ^\\d{12}$ (Accounts by their ids, which are twelve digits)',
    ],
  ])('tells of %s where it is and what to write', async (_, value, message) => {
    expect(await found(value)).toBe(message)
  })
})
