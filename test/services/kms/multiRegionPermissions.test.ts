import { describe, expect, it } from '@jest/globals'
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ReplicateKeyCommand,
  UpdatePrimaryRegionCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { CreateServiceLinkedRoleCommand, IAMClient } from '@aws-sdk/client-iam'
import { CREATING_MS } from '../../../emulator/services/kms/keys/timers.ts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  REGION,
  WITHHELD,
  allow,
  denied,
  kmsForTests,
  policyOf,
  refusal,
  rootOf,
  type Key,
} from './support.ts'

const kms = kmsForTests()
const WEST = 'us-west-2'
const at = (region: string) => kms.of(ACCOUNT, region)
const arnIn = (region: string, { KeyId }: Key) => `arn:aws:kms:${region}:${ACCOUNT}:key/${KeyId}`
const primaryKey = () => kms.createKey({ MultiRegion: true })
const replicate = (client: KMSClient, { KeyId }: Key, tagged = false) =>
  client.send(
    new ReplicateKeyCommand({
      KeyId,
      ReplicaRegion: WEST,
      ...(tagged && { Tags: [{ TagKey: 'team', TagValue: 'red' }] }),
    }),
  )
async function pair(): Promise<Key> {
  const key = await primaryKey()
  await replicate(kms.root, key)
  kms.advance(CREATING_MS + 1)
  return key
}

/** The layer that decided the latest refusal. */
function decidedBy(): string | undefined {
  const { decisions } = kms.running.emulator
  const [latest] = decisions.list({ limit: 1 })
  return latest && decisions.refusal(latest.requestId)?.layer
}

const notAllowed = (who: string, action: string, resource: string) =>
  denied(
    `User: ${who} is not authorized to perform: ${action}${resource} because no identity-based policy allows the ${action} action`,
  )
const forbidden = (who: string, action: string, resource: string, by = 'an identity-based') =>
  denied(
    `User: ${who} is not authorized to perform: ${action} on resource: ${resource} with an explicit deny in ${by} policy`,
  )

const ALLOW_KMS = { Effect: 'Allow', Action: 'kms:*', Resource: '*' }
const deny = (Action: string, Condition: object) => ({ Effect: 'Deny', Action, Resource: '*', Condition })

describe('the first multi-Region key of an account', () => {
  const role = 'role/aws-service-role/mrk.kms.amazonaws.com/AWSServiceRoleForKeyManagementServiceMultiRegionKeys'

  it('needs iam:CreateServiceLinkedRole; later ones do not', async () => {
    const account = '444444444444'
    const maker = await kms.user('maker', policyOf(ALLOW_KMS), account)
    const client = maker.kms
    const make = () => client.send(new CreateKeyCommand({ MultiRegion: true }))
    expect(await refusal(make())).toEqual(
      notAllowed(maker.arn, 'iam:CreateServiceLinkedRole', ` on resource: arn:aws:iam::${account}:${role}`),
    )
    expect(decidedBy()).toBe('identity')
    await client.send(new CreateKeyCommand({}))

    await kms.createKey({ MultiRegion: true }, kms.of(account))
    await make()
  })

  it('is made by who may make that role, for that service', async () => {
    const account = '555555555555'
    const maker = await kms.user(
      'maker',
      policyOf(ALLOW_KMS, {
        Effect: 'Allow',
        Action: 'iam:CreateServiceLinkedRole',
        Resource: `arn:aws:iam::${account}:${role}`,
        Condition: { StringEquals: { 'iam:AWSServiceName': 'mrk.kms.amazonaws.com' } },
      }),
      account,
    )
    await maker.kms.send(new CreateKeyCommand({ MultiRegion: true }))
    const iam = kms.running.client(IAMClient, { credentials: rootOf(account) })
    const name = 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys'
    const again = iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'mrk.kms.amazonaws.com' }))
    expect(await refusal(again)).toMatchObject({
      message: `Service role name ${name} has been taken in this account, please try a different suffix.`,
    })
  })
})

describe('ReplicateKey', () => {
  it('needs kms:ReplicateKey on the primary key', async () => {
    const key = await primaryKey()
    const user = await kms.user('creates-only', allow('kms:CreateKey'))
    expect(await refusal(replicate(user.kms, key))).toEqual(
      notAllowed(user.arn, 'kms:ReplicateKey', ` on resource: ${key.Arn}`),
    )
    expect(decidedBy()).toBe('identity')
  })

  it('needs kms:CreateKey in the Region of the replica', async () => {
    const key = await primaryKey()
    const missing = await kms.user('replicates-only', allow('kms:ReplicateKey'))
    expect(await refusal(replicate(missing.kms, key))).toEqual(
      notAllowed(missing.arn, 'kms:CreateKey', ' on resource: *'),
    )
    const elsewhere = await kms.user(
      'creates-here',
      policyOf(
        { Effect: 'Allow', Action: 'kms:ReplicateKey', Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'kms:CreateKey',
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestedRegion': REGION } },
        },
      ),
    )
    expect(await refusal(replicate(elsewhere.kms, key))).toEqual(
      notAllowed(elsewhere.arn, 'kms:CreateKey', ' on resource: *'),
    )
    expect(decidedBy()).toBe('identity')
    const there = await kms.user('creates-there', {
      ...policyOf(
        { Effect: 'Allow', Action: 'kms:ReplicateKey', Resource: `arn:aws:kms:${REGION}:${ACCOUNT}:key/*` },
        {
          Effect: 'Allow',
          Action: 'kms:CreateKey',
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestedRegion': WEST } },
        },
      ),
    })
    await replicate(there.kms, key)
  })

  it('needs kms:TagResource for tags', async () => {
    const key = await primaryKey()
    const user = await kms.user('tags-nothing', allow('kms:ReplicateKey', 'kms:CreateKey'))
    expect(await refusal(replicate(user.kms, key, true))).toEqual(notAllowed(user.arn, 'kms:TagResource', ''))
    expect(decidedBy()).toBe('identity')
    const tagger = await kms.user(
      'tags-there',
      policyOf(
        { Effect: 'Allow', Action: ['kms:ReplicateKey', 'kms:CreateKey'], Resource: '*' },
        { Effect: 'Allow', Action: 'kms:TagResource', Resource: `arn:aws:kms:${WEST}:${ACCOUNT}:key/mrk-*` },
      ),
    )
    await replicate(tagger.kms, key, true)
  })

  it.each<[string, string, object]>([
    ['kms:ReplicateKey', 'kms:ReplicaRegion', { StringEquals: { 'kms:ReplicaRegion': WEST } }],
    ['kms:ReplicateKey', 'kms:MultiRegionKeyType', { StringEquals: { 'kms:MultiRegionKeyType': 'PRIMARY' } }],
    ['kms:ReplicateKey', 'aws:RequestTag/team', { StringEquals: { 'aws:RequestTag/team': 'red' } }],
    ['kms:CreateKey', 'kms:MultiRegionKeyType', { StringEquals: { 'kms:MultiRegionKeyType': 'REPLICA' } }],
    ['kms:CreateKey', 'kms:MultiRegion', { Bool: { 'kms:MultiRegion': 'true' } }],
    ['kms:CreateKey', 'aws:TagKeys', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'team' } }],
  ])('tells policies on %s %s', async (action, name, condition) => {
    const key = await primaryKey()
    const user = await kms.user(
      `told-${action.slice(4)}-${name.replace(/\W/g, '-')}`,
      policyOf(ALLOW_KMS, deny(action, condition)),
    )
    expect(await refusal(replicate(user.kms, key, true))).toEqual(
      forbidden(user.arn, action, action === 'kms:CreateKey' ? '*' : key.Arn),
    )
  })

  it('is for the account of the key alone', async () => {
    const key = await primaryKey()
    expect(await refusal(replicate(kms.of(OTHER_ACCOUNT), { ...key, KeyId: key.Arn }))).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:ReplicateKey on this resource ${WITHHELD}`,
      ),
    )
  })
})

describe('CreateKey', () => {
  it.each<[string, object]>([
    ['kms:MultiRegion', { Bool: { 'kms:MultiRegion': 'true' } }],
    ['kms:MultiRegionKeyType', { StringEquals: { 'kms:MultiRegionKeyType': 'PRIMARY' } }],
  ])('tells policies %s', async (name, condition) => {
    const user = await kms.user(`makes-${name.slice(4)}`, policyOf(ALLOW_KMS, deny('kms:CreateKey', condition)))
    await user.kms.send(new CreateKeyCommand({}))
    expect(await refusal(user.kms.send(new CreateKeyCommand({ MultiRegion: true })))).toEqual(
      forbidden(user.arn, 'kms:CreateKey', '*'),
    )
  })
})

describe('operations on a key', () => {
  it('tell policies whether it is a primary, a replica or neither', async () => {
    const key = await pair()
    const single = await kms.createKey()
    const { CiphertextBlob } = await kms.root.send(
      new EncryptCommand({ KeyId: key.KeyId, Plaintext: Buffer.from('x') }),
    )
    const role = await kms.role(
      'no-replicas',
      policyOf(ALLOW_KMS, deny('kms:Decrypt', { StringEquals: { 'kms:MultiRegionKeyType': 'REPLICA' } })),
    )
    const { arn, credentials } = await kms.session(role)
    await kms.client(credentials).send(new DecryptCommand({ CiphertextBlob }))
    expect(await refusal(kms.client(credentials, WEST).send(new DecryptCommand({ CiphertextBlob })))).toEqual(
      forbidden(arn, 'kms:Decrypt', arnIn(WEST, key)),
    )
    const typeless = await kms.user(
      'typeless',
      policyOf(ALLOW_KMS, deny('kms:DescribeKey', { Null: { 'kms:MultiRegionKeyType': 'true' } })),
    )
    await typeless.kms.send(new DescribeKeyCommand({ KeyId: key.KeyId }))
    expect(await refusal(typeless.kms.send(new DescribeKeyCommand({ KeyId: single.KeyId })))).toEqual(
      forbidden(typeless.arn, 'kms:DescribeKey', single.Arn),
    )
  })
})

describe('UpdatePrimaryRegion', () => {
  const move = (client: KMSClient, { KeyId }: Key) =>
    client.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: WEST }))

  it('needs the permission on the key in both Regions', async () => {
    const key = await pair()
    for (const [region, other] of [
      [REGION, WEST],
      [WEST, REGION],
    ] as const) {
      const user = await kms.user(
        `moves-in-${region}`,
        policyOf({ Effect: 'Allow', Action: 'kms:UpdatePrimaryRegion', Resource: arnIn(region, key) }),
      )
      expect(await refusal(move(user.kms, key))).toEqual(
        notAllowed(user.arn, 'kms:UpdatePrimaryRegion', ` on resource: ${arnIn(other, key)}`),
      )
      expect(decidedBy()).toBe('identity')
    }
    const both = await kms.user(
      'moves',
      policyOf({
        Effect: 'Allow',
        Action: 'kms:UpdatePrimaryRegion',
        Resource: [arnIn(REGION, key), arnIn(WEST, key)],
      }),
    )
    await move(both.kms, key)
  })

  it('asks the policy of the replica, too', async () => {
    const key = await primaryKey()
    const Policy = JSON.stringify(
      policyOf(
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
        { Effect: 'Deny', Principal: '*', Action: 'kms:UpdatePrimaryRegion', Resource: '*' },
      ),
    )
    await kms.root.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: WEST, Policy }))
    kms.advance(CREATING_MS + 1)
    expect(await refusal(move(kms.root, key))).toEqual(
      forbidden(`arn:aws:iam::${ACCOUNT}:root`, 'kms:UpdatePrimaryRegion', arnIn(WEST, key), 'a resource-based'),
    )
    expect(decidedBy()).toBe('resource')
    expect((await at(WEST).send(new DescribeKeyCommand({ KeyId: key.KeyId }))).KeyMetadata?.KeyState).toBe('Enabled')
  })

  it('tells policies the Region', async () => {
    const key = await pair()
    const user = await kms.user(
      'stays',
      policyOf(ALLOW_KMS, deny('kms:UpdatePrimaryRegion', { StringEquals: { 'kms:PrimaryRegion': WEST } })),
    )
    expect(await refusal(move(user.kms, key))).toEqual(forbidden(user.arn, 'kms:UpdatePrimaryRegion', key.Arn))
  })
})
