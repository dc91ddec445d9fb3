import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  type CreateGrantCommandInput,
  type ListGrantsCommandInput,
  type ListRetirableGrantsCommandInput,
} from '@aws-sdk/client-kms'
import { ACCOUNT, kmsForTests, refusal, refused, type Key } from './support.ts'

/** Grants that name services by the members made for that (facts: E1; AWS's API reference). */
const kms = kmsForTests()

const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const EC2 = 'ec2.us-east-1.amazonaws.com'
const SourceArn = `arn:aws:ec2:us-east-1:${ACCOUNT}:volume/vol-1`
const TO_SERVICE = { GranteeServicePrincipal: EC2, Constraints: { SourceArn } }

let key: Key
let mac: Key
beforeAll(async () => {
  key = await kms.createKey()
  mac = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
})

const grant = (input: Partial<CreateGrantCommandInput>) =>
  kms.root.send(new CreateGrantCommand({ KeyId: key.KeyId, Operations: ['Decrypt'], ...input }))
const list = (input: Partial<ListGrantsCommandInput>) =>
  kms.root.send(new ListGrantsCommand({ KeyId: key.KeyId, ...input }))
const retirable = (input: ListRetirableGrantsCommandInput) => kms.root.send(new ListRetirableGrantsCommand(input))

describe('a grant to a service', () => {
  it('is listed by the members that named it', async () => {
    const EncryptionContextSubset = { team: 'red' }
    const { GrantId } = await grant({
      GranteeServicePrincipal: EC2,
      RetiringServicePrincipal: EC2,
      Constraints: { SourceArn, EncryptionContextSubset },
    })
    expect((await list({ GrantId })).Grants).toEqual([
      {
        KeyId: key.Arn,
        GrantId,
        Name: '',
        CreationDate: expect.any(Date),
        IssuingAccount: ROOT,
        Operations: ['Decrypt'],
        Constraints: { EncryptionContextSubset, SourceArn },
        GranteeServicePrincipal: EC2,
        RetiringServicePrincipal: EC2,
      },
    ])
  })

  it('may be retired by a principal, and a grant to a principal by a service', async () => {
    const toService = await grant({ ...TO_SERVICE, RetiringPrincipal: ROOT })
    const byService = await grant({ GranteePrincipal: ROOT, RetiringServicePrincipal: EC2 })
    const [first] = (await list({ GrantId: toService.GrantId })).Grants ?? []
    expect(first).toMatchObject({ GranteeServicePrincipal: EC2, RetiringPrincipal: ROOT })
    expect(first).not.toHaveProperty('GranteePrincipal')
    const [second] = (await list({ GrantId: byService.GrantId })).Grants ?? []
    expect(second).toMatchObject({ GranteePrincipal: ROOT, RetiringServicePrincipal: EC2 })
    expect(second).not.toHaveProperty('RetiringPrincipal')
    const { Grants } = await retirable({ RetiringPrincipal: ROOT })
    expect(Grants?.map(({ GrantId }) => GrantId)).toEqual([toService.GrantId])
  })

  it('is possible on keys of any kind', async () => {
    const input = { ...TO_SERVICE, KeyId: mac.KeyId, RetiringServicePrincipal: EC2 }
    expect((await grant({ ...input, Operations: ['GenerateMac'] })).GrantId).toMatch(/^[0-9a-f]{64}$/)
  })

  const INCOMPLETE = 'A grant to a service principal requires a source ARN constraint and a retiring principal.'
  it.each<[Partial<CreateGrantCommandInput>, string]>([
    [{}, 'Specify exactly one of GranteePrincipal and GranteeServicePrincipal.'],
    [{ ...TO_SERVICE, GranteePrincipal: ROOT }, 'Specify exactly one of GranteePrincipal and GranteeServicePrincipal.'],
    [
      { ...TO_SERVICE, RetiringPrincipal: ROOT, RetiringServicePrincipal: EC2 },
      'Specify only one of RetiringPrincipal and RetiringServicePrincipal.',
    ],
    [{ ...TO_SERVICE }, INCOMPLETE],
    [{ GranteeServicePrincipal: EC2, RetiringPrincipal: ROOT }, INCOMPLETE],
  ])('is refused: %j', async (input, message) => {
    expect(await refusal(grant(input))).toEqual(refused('ValidationException', message))
  })
})

describe('lists', () => {
  it.each<[ListRetirableGrantsCommandInput, string]>([
    [{}, 'Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.'],
    [
      { RetiringPrincipal: ROOT, RetiringServicePrincipal: EC2 },
      'Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.',
    ],
    [{ RetiringServicePrincipal: EC2 }, 'RetiringServicePrincipal can be used by service principals only.'],
  ])('ListRetirableGrants refuses %j', async (input, message) => {
    expect(await refusal(retirable(input))).toEqual(refused('ValidationException', message))
  })

  it.each<[Partial<ListGrantsCommandInput>, string]>([
    [
      { GranteePrincipal: ROOT, GranteeServicePrincipal: EC2 },
      'Specify only one of GranteePrincipal and GranteeServicePrincipal.',
    ],
    [{ GranteeServicePrincipal: EC2 }, 'GranteeServicePrincipal can be used by service principals only.'],
  ])('ListGrants refuses %j', async (input, message) => {
    expect(await refusal(list(input))).toEqual(refused('ValidationException', message))
  })
})
