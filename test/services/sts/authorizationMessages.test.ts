import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import { DecodeAuthorizationMessageCommand } from '@aws-sdk/client-sts'
import {
  authorizationDetails,
  decodeAuthorizationMessage,
  encodeAuthorizationMessage,
} from '../../../emulator/operation/authorizationMessage.ts'
import type { Decision } from '../../../emulator/access/types.ts'
import { secretFor } from '../../../emulator/services/sts/secrets.ts'
import { ACCOUNT, StsWorld, allow, policy, refusal, type Credentials } from './support.ts'

let world: StsWorld
const USER = `arn:aws:iam::${ACCOUNT}:user/anna`
const INVALID = '400 InvalidAuthorizationMessageException: Message is not valid'

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(() => {
  world.test.emulator.reset()
})
afterAll(() => world.test.stop())

const decode = async (EncodedMessage: string, credentials?: Credentials) =>
  (await world.sts(credentials).send(new DecodeAuthorizationMessageCommand({ EncodedMessage }))).DecodedMessage ?? ''

/** The decision that refused this user's ListUsers. */
async function decision(document: string): Promise<Decision> {
  const credentials = await world.user('anna', { policy: document })
  await refusal(world.test.client(IAMClient, { credentials }).send(new ListUsersCommand({})))
  const [latest] = world.test.emulator.decisions.list({ limit: 1, deniedOnly: true })
  const found = world.test.emulator.decisions.refusal(latest?.requestId ?? '')
  if (!found) throw new Error('nothing was refused')
  return found
}

const encode = (details: object) => encodeAuthorizationMessage(details, secretFor(world.state, 'authorization-message'))

describe('DecodeAuthorizationMessage', () => {
  it('shows an explicit deny with its statement', async () => {
    const document = policy({
      Effect: 'Deny',
      Action: 'iam:List*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } },
    })
    const message = encode(authorizationDetails(await decision(document)))
    expect(message).toMatch(/^[\w-]+$/)
    const shown = JSON.parse(await decode(message)) as { context: { conditions: { items: unknown[] } } }
    expect(shown).toMatchObject({
      allowed: false,
      explicitDeny: true,
      matchedStatements: {
        items: [
          {
            statementId: '',
            effect: 'DENY',
            principals: { items: [] },
            principalGroups: { items: [] },
            actions: { items: [{ value: 'iam:List*' }] },
            resources: { items: [{ value: '*' }] },
            conditions: { items: [{ key: 'aws:RequestedRegion', values: { items: [{ value: 'us-east-1' }] } }] },
          },
        ],
      },
      failures: { items: [] },
      context: {
        principal: { id: expect.stringMatching(/^AIDA/), name: 'anna', arn: USER },
        action: 'iam:ListUsers',
        resource: `arn:aws:iam::${ACCOUNT}:user/`,
      },
    })
    expect(shown.context.conditions.items).toContainEqual({
      key: 'aws:RequestedRegion',
      values: { items: [{ value: 'us-east-1' }] },
    })
  })

  it('shows an implicit deny without statements', async () => {
    const shown: unknown = JSON.parse(await decode(encode(authorizationDetails(await decision(allow('s3:*'))))))
    expect(shown).toMatchObject({ allowed: false, explicitDeny: false, matchedStatements: { items: [] } })
  })

  it('needs the permission', async () => {
    const user = await world.user('anna')
    expect(await refusal(decode('x', user))).toBe(
      `403 AccessDenied: User: ${USER} is not authorized to perform: sts:DecodeAuthorizationMessage on resource: * because no identity-based policy allows the sts:DecodeAuthorizationMessage action`,
    )
  })

  it('refuses what this emulator did not encode', async () => {
    expect(await refusal(decode('no-message-was-ever-made'))).toBe(INVALID)
    const message = encode({ allowed: false })
    const other = encodeAuthorizationMessage({ allowed: false }, Buffer.alloc(32))
    const flipped = `${message.slice(0, -3)}${message.endsWith('AAA') ? 'BBB' : 'AAA'}`
    for (const wrong of [other, flipped, message.slice(0, -1), `${message.slice(0, 9)}\n${message.slice(9)}`, 'AAAA']) {
      expect(await refusal(decode(wrong))).toBe(INVALID)
    }
    expect(await decode(message)).toBe('{"allowed":false}')
  })
})

describe('decodeAuthorizationMessage', () => {
  it('never throws, whatever it is given', () => {
    const secret = Buffer.alloc(32, 1)
    for (const text of ['', '-', '_', 'A'.repeat(5000), '%%%', '\u0000']) {
      expect(decodeAuthorizationMessage(text, secret)).toBeUndefined()
    }
  })
})
