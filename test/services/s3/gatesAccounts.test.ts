import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { allow, policy } from './support.ts'
import { OPERATIONS, questions } from './gates/operations.ts'
import {
  Bucket,
  GatesWorld,
  LOCKED,
  OUTSIDER,
  SUBJECT,
  allBut,
  decider,
  isKeyCheck,
  rootOf,
  type Check,
} from './gates/world.ts'

let world: GatesWorld
let stranger: GatesWorld['user']
beforeAll(async () => {
  world = await GatesWorld.start()
  stranger = await world.person(OUTSIDER)
})
beforeEach(async () => {
  await permitStranger(allow('*'))
  await share()
})
afterAll(() => world.stop())

async function permitStranger(...statements: readonly object[]): Promise<void> {
  const iam = world.organization.test.client(IAMClient, { credentials: rootOf(OUTSIDER) })
  const PolicyDocument = policy(...statements)
  await iam.send(new PutUserPolicyCommand({ UserName: SUBJECT, PolicyName: 'inline', PolicyDocument }))
}

const theirs = { Principal: { AWS: `arn:aws:iam::${OUTSIDER}:root` } }
const everything = [Bucket, LOCKED].flatMap((name) => [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`])

/** Bucket and keys are open to the other account, but for one thing. */
async function share(except?: Check): Promise<void> {
  if (!except || isKeyCheck(except)) await world.bucketPolicy({ ...allow('s3:*', everything), ...theirs })
  else {
    const { action, resource } = except
    await world.bucketPolicy(
      { Effect: 'Allow', NotAction: action, Resource: everything, ...theirs },
      { Effect: 'Allow', Action: action, NotResource: resource, ...theirs },
    )
  }
  for (const key of world.keys) {
    const action = except?.resource === key ? except.action : undefined
    const uses = ['kms:GenerateDataKey', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'].filter(
      (use) => use !== action,
    )
    await world.keyPolicy(key, { ...allow(uses), ...theirs })
  }
}

const WITHHELD =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

/** To another account S3 says nothing, and KMS does not name its key. */
function told({ action }: Check, cause: string): string {
  if (action.startsWith('s3:')) return 'Access Denied'
  const where =
    action === 'kms:Decrypt' || action === 'kms:ReEncryptFrom'
      ? 'the resource associated with this ciphertext'
      : 'this resource'
  return `User: ${stranger.arn} is not authorized to perform: ${action} on ${where} ${cause}`
}

describe.each(OPERATIONS)('$name', ({ run }) => {
  it('is allowed across accounts when both sides allow all of it', async () => {
    await world.prepare()
    expect((await world.end(run(stranger.s3, world))).view).toMatchObject({ outcome: 'allowed' })
    await world.prepare()
  })
})

describe.each(questions(() => true))('across accounts, %s', (_, operation, place) => {
  const checkOf = () => operation.checks(world)[place] ?? { action: '', resource: '' }
  const expectRefusal = async (layer: string, cause: string) => {
    const before = world.snapshot()
    const { status, view } = await world.end(operation.run(stranger.s3, world))
    const check = checkOf()
    expect([status, view.error]).toEqual([403, { code: 'AccessDenied', message: told(check, cause) }])
    expect(decider(view)).toEqual({ gate: isKeyCheck(check) ? 'key' : 'data', ...check, layer })
    expect(world.snapshot()).toEqual(before)
  }

  it('needs the caller’s own account to allow it', async () => {
    const check = checkOf()
    await permitStranger(...allBut(check))
    await expectRefusal('identity', `because no identity-based policy allows the ${check.action} action`)
  })

  it('needs the owner of the bucket or the key to allow it', async () => {
    await share(checkOf())
    await expectRefusal('resource', WITHHELD)
  })
})
