import { beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteRoleCommand, DeleteRolePolicyCommand, IAMClient, ListRolePoliciesCommand } from '@aws-sdk/client-iam'
import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  type CreateGrantCommandInput,
  type GrantListEntry,
  type GrantOperation,
  type KMSClient,
  type ListGrantsCommandInput,
  type ListGrantsCommandOutput,
} from '@aws-sdk/client-kms'
import { ACCOUNT, OTHER_ACCOUNT, allow, denied, invalid, kmsForTests, policyOf, refusal, refused } from './support.ts'

const kms = kmsForTests()
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
let KeyId = ''
let Arn = ''
let roleArn = ''
let grantee: { arn: string; kms: KMSClient }
beforeAll(async () => {
  const key = await kms.createKey()
  KeyId = key.KeyId
  Arn = key.Arn
  roleArn = await kms.role('grantee')
  grantee = await kms.session(roleArn)
})

const grant = (input: Partial<CreateGrantCommandInput> = {}, client = kms.root) =>
  client.send(new CreateGrantCommand({ KeyId, GranteePrincipal: grantee.arn, Operations: ['Encrypt'], ...input }))
const list = async (input: Partial<ListGrantsCommandInput> = {}): Promise<GrantListEntry[]> =>
  (await kms.root.send(new ListGrantsCommand({ KeyId, ...input }))).Grants ?? []
const revoke = (GrantId: string | undefined) => kms.root.send(new RevokeGrantCommand({ KeyId, GrantId }))
const encryptAs = (client: KMSClient, EncryptionContext?: Record<string, string>, id = KeyId) =>
  client.send(new EncryptCommand({ KeyId: id, Plaintext: Buffer.from('x'), EncryptionContext }))
const noIdentity = (arn: string, action: string) =>
  denied(
    `User: ${arn} is not authorized to perform: kms:${action} on resource: ${Arn} because no identity-based policy allows the kms:${action} action`,
  )

describe('CreateGrant', () => {
  it('lets the grantee in, and says what was granted', async () => {
    expect(await refusal(encryptAs(grantee.kms))).toEqual(noIdentity(grantee.arn, 'Encrypt'))
    const { GrantId, GrantToken } = await grant({ Operations: ['Encrypt', 'DescribeKey'], RetiringPrincipal: ROOT })
    expect(GrantId).toMatch(/^[0-9a-f]{64}$/)
    expect(GrantToken).toMatch(/^AQpA/)
    expect((await encryptAs(grantee.kms)).KeyId).toBe(Arn)
    expect((await grantee.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.Arn).toBe(Arn)

    const [entry, ...others] = await list({ GrantId })
    expect(others).toEqual([])
    expect(entry).toEqual({
      KeyId: Arn,
      GrantId,
      Name: '',
      CreationDate: expect.any(Date),
      GranteePrincipal: grantee.arn,
      RetiringPrincipal: ROOT,
      IssuingAccount: ROOT,
      Operations: ['Encrypt', 'DescribeKey'],
    })
    expect((entry?.CreationDate?.getTime() ?? 1) % 1000).toBe(0)
    await revoke(GrantId)
    expect(await refusal(encryptAs(grantee.kms))).toEqual(noIdentity(grantee.arn, 'Encrypt'))
  })

  it('with the same name is the same grant, with a new token; its principals may be spelt as ids', async () => {
    const input = { Name: 'again', Constraints: { EncryptionContextSubset: { a: '1', b: '2' } } }
    const first = await grant(input)
    const second = await grant({ ...input, Constraints: { EncryptionContextSubset: { b: '2', a: '1' } } })
    expect(second.GrantId).toBe(first.GrantId)
    expect(second.GrantToken).not.toBe(first.GrantToken)
    const [, roleId] =
      /(AROA[A-Z0-9]+)/.exec(JSON.stringify(kms.running.emulator.store.export({ secrets: true }))) ?? []
    const third = await grant({ ...input, GranteePrincipal: `${String(roleId)}:target` })
    expect(third.GrantId).toBe(first.GrantId)

    for (const different of [
      { Name: 'other' },
      { Operations: ['Decrypt' as const] },
      { GranteePrincipal: ROOT },
      { RetiringPrincipal: ROOT },
      { Constraints: undefined },
    ]) {
      expect((await grant({ ...input, ...different })).GrantId).not.toBe(first.GrantId)
    }
    const [entry] = await list({ GrantId: first.GrantId })
    expect(entry).toMatchObject({ Name: 'again', Constraints: { EncryptionContextSubset: { a: '1', b: '2' } } })
  })

  it('without a name is always a new grant', async () => {
    expect((await grant()).GrantId).not.toBe((await grant()).GrantId)
  })

  const GHOST = `arn:aws:iam::${ACCOUNT}:role/ghost`
  const GHOST_SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/ghost/session`
  const PATHED = `arn:aws:sts::${ACCOUNT}:assumed-role/probe/grantee/target`
  it.each([
    [GHOST, `ARN does not refer to a valid principal: ${GHOST}`],
    [GHOST_SESSION, `ARN does not refer to a valid principal: ${GHOST_SESSION}`],
    [PATHED, `ARN is not valid: ${PATHED}`],
    [`arn:aws:iam::${ACCOUNT}:group/g`, `ARN is not valid: arn:aws:iam::${ACCOUNT}:group/g`],
    ['AROAAAAAAAAAAAAAAAAAA:sess', 'GranteePrincipal does not refer to a valid principal.'],
    ['ec2.us-east-1.amazonaws.com', 'ARN is not valid: ec2.us-east-1.amazonaws.com'],
  ])('refuses to grant to %s', async (GranteePrincipal, message) => {
    expect(await refusal(grant({ GranteePrincipal }))).toEqual(refused('InvalidArnException', message))
  })

  it.each([
    `arn:aws:sts::${ACCOUNT}:assumed-role/grantee/not-yet-issued`,
    `arn:aws:sts::${ACCOUNT}:federated-user/not-yet-issued`,
    `arn:aws:iam::${OTHER_ACCOUNT}:root`,
  ])('grants to %s', async (GranteePrincipal) => {
    const { GrantId } = await grant({ GranteePrincipal })
    expect(await list({ GrantId })).toMatchObject([{ GranteePrincipal }])
  })

  it('refuses operations that the key does not know', async () => {
    expect(await refusal(grant({ Operations: ['Sign', 'Encrypt', 'GenerateMac'] }))).toEqual(
      refused(
        'ValidationException',
        'Operations [Sign, GenerateMac] are not supported when creating a grant for a symmetric KMS key with key usage ENCRYPT_DECRYPT. ' +
          'Valid operations are [CreateGrant, RetireGrant, DescribeKey, Decrypt, Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, ReEncryptFrom, ReEncryptTo, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext]',
      ),
    )
  })

  it.each<[string, CreateGrantCommandInput['Constraints']]>([
    ['both constraints', { EncryptionContextEquals: { a: 'b' }, EncryptionContextSubset: { a: 'b' } }],
    [
      'nine pairs',
      { EncryptionContextEquals: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${String(i)}`, 'v'])) },
    ],
    ['a long value', { EncryptionContextSubset: { a: 'v'.repeat(385) } }],
  ])('refuses %s', async (_what, Constraints) => {
    expect(await refusal(grant({ Constraints }))).toMatchObject({ code: 'ValidationException', status: 400 })
  })

  it.each<[Partial<CreateGrantCommandInput>, string]>([
    [
      { Name: 'no spaces' },
      "Value 'no spaces' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
    ],
    [
      { GranteePrincipal: 'who?' },
      "Value 'who?' at 'granteePrincipal' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[\\w+=,.@:/-]+$",
    ],
    [
      { GrantTokens: Array.from({ length: 11 }, () => 't') },
      "Value '[t, t, t, t, t, t, t, t, t, t, t]' at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10",
    ],
  ])('refuses %j', async (input, problem) => {
    expect(await refusal(grant(input))).toEqual(invalid(problem))
  })

  it('can be tried out', async () => {
    const before = (await list()).length
    expect(await refusal(grant({ DryRun: true }))).toMatchObject({ code: 'DryRunOperationException' })
    expect(await list()).toHaveLength(before)
  })

  it('takes no aliases', async () => {
    expect(await refusal(grant({ KeyId: 'alias/x' }))).toEqual(
      refused('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    )
  })

  it.each<[string, object, boolean]>([
    ['kms:GrantOperations', { 'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Encrypt', 'Decrypt'] } }, true],
    ['kms:GrantOperations', { 'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt'] } }, false],
    ['kms:GranteePrincipal', { StringLike: { 'kms:GranteePrincipal': '*:assumed-role/grantee/*' } }, true],
    ['kms:GranteePrincipal', { StringLike: { 'kms:GranteePrincipal': '*:role/*' } }, false],
    ['kms:RetiringPrincipal', { StringEquals: { 'kms:RetiringPrincipal': ROOT } }, true],
    ['kms:GrantConstraintType', { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextSubset' } }, true],
    ['kms:GrantConstraintType', { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextEquals' } }, false],
    ['kms:EncryptionContext', { StringEquals: { 'kms:EncryptionContext:team': 'red' } }, true],
    ['kms:GrantIsForAWSResource', { Bool: { 'kms:GrantIsForAWSResource': 'true' } }, false],
  ])('is bound by %s', async (_name, Condition, allowed) => {
    const user = await kms.user(
      `granter-${String(granters++)}`,
      policyOf({ Effect: 'Allow', Action: 'kms:CreateGrant', Resource: '*', Condition }),
    )
    const call = grant({ RetiringPrincipal: ROOT, Constraints: { EncryptionContextSubset: { team: 'red' } } }, user.kms)
    if (allowed) expect((await call).GrantId).toBeDefined()
    else expect(await refusal(call)).toEqual(noIdentity(user.arn, 'CreateGrant'))
  })
  let granters = 0

  it('is told the ARN behind a unique id', async () => {
    const { GrantId } = await grant({ Name: 'by-id' })
    const stored = kms.running.emulator.store.export({ secrets: false }).collections['kms.grants']?.['']
    const record = Object.values(stored ?? {}).find((each) => (each as { id: string }).id === GrantId)
    const { id } = (record as { grantee: { id: string } }).grantee
    const user = await kms.user(
      'by-arn',
      policyOf({
        Effect: 'Allow',
        Action: 'kms:CreateGrant',
        Resource: '*',
        Condition: { StringEquals: { 'kms:GranteePrincipal': grantee.arn } },
      }),
    )
    expect((await grant({ GranteePrincipal: id, Name: 'by-id' }, user.kms)).GrantId).toBe(GrantId)
  })
})

describe('a grant to a role, a user, an account', () => {
  it('lets in what it names', async () => {
    const key = await kms.createKey()
    const other = await kms.session(await kms.role('other-role'))
    const toRole = await grant({ KeyId: key.KeyId, GranteePrincipal: roleArn })
    expect((await encryptAs(grantee.kms, undefined, key.KeyId)).KeyId).toBe(key.Arn)
    expect((await encryptAs((await kms.session(roleArn, 'sibling')).kms, undefined, key.KeyId)).KeyId).toBe(key.Arn)
    expect(await refusal(encryptAs(other.kms, undefined, key.KeyId))).toMatchObject({ code: 'AccessDeniedException' })
    await kms.root.send(new RevokeGrantCommand({ KeyId: key.KeyId, GrantId: toRole.GrantId }))

    const user = await kms.user('granted-user')
    await grant({ KeyId: key.KeyId, GranteePrincipal: user.arn })
    expect((await encryptAs(user.kms, undefined, key.KeyId)).KeyId).toBe(key.Arn)
  })

  it('an account still decides by its own policies', async () => {
    const key = await kms.createKey()
    const abroad = `arn:aws:iam::${OTHER_ACCOUNT}:root`
    await grant({ KeyId: key.KeyId, GranteePrincipal: abroad })
    const without = await kms.user('abroad-without', undefined, OTHER_ACCOUNT)
    const within = await kms.user('abroad-within', allow('kms:Encrypt'), OTHER_ACCOUNT)
    const session = await kms.session(await kms.role('abroad-role', allow('kms:Encrypt'), OTHER_ACCOUNT))
    for (const caller of [within, session, { kms: kms.of(OTHER_ACCOUNT) }]) {
      expect((await encryptAs(caller.kms, undefined, key.Arn)).KeyId).toBe(key.Arn)
    }
    expect(await refusal(encryptAs(without.kms, undefined, key.Arn))).toEqual(
      denied(
        `User: ${without.arn} is not authorized to perform: kms:Encrypt on this resource because no identity-based policy allows the kms:Encrypt action`,
      ),
    )
  })
})

describe('constraints', () => {
  it.each<[string, CreateGrantCommandInput['Constraints'], Record<string, string> | undefined, boolean]>([
    ['equal pairs', { EncryptionContextEquals: { a: '1' } }, { a: '1' }, true],
    ['a pair more than equal', { EncryptionContextEquals: { a: '1' } }, { a: '1', b: '2' }, false],
    ['another value', { EncryptionContextEquals: { a: '1' } }, { a: '2' }, false],
    ['another case', { EncryptionContextEquals: { a: 'x' } }, { a: 'X' }, false],
    ['a subset and more', { EncryptionContextSubset: { a: '1' } }, { a: '1', b: '2' }, true],
    ['less than the subset', { EncryptionContextSubset: { a: '1', b: '2' } }, { a: '1' }, false],
    ['no context', { EncryptionContextSubset: { a: '1' } }, undefined, false],
  ])('%s', async (_what, Constraints, context, allowed) => {
    const key = await kms.createKey()
    await grant({ KeyId: key.KeyId, Constraints, Operations: ['Encrypt', 'DescribeKey'] })
    if (allowed) expect((await encryptAs(grantee.kms, context, key.KeyId)).KeyId).toBe(key.Arn)
    else {
      expect(await refusal(encryptAs(grantee.kms, context, key.KeyId))).toEqual(
        denied(
          `User: ${grantee.arn} is not authorized to perform: kms:Encrypt on resource: ${key.Arn} because no identity-based policy allows the kms:Encrypt action`,
        ),
      )
    }
    // They do not bear on DescribeKey.
    expect((await grantee.kms.send(new DescribeKeyCommand({ KeyId: key.KeyId }))).KeyMetadata?.Arn).toBe(key.Arn)
  })
})

describe('each operation is granted by its own name, within its own context', () => {
  const RIGHT = { side: 'right' }
  const WRONG = { side: 'wrong' }
  type Context = Record<string, string>
  type Use = (client: KMSClient, sealed: Uint8Array | undefined, KeyId: string, context: Context) => Promise<unknown>

  const reEncrypt = (client: KMSClient, CiphertextBlob: Uint8Array | undefined, KeyId: string, to: Context) =>
    client.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: RIGHT,
        DestinationKeyId: KeyId,
        DestinationEncryptionContext: to,
      }),
    )
  it.each<[GrantOperation, GrantOperation[], Use]>([
    ['Encrypt', [], (client, _sealed, id, context) => encryptAs(client, context, id)],
    [
      'Decrypt',
      [],
      (client, CiphertextBlob, _id, EncryptionContext) =>
        client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })),
    ],
    [
      'GenerateDataKey',
      [],
      (client, _sealed, id, EncryptionContext) =>
        client.send(new GenerateDataKeyCommand({ KeyId: id, KeySpec: 'AES_256', EncryptionContext })),
    ],
    [
      'GenerateDataKeyWithoutPlaintext',
      [],
      (client, _sealed, id, EncryptionContext) =>
        client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId: id, KeySpec: 'AES_256', EncryptionContext })),
    ],
    ['ReEncryptTo', ['ReEncryptFrom'], (client, sealed, id, context) => reEncrypt(client, sealed, id, context)],
  ])('%s', async (operation, besides, use) => {
    const key = await kms.createKey()
    const { CiphertextBlob } = await encryptAs(kms.root, RIGHT, key.KeyId)
    const Constraints = { EncryptionContextSubset: RIGHT }
    const as = (context: Context) => use(grantee.kms, CiphertextBlob, key.KeyId, context)
    const no = denied(
      `User: ${grantee.arn} is not authorized to perform: kms:${operation} on resource: ${key.Arn} because no identity-based policy allows the kms:${operation} action`,
    )
    const every: GrantOperation[] = [
      'Encrypt',
      'Decrypt',
      'GenerateDataKey',
      'GenerateDataKeyWithoutPlaintext',
      'ReEncryptFrom',
      'ReEncryptTo',
    ]
    const Operations = every.filter((each) => each !== operation)
    await grant({ KeyId: key.KeyId, Operations })
    expect(await refusal(as(RIGHT))).toEqual(no)
    await grant({ KeyId: key.KeyId, Operations: [operation, ...besides], Constraints })
    await as(RIGHT)
    expect(await refusal(as(WRONG))).toEqual(no)
  })

  it('ReEncryptFrom', async () => {
    const key = await kms.createKey()
    const { CiphertextBlob } = await encryptAs(kms.root, RIGHT, key.KeyId)
    const no = denied(
      `User: ${grantee.arn} is not authorized to perform: kms:ReEncryptFrom on resource: ${key.Arn} because no identity-based policy allows the kms:ReEncryptFrom action`,
    )
    const Operations: GrantOperation[] = ['ReEncryptFrom', 'ReEncryptTo']
    await grant({ KeyId: key.KeyId, Operations: ['ReEncryptTo'] })
    await grant({ KeyId: key.KeyId, Operations, Constraints: { EncryptionContextEquals: WRONG } })
    expect(await refusal(reEncrypt(grantee.kms, CiphertextBlob, key.KeyId, WRONG))).toEqual(no)
    await grant({ KeyId: key.KeyId, Operations, Constraints: { EncryptionContextEquals: RIGHT } })
    await reEncrypt(grantee.kms, CiphertextBlob, key.KeyId, WRONG)
  })
})

describe('granting on', () => {
  it('stays within one parent', async () => {
    const key = await kms.createKey()
    const parents = [
      await grant({
        KeyId: key.KeyId,
        Operations: ['CreateGrant', 'Decrypt'],
        Constraints: { EncryptionContextSubset: { department: 'IT' } },
      }),
      await grant({
        KeyId: key.KeyId,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextSubset: { project: 'twokey' } },
      }),
    ]
    const GrantTokens = parents.map(({ GrantToken }) => GrantToken ?? '')
    const child = (input: Partial<CreateGrantCommandInput>) =>
      grant({ KeyId: key.KeyId, GranteePrincipal: ROOT, GrantTokens, ...input }, grantee.kms)
    const no = denied(
      `User: ${grantee.arn} is not authorized to perform: kms:CreateGrant on resource: ${key.Arn} because no identity-based policy allows the kms:CreateGrant action`,
    )
    const it = { EncryptionContextSubset: { department: 'IT' } }
    expect(await refusal(child({ Operations: ['Decrypt', 'Encrypt'], Constraints: it }))).toEqual(no)
    expect(await refusal(child({ Operations: ['Encrypt'], Constraints: it }))).toEqual(no)
    expect(await refusal(child({ Operations: ['Decrypt'] }))).toEqual(no)
    const narrower = await child({
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextEquals: { department: 'IT', project: 'twokey' } },
    })
    expect(narrower.GrantId).toBeDefined()
  })
})

describe('grant tokens', () => {
  it('are checked wherever they are taken, and are no credentials', async () => {
    const { GrantToken = '' } = await grant({ Name: 'token' })
    const stranger = await kms.user('token-thief')
    const with_ = (token: string, client = kms.root) =>
      client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), GrantTokens: [token] }))
    expect((await with_(GrantToken)).KeyId).toBe(Arn)
    expect(await refusal(with_(GrantToken, stranger.kms))).toEqual(noIdentity(stranger.arn, 'Encrypt'))
    const forged = Buffer.from(GrantToken, 'base64')
    forged[10] = (forged[10] ?? 0) ^ 1
    for (const bad of ['nonsense', forged.toString('base64'), `${GrantToken} `]) {
      expect(await refusal(with_(bad))).toMatchObject({ code: 'InvalidGrantTokenException', status: 400 })
    }
  })
})

describe('ListGrants', () => {
  it('pages, and filters by grantee and id', async () => {
    const key = await kms.createKey()
    const made: (string | undefined)[] = []
    for (let i = 0; i < 5; i++) made.push((await grant({ KeyId: key.KeyId })).GrantId)
    const theirs = await grant({ KeyId: key.KeyId, GranteePrincipal: ROOT })

    const seen: (string | undefined)[] = []
    let Marker: string | undefined
    do {
      const page: ListGrantsCommandOutput = await kms.root.send(
        new ListGrantsCommand({ KeyId: key.KeyId, Limit: 4, Marker }),
      )
      expect(page.Truncated).toBe(page.NextMarker !== undefined)
      seen.push(...(page.Grants ?? []).map(({ GrantId }) => GrantId))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    expect([...seen].sort()).toEqual([...made, theirs.GrantId].sort())

    const ofRoot = await list({ KeyId: key.KeyId, GranteePrincipal: ROOT })
    expect(ofRoot.map(({ GrantId }) => GrantId)).toEqual([theirs.GrantId])
    expect(await list({ KeyId: key.KeyId, GranteePrincipal: ROOT, GrantId: made[0] })).toEqual([])
    expect(await list({ KeyId: key.KeyId, GrantId: 'f'.repeat(64) })).toEqual([])
  })

  it('refuses to filter by nobody', async () => {
    const GranteePrincipal = `arn:aws:sts::${ACCOUNT}:assumed-role/ghost/sess`
    expect(await refusal(list({ GranteePrincipal }))).toEqual(
      refused('InvalidArnException', `ARN does not refer to a valid principal: ${GranteePrincipal}`),
    )
    expect(await refusal(list({ GranteePrincipal: 'AROAAAAAAAAAAAAAAAAAA:sess' }))).toEqual(
      refused('InvalidArnException', 'Input does not refer to a valid principal'),
    )
  })
})

describe('a role that is deleted and made again', () => {
  it('has nothing of its namesake’s grants', async () => {
    const key = await kms.createKey()
    const arn = await kms.role('phoenix')
    const session = await kms.session(arn, 'future')
    const GranteePrincipal = session.arn
    const input = { KeyId: key.KeyId, GranteePrincipal, RetiringPrincipal: GranteePrincipal, Name: 'lives' }
    const { GrantId } = await grant(input)
    const iam = kms.running.client(IAMClient)
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName: 'phoenix' }))
    for (const PolicyName of PolicyNames) {
      await iam.send(new DeleteRolePolicyCommand({ RoleName: 'phoenix', PolicyName }))
    }
    await iam.send(new DeleteRoleCommand({ RoleName: 'phoenix' }))

    const deadId = expect.stringMatching(/^AROA[A-Z0-9]+:future$/)
    const [dead] = await list({ KeyId: key.KeyId, GrantId })
    expect(dead).toMatchObject({ GranteePrincipal: deadId, RetiringPrincipal: deadId })
    const id = dead?.GranteePrincipal ?? ''
    const unknown = refused('InvalidArnException', `ARN does not refer to a valid principal: ${GranteePrincipal}`)
    const byRetiring = (RetiringPrincipal: string) =>
      kms.root.send(new ListRetirableGrantsCommand({ RetiringPrincipal }))
    expect(await refusal(list({ KeyId: key.KeyId, GranteePrincipal }))).toEqual(unknown)
    expect(await refusal(list({ KeyId: key.KeyId, GranteePrincipal: id }))).toEqual(
      refused('InvalidArnException', 'Input does not refer to a valid principal'),
    )
    expect(await refusal(byRetiring(GranteePrincipal))).toEqual(unknown)
    expect(await refusal(byRetiring(id))).toEqual(
      refused('NotFoundException', `Retiring principal ${id} could not be found`),
    )

    await kms.role('phoenix')
    const again = await kms.session(arn, 'future')
    expect(await list({ KeyId: key.KeyId, GrantId })).toMatchObject([{ GranteePrincipal: id }])
    expect(await refusal(encryptAs(again.kms, undefined, key.KeyId))).toMatchObject({ code: 'AccessDeniedException' })
    expect((await grant(input)).GrantId).not.toBe(GrantId)
  })
})

describe('RevokeGrant', () => {
  it('ends a grant', async () => {
    const { GrantId } = await grant()
    await revoke(GrantId)
    expect(await refusal(revoke(GrantId))).toEqual(
      refused('NotFoundException', `Grant ID ${String(GrantId)} not found`),
    )
  })

  it('can be tried out', async () => {
    const { GrantId } = await grant()
    const call = kms.root.send(new RevokeGrantCommand({ KeyId, GrantId, DryRun: true }))
    expect(await refusal(call)).toMatchObject({ code: 'DryRunOperationException' })
    expect(await list({ GrantId })).toHaveLength(1)
  })

  it('is refused to those who have no permission', async () => {
    const { GrantId } = await grant()
    expect(await refusal(grantee.kms.send(new RevokeGrantCommand({ KeyId, GrantId })))).toEqual(
      noIdentity(grantee.arn, 'RevokeGrant'),
    )
  })
})

describe('RetireGrant', () => {
  const retire = (client: KMSClient, GrantId: string | undefined, KeyId = Arn) =>
    client.send(new RetireGrantCommand({ KeyId, GrantId }))

  it('is the right of the retiring principal', async () => {
    const user = await kms.user('retirer')
    const { GrantId } = await grant({ RetiringPrincipal: user.arn })
    expect(await refusal(retire(grantee.kms, GrantId))).toEqual(noIdentity(grantee.arn, 'RetireGrant'))
    await retire(user.kms, GrantId)
    expect(await list({ GrantId })).toEqual([])
  })

  it('is the right of a grantee that was granted it, with its token', async () => {
    const { GrantId, GrantToken } = await grant({
      Operations: ['Decrypt', 'RetireGrant'],
      Constraints: { EncryptionContextSubset: { a: 'b' } },
    })
    await grantee.kms.send(new RetireGrantCommand({ GrantToken }))
    expect(await list({ GrantId })).toEqual([])
  })

  it('is the right of the account that issued it, by its own policies', async () => {
    const admin = await kms.user('grant-admin', allow('kms:RetireGrant'))
    const { GrantId } = await grant()
    await retire(admin.kms, GrantId)
    expect(await list({ GrantId })).toEqual([])
  })

  it('is not given by a key policy', async () => {
    const user = await kms.user('by-key-policy')
    const Policy = JSON.stringify(
      policyOf(
        { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' },
        { Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'kms:RetireGrant', Resource: '*' },
      ),
    )
    const key = await kms.createKey({ Policy })
    const { GrantId } = await grant({ KeyId: key.KeyId })
    expect(await refusal(retire(user.kms, GrantId, key.Arn))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:RetireGrant on resource: ${key.Arn} because no identity-based policy allows the kms:RetireGrant action`,
      ),
    )
  })

  it('is possible for a session whose policy says nothing of KMS', async () => {
    const limited = await kms.session(roleArn, 'target', allow('s3:ListAllMyBuckets'))
    const { GrantId } = await grant({ RetiringPrincipal: grantee.arn })
    await retire(limited.kms, GrantId)
    expect(await list({ GrantId })).toEqual([])
  })

  it('works in any state of the key', async () => {
    const key = await kms.createKey()
    const { GrantId } = await grant({ KeyId: key.KeyId })
    await kms.root.send(new DisableKeyCommand({ KeyId: key.KeyId }))
    await retire(kms.root, GrantId, key.Arn)
  })

  it('wants the key’s ARN, or a token', async () => {
    const { GrantId, GrantToken } = await grant()
    expect(await refusal(retire(kms.root, GrantId, KeyId))).toMatchObject({
      code: 'NotFoundException',
      message: expect.stringMatching(/^Invalid arn/),
    })
    const call = (input: object) => refusal(kms.root.send(new RetireGrantCommand(input)))
    for (const input of [{}, { KeyId: Arn }, { GrantId }, { GrantToken, KeyId: Arn, GrantId }]) {
      expect(await call(input)).toMatchObject({ code: 'ValidationException' })
    }
    expect(await call({ GrantToken: 'nonsense' })).toMatchObject({ code: 'InvalidGrantTokenException' })
    expect(await call({ GrantToken, DryRun: true })).toMatchObject({ code: 'DryRunOperationException' })
    await kms.root.send(new RetireGrantCommand({ GrantToken }))
    expect(await call({ GrantToken })).toMatchObject({ code: 'NotFoundException' })
  })
})

describe('ListRetirableGrants', () => {
  it('finds grants on all keys, of other accounts too', async () => {
    const user = await kms.user('retires-much', allow('kms:ListRetirableGrants'))
    const mine = await kms.createKey()
    const open = policyOf({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' })
    const theirs = await kms.createKey({ Policy: JSON.stringify(open) }, kms.of(OTHER_ACCOUNT))
    const first = await grant({ KeyId: mine.KeyId, RetiringPrincipal: user.arn })
    const second = await grant({ KeyId: theirs.Arn, RetiringPrincipal: user.arn }, kms.of(OTHER_ACCOUNT))
    const { Grants, Truncated } = await user.kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal: user.arn }))
    expect(Grants?.map(({ GrantId }) => GrantId).sort()).toEqual([first.GrantId, second.GrantId].sort())
    expect(Truncated).toBe(false)
  })
})

describe('explicit denies', () => {
  it('beat grants', async () => {
    const user = await kms.user('denied-user', policyOf({ Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' }))
    await grant({ GranteePrincipal: user.arn, Operations: ['Encrypt', 'Decrypt'] })
    const { CiphertextBlob } = await encryptAs(user.kms)
    expect(await refusal(user.kms.send(new DecryptCommand({ CiphertextBlob })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:Decrypt on resource: ${Arn} with an explicit deny in an identity-based policy`,
      ),
    )
  })
})
