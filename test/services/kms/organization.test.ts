import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  DescribeKeyCommand,
  RetireGrantCommand,
} from '@aws-sdk/client-kms'
import { buildOrganization } from '../../../emulator/server/world/organization.ts'
import { ACCOUNT, OTHER_ACCOUNT, REGION, denied, kmsForTests, refusal } from './support.ts'

/** Resource control policies, and what they do not bear on (facts: C1, C5). */
const kms = kmsForTests()
beforeAll(async () => {
  await buildOrganization(kms.running.emulator, {
    managementAccount: '999999999999',
    members: [ACCOUNT],
    policies: {
      Locked: {
        type: 'RESOURCE_CONTROL_POLICY',
        document: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: ['kms:Encrypt', 'kms:RetireGrant', 'kms:GetKeyPolicy'],
              Resource: '*',
            },
          ],
        },
        accounts: [ACCOUNT],
      },
    },
  })
})

describe('a resource control policy', () => {
  const root = (account: string) => `arn:aws:iam::${account}:root`
  const encrypt = (KeyId: string, account: string) =>
    kms.of(account).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))

  it('strikes root of the account and strangers alike', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }],
    })
    const { Arn } = await kms.createKey({ Policy })
    expect(await refusal(encrypt(Arn, ACCOUNT))).toEqual(
      denied(
        `User: ${root(ACCOUNT)} is not authorized to perform: kms:Encrypt on resource: ${Arn} with an explicit deny in a resource control policy`,
      ),
    )
    expect(await refusal(encrypt(Arn, OTHER_ACCOUNT))).toEqual(
      denied(
        `User: ${root(OTHER_ACCOUNT)} is not authorized to perform: kms:Encrypt on this resource with an explicit deny in a resource control policy`,
      ),
    )
  })

  it('spares kms:RetireGrant and AWS managed keys', async () => {
    const { Arn } = await kms.createKey()
    const { GrantId } = await kms.root.send(
      new CreateGrantCommand({ KeyId: Arn, GranteePrincipal: root(ACCOUNT), Operations: ['Decrypt'] }),
    )
    await kms.root.send(new RetireGrantCommand({ KeyId: Arn, GrantId }))

    const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    const { PolicyName } = await kms.root.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId }))
    expect(PolicyName).toBe('default')
    expect(await refusal(kms.root.send(new GetKeyPolicyCommand({ KeyId: Arn })))).toEqual(
      denied(
        `User: ${root(ACCOUNT)} is not authorized to perform: kms:GetKeyPolicy on resource: ${Arn} with an explicit deny in a resource control policy`,
      ),
    )
  })

  it('needs to be in the account of the key', async () => {
    const { Arn } = await kms.createKey({}, kms.of(OTHER_ACCOUNT))
    expect((await encrypt(Arn, OTHER_ACCOUNT)).KeyId).toBe(Arn)
    expect(Arn).toBe(`arn:aws:kms:${REGION}:${OTHER_ACCOUNT}:key/${Arn.slice(-36)}`)
  })
})
