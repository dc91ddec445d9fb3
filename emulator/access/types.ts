/**
 * The vocabulary of the policy engine. It is pure: no I/O, no clock, nothing of any service.
 * What AWS calls the evaluation logic is described in docs/policy-evaluation.md.
 */

import type { CompiledStatement } from './match/statement.ts'

/** One statement; the rest of the house only passes it along. */
export type { CompiledStatement } from './match/statement.ts'

/** Where a policy stands. Denials name the layer, in AWS's words. */
export type Layer =
  'identity' | 'boundary' | 'session' | 'scp' | 'rcp' | 'endpoint' | 'resource' | 'acl' | 'trust' | 'grant'

/** Facts of temporary credentials. */
export interface SessionFacts {
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly mfa: boolean
}

/** Tag keys keep their spelling; condition keys find them without regard to case. */
export type Tags = Readonly<Record<string, string>>

/** Without credentials. A web identity (AssumeRoleWithWebIdentity) names its provider in the context: aws:FederatedProvider. */
export interface Anonymous {
  readonly kind: 'anonymous'
}
export interface Root {
  readonly kind: 'root'
  readonly account: string
  /** `arn:aws:iam::<account>:root` */
  readonly arn: string
  /** The account id. */
  readonly userId: string
  readonly session?: SessionFacts | undefined
}
export interface User {
  readonly kind: 'user'
  readonly account: string
  readonly arn: string
  /** `AIDA…` */
  readonly userId: string
  readonly userName: string
  readonly tags: Tags
  readonly session?: SessionFacts | undefined
}
export interface RoleSession {
  readonly kind: 'role'
  readonly account: string
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>`: never the role's path. */
  readonly arn: string
  /** `arn:aws:iam::<account>:role/<path><role>` */
  readonly roleArn: string
  /** `AROA…` */
  readonly roleId: string
  readonly roleName: string
  readonly sessionName: string
  /** `<roleId>:<sessionName>` */
  readonly userId: string
  /** The role's tags overlaid with the session's. */
  readonly tags: Tags
  readonly session: SessionFacts
  readonly sourceIdentity?: string | undefined
  readonly federatedProvider?: string | undefined
  /** A role whose path begins with `/aws-service-role/`: SCPs and RCPs do not touch it. */
  readonly serviceLinked: boolean
}
export interface FederatedUser {
  readonly kind: 'federated'
  readonly account: string
  /** `arn:aws:sts::<account>:federated-user/<name>` */
  readonly arn: string
  readonly name: string
  /** `<account>:<name>` */
  readonly userId: string
  /** The IAM user that called GetFederationToken (its ARN and `AIDA…` id), or the account's root. */
  readonly issuerArn: string
  readonly issuerId: string
  readonly tags: Tags
  readonly session: SessionFacts
}
export interface ServicePrincipal {
  readonly kind: 'service'
  /** e.g. `cloudtrail.amazonaws.com` */
  readonly service: string
}
export type Principal = Anonymous | Root | User | RoleSession | FederatedUser | ServicePrincipal

/** A list marks a multi-valued condition key, however many values it has (facts: C8). */
export type ContextValue = string | readonly string[]

/** The condition keys of one request. Names are asked for in lower case. */
export interface ConditionContext {
  get(lowerCaseName: string): ContextValue | undefined
  /** All names present, lower case. Only for explanations. */
  names(): Iterable<string>
  /** A name as AWS writes it, where that is known. Only for explanations. */
  written?(lowerCaseName: string): string
}

/** A policy document that has been parsed and compiled; made by `compilePolicy`, opaque elsewhere. */
export interface CompiledPolicy {
  readonly version: '2012-10-17' | '2008-10-17'
  readonly statements: readonly CompiledStatement[]
  /** The same statements by effect. */
  readonly allows: readonly CompiledStatement[]
  readonly denies: readonly CompiledStatement[]
}

/** One policy in force, with what is needed to name it in a denial or an explanation. */
export interface PolicySource {
  readonly layer: Layer
  /** What a person calls it: the managed policy's name, the inline policy's name, `key policy`, `bucket policy`. */
  readonly name: string
  /** Present for managed policies, SCPs and RCPs. */
  readonly arn?: string | undefined
  /** What it belongs to, where neither `arn` nor the request says so: the identity of an inline policy, an endpoint, an organization's node. */
  readonly holder?: string | undefined
  /** Nobody can change it: it is AWS's, or stands for a setting. */
  readonly fixed?: true | undefined
  readonly text: string
  readonly policy: CompiledPolicy
}

/** Whom a grant names, bound to the immutable id where AWS binds it (facts: E2). */
export type Grantee =
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'role'; readonly id: string }
  /** `AROA…:sessionName` */
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'federated'; readonly arn: string }
  | { readonly kind: 'service'; readonly service: string; readonly sourceArn?: string | undefined }

export interface GrantConstraints {
  readonly equals?: Readonly<Record<string, string>> | undefined
  readonly subset?: Readonly<Record<string, string>> | undefined
}

/** A grant as the engine sees it. The service passes only grants that could name this caller, found by index. */
export interface Grant {
  readonly id: string
  readonly grantee: Grantee
  readonly operations: readonly string[]
  readonly constraints?: GrantConstraints | undefined
  readonly issuingAccount: string
}

/** The policies that bear on one check. */
export interface PolicySet {
  /** Policies of the user and its groups, or of the role. Empty for root, service and anonymous callers. */
  readonly identity: readonly PolicySource[]
  readonly boundary?: PolicySource | undefined
  /** Present when the session is limited by session policies (an empty list allows nothing: GetFederationToken). */
  readonly session?: readonly PolicySource[] | undefined
  /** Levels from the organization's root to the account; absent when SCPs do not bear on this caller. */
  readonly scp?: readonly (readonly PolicySource[])[] | undefined
  /** The same for the account that owns the resource. */
  readonly rcp?: readonly (readonly PolicySource[])[] | undefined
  readonly endpoint?: PolicySource | undefined
  /** The policy on the resource itself: bucket policy, key policy, role trust policy. */
  readonly resource?: PolicySource | undefined
  /** What an access control list allows, as a policy that denies nothing: S3's other way to let in. */
  readonly acl?: PolicySource | undefined
  readonly grants?: readonly Grant[] | undefined
}

/**
 * How a kind of resource trusts its account:
 * `ordinary` (identity or resource policy suffices in the same account), `key` (the key policy is mandatory and `:root`
 * delegates), `trust` (a role's trust policy, as `key` but with its own words), `none` (no resource policy and no grants bear).
 */
export type Guard = 'ordinary' | 'key' | 'trust' | 'none'

/** A bucket's settings against letting everyone in. */
export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean
  readonly ignorePublicAcls: boolean
  readonly blockPublicPolicy: boolean
  readonly restrictPublicBuckets: boolean
}

/** One question: may this principal do this to that, now? */
export interface AuthorizationRequest {
  readonly principal: Principal
  /** `kms:Decrypt` */
  readonly action: string
  /** An ARN, or `*`. */
  readonly resource: string
  /** The account that owns the resource; undefined for `*`, which belongs to the caller. */
  readonly resourceAccount: string | undefined
  readonly guard: Guard
  readonly context: ConditionContext
  /** S3's bucket: its settings against public policies, where there are any. Only for suggestions. */
  readonly publicAccessBlock?: PublicAccessBlock | undefined
  /** Under which name grants list this action (`Decrypt`, `ReEncryptFrom`); undefined when grants cannot allow it. */
  readonly grantOperation?: string | undefined
  /** What grant constraints are compared with. Undefined where constraints do not apply (DescribeKey, RetireGrant). */
  readonly encryptionContext?: Readonly<Record<string, string>> | undefined
  /** For CreateGrant allowed by a grant: the child must lie within one parent (facts: E3). */
  readonly childGrant?:
    { readonly operations: readonly string[]; readonly constraints?: GrantConstraints | undefined } | undefined
}

/** How the resource's side answered (facts: C1 step 3); `none` also where an explicit deny struck before it was asked. */
export type ResourceSide = 'direct' | 'delegated' | 'grant' | 'none'

/** Outcome and reason as one value. Cheap: the whole trace is computed by `explain` when somebody asks. */
export interface Decision {
  readonly allowed: boolean
  readonly effect: 'allow' | 'explicit-deny' | 'implicit-deny'
  /** The layer that decided: whose Allow carried, whose Deny struck, or which one lacks an Allow. */
  readonly layer: Layer
  /** The policy and statement that decided, where one did. */
  readonly source?: PolicySource | undefined
  readonly statement?: CompiledStatement | undefined
  readonly grant?: Grant | undefined
  readonly resourceSide: ResourceSide
  readonly crossAccount: boolean
  readonly request: AuthorizationRequest
  readonly policies: PolicySet
}
