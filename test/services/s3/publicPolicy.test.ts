import { describe, expect, it } from '@jest/globals'
import { isPublicPolicy } from '../../../emulator/access/publicPolicy.ts'

const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }

describe('a bucket policy is public', () => {
  it.each([
    ['for everyone', { ...allow, Principal: '*' }],
    ['for every AWS principal', { ...allow, Principal: { AWS: '*' } }],
    ['for everyone in a list', { ...allow, Principal: { AWS: ['arn:aws:iam::111111111111:root', '*'] } }],
    ['for all but some', { ...allow, NotPrincipal: { AWS: 'arn:aws:iam::111111111111:root' } }],
    [
      'with a condition that limits nobody',
      { ...allow, Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } },
    ],
    [
      'with a pattern for a limit',
      { ...allow, Principal: '*', Condition: { StringLike: { 'aws:PrincipalOrgID': 'o-*' } } },
    ],
    [
      'with a negated limit',
      { ...allow, Principal: '*', Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } } },
    ],
    [
      'for a wide range of addresses',
      { ...allow, Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } } },
    ],
    [
      'with a variable for a limit',
      { ...allow, Principal: '*', Condition: { StringEquals: { 'aws:PrincipalArn': '${aws:PrincipalArn}' } } },
    ],
  ])('%s', (_, statement) => {
    expect(isPublicPolicy(policy(statement))).toBe(true)
  })

  it.each([
    ['for one account', { ...allow, Principal: { AWS: 'arn:aws:iam::111111111111:root' } }],
    ['for a service', { ...allow, Principal: { Service: 'cloudtrail.amazonaws.com' } }],
    ['when it only denies', { ...allow, Effect: 'Deny', Principal: '*' }],
    [
      'within an organization',
      { ...allow, Principal: '*', Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-abcdefghij' } } },
    ],
    ['from one network', { ...allow, Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }],
  ])('never %s', (_, statement) => {
    expect(isPublicPolicy(policy(statement))).toBe(false)
  })
})
