import { describe, expect, it } from '@jest/globals'
import { compilePolicy } from '../../../emulator/access/document.ts'
import { contextOf } from '../../../emulator/access/context.ts'
import { matchPrincipal } from '../../../emulator/access/match/principal.ts'
import type { Principal } from '../../../emulator/access/types.ts'
import { federated, MEMBER, OWNER, root, session, user } from '../support.ts'

const NOTHING = contextOf({})

function answer(element: object, principal: Principal, effect: 'Allow' | 'Deny' = 'Allow'): string {
  const text = JSON.stringify({ Statement: { Effect: effect, Action: '*', Resource: '*', ...element } })
  const [statement] = compilePolicy(text).statements
  const { matches, because, reach } = matchPrincipal(statement?.principals, principal, NOTHING, effect)
  expect(matches).toBe(reach !== 'none')
  return matches ? `${reach}: ${because}` : because
}
const aws = (...AWS: string[]) => ({ Principal: { AWS } })
const me = session()
const service: Principal = { kind: 'service', service: 'logs.us-east-1.amazonaws.com' }
const anonymous: Principal = { kind: 'anonymous' }

describe('Principal (facts C2)', () => {
  it.each([
    [aws(OWNER), user(), 'delegated: account'],
    [aws(`arn:aws:iam::${OWNER}:root`), me, 'delegated: account'],
    [aws(`arn:aws-cn:iam::${OWNER}:root`), root(), 'delegated: account'],
    [aws(MEMBER), user(), 'principal-not-listed'],
    [aws(user().arn), user(), 'free: user'],
    [aws('AIDAALICE'), user(), 'free: user'],
    [aws(user().arn, OWNER), user(), 'free: user'],
    [aws(`arn:aws:iam::${OWNER}:user/alice`), user(), 'principal-not-listed'],
    [aws(me.roleArn), me, 'limited: role'],
    [aws(me.roleId), me, 'limited: role'],
    [aws(me.arn), me, 'free: session'],
    [aws(`${me.roleId}:target`), me, 'free: session'],
    [aws(me.roleArn, me.arn), me, 'free: session'],
    [aws(`arn:aws:iam::${OWNER}:role/reader`), me, 'principal-not-listed'],
    [aws(session(OWNER, 'other').arn), me, 'principal-not-listed'],
    [aws(federated().arn), federated(), 'free: federated-user'],
    [aws(user().arn), federated(), 'limited: user-of-federated-user'],
    [aws('*'), anonymous, 'free: everyone'],
    [{ Principal: '*' }, service, 'free: everyone'],
    [{ Principal: { Service: 'logs.us-east-1.amazonaws.com' } }, service, 'free: service'],
    [{ Principal: { Service: ['s3.amazonaws.com'] } }, service, 'principal-not-listed'],
    [{ Principal: { Service: user().arn } }, user(), 'principal-not-listed'],
    [aws('logs.us-east-1.amazonaws.com'), service, 'principal-not-listed'],
    [aws(`arn:aws:iam::${OWNER}:user/*`), user(), 'principal-not-listed'],
    [
      { Principal: { Federated: 'cognito-identity.amazonaws.com' } },
      { ...me, federatedProvider: 'cognito-identity.amazonaws.com' },
      'free: identity-provider',
    ],
    [{ Principal: { CanonicalUser: 'a'.repeat(64) } }, user(), 'principal-not-listed'],
    [{}, user(), 'no-principal-element'],
  ])('%j for %o', (element, principal, expected) => {
    expect(answer(element, principal)).toBe(expected)
  })
})

describe('NotPrincipal', () => {
  const not = (...AWS: string[]) => ({ NotPrincipal: { AWS } })
  it.each([
    // A Deny spares whoever has every link of the chain listed.
    [not(OWNER, user().arn), user(), 'listed-in-not-principal'],
    [not(user().arn), user(), 'free: not-in-not-principal'],
    [not(OWNER), user(), 'free: not-in-not-principal'],
    [not(OWNER), root(), 'listed-in-not-principal'],
    [not(OWNER, me.roleArn, me.arn), me, 'listed-in-not-principal'],
    [not(OWNER, me.roleArn), me, 'free: not-in-not-principal'],
    [not(OWNER, user().arn), user('bob'), 'free: not-in-not-principal'],
    [not(OWNER, federated().arn), federated(), 'listed-in-not-principal'],
    [{ NotPrincipal: { Service: 'logs.us-east-1.amazonaws.com' } }, service, 'listed-in-not-principal'],
    [not(OWNER), anonymous, 'free: not-in-not-principal'],
    [{ NotPrincipal: '*' }, user(), 'listed-in-not-principal'],
  ])('Deny %j for %o', (element, principal, expected) => {
    expect(answer(element, principal, 'Deny')).toBe(expected)
  })

  it('an Allow leaves out whoever has one link listed', () => {
    expect(answer(not(user().arn), user())).toBe('listed-in-not-principal')
    expect(answer(not(OWNER), user())).toBe('listed-in-not-principal')
    expect(answer(not(MEMBER), user())).toBe('free: not-in-not-principal')
  })
})
