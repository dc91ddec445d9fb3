import { describe, expect, it } from '@jest/globals'
import { contextOf } from '../../emulator/access/context.ts'
import { compilePolicy, PolicyError, policySource } from '../../emulator/access/document.ts'
import { decide, OBJECT, objectRequest, user } from './support.ts'

const allowedBy = (document: object, more: Parameters<typeof objectRequest>[1] = {}) => {
  const identity = [policySource({ layer: 'identity', name: 'p', text: JSON.stringify(document) })]
  return decide(objectRequest(user(), more), { identity }).allowed
}
const statement = (more: object) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*', ...more },
})

describe('compilePolicy', () => {
  it.each([
    ['', 'not-json'],
    ['{', 'not-json'],
    ['[]', 'not-an-object'],
    ['"x"', 'not-an-object'],
    ['{"Version":"2012-10-17"}', 'no-statement'],
    ['{"Version":"2020-01-01","Statement":[]}', 'bad-version'],
    ['{"Version":1,"Statement":[]}', 'bad-version'],
    ['{"Statement":["x"]}', 'bad-statement'],
    ['{"Statement":[{"Action":"*"}]}', 'bad-effect'],
    ['{"Statement":[{"Effect":"allow"}]}', 'bad-effect'],
    ['{"Statement":[{"Effect":"Allow","Action":1}]}', 'bad-action'],
    ['{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*"}]}', 'bad-action'],
    ['{"Statement":[{"Effect":"Allow","Resource":{}}]}', 'bad-resource'],
    ['{"Statement":[{"Effect":"Allow","Principal":"x"}]}', 'bad-principal'],
    ['{"Statement":[{"Effect":"Allow","Principal":"*","NotPrincipal":"*"}]}', 'bad-principal'],
    ['{"Statement":[{"Effect":"Allow","Condition":[]}]}', 'bad-condition'],
    ['{"Statement":[{"Effect":"Allow","Condition":{"StringEquals":"x"}}]}', 'bad-condition'],
    ['{"Statement":[{"Effect":"Allow","Condition":{"StringEquals":{"a":null}}}]}', 'bad-condition'],
  ])('%s is refused: %s', (text, fault) => {
    let caught: unknown
    try {
      compilePolicy(text)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(PolicyError)
    expect((caught as PolicyError).fault).toBe(fault)
  })

  it('refuses what nests too deep, without falling over', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(() => compilePolicy(`{"Statement":${deep}}`)).toThrow(PolicyError)
  })

  it('makes one document of equal texts', () => {
    const text = JSON.stringify(statement({ Sid: 'same' }))
    expect(compilePolicy(text)).toBe(compilePolicy(text.slice()))
    expect(policySource({ layer: 'identity', name: 'a', text }).policy).toBe(compilePolicy(text))
  })

  it('forgets old documents rather than growing without end', () => {
    const text = (n: number) => JSON.stringify(statement({ Sid: `s${n}`, Resource: 'x'.repeat(100_000) }))
    const first = compilePolicy(text(0))
    for (let n = 1; n < 200; n++) compilePolicy(text(n))
    expect(compilePolicy(text(199))).toBe(compilePolicy(text(199)))
    expect(compilePolicy(text(0))).not.toBe(first)
  })

  it('takes one statement or a list of them, and no Version as 2008-10-17', () => {
    const one = { Effect: 'Allow', Action: '*', Resource: '*' }
    expect(allowedBy({ Statement: one })).toBe(true)
    expect(allowedBy({ Statement: [one] })).toBe(true)
    expect(allowedBy({ Statement: [] })).toBe(false)
    expect(compilePolicy('{"Statement":[]}').version).toBe('2008-10-17')
  })

  it('parses only when asked', () => {
    const source = policySource({ layer: 'identity', name: 'broken', text: '{' })
    expect(() => source.policy).toThrow(PolicyError)
  })
})

describe('actions', () => {
  it.each([
    ['s3:GetObject', true],
    ['S3:getobject', true],
    ['s3:Get*', true],
    ['s3:Get?bject', true],
    ['s3:*', true],
    ['*', true],
    ['*:GetObject', true],
    ['s*:*Object', true],
    ['s3:GetObjectVersion', false],
    ['s3:Get', false],
    ['s3:GetObject?', false],
    ['${*}', false],
    [[], false],
    [['s3:PutObject', 's3:GetObject'], true],
  ])('%j', (Action, allowed) => {
    expect(allowedBy(statement({ Action }))).toBe(allowed)
  })

  it.each([
    ['s3:GetObject', false],
    ['s3:*', false],
    ['s3:Put*', true],
    ['iam:*', true],
  ])('NotAction %s', (NotAction, allowed) => {
    expect(allowedBy({ Statement: { Effect: 'Allow', NotAction, Resource: '*' } })).toBe(allowed)
  })
})

describe('resources', () => {
  it.each([
    [OBJECT, true],
    ['arn:aws:s3:::bucket/*', true],
    ['arn:aws:s3:::*', true],
    ['arn:aws:s3*', true],
    ['arn:aws:s3:::bucket', false],
    ['arn:aws:s3:::bucket/Item', false],
    ['arn:aws:s3:::bucket/ite?', true],
    [['arn:aws:s3:::other/*', OBJECT], true],
  ])('%j', (Resource, allowed) => {
    expect(allowedBy(statement({ Resource }))).toBe(allowed)
  })

  it.each([
    ['arn:aws:s3:::name*', 'arn:aws:s3:::name/object'],
    ['arn:aws:s3:::name*', 'arn:aws:s3:::name:suffix'],
    ['arn:aws:s3:::name*', 'arn:aws:s3:::name-other'],
    ['arn:aws:s3:::b/folder/*/object', 'arn:aws:s3:::b/folder/a:b/object'],
    ['arn:aws:s3:::b/folder/*/object', 'arn:aws:s3:::b/folder/a/b/object'],
  ])('wildcards cross colons and slashes: %s, %s', (Resource, resource) => {
    expect(allowedBy(statement({ Resource }), { resource })).toBe(true)
  })

  it.each([
    [OBJECT, false],
    ['arn:aws:s3:::bucket/*', false],
    ['arn:aws:s3:::other/*', true],
  ])('NotResource %s', (NotResource, allowed) => {
    expect(allowedBy({ Statement: { Effect: 'Allow', Action: '*', NotResource } })).toBe(allowed)
  })
})

describe('variables in resources (facts C9)', () => {
  const context = contextOf({ 'aws:username': 'alice', 'aws:TagKeys': ['alice'], 'aws:PrincipalTag/wild': '*' })
  const home = (Resource: string, Version = '2012-10-17', resource = 'arn:aws:s3:::bucket/alice/x') =>
    allowedBy({ Version, Statement: { Effect: 'Allow', Action: '*', Resource } }, { context, resource })

  it('take the request’s value', () => {
    expect(home('arn:aws:s3:::bucket/${aws:username}/*')).toBe(true)
    expect(home('arn:aws:s3:::bucket/${AWS:UserName}/*')).toBe(true)
    expect(home('arn:aws:s3:::${aws:username}/*')).toBe(false)
  })
  it('fall back to their default', () => {
    expect(home("arn:aws:s3:::bucket/${aws:PrincipalTag/none, 'alice'}/*")).toBe(true)
    expect(home('arn:aws:s3:::bucket/${aws:PrincipalTag/none}/*')).toBe(false)
  })
  it('put in text, not wildcards', () => {
    expect(home('arn:aws:s3:::bucket/${aws:PrincipalTag/wild}/x')).toBe(false)
    expect(home('arn:aws:s3:::bucket/${aws:PrincipalTag/wild}/x', undefined, 'arn:aws:s3:::bucket/*/x')).toBe(true)
  })
  it('never take a list', () => {
    expect(home("arn:aws:s3:::bucket/${aws:TagKeys, 'alice'}/*")).toBe(false)
  })
  it('escape the wildcards', () => {
    expect(home('arn:aws:s3:::bucket/${*}', undefined, 'arn:aws:s3:::bucket/*')).toBe(true)
    expect(home('arn:aws:s3:::bucket/${*}')).toBe(false)
    expect(home('arn:aws:s3:::bucket/${$}{x}', undefined, 'arn:aws:s3:::bucket/${x}')).toBe(true)
  })
  it('are plain text in 2008-10-17', () => {
    expect(home('arn:aws:s3:::bucket/${aws:username}/*', '2008-10-17')).toBe(false)
    const literal = 'arn:aws:s3:::bucket/${aws:username}'
    expect(home(literal, '2008-10-17', literal)).toBe(true)
  })
  it('without a value keep NotResource from applying', () => {
    const NotResource = 'arn:aws:s3:::bucket/${aws:PrincipalTag/none}'
    expect(allowedBy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', NotResource } })).toBe(false)
  })
})
