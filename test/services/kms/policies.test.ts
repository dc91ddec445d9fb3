import { describe, expect, it } from '@jest/globals'
import {
  DeleteUserCommand,
  DeleteAccessKeyCommand,
  ListAccessKeysCommand,
  CreateUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam'
import {
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  ListKeyPoliciesCommand,
  PutKeyPolicyCommand,
  DisableKeyCommand,
} from '@aws-sdk/client-kms'
import { ACCOUNT, OTHER_ACCOUNT, WITHHELD, allow, denied, kmsForTests, policyOf, refusal, refused } from './support.ts'

const kms = kmsForTests()
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const DELEGATE = { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }
const text = (...statements: object[]) => JSON.stringify(policyOf(...statements))
const get = async (KeyId: string | undefined) => (await kms.root.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? ''
const put = (KeyId: string | undefined, Policy: string, client = kms.root) =>
  client.send(new PutKeyPolicyCommand({ KeyId, Policy }))
const LOCKED_OUT = refused(
  'MalformedPolicyDocumentException',
  'The new key policy will not allow you to update the key policy in the future.',
)

describe('GetKeyPolicy', () => {
  it('gives the default policy in the recorded layout', async () => {
    const { KeyId } = await kms.createKey()
    const { Policy, PolicyName } = await kms.root.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))
    expect(PolicyName).toBe('default')
    expect(Policy).toBe(
      [
        '{',
        '  "Version" : "2012-10-17",',
        '  "Id" : "key-default-1",',
        '  "Statement" : [ {',
        '    "Sid" : "Enable IAM User Permissions",',
        '    "Effect" : "Allow",',
        '    "Principal" : {',
        `      "AWS" : "${ROOT}"`,
        '    },',
        '    "Action" : "kms:*",',
        '    "Resource" : "*"',
        '  } ]',
        '}',
      ].join('\n'),
    )
  })

  it('knows one name', async () => {
    const { KeyId } = await kms.createKey()
    const { PolicyNames, Truncated } = await kms.root.send(new ListKeyPoliciesCommand({ KeyId }))
    expect({ PolicyNames, Truncated }).toEqual({ PolicyNames: ['default'], Truncated: false })
    expect(await refusal(kms.root.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'other' })))).toEqual(
      refused('NotFoundException', 'No such policy exists'),
    )
  })
})

describe('PutKeyPolicy', () => {
  it('replaces the policy, which is in force at once', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const user = await kms.user('put-target', allow('kms:Encrypt'))
    await put(
      KeyId,
      text(DELEGATE, { Effect: 'Deny', Principal: { AWS: user.arn }, Action: 'kms:Encrypt', Resource: '*' }),
    )
    expect(await refusal(user.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:Encrypt on resource: ${Arn} with an explicit deny in a resource-based policy`,
      ),
    )
    await put(KeyId, text(DELEGATE))
    expect((await user.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))).KeyId).toBe(Arn)
  })

  it.each([
    ['no JSON', '{'],
    ['no policy', '{"Statement":[{"Effect":"Maybe","Principal":"*","Action":"kms:*","Resource":"*"}]}'],
  ])('refuses %s', async (_what, policy) => {
    const { KeyId } = await kms.createKey()
    expect(await refusal(put(KeyId, policy))).toMatchObject({ code: 'MalformedPolicyDocumentException', status: 400 })
  })

  it('refuses principals that do not exist', async () => {
    const { KeyId } = await kms.createKey()
    for (const AWS of [
      `arn:aws:iam::${ACCOUNT}:user/ghost`,
      `arn:aws:iam::${ACCOUNT}:role/ghost`,
      `arn:aws:sts::${ACCOUNT}:assumed-role/ghost/session`,
    ]) {
      const ghost = { Effect: 'Allow', Principal: { AWS }, Action: 'kms:Encrypt', Resource: '*' }
      expect(await refusal(put(KeyId, text(DELEGATE, ghost)))).toEqual(
        refused('MalformedPolicyDocumentException', 'Policy contains a statement with one or more invalid principals.'),
      )
    }
  })

  it('refuses more than 32 KiB', async () => {
    const { KeyId } = await kms.createKey()
    const long = text(DELEGATE).padEnd(32_769, ' ')
    expect(await refusal(put(KeyId, long))).toMatchObject({ code: 'LimitExceededException' })
    await put(KeyId, long.slice(0, 32_768))
  })

  it('refuses to lock its caller out, unless told to', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const user = await kms.user('keeper')
    const onlyUser = text({ Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'kms:*', Resource: '*' })
    expect(await refusal(put(KeyId, onlyUser))).toEqual(LOCKED_OUT)

    await kms.root.send(new PutKeyPolicyCommand({ KeyId, Policy: onlyUser, BypassPolicyLockoutSafetyCheck: true }))
    // Root of the account is now a stranger to the key.
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toEqual(
      denied(
        `User: ${ROOT} is not authorized to perform: kms:DescribeKey on resource: ${Arn} because no resource-based policy allows the kms:DescribeKey action`,
      ),
    )
    // The user cannot hand the key to an account whose policies would not let it change the policy again.
    expect(await refusal(put(KeyId, text(DELEGATE), user.kms))).toEqual(LOCKED_OUT)
  })

  it('counts the caller’s own policies where the policy delegates', async () => {
    const { KeyId } = await kms.createKey()
    const admin = await kms.user('admin', allow('kms:PutKeyPolicy'))
    const named = { Effect: 'Allow', Principal: { AWS: admin.arn }, Action: 'kms:*', Resource: '*' }
    await put(KeyId, text(DELEGATE, named), admin.kms)
    await put(KeyId, text(DELEGATE), admin.kms)
    expect(await get(KeyId)).not.toContain(admin.arn)
  })

  it('checks CreateKey’s policy, too', async () => {
    const user = await kms.user('someone')
    const onlyUser = text({ Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'kms:*', Resource: '*' })
    expect(await refusal(kms.createKey({ Policy: onlyUser }))).toEqual(LOCKED_OUT)
    const key = await kms.createKey({ Policy: onlyUser, BypassPolicyLockoutSafetyCheck: true })
    expect(key.KeyState).toBe('Enabled')
  })

  it('does not check the default policy: kms:CreateKey is enough', async () => {
    const creator = await kms.user('creator', allow('kms:CreateKey'))
    expect((await kms.createKey({}, creator.kms)).KeyState).toBe('Enabled')
  })

  it('passes kms:BypassPolicyLockoutSafetyCheck to conditions', async () => {
    const { KeyId, Arn } = await kms.createKey()
    const careful = await kms.user(
      'careful',
      policyOf(
        { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'kms:PutKeyPolicy',
          Resource: '*',
          Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
        },
      ),
    )
    await put(KeyId, text(DELEGATE), careful.kms)
    const bypass = { KeyId, Policy: text(DELEGATE), BypassPolicyLockoutSafetyCheck: true }
    expect(await refusal(careful.kms.send(new PutKeyPolicyCommand(bypass)))).toEqual(
      denied(
        `User: ${careful.arn} is not authorized to perform: kms:PutKeyPolicy on resource: ${Arn} with an explicit deny in an identity-based policy`,
      ),
    )
  })
})

describe('principals of a key policy', () => {
  it('are bound to who they are, not to what they are called', async () => {
    const user = await kms.user('recreated')
    const { KeyId, Arn } = await kms.createKey()
    const grant = { Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'kms:Encrypt', Resource: '*' }
    await put(KeyId, text(DELEGATE, grant))
    expect(await get(KeyId)).toContain(`"AWS" : "${user.arn}"`)
    expect((await user.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))).KeyId).toBe(Arn)

    const iam = kms.running.client(IAMClient)
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: 'recreated' }))
    for (const { AccessKeyId } of AccessKeyMetadata) {
      await iam.send(new DeleteAccessKeyCommand({ UserName: 'recreated', AccessKeyId }))
    }
    await iam.send(new DeleteUserCommand({ UserName: 'recreated' }))
    expect(await get(KeyId)).toMatch(/"AWS" : "AIDA[A-Z0-9]+"/)

    await iam.send(new CreateUserCommand({ UserName: 'unrelated' }))
    const again = await kms.user('recreated')
    expect(again.arn).toBe(user.arn)
    expect(await refusal(again.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))).toEqual(
      denied(
        `User: ${again.arn} is not authorized to perform: kms:Encrypt on resource: ${Arn} because no identity-based policy allows the kms:Encrypt action`,
      ),
    )
    expect(await get(KeyId)).toMatch(/"AWS" : "AIDA[A-Z0-9]+"/)
  })

  it('a bare account id is stored as its root', async () => {
    const { KeyId } = await kms.createKey()
    await put(KeyId, text({ ...DELEGATE, Principal: { AWS: ACCOUNT } }))
    expect(await get(KeyId)).toContain(`"AWS" : "${ROOT}"`)
  })
})

describe('operations of the owner’s account', () => {
  it('are closed to other accounts even where the policy opens them', async () => {
    const open = text(DELEGATE, { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' })
    const { Arn } = await kms.createKey({ Policy: open })
    const stranger = kms.of(OTHER_ACCOUNT)
    const who = `arn:aws:iam::${OTHER_ACCOUNT}:root`
    // Open to others: use, and DescribeKey.
    await stranger.send(new EncryptCommand({ KeyId: Arn, Plaintext: Buffer.from('x') }))
    await stranger.send(new DescribeKeyCommand({ KeyId: Arn }))
    expect(await refusal(stranger.send(new DisableKeyCommand({ KeyId: Arn })))).toEqual(
      denied(`User: ${who} is not authorized to perform: kms:DisableKey on this resource ${WITHHELD}`),
    )
    expect(await refusal(stranger.send(new GetKeyPolicyCommand({ KeyId: Arn })))).toEqual(
      denied(`User: ${who} is not authorized to perform: kms:GetKeyPolicy on this resource ${WITHHELD}`),
    )
  })

  it('another account needs its own permission, too', async () => {
    const open = text(DELEGATE, {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
      Action: 'kms:Encrypt',
      Resource: '*',
    })
    const { Arn } = await kms.createKey({ Policy: open })
    const without = await kms.user('without', undefined, OTHER_ACCOUNT)
    const within = await kms.user(
      'within',
      policyOf({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: Arn }),
      OTHER_ACCOUNT,
    )
    const command = () => new EncryptCommand({ KeyId: Arn, Plaintext: Buffer.from('x') })
    expect((await within.kms.send(command())).KeyId).toBe(Arn)
    expect(await refusal(without.kms.send(command()))).toEqual(
      denied(
        `User: ${without.arn} is not authorized to perform: kms:Encrypt on this resource because no identity-based policy allows the kms:Encrypt action`,
      ),
    )
  })
})
