import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand, GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { sessionMay } from '../../emulator/services/sts/limits.ts'
import { ACCOUNT, startEmulator, type Credentials, type TestEmulator } from '../support/emulator.ts'

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
})
afterAll(() => twokey.stop())

describe('temporary credentials that AWS does not take everywhere', () => {
  it('federated users are unknown to IAM, and known to GetCallerIdentity', async () => {
    const { Credentials: made } = await twokey.client(STSClient).send(new GetFederationTokenCommand({ Name: 'guest' }))
    const credentials: Credentials = {
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
      sessionToken: made?.SessionToken ?? '',
    }
    const refused = await twokey
      .client(IAMClient, { credentials })
      .send(new GetUserCommand({}))
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({
      name: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid',
    })
    const me = await twokey.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}))
    expect(me.Arn).toBe(`arn:aws:sts::${ACCOUNT}:federated-user/guest`)
  })

  it('session tokens reach IAM only when MFA stood behind them', () => {
    const user = (mfa: boolean) => ({
      kind: 'user' as const,
      account: ACCOUNT,
      arn: '',
      userId: '',
      userName: '',
      tags: {},
      session: { issuedAt: 0, mfa },
    })
    expect(sessionMay(user(false), 'iam', 'GetUser')).toBe(false)
    expect(sessionMay(user(true), 'iam', 'GetUser')).toBe(true)
    expect(sessionMay(user(false), 'kms', 'Decrypt')).toBe(true)
    expect(sessionMay(user(false), 'sts', 'AssumeRole')).toBe(true)
    expect(sessionMay(user(false), 'sts', 'DecodeAuthorizationMessage')).toBe(false)
  })
})
