/** What would help, as data: docs/policy-evaluation.md, "What would help". */

/** One way to let the request through: all of its changes are needed together. */
export interface Suggestion {
  /** For people: `allow kms:Decrypt in a policy of user reader`. */
  readonly title: string
  /** To be made in this order: of one policy's statements the last comes first, so that positions stay true. */
  readonly changes: readonly Change[]
}

export type ChangeKind =
  | 'identity'
  | 'boundary'
  | 'session'
  | 'scp'
  | 'rcp'
  | 'endpoint'
  | 'bucket-policy'
  | 'key-policy'
  | 'trust'
  | 'grant'
  /** What no policy document holds: a setting, or the request itself. */
  | 'acl-or-other'

/** Exactly one of `add`, `remove`, `replace`, `grant` and `publicAccessBlock` is there; none where only people can help themselves. */
export interface Change {
  readonly kind: ChangeKind
  /**
   * What is changed: the ARN of the user, role or group, key, bucket, role (trust), endpoint, or of the managed policy; for a control
   * policy that must be attached besides, the id of the root, unit or account. Null: what the request brings along.
   */
  readonly target: string | null
  /** The policy to change: an inline policy's name, a managed policy's ARN. Absent: a new one, or the only one that the target has. */
  readonly policy?: string
  /** Of control policies: which level of the organization, from its root (0) to the account. */
  readonly level?: number
  /** For people: `in a policy of user reader`. */
  readonly where: string
  /** For people: the statement as JSON, or a command. */
  readonly what: string
  /** The statement to add. */
  readonly add?: PolicyStatement
  /** The statement to take out. */
  readonly remove?: StatementAt
  /** The statement to write anew, as one or several in its place. */
  readonly replace?: StatementAt & { readonly with: readonly PolicyStatement[] }
  /** The input of kms:CreateGrant, to be called by an administrator of the key. */
  readonly grant?: GrantToMake
  /** The input of s3:PutPublicAccessBlock. */
  readonly publicAccessBlock?: {
    readonly Bucket: string
    readonly PublicAccessBlockConfiguration: Readonly<Record<string, boolean>>
  }
  /** The same as an AWS CLI command, where there is one. */
  readonly command?: string
  /** What else becomes possible, in words, where no narrower change can be written. */
  readonly alsoOpens?: string
  /** Where the document would be longer than AWS takes: by how much, and what to do instead, in words. */
  readonly tooLong?: string
}

/** A statement as policies are written. */
export type PolicyStatement = Readonly<Record<string, unknown>>

export interface StatementAt {
  /** As a person calls the policy. */
  readonly policy: string
  /** From 0, in document order. */
  readonly statement: number
  readonly sid: string | null
}

export interface GrantToMake {
  readonly KeyId: string
  readonly GranteePrincipal: string
  readonly Operations: readonly string[]
  readonly Constraints?: { readonly EncryptionContextEquals: Readonly<Record<string, string>> }
}
