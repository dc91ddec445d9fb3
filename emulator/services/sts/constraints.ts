import type { Constraint, ConstraintTable, OperationConstraints } from '../../operation/constraints.ts'

const ARN: Constraint = {
  minLength: 20,
  maxLength: 2048,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+',
  matches: /^[\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u,
}
const NAME = '[\\w+=,.@-]*'
const TAG_CHARACTERS = '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]'
// Java's regular expressions know escapes that JavaScript's Unicode mode refuses.
const TAG_KEY: Constraint = {
  minLength: 1,
  maxLength: 128,
  pattern: `${TAG_CHARACTERS}+`,
  matches: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u,
}
const TAG_VALUE: Constraint = {
  minLength: 0,
  maxLength: 256,
  pattern: `${TAG_CHARACTERS}*`,
  matches: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u,
}
/** AWS: an inline session policy has at most 2,048 characters (facts: H2). */
const POLICY: Constraint = {
  minLength: 1,
  maxLength: 2048,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
  matches: /^[\t\n\r\x20-\xFF]+$/,
}
const ROLE_SECONDS: Constraint = { min: 900, max: 43_200 }
const USER_SECONDS: Constraint = { min: 900, max: 129_600 }
const SESSION_NAME: Constraint = { minLength: 2, maxLength: 64, pattern: NAME }
const TOKEN_SIZE: Constraint = { min: 0, max: 4096 }

const POLICIES: OperationConstraints = {
  Policy: POLICY,
  PolicyArns: { maxLength: 10 },
  'PolicyArns.member.arn': ARN,
}
const TAGS: OperationConstraints = {
  Tags: { maxLength: 50 },
  'Tags.member.Key': TAG_KEY,
  'Tags.member.Value': TAG_VALUE,
}
const MFA: OperationConstraints = {
  SerialNumber: { minLength: 9, maxLength: 256, pattern: '[\\w+=/:,.@-]*' },
  TokenCode: { minLength: 6, maxLength: 6, pattern: '[\\d]*' },
}

/** AWS's model of STS (botocore sts/2011-06-15; facts: H2). */
export const constraints: ConstraintTable = {
  operations: {
    AssumeRole: {
      ...POLICIES,
      ...TAGS,
      ...MFA,
      RoleArn: ARN,
      RoleSessionName: SESSION_NAME,
      DurationSeconds: ROLE_SECONDS,
      TransitiveTagKeys: { maxLength: 50 },
      'TransitiveTagKeys.member': TAG_KEY,
      ExternalId: { minLength: 2, maxLength: 1224, pattern: '[\\w+=,.@:\\/-]*' },
      SourceIdentity: SESSION_NAME,
      ProvidedContexts: { maxLength: 5 },
      'ProvidedContexts.member.ProviderArn': ARN,
      'ProvidedContexts.member.ContextAssertion': { minLength: 4, maxLength: 2048 },
      MinimumSessionTokenSize: TOKEN_SIZE,
    },
    AssumeRoleWithWebIdentity: {
      ...POLICIES,
      RoleArn: ARN,
      RoleSessionName: SESSION_NAME,
      WebIdentityToken: { minLength: 4, maxLength: 20_000 },
      ProviderId: { minLength: 4, maxLength: 2048 },
      DurationSeconds: ROLE_SECONDS,
      MinimumSessionTokenSize: TOKEN_SIZE,
    },
    GetFederationToken: {
      ...POLICIES,
      ...TAGS,
      Name: { minLength: 2, maxLength: 32, pattern: NAME },
      DurationSeconds: USER_SECONDS,
      MinimumSessionTokenSize: TOKEN_SIZE,
    },
    GetSessionToken: { ...MFA, DurationSeconds: USER_SECONDS, MinimumSessionTokenSize: TOKEN_SIZE },
    DecodeAuthorizationMessage: { EncodedMessage: { minLength: 1, maxLength: 10_240 } },
    GetAccessKeyInfo: { AccessKeyId: { minLength: 16, maxLength: 128, pattern: '[\\w]*' } },
  },
}
