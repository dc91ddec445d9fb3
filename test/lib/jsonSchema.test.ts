import { describe, expect, it } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { misfit, type JsonSchema } from '../../emulator/lib/jsonSchema.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url)
const parse = async (path: string) =>
  JSON.parse(await readFile(new URL(path, FIXTURES), 'utf8')) as Record<string, unknown>

const NAMES = ['world', 'scenario', 'operations'].map((name) => `${name}.schema.json`)
const schemas = Object.fromEntries(
  await Promise.all(NAMES.map(async (name) => [name, (await parse(name)) as JsonSchema] as const)),
)
const ajv = new Ajv2020({ allowUnionTypes: true })
for (const schema of Object.values(schemas)) ajv.addSchema(schema)
const fits = ajv.compile({ $ref: 'scenario.schema.json' })

const found = (value: unknown) => {
  const { path, problem } = misfit(value, schemas, 'scenario.schema.json') ?? { path: '', problem: 'fits' }
  return path === '' ? problem : `${path}: ${problem}`
}

/** The value with each of its parts taken away, or exchanged for something else. */
function* changed(value: unknown): Generator {
  for (const other of ['', 0, true, null, [], {}, 'P1D', '111111111111']) yield other
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const copy = (): Record<string, unknown> => structuredClone(value) as Record<string, unknown>
    const without = copy()
    if (Array.isArray(without)) without.splice(Number(key), 1)
    else Reflect.deleteProperty(without, key)
    yield without
    for (const part of changed((value as Record<string, unknown>)[key])) yield Object.assign(copy(), { [key]: part })
  }
  if (!Array.isArray(value)) yield { ...value, stray: 1 }
}

describe('our reading of the schemas', () => {
  it('agrees with a validator of JSON Schema about every small change of a scenario', async () => {
    const scenario = await parse('scenarios/vpc-endpoint-policy.json')
    scenario['$schema'] = undefined
    let [good, bad] = [0, 0]
    for (const value of changed(JSON.parse(JSON.stringify(scenario)))) {
      const agreed = fits(value)
      if (agreed !== (found(value) === 'fits')) throw new Error(`${found(value)}: ${JSON.stringify(value)}`)
      if (agreed) good++
      else bad++
    }
    expect([good > 50, bad > 200]).toEqual([true, true])
  })

  it('accepts what comes with Twokey', async () => {
    for (const name of await readdir(new URL('scenarios/', FIXTURES)))
      expect([name, found(await parse(`scenarios/${name}`))]).toEqual([name, 'fits'])
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
      'world.accounts["111111111111"].users.me: has `policy`; it may have accessKey, groups, policies, attached, boundary, tags',
    ],
    [
      'an account that is none',
      of({}, { world: { accounts: { me: {} } } }),
      'world.accounts.me: has a name that does not fit: is "me"; it must match ^\\d{12}$ (Accounts by their ids, which are twelve digits)',
    ],
  ])('tells of %s where it is and what to write', (_, value, message) => {
    expect(found(value)).toBe(message)
  })
})
