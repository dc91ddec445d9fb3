import type { TrustedRoots } from '../crypto/attestation/chain.ts'
import type { Blobs, Store } from '../state/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Decision, PolicySource, Principal, Tags } from '../access/types.ts'
import type { Check } from './define.ts'
import type { GoOn } from './continuation.ts'
import type { Quotas } from './rates.ts'
import type { CallService, CallSource } from './serviceCall.ts'
import type { ServiceEvent, Trace } from './trace.ts'
import type { EventTrail } from './trail.ts'

/** What the wire said about a request, apart from its input. Header names lower case. */
export interface HttpFacts {
  readonly method: string
  /** As sent, percent-encoded. */
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly sourceIp: string
  readonly userAgent: string
  /** `aws:SecureTransport`. */
  readonly secure: boolean
  /** The request is an HTML form; its fields stand among the headers. How long its body is shows at the end only. */
  readonly form?: boolean | undefined
  /** A service asks for a request that came through a VPC endpoint: the address is none that aws:SourceIp has. */
  readonly private?: boolean | undefined
}

/** The VPC endpoint that a request came through. */
export interface VpcEndpoint {
  /** `vpce-…` */
  readonly id: string
  readonly account: string
  readonly region: string
  /** `vpc-…` */
  readonly vpc: string
  /** Absent: everything is allowed. */
  readonly policy?: PolicySource | undefined
}

/** A service calling another for its caller (forward access session). */
export interface Via {
  /** The calling service: `s3`. */
  readonly service: string
  /** `kms:ViaService`: `s3.us-east-1.amazonaws.com`. */
  readonly viaService: string
  /** `aws:CalledVia`, oldest first: `['s3.amazonaws.com']`. */
  readonly calledVia: readonly string[]
  /** How CloudTrail names the caller: `fas.s3.amazonaws.com`. */
  readonly invokedBy: string
  /**
   * AWS's service would not have made this call: it still has what an earlier one gave it. The call is authorized like any other, but
   * counts as no request (`KeyCallOptions`).
   */
  readonly spared?: boolean | undefined
}

/** The policies that travel with an identity. */
export interface CallerPolicies {
  readonly identity: readonly PolicySource[]
  readonly boundary?: PolicySource | undefined
  readonly session?: readonly PolicySource[] | undefined
  readonly scp?: readonly (readonly PolicySource[])[] | undefined
}

/** Who is asking, and under which policies. The look-up reads current policies each time it is asked. */
export interface Caller {
  readonly principal: Principal
  readonly accessKeyId: string | undefined
  policies(): CallerPolicies
}

export type CallerLookup =
  | { readonly found: true; readonly secret: string; readonly caller: Caller }
  | { readonly found: false; readonly problem: 'unknown-key' | 'bad-token' | 'expired-token' }

/** What stands against the deletion of a service's role, in AWS's words. */
export interface RoleUsage {
  readonly reason: string
  readonly places: readonly { readonly region: string; readonly resources: readonly string[] }[]
}

/** What an organization says about one account. */
export interface OrganizationView {
  /** `o-…` */
  readonly id: string
  /** `o-…/r-…/ou-…/`: aws:PrincipalOrgPaths. */
  readonly path: string
  readonly managementAccount: string
  /** Levels from root to account; absent for the management account and where the type is not enabled. */
  readonly scp?: readonly (readonly PolicySource[])[] | undefined
  readonly rcp?: readonly (readonly PolicySource[])[] | undefined
}

/** What STS needs to know of a role. */
export interface RoleView {
  readonly arn: string
  /** `AROA…` */
  readonly id: string
  readonly name: string
  readonly path: string
  readonly account: string
  readonly tags: Tags
  readonly trust: PolicySource
  readonly maxSessionSeconds: number
}

/** What STS needs to know of an OpenID Connect provider that an account has registered with IAM. */
export interface OidcProviderView {
  /** `arn:aws:iam::<account>:oidc-provider/<url without scheme>` */
  readonly arn: string
  /** The audiences that tokens may be meant for. */
  readonly clientIds: readonly string[]
}

/** Session policies as given to AssumeRole or GetFederationToken; managed ones are read again at each request. */
export interface SessionPolicies {
  readonly inline: string | undefined
  readonly arns: readonly string[]
}

/** Temporary credentials, as STS keeps them. Everything is JSON. */
export interface SessionRecord {
  readonly accessKeyId: string
  readonly secret: string
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** As it was when the session began; a role's tags and policies are read anew, its existence is checked at each use. */
  readonly principal: Principal
  /** Undefined when nothing limits the session; with neither inline nor arns it allows nothing (GetFederationToken). */
  readonly policies?: SessionPolicies | undefined
}

/** Identity, as the other services may see it. Wired by `server/app.ts`; IAM, STS and Organizations stand behind it. */
export interface Directory {
  /** Secret and identity behind an access key. `now` in milliseconds: sessions expire. */
  lookup(accessKeyId: string, sessionToken: string | undefined, now: number): CallerLookup
  /** The root user of an account. */
  root(account: string): Caller
  /**
   * The identity behind an access key as it is now, for what a service does after its answer. Where the key or the session is gone,
   * it is still who it was, but may do nothing.
   */
  again(principal: Principal, accessKeyId: string | undefined): Caller
  /** A denial as EC2 encodes it, for sts:DecodeAuthorizationMessage to read. */
  encodedDenial(decision: Decision): string
  /** The identity of an AWS service that calls in its own name. */
  servicePrincipal(service: string): Caller
  /** The host of an EC2 instance (lib/infrastructure.ts). `now` in milliseconds. */
  infrastructure(account: string, instanceId: string, now: number): Caller
  /** The unique id (`AIDA…`, `AROA…`) of the existing user or role that an ARN names, path included. */
  principalId(arn: string): string | undefined
  /** The ARN of the existing user or role with this unique id. */
  principalArn(id: string): string | undefined
  /** The existing role that an ARN names. */
  role(arn: string): RoleView | undefined
  /** The existing role with this name, whatever its path: session ARNs leave the path out. */
  roleNamed(account: string, name: string): RoleView | undefined
  /** The current default version of a managed policy (customer's or AWS's). */
  managedPolicy(arn: string): { readonly text: string; readonly name: string } | undefined
  organization(account: string): OrganizationView | undefined
  /** The existing OpenID Connect provider that an ARN names. Left out: no account has any. */
  oidcProvider(arn: string): OidcProviderView | undefined
  /** Remembers when and for what an identity was last used; in memory only. */
  used(caller: Caller, use: { readonly at: number; readonly service: string; readonly region: string }): void
  /** Makes a service's role (`mrk.kms.amazonaws.com`) unless the caller's account has it. Within a transaction. */
  ensureServiceLinkedRole(service: string, call: Pick<Call, 'account' | 'time' | 'env'>): void
  /** Why a service (`mrk.kms.amazonaws.com`) still needs its role in an account; undefined when it does not. */
  linkedRoleUsage(service: string, account: string): RoleUsage | undefined
  /** Gives a user credentials chosen by a world file instead of made up. */
  adoptAccessKey(account: string, userName: string, key: { readonly id: string; readonly secret: string }): void
}

/** Everything a handler may reach besides its own state. */
export interface Environment {
  readonly clock: Clock
  readonly ids: Ids
  readonly store: Store
  readonly blobs: Blobs
  readonly directory: Directory
  /** Where external key store proxies are really found: `https://xks.example.com` to `http://127.0.0.1:9000` (TWOKEY_XKS_ENDPOINTS). */
  readonly xksEndpoints: ReadonlyMap<string, string>
  /** `soft`: denials are decided and recorded, but let through. */
  readonly enforcement: 'strict' | 'soft'
  /** Undefined when none are enforced (TWOKEY_QUOTAS). */
  readonly quotas?: Quotas | undefined
  /** Root certificates that attestation documents may chain to; none unless the settings name some. */
  readonly nitroRoots: TrustedRoots
  /** How long services take for what they do after their answer, in milliseconds (TWOKEY_ASYNC_DELAY). */
  readonly asyncDelay: number
  /** Goes on with a request that has been answered (continuation.ts). */
  readonly goOn: GoOn
  /** Tells the audit trail what a service did by itself. */
  readonly announce: (event: ServiceEvent) => void
  /** What CloudTrail knows of the latest calls. */
  readonly trail: EventTrail
  /** Calls another service in a service's own name. */
  readonly callService: CallService
  /** One line for the person who runs the emulator; never secrets. */
  readonly log: (line: string) => void
}

/** One request, as handlers see it. `S` is the service's collections, `K` the key uses its row declares. */
export interface Call<S = unknown, K = unknown> {
  readonly requestId: string
  /** `kms` */
  readonly service: string
  readonly operation: string
  readonly region: string
  /** The account of the caller; empty for anonymous and service callers. */
  readonly account: string
  readonly caller: Caller
  /** Milliseconds since the epoch, read once. */
  readonly time: number
  readonly http: HttpFacts
  readonly via?: Via | undefined
  /** Present when a service calls in its own name. */
  readonly source?: CallSource | undefined
  /** Undefined for requests by another way, and for calls that a service makes for its caller. */
  readonly endpoint?: VpcEndpoint | undefined
  readonly state: S
  readonly env: Environment
  readonly keys: K
  /** The body of operations that stream theirs: verified as it flows, so it may throw at its end. */
  readonly body?: AsyncIterable<Buffer> | undefined
  /** Trailing checksum headers, complete once `body` has ended. */
  readonly trailers?: (() => Readonly<Record<string, string>>) | undefined
  /** The connection that the request came by: once it is destroyed, nobody waits for the answer. Only while the call goes on. */
  readonly client?: { readonly destroyed: boolean } | undefined
  /** Response headers that the SDK's schema does not know. */
  readonly responseHeaders: Record<string, string>
  readonly trace: Trace
  /**
   * Whether a check would hold, without refusing or recording it: for answers that depend on what the caller may see (S3's 404 or 403).
   */
  may(check: Check): boolean
}
