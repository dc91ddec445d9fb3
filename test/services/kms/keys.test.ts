import { describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListKeysCommand,
  UpdateKeyDescriptionCommand,
  type CreateKeyCommandInput,
} from '@aws-sdk/client-kms'
import { ACCOUNT, OTHER_ACCOUNT, REGION, WITHHELD, denied, invalid, kmsForTests, refusal, refused } from './support.ts'

const kms = kmsForTests()
const NOBODY = '12345678-1234-4234-8234-123456789012'

describe('CreateKey', () => {
  it('gives a symmetric key with AWS defaults', async () => {
    const key = await kms.createKey()
    expect(key).toEqual({
      AWSAccountId: ACCOUNT,
      KeyId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      Arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${key.KeyId}`,
      CreationDate: expect.any(Date),
      Enabled: true,
      Description: '',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('keeps what it is told', async () => {
    const key = await kms.createKey({ Description: 'mine', Tags: [{ TagKey: 'team', TagValue: 'a' }] })
    expect(key.Description).toBe('mine')
  })

  it.each<[string, CreateKeyCommandInput, ReturnType<typeof invalid>]>([
    [
      'an unknown usage',
      { KeyUsage: 'SMOKE' as never },
      invalid(
        "Value 'SMOKE' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: " +
          '[ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]',
      ),
    ],
    [
      'a long description',
      { Description: 'x'.repeat(8193) },
      invalid(
        `Value '${'x'.repeat(8193)}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 8192`,
      ),
    ],
    [
      'a tag key without a letter',
      { Tags: [{ TagKey: '', TagValue: 'v' }] },
      invalid(
        "Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
      ),
    ],
    [
      'both names of the spec',
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- what is refused
      { KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' },
      refused(
        'ValidationException',
        'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
      ),
    ],
    [
      'an asymmetric spec without a usage',
      { KeySpec: 'RSA_2048' },
      refused(
        'ValidationException',
        'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
      ),
    ],
    [
      'a usage that does not fit',
      { KeyUsage: 'KEY_AGREEMENT' },
      refused('ValidationException', 'KeyUsage KEY_AGREEMENT is not compatible with KeySpec SYMMETRIC_DEFAULT'),
    ],
    [
      'tags that are reserved',
      { Tags: [{ TagKey: 'AWS:x', TagValue: 'v' }] },
      refused('TagException', 'Tags beginning with aws: are reserved'),
    ],
  ])('refuses %s', async (_what, input, expected) => {
    expect(await refusal(kms.root.send(new CreateKeyCommand(input)))).toEqual(expected)
  })

  it('needs kms:TagResource for tags, and names no resource when it is missing', async () => {
    const maker = await kms.user('maker', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' }],
    })
    await kms.createKey({}, maker.kms)
    expect(await refusal(kms.createKey({ Tags: [{ TagKey: 'a', TagValue: 'b' }] }, maker.kms))).toEqual(
      denied(
        `User: ${maker.arn} is not authorized to perform: kms:TagResource because no identity-based policy allows the kms:TagResource action`,
      ),
    )
  })

  it('finds the right to tag in a policy on the keys of the account', async () => {
    const tagger = await kms.user('tagger', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' },
        { Effect: 'Allow', Action: 'kms:TagResource', Resource: `arn:aws:kms:*:${ACCOUNT}:key/*` },
      ],
    })
    const key = await kms.createKey({ Tags: [{ TagKey: 'a', TagValue: 'b' }] }, tagger.kms)
    expect(key.KeyState).toBe('Enabled')
  })

  it('is refused on * where nothing allows it', async () => {
    const nobody = await kms.user('cannot-create')
    expect(await refusal(kms.createKey({}, nobody.kms))).toEqual(
      denied(
        `User: ${nobody.arn} is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action`,
      ),
    )
  })

  it.each([
    ['kms:KeySpec', 'SYMMETRIC_DEFAULT'],
    ['kms:KeyUsage', 'ENCRYPT_DECRYPT'],
    ['kms:KeyOrigin', 'AWS_KMS'],
    ['kms:MultiRegion', 'false'],
    ['aws:RequestTag/team', 'red'],
  ])('tells policies %s', async (name, value) => {
    const picky = await kms.user(`picky-${name.replace(/\W/g, '-')}`, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['kms:CreateKey', 'kms:TagResource'], Resource: '*' },
        { Effect: 'Deny', Action: 'kms:CreateKey', Resource: '*', Condition: { StringEquals: { [name]: value } } },
      ],
    })
    expect(await refusal(kms.createKey({ Tags: [{ TagKey: 'team', TagValue: 'red' }] }, picky.kms))).toEqual(
      denied(
        `User: ${picky.arn} is not authorized to perform: kms:CreateKey on resource: * with an explicit deny in an identity-based policy`,
      ),
    )
  })
})

describe('key identifiers', () => {
  it('are ids, ARNs, aliases and alias ARNs', async () => {
    const { KeyId, Arn } = await kms.createKey()
    await kms.root.send(new CreateAliasCommand({ AliasName: 'alias/forms', TargetKeyId: KeyId }))
    for (const name of [KeyId, Arn, 'alias/forms', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/forms`]) {
      const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId: name }))
      expect(KeyMetadata?.Arn).toBe(Arn)
    }
  })

  it.each([
    ['fake-key-id', "Invalid keyId 'fake-key-id'"],
    ['mrk-fake-key-id', "Invalid keyId 'mrk-fake-key-id'"],
    ['12345678123442348234123456789012', "Invalid keyId '12345678123442348234123456789012'"],
    [NOBODY, `Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/${NOBODY}' does not exist`],
    [
      `arn:aws:kms:${REGION}:${ACCOUNT}:key/${NOBODY}`,
      `Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/${NOBODY}' does not exist`,
    ],
    [`arn:aws:kms:us-west-2:${ACCOUNT}:key/${NOBODY}`, 'Invalid arn us-west-2'],
    ['alias/none', `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/none is not found.`],
    [`arn:aws:kms:${REGION}:${ACCOUNT}:alias/none`, `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/none is not found.`],
  ])('that name nothing: %s', async (KeyId, message) => {
    const expected = refused('NotFoundException', message)
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toEqual(expected)
    expect(await refusal(kms.root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))).toEqual(expected)
  })

  it('are looked up before anybody is authorized', async () => {
    const nobody = await kms.user('not-authorized')
    expect(await refusal(nobody.kms.send(new DescribeKeyCommand({ KeyId: NOBODY })))).toEqual(
      refused('NotFoundException', `Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/${NOBODY}' does not exist`),
    )
  })

  it('of another account are not told apart from keys that do not exist', async () => {
    const theirs = await kms.createKey({}, kms.of(OTHER_ACCOUNT))
    const message = `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:DescribeKey on this resource ${WITHHELD}`
    for (const KeyId of [
      theirs.Arn,
      `arn:aws:kms:${REGION}:${OTHER_ACCOUNT}:key/${NOBODY}`,
      `arn:aws:kms:${REGION}:${OTHER_ACCOUNT}:alias/none`,
    ]) {
      expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toEqual(denied(message))
    }
  })

  it.each([
    ['', "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"],
    [
      'k'.repeat(2049),
      `Value '${'k'.repeat(2049)}' at 'keyId' failed to satisfy constraint: Member must have length less than or equal to 2048`,
    ],
  ])('have a length', async (KeyId, problem) => {
    expect(await refusal(kms.root.send(new DescribeKeyCommand({ KeyId })))).toEqual(invalid(problem))
  })
})

describe('UpdateKeyDescription', () => {
  it('replaces the description', async () => {
    const { KeyId } = await kms.createKey({ Description: 'old' })
    await kms.root.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'new' }))
    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata?.Description).toBe('new')
  })

  it('takes no aliases', async () => {
    const call = kms.root.send(new UpdateKeyDescriptionCommand({ KeyId: 'alias/x', Description: '' }))
    expect(await refusal(call)).toEqual(
      refused('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    )
  })
})

describe('ListKeys', () => {
  const account = '333333333333'

  it('pages through the keys of the account and Region', async () => {
    const client = kms.of(account)
    const made = []
    for (let i = 0; i < 5; i++) made.push((await kms.createKey({}, client)).Arn)
    await kms.createKey({}, kms.of(account, 'eu-west-1'))

    const listed: (string | undefined)[] = []
    let Marker: string | undefined
    const lengths: (number | undefined)[] = []
    do {
      const answer = await client.send(new ListKeysCommand({ Limit: 2, Marker }))
      expect(answer.Truncated).toBe(answer.NextMarker !== undefined)
      lengths.push(answer.Keys?.length)
      listed.push(...(answer.Keys ?? []).map(({ KeyArn }) => KeyArn))
      Marker = answer.NextMarker
    } while (Marker !== undefined)
    expect(lengths).toEqual([2, 2, 1])
    expect([...listed].sort()).toEqual([...made].sort())
  })

  it('refuses a marker it did not give', async () => {
    for (const Marker of ['nonsense', Buffer.from('{"l":"aliases","a":"x"}').toString('base64')]) {
      expect(await refusal(kms.root.send(new ListKeysCommand({ Marker })))).toEqual(
        refused('InvalidMarkerException', ''),
      )
    }
  })

  it('limits the limit', async () => {
    expect(await refusal(kms.root.send(new ListKeysCommand({ Limit: 1001 })))).toEqual(
      invalid(
        "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
      ),
    )
  })
})
