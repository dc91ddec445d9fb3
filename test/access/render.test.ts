import { describe, expect, it } from '@jest/globals'
import { contextOf } from '../../emulator/access/context.ts'
import { denialMessage, type DenialStyle } from '../../emulator/access/render.ts'
import type { AuthorizationRequest, PolicySet } from '../../emulator/access/types.ts'
import {
  ALLOW_ALL,
  decide,
  delegating,
  DENY_KMS,
  federated,
  KEY,
  keyRequest,
  MEMBER,
  OBJECT,
  objectRequest,
  OWNER,
  policy,
  root,
  session,
  user,
} from './support.ts'

const say = (request: AuthorizationRequest, policies: Partial<PolicySet>, style: DenialStyle) =>
  denialMessage(decide(request, policies), style)
const me = session()
const outsider = session(MEMBER)

describe('KMS’s words (facts C12)', () => {
  const kms = { form: 'kms' } as const
  it('names the caller as AWS does', () => {
    const reason = `is not authorized to perform: kms:Encrypt on resource: ${KEY} because no resource-based policy allows the kms:Encrypt action`
    expect(say(keyRequest(me), {}, kms)).toBe(`User: arn:aws:sts::${OWNER}:assumed-role/reader/target ${reason}`)
    expect(say(keyRequest(user()), {}, kms)).toBe(`User: arn:aws:iam::${OWNER}:user/team/alice ${reason}`)
    expect(say(keyRequest(root()), {}, kms)).toBe(`User: arn:aws:iam::${OWNER}:root ${reason}`)
    expect(say(keyRequest(federated()), {}, kms)).toBe(`User: arn:aws:sts::${OWNER}:federated-user/bob ${reason}`)
    expect(say(keyRequest({ kind: 'service', service: 'logs.amazonaws.com' }), {}, kms)).toBe(
      `User: logs.amazonaws.com ${reason}`,
    )
  })

  const WITHHELD =
    'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
  it('another account’s key, named in the request', () => {
    expect(say(keyRequest(outsider), {}, kms)).toBe(
      `User: ${outsider.arn} is not authorized to perform: kms:Encrypt on this resource ${WITHHELD}`,
    )
  })
  it('another account’s key, found in a ciphertext', () => {
    const decrypt = keyRequest(outsider, { action: 'kms:Decrypt', grantOperation: 'Decrypt' })
    const style = { form: 'kms', mention: 'ciphertext' } as const
    expect(say(decrypt, {}, style)).toBe(
      `User: ${outsider.arn} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext ${WITHHELD}`,
    )
    const session = [policy('session', ALLOW_ALL, DENY_KMS)]
    const reEncrypt = { ...decrypt, action: 'kms:ReEncryptFrom' }
    expect(say(reEncrypt, { resource: policy('resource', delegating(MEMBER)), session }, style)).toBe(
      `User: ${outsider.arn} is not authorized to perform: kms:ReEncryptFrom on the resource associated with this ciphertext with an explicit deny in a session policy`,
    )
  })
  it('an own key found in a ciphertext is named', () => {
    expect(say(keyRequest(me), {}, { form: 'kms', mention: 'ciphertext' })).toContain(` on resource: ${KEY} because`)
  })
  it('no resource at all (kms:TagResource of CreateKey)', () => {
    const request = keyRequest(me, {
      action: 'kms:TagResource',
      guard: 'none',
      resource: '*',
      resourceAccount: undefined,
    })
    expect(say(request, {}, { form: 'kms', mention: 'nothing' })).toBe(
      `User: ${me.arn} is not authorized to perform: kms:TagResource because no identity-based policy allows the kms:TagResource action`,
    )
  })
  it('an account-level action names `*`', () => {
    const request = keyRequest(me, {
      action: 'kms:CreateKey',
      guard: 'none',
      resource: '*',
      resourceAccount: undefined,
    })
    expect(say(request, {}, kms)).toBe(
      `User: ${me.arn} is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action`,
    )
  })
  it('an explicit deny in the key policy', () => {
    const resource = policy('resource', delegating(), { ...DENY_KMS, Principal: '*' })
    const request = keyRequest(user('Delegated'), { action: 'kms:EnableKeyRotation' })
    expect(say(request, { resource }, kms)).toBe(
      `User: arn:aws:iam::${OWNER}:user/team/Delegated is not authorized to perform: kms:EnableKeyRotation on resource: ${KEY} with an explicit deny in a resource-based policy`,
    )
  })
})

describe('S3’s words (facts A9, denials 1.4)', () => {
  const s3 = { form: 's3' } as const
  it('quotes its own ARNs', () => {
    expect(say(objectRequest(me), {}, s3)).toBe(
      `User: ${me.arn} is not authorized to perform: s3:GetObject on resource: "${OBJECT}" because no identity-based policy allows the s3:GetObject action`,
    )
    const resource = policy('resource', { ...ALLOW_ALL, Effect: 'Deny', Principal: '*' })
    expect(say(objectRequest(user(), { action: 's3:GetObjectVersion' }), { resource }, s3)).toBe(
      `User: ${user().arn} is not authorized to perform: s3:GetObjectVersion on resource: "${OBJECT}" with an explicit deny in a resource-based policy`,
    )
  })
  it('does not quote others (a bucketless `*`)', () => {
    const request = objectRequest(me, { action: 's3:ListAllMyBuckets', resource: '*', guard: 'none' })
    expect(say(request, {}, s3)).toContain(' on resource: * because')
  })
  it('tells strangers nothing', () => {
    expect(say(objectRequest({ kind: 'anonymous' }), {}, s3)).toBe('Access Denied')
    expect(say(objectRequest(outsider), {}, s3)).toBe('Access Denied')
    const otherOrganization = contextOf({ 'aws:PrincipalOrgID': 'o-a', 'aws:ResourceOrgID': 'o-b' })
    expect(say(objectRequest(outsider, { context: otherOrganization }), {}, s3)).toBe('Access Denied')
  })
  it('tells members of the organization', () => {
    const context = contextOf({ 'aws:PrincipalOrgID': 'o-a', 'aws:ResourceOrgID': 'o-a' })
    expect(say(objectRequest(outsider, { context }), {}, s3)).toBe(
      `User: ${outsider.arn} is not authorized to perform: s3:GetObject on resource: "${OBJECT}" because no resource-based policy allows the s3:GetObject action`,
    )
  })
})

describe('the 2026 suffix', () => {
  it('is off unless asked for, and for policies that have an ARN', () => {
    const identity = [policy('identity', ALLOW_ALL, DENY_KMS)]
    const resource = policy('resource', delegating())
    const denied = `User: ${me.arn} is not authorized to perform: kms:Encrypt on resource: ${KEY} with an explicit deny in an identity-based policy`
    expect(say(keyRequest(me), { identity, resource }, { form: 'kms' })).toBe(denied)
    expect(say(keyRequest(me), { identity, resource }, { form: 'kms', policyArn: true })).toBe(
      `${denied}: arn:aws:iam::${OWNER}:policy/identity`,
    )
    const denying = policy('resource', { ...DENY_KMS, Principal: '*' })
    expect(say(keyRequest(me), { resource: denying }, { form: 'kms', policyArn: true })).toMatch(
      /with an explicit deny in a resource-based policy$/,
    )
  })
})
