/* What the gallery shows, and which known kinds of denial are played by which scenarios. */

/** The most common cases, for the README. */
export const FRONT: readonly string[] = [
  'data-yes-key-no',
  'key-policy-names-nobody',
  'cross-account-no-key-policy',
  'cross-account-bucket-default',
  'write-without-generate-data-key',
  'multipart-without-decrypt',
  'bucket-key-context',
  'deny-unless-encrypted',
  'service-control-policy',
  'vpc-endpoint-policy',
  'key-disabled',
  'volume-vanishes',
  'start-without-create-grant',
  'snapshot-key-policy-names-nobody',
  'image-default-key',
]

export interface Case {
  readonly what: string
  /** Names of scenarios, a beginning with `*` for several. */
  readonly scenarios: readonly string[]
  /** What of it cannot be played, and why. */
  readonly but?: string
}

/** Denials as people meet them, the most frequent first. */
export const CASES: readonly Case[] = [
  { what: 'Data access yes, key access no', scenarios: ['data-yes-key-no'] },
  { what: 'The key policy does not delegate', scenarios: ['key-policy-names-nobody'] },
  {
    what: 'S3 with a customer managed key across accounts',
    scenarios: ['cross-account-*'],
  },
  {
    what: 'Write into a bucket with SSE-KMS without kms:GenerateDataKey, or with a condition that a forwarded call does not meet',
    scenarios: ['write-without-generate-data-key', 'source-vpce-condition', 'copy-between-keys'],
  },
  { what: 'Large files only: multipart needs kms:Decrypt', scenarios: ['multipart-without-decrypt'] },
  {
    what: 'Encryption context and Bucket Keys, both ways round',
    scenarios: ['bucket-key-context', 'bucket-key-missing'],
  },
  { what: 'Deny unless encrypted: bucket policy, SCP, RCP', scenarios: ['deny-*'] },
  {
    what: 'CreateVolume: the volume that vanishes, and the same token again',
    scenarios: ['volume-vanishes', 'volume-client-token'],
  },
  {
    what: 'Attach and start without kms:CreateGrant; kms:GrantIsForAWSResource',
    scenarios: ['attach-without-create-grant', 'start-without-create-grant', 'start-with-disabled-key'],
    but: 'AttachVolume answers `attaching` and fails later; the older refusal at once, CustomerKeyHasBeenRevoked, is not made.',
  },
  {
    what: 'Auto Scaling and its service-linked role',
    scenarios: ['image-launched-without-key', 'start-with-disabled-key'],
    but: 'Auto Scaling itself is not emulated; what its instances answer is.',
  },
  {
    what: 'Sharing under the default key',
    scenarios: ['snapshot-default-key', 'image-default-key', 'snapshot-shared-publicly'],
  },
  {
    what: 'Copies of shared snapshots and images; no target key named',
    scenarios: [
      'snapshot-key-policy-*',
      'snapshot-identity-*',
      'snapshot-copied-to-default-key',
      'image-copied-without-key',
    ],
    but: 'RDS is not emulated.',
  },
  { what: 'Secrets and parameters', scenarios: [], but: 'Secrets Manager and SSM are not emulated.' },
  {
    what: 'Lambda and the role that was made again',
    scenarios: ['grant-role-recreated'],
    but: 'Lambda is not emulated; its cause, a grant tied to the former role, is played with KMS itself.',
  },
  {
    what: 'A service principal missing in the key policy',
    scenarios: ['cloudtrail-key-policy-without-service'],
    but: 'SNS, SQS and CloudWatch Logs are not emulated.',
  },
  { what: 'Disabled, deleted and pending keys', scenarios: ['key-disabled', 'key-deleted', 'key-pending-*'] },
  { what: 'A key policy that locks its writer out', scenarios: ['key-policy-lock-out'] },
  {
    what: 'The forms of the messages: each layer, implicit and explicit',
    scenarios: [
      'explicit-deny-*',
      'permissions-boundary',
      'session-policy',
      'service-control-policy*',
      'resource-control-policy',
      'vpc-endpoint-*',
      'role-trust',
      'anonymous-read',
      'cross-account-kms',
      'kms-another-region',
    ],
  },
]
