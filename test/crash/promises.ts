import { expect } from '@jest/globals'
import { paginateListAliases, paginateListGrants, paginateListKeys } from '@aws-sdk/client-kms'
import { GetUserPolicyCommand, paginateListUsers } from '@aws-sdk/client-iam'
import { GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { BUCKET, bodyOf, policyOf, type Clients, type Ledger, type Versions } from './ledger.ts'

const inDoubt = ({ acknowledged, asked }: Versions) => acknowledged !== asked

/** Everything acknowledged is listed; what was under way when the server died is there as a whole or not at all. */
export async function expectEverything(clients: Clients, ledger: Ledger): Promise<void> {
  await settle(clients, ledger)
  const { kms, iam, s3 } = clients
  const keys = await all(paginateListKeys({ client: kms, pageSize: 1000 }, {}), ({ Keys }) =>
    Keys?.map(({ KeyId }) => KeyId!),
  )
  expect(missing(ledger.keys, keys)).toEqual([])
  const aliases = await all(paginateListAliases({ client: kms, pageSize: 100 }, {}), ({ Aliases }) =>
    Aliases?.map(({ AliasName, TargetKeyId }) => `${AliasName!} ${TargetKeyId!}`),
  )
  expect(
    missing(
      [...ledger.aliases].map(([name, key]) => `${name} ${key}`),
      aliases,
    ),
  ).toEqual([])
  const grants = await all(paginateListGrants({ client: kms, pageSize: 100 }, { KeyId: ledger.keyArn }), ({ Grants }) =>
    Grants?.map(({ GrantId }) => GrantId!),
  )
  expect(missing(ledger.grants, grants)).toEqual([])
  const users = await all(paginateListUsers({ client: iam, pageSize: 1000 }, {}), ({ Users }) =>
    Users?.map(({ UserName }) => UserName!),
  )
  expect(missing(ledger.policies.keys(), users)).toEqual([])
  const objects = await all(paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET }), ({ Contents }) =>
    Contents?.map(({ Key, Size }) => `${Key!} ${String(Size)}`),
  )
  const wanted = [...ledger.objects].filter(([, { acknowledged }]) => acknowledged > 0)
  // Exactly these: nothing that was half written, nothing that was deleted.
  const expected = wanted.map(([name, { acknowledged }]) => `${name} ${String(bodyOf(name, acknowledged).length)}`)
  expect(objects.sort()).toEqual(expected.sort())
}

/** The newest objects have exactly the bytes of the version that is promised, so their keys and data keys are there, too. */
export async function expectObjects(clients: Clients, ledger: Ledger, count: number): Promise<void> {
  const promised = [...ledger.objects].filter(([, { acknowledged }]) => acknowledged > 0)
  const chosen = count === Infinity ? promised : promised.slice(-count)
  for (const [name, { acknowledged }] of chosen) {
    const bytes = await read(clients, name)
    expect([name, bytes?.equals(bodyOf(name, acknowledged))]).toEqual([name, true])
  }
}

/** Finds out what became of the requests that were never answered. */
async function settle(clients: Clients, ledger: Ledger): Promise<void> {
  for (const [name, versions] of ledger.objects) {
    if (!inDoubt(versions)) continue
    const bytes = await read(clients, name)
    const found = [versions.acknowledged, versions.asked].find((version) =>
      version === 0 ? bytes === undefined : bytes?.equals(bodyOf(name, version)),
    )
    expect([name, found]).toEqual([name, expect.any(Number)])
    versions.acknowledged = versions.asked = found!
  }
  for (const [UserName, versions] of ledger.policies) {
    if (!inDoubt(versions)) continue
    const document = await policy(clients, UserName)
    const found = [versions.acknowledged, versions.asked].find((version) =>
      version === 0 ? document === undefined : document === policyOf(version),
    )
    expect([UserName, found]).toEqual([UserName, expect.any(Number)])
    versions.acknowledged = versions.asked = found!
  }
}

async function read({ s3 }: Clients, Key: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
    return Buffer.from(await Body!.transformToByteArray())
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey') return undefined
    throw error
  }
}

async function policy({ iam }: Clients, UserName: string): Promise<string | undefined> {
  try {
    const found = await iam.send(new GetUserPolicyCommand({ UserName, PolicyName: 'only' }))
    return decodeURIComponent(found.PolicyDocument!)
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchEntityException') return undefined
    throw error
  }
}

async function all<Page>(pages: AsyncIterable<Page>, items: (page: Page) => string[] | undefined): Promise<string[]> {
  const found: string[] = []
  for await (const page of pages) found.push(...(items(page) ?? []))
  return found
}

function missing(promised: Iterable<string>, found: readonly string[]): string[] {
  const there = new Set(found)
  return [...promised].filter((item) => !there.has(item))
}
