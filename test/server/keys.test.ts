import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CreateAliasCommand, CreateGrantCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import type { KeyPage, KeyView } from '../../emulator/server/admin/keys.ts'
import { ACCOUNT, OTHER_ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'

let twokey: TestEmulator
/** In the order of the list. */
const arns: string[] = []

beforeAll(async () => {
  twokey = await startEmulator()
  for (const [account, region] of [
    [ACCOUNT, 'eu-west-1'],
    [ACCOUNT, 'us-east-1'],
    [ACCOUNT, 'us-east-1'],
    [OTHER_ACCOUNT, 'us-east-1'],
  ] as const) {
    const kms = twokey.client(KMSClient, { credentials: rootOf(account), region })
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: region }))
    arns.push(KeyMetadata!.Arn!)
  }
  arns.sort((a, b) => (place(a) < place(b) ? -1 : 1))
})
afterAll(() => twokey.stop())

const place = (arn: string) => {
  const [, , , region, account, id] = arn.split(':')
  return `${account!}/${region!}/${id!}`
}
const door = async (path: string) => {
  const answer = await fetch(`${twokey.url}/_twokey/keys${path}`)
  return { status: answer.status, body: (await answer.json()) as KeyPage & KeyView & { error?: string } }
}

describe('GET /_twokey/keys', () => {
  it('goes through all keys page by page, in the order of account, Region and id', async () => {
    const seen: string[] = []
    const sizes: number[] = []
    for (let next: string | null = ''; next !== null;) {
      const page: KeyPage = (await door(`?limit=2${next && `&after=${encodeURIComponent(next)}`}`)).body
      expect(page).toMatchObject({ total: 4, accounts: [ACCOUNT, OTHER_ACCOUNT] })
      seen.push(...page.keys.map(({ arn }) => arn))
      sizes.push(page.keys.length)
      next = page.next
    }
    expect(seen).toEqual(arns)
    expect(sizes).toEqual([2, 2])
  })

  it('goes on after a key that is gone meanwhile, and keeps to an account', async () => {
    const gone = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/ffffffff-ffff-ffff-ffff-ffffffffffff`
    expect((await door(`?after=${gone}`)).body.keys.map(({ arn }) => arn)).toEqual(arns.slice(1))
    const { body } = await door(`?account=${OTHER_ACCOUNT}`)
    expect(body).toMatchObject({ keys: [{ arn: arns[3] }], total: 1, accounts: [ACCOUNT, OTHER_ACCOUNT], next: null })
    expect((await door('?account=333333333333')).body).toMatchObject({ keys: [], total: 0, next: null })
  })

  it('says what it cannot use', async () => {
    expect(await door('?limit=0')).toEqual({ status: 400, body: { error: 'limit must be a number from 1 to 1000' } })
    expect(await door('?after=x')).toEqual({
      status: 400,
      body: { error: '`x` is not the ARN of a key; say what `next` was' },
    })
  })
})

describe('GET /_twokey/keys/<ARN>', () => {
  it('shows a key as KMS does, and nothing of its material', async () => {
    const arn = arns[0]!
    const kms = twokey.client(KMSClient, { region: 'eu-west-1' })
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/shown', TargetKeyId: arn }))
    await kms.send(
      new CreateGrantCommand({
        KeyId: arn,
        GranteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:root`,
        Operations: ['Decrypt'],
        Constraints: { EncryptionContextSubset: { project: 'x' } },
      }),
    )
    const { body } = await door(`/${encodeURIComponent(arn)}`)
    expect(body).toMatchObject({
      arn,
      account: ACCOUNT,
      region: 'eu-west-1',
      aliases: ['alias/shown'],
      description: 'eu-west-1',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      state: 'Enabled',
      manager: 'CUSTOMER',
      grants: 1,
      metadata: { Arn: arn, KeyState: 'Enabled', Origin: 'AWS_KMS' },
      tags: {},
      rotation: null,
      grantEntries: [
        {
          GranteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:root`,
          Operations: ['Decrypt'],
          Constraints: { EncryptionContextSubset: { project: 'x' } },
        },
      ],
    })
    expect(JSON.parse(body.policy)).toMatchObject({ Statement: [{ Sid: 'Enable IAM User Permissions' }] })
    const { collections } = twokey.emulator.store.export({ secrets: true })
    const secrets = Object.values(collections['kms.material']?.[''] ?? {}) as { readonly bytes: string }[]
    expect(secrets).toHaveLength(4)
    for (const { bytes } of secrets) expect(JSON.stringify(body)).not.toContain(bytes)
  })

  it('says that there is no such key', async () => {
    const unknown = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/ffffffff-ffff-ffff-ffff-ffffffffffff`
    for (const arn of [unknown, 'nonsense']) {
      const error = `there is no key \`${arn}\`; GET /_twokey/keys lists them`
      expect(await door(`/${encodeURIComponent(arn)}`)).toEqual({ status: 404, body: { error } })
    }
  })
})
