import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AddClientIDToOpenIDConnectProviderCommand,
  AttachUserPolicyCommand,
  CreateAccountAliasCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccountAliasCommand,
  DeleteOpenIDConnectProviderCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetOpenIDConnectProviderCommand,
  ListAccountAliasesCommand,
  ListOpenIDConnectProvidersCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import { ACCOUNT, OTHER_ACCOUNT, allow, refusal, rootOf, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
})

describe('account alias', () => {
  const create = (AccountAlias: string, client = root) => client.send(new CreateAccountAliasCommand({ AccountAlias }))
  const aliases = async () => (await root.send(new ListAccountAliasesCommand({}))).AccountAliases

  it('is one, and a new one takes its place', async () => {
    await create('red')
    await create('blue')
    expect(await aliases()).toEqual(['blue'])
    await create('red', iam.as(rootOf(OTHER_ACCOUNT)))
  })

  it('is unique among all accounts', async () => {
    await create('red', iam.as(rootOf(OTHER_ACCOUNT)))
    expect(await refusal(create('red'))).toBe('409 EntityAlreadyExists: The account alias red already exists.')
    expect(await refusal(root.send(new DeleteAccountAliasCommand({ AccountAlias: 'red' })))).toMatch(
      /^404 NoSuchEntity: /,
    )
  })

  it.each(['ab', 'a--b', '-ab', 'Ab1'])('is not %j', async (alias) => {
    expect(await refusal(create(alias))).toMatch(
      /^400 ValidationError: \d validation errors? detected: Value at 'accountAlias' failed to satisfy constraint: /,
    )
  })
})

describe('GetAccountSummary', () => {
  it('counts what is there', async () => {
    await root.send(new CreateUserCommand({ UserName: 'anna' }))
    await root.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('*') }))
    const { SummaryMap } = await root.send(new GetAccountSummaryCommand({}))
    expect(SummaryMap).toMatchObject({ Users: 1, Policies: 1, Roles: 0, UsersQuota: 5000, AccountAccessKeysPresent: 0 })
  })
})

describe('GetAccountAuthorizationDetails', () => {
  beforeEach(async () => {
    await root.send(new CreateUserCommand({ UserName: 'anna' }))
    await root.send(
      new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`) }),
    )
    await root.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('s3:*') }))
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn }))
  })

  it('tells everything', async () => {
    const details = await root.send(new GetAccountAuthorizationDetailsCommand({}))
    expect(details.UserDetailList).toMatchObject([
      { UserName: 'anna', AttachedManagedPolicies: [{ PolicyName: 'AdministratorAccess' }], GroupList: [] },
    ])
    expect(details.RoleDetailList).toMatchObject([{ RoleName: 'r', InstanceProfileList: [], RoleLastUsed: {} }])
    expect(details.Policies?.map(({ PolicyName }) => PolicyName).sort()).toEqual(['AdministratorAccess', 'p'])
    expect(
      decodeURIComponent(details.Policies?.find((p) => p.PolicyName === 'p')?.PolicyVersionList?.[0]?.Document ?? ''),
    ).toBe(allow('s3:*'))
  })

  it('tells what it is asked for, in pages', async () => {
    const first = await root.send(
      new GetAccountAuthorizationDetailsCommand({ Filter: ['User', 'LocalManagedPolicy'], MaxItems: 1 }),
    )
    expect(first).toMatchObject({ UserDetailList: [], Policies: [{ PolicyName: 'p' }], IsTruncated: true })
    const second = await root.send(
      new GetAccountAuthorizationDetailsCommand({
        Filter: ['User', 'LocalManagedPolicy'],
        MaxItems: 1,
        Marker: first.Marker,
      }),
    )
    expect(second).toMatchObject({ UserDetailList: [{ UserName: 'anna' }], Policies: [], IsTruncated: false })
  })
})

describe('OpenID Connect providers', () => {
  const Url = 'https://token.actions.githubusercontent.com'
  const ARN = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`
  const create = (url = Url) =>
    root.send(new CreateOpenIDConnectProviderCommand({ Url: url, ClientIDList: ['sts.amazonaws.com'] }))
  const get = () => root.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: ARN }))

  it('are named by their issuer', async () => {
    expect((await create()).OpenIDConnectProviderArn).toBe(ARN)
    expect(await get()).toMatchObject({
      Url: 'token.actions.githubusercontent.com',
      ClientIDList: ['sts.amazonaws.com'],
      ThumbprintList: [],
    })
    expect(iam.directory.oidcProvider(ARN)).toEqual({ arn: ARN, clientIds: ['sts.amazonaws.com'] })
    expect(await refusal(create())).toBe(`409 EntityAlreadyExists: Provider with url ${Url} already exists.`)
    const { OpenIDConnectProviderList } = await root.send(new ListOpenIDConnectProvidersCommand({}))
    expect(OpenIDConnectProviderList).toEqual([{ Arn: ARN }])
  })

  it('need https', async () => {
    expect(await refusal(create('http://example.com'))).toMatch(/^400 ValidationError: /)
  })

  it('learn and forget client ids and thumbprints', async () => {
    await create()
    const named = { OpenIDConnectProviderArn: ARN }
    await root.send(new AddClientIDToOpenIDConnectProviderCommand({ ...named, ClientID: 'other' }))
    await root.send(new AddClientIDToOpenIDConnectProviderCommand({ ...named, ClientID: 'other' }))
    await root.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...named, ClientID: 'sts.amazonaws.com' }))
    const ThumbprintList = ['a'.repeat(40)]
    await root.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...named, ThumbprintList }))
    expect(await get()).toMatchObject({ ClientIDList: ['other'], ThumbprintList })
  })

  it('are deleted, twice if need be', async () => {
    await create()
    const remove = () => refusal(root.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: ARN })))
    expect([await remove(), await remove()]).toEqual(['no refusal', 'no refusal'])
    expect(await refusal(get())).toBe(`404 NoSuchEntity: OpenIDConnect Provider not found for arn ${ARN}`)
  })
})
