import { describe, expect, it } from '@jest/globals'
import { bindPrincipals, principalsNamed, unbindPrincipals } from '../../emulator/access/bind.ts'
import { contextOf, principalContext } from '../../emulator/access/context.ts'
import { contextKeysOf } from '../../emulator/access/contextKeys.ts'
import { minifyPolicy, prettyPolicy } from '../../emulator/access/pretty.ts'
import { federated, OWNER, root, session, user } from './support.ts'

describe('bindPrincipals', () => {
  const IDS: Readonly<Record<string, string>> = {
    [`arn:aws:iam::${OWNER}:user/alice`]: 'AIDAALICE',
    [`arn:aws:iam::${OWNER}:role/app`]: 'AROAAPP',
  }
  const idOf = (arn: string) => IDS[arn]
  const arnOf = (id: string) => Object.keys(IDS).find((arn) => IDS[arn] === id)
  const document = (principal: unknown, name = 'Principal') =>
    `{ "Statement" : [ {"Effect":"Allow", "${name}" : ${JSON.stringify(principal)} , "Action":"kms:*"} ] }`

  it.each([
    [{ AWS: `arn:aws:iam::${OWNER}:user/alice` }, { AWS: 'AIDAALICE' }],
    [
      { AWS: [`arn:aws:iam::${OWNER}:role/app`, `arn:aws:iam::${OWNER}:role/gone`] },
      { AWS: ['AROAAPP', `arn:aws:iam::${OWNER}:role/gone`] },
    ],
    [{ AWS: OWNER }, { AWS: `arn:aws:iam::${OWNER}:root` }],
    [{ AWS: `arn:aws:iam::${OWNER}:root` }, { AWS: `arn:aws:iam::${OWNER}:root` }],
    [{ AWS: '*' }, { AWS: '*' }],
    ['*', '*'],
    [{ Service: 'x.amazonaws.com' }, { Service: 'x.amazonaws.com' }],
    [{ AWS: session().arn }, { AWS: session().arn }],
  ])('%j becomes %j', (written, stored) => {
    expect(bindPrincipals(document(written), idOf)).toBe(document(stored))
    expect(bindPrincipals(document(written, 'NotPrincipal'), idOf)).toBe(document(stored, 'NotPrincipal'))
  })

  it('leaves everything else as it was written', () => {
    const text = `{"Statement":{"Principal":{"AWS":"arn:aws:iam::${OWNER}:user/alice"},"Resource":"arn:aws:iam::${OWNER}:user/alice","Sid":"é \\u00e9"}}`
    expect(bindPrincipals(text, idOf)).toBe(text.replace(`"arn:aws:iam::${OWNER}:user/alice"`, '"AIDAALICE"'))
  })

  it('comes back as ARNs; the deleted stay as ids', () => {
    expect(unbindPrincipals(document({ AWS: ['AIDAALICE', 'AROADELETED'] }), arnOf)).toBe(
      document({ AWS: [`arn:aws:iam::${OWNER}:user/alice`, 'AROADELETED'] }),
    )
  })

  it('a text that is no JSON stays', () => {
    expect(bindPrincipals('nope', idOf)).toBe('nope')
    expect(principalsNamed('nope')).toEqual([])
    expect(principalsNamed(document({ AWS: ['a', 'b'] }))).toEqual(['a', 'b'])
  })
})

describe('prettyPolicy (facts B15, captures 2)', () => {
  const DEFAULT = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111111111111:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
  it('prints the default key policy as AWS does', () => {
    expect(prettyPolicy(JSON.stringify(JSON.parse(DEFAULT)))).toBe(DEFAULT)
    expect(prettyPolicy(DEFAULT)).toBe(DEFAULT)
  })
  it('prints lists on one line and several statements in a row', () => {
    expect(prettyPolicy('{"Statement":[{"Action":["a","b"]},{"Action":[]}],"1":1e2}')).toBe(
      `{
  "Statement" : [ {
    "Action" : [ "a", "b" ]
  }, {
    "Action" : [ ]
  } ],
  "1" : 1e2
}`,
    )
  })
  it('minifyPolicy takes the space out again, and keeps numbers and order', () => {
    expect(minifyPolicy(DEFAULT)).toBe(JSON.stringify(JSON.parse(DEFAULT)))
    expect(minifyPolicy('{ "b" : 1.0e5, "1" : [ true, null ] }')).toBe('{"b":1.0e5,"1":[true,null]}')
  })
})

describe('contextKeysOf (captures 11.6)', () => {
  const keys = (statement: object, more: object = {}) =>
    contextKeysOf(JSON.stringify({ Version: '2012-10-17', ...more, Statement: statement }))
  it.each([
    [{ Effect: 'Allow', Condition: { StringEquals: { 'aws:A': 'x' }, Null: { 'AWS:a': 'true' } } }, ['aws:A', 'AWS:a']],
    [{ Effect: 'Allow', Resource: 'arn:aws:s3:::${aws:username}/${*}${?}${$}' }, ['aws:username', '*', '?', '$']],
    [{ Effect: 'Allow', NotResource: ["x${aws:PrincipalTag/team, 'none'}"] }, ['aws:PrincipalTag/team']],
    [{ Effect: 'Allow', Condition: { StringLike: { k: ['${aws:userid}', '${aws:userid}'] } } }, ['k', 'aws:userid']],
    [{ Effect: 'Allow', Condition: { StringLike: { '${aws:username}': 'x' } } }, ['${aws:username}']],
    [{ Effect: 'Allow', Action: '${aws:a}', Principal: { AWS: '${aws:b}' } }, []],
    [{ Effect: 'Allow', Action: 'abc', Resource: 'bad', Condition: { NumericEquals: { n: 'nope' } } }, ['n']],
    [{ Effect: 'Allow' }, []],
    [[], []],
    [{ Action: '*' }, undefined],
    [{ Effect: 'Allow', Condition: { StringIs: { a: 'b' } } }, undefined],
  ])('%j', (statement, expected) => {
    expect(keys(statement)).toEqual(expected)
  })
  it('variables need version 2012-10-17', () => {
    const statement = { Effect: 'Allow', Resource: '${aws:username}', Condition: { StringEquals: { k: '${aws:b}' } } }
    expect(keys(statement, { Version: '2008-10-17' })).toEqual(['k'])
  })
  it('an unknown element or no JSON is InvalidInput; no Statement is fine', () => {
    expect(contextKeysOf('{"Foo":1,"Statement":[]}')).toBeUndefined()
    expect(contextKeysOf('nope')).toBeUndefined()
    expect(contextKeysOf('{"Version":"2012-10-17"}')).toEqual([])
  })
})

describe('contexts', () => {
  it('contextOf: earlier layers win, names without regard to case, undefined is absent', () => {
    const context = contextOf({ 'aws:A': '1', 'aws:B': undefined }, { 'AWS:a': '2', 'aws:b': ['3'] })
    expect(context.get('aws:a')).toBe('1')
    expect(context.get('aws:b')).toEqual(['3'])
    expect(context.get('aws:c')).toBeUndefined()
    expect([...context.names()]).toEqual(['aws:a', 'aws:b'])
  })

  const all = (principal: Parameters<typeof principalContext>[0]) => {
    const context = principalContext(principal)
    return Object.fromEntries([...context.names()].map((name) => [name, context.get(name)]))
  }
  it('principalContext (facts C7)', () => {
    expect(all(user('alice', OWNER, { Team: 'red' }))).toEqual({
      'aws:principalarn': user().arn,
      'aws:principalaccount': OWNER,
      'aws:userid': 'AIDAALICE',
      'aws:username': 'alice',
      'aws:principaltype': 'User',
      'aws:principalisawsservice': 'false',
      'aws:principaltag/team': 'red',
    })
    expect(all({ ...session(), session: { issuedAt: 1000, mfa: true }, sourceIdentity: 'me' })).toEqual({
      'aws:principalarn': session().roleArn,
      'aws:principalaccount': OWNER,
      'aws:userid': 'AROAREADER:target',
      'aws:principaltype': 'AssumedRole',
      'aws:principalisawsservice': 'false',
      'aws:tokenissuetime': '1970-01-01T00:00:01.000Z',
      'aws:multifactorauthpresent': 'true',
      'aws:sourceidentity': 'me',
    })
    expect(all(root())).toMatchObject({ 'aws:principaltype': 'Account', 'aws:userid': OWNER })
    expect(all(federated())).toMatchObject({
      'aws:principalarn': federated().arn,
      'aws:principaltype': 'FederatedUser',
      'aws:userid': `${OWNER}:bob`,
      'aws:multifactorauthpresent': 'false',
    })
    expect(all({ kind: 'service', service: 'logs.amazonaws.com' })).toEqual({
      'aws:principalisawsservice': 'true',
      'aws:principalservicename': 'logs.amazonaws.com',
      'aws:principalservicenameslist': ['logs.amazonaws.com'],
    })
    expect(all({ kind: 'anonymous' })).toMatchObject({ 'aws:principaltype': 'Anonymous', 'aws:userid': 'anonymous' })
  })
  it('finds nothing under names that every object has', () => {
    expect(principalContext(user()).get('constructor')).toBeUndefined()
    expect(principalContext(user()).get('aws:principaltag/tostring')).toBeUndefined()
    expect(contextOf({}).get('tostring')).toBeUndefined()
  })
})
