/**
 * A service is rows, handlers and collections (docs/adding-a-service.md). A row states facts about one AWS operation; the
 * request path reads them. The operation's name alone gives its input and output types, from AWS's own client.
 */
import type { AwsError } from '../lib/awsError.ts'
import type {
  ContextValue,
  Decision,
  Grant,
  GrantConstraints,
  Guard,
  PolicySource,
  PublicAccessBlock,
} from '../access/types.ts'
import type { ConstraintTable } from './constraints.ts'
import type { OpenForm } from '../wire/formData.ts'
import type { WireRequest, WireResponse } from '../wire/protocol.ts'
import type { ServiceWire } from '../wire/schema.ts'
import type { Store } from '../state/store.ts'
import type { AuditFacts } from './trace.ts'
import type { Call, Caller, Environment } from './call.ts'

// ---- AWS's own types -------------------------------------------------------------------------------------------------

type CommandOf<M, Op extends string> = `${Op}Command` extends keyof M ? M[`${Op}Command`] : never
type Resolved<C> = C extends new (...args: never[]) => { resolveMiddleware: (...args: never[]) => infer H } ? H : never

/** Commands whose members are all optional may be constructed without an input: hence the union of argument lists. */
type FirstArgument<A> = A extends readonly [infer I] ? I : never

export type InputOf<M, Op extends string> =
  CommandOf<M, Op> extends new (...args: infer A) => unknown ? NonNullable<FirstArgument<Required<A>>> : never
export type OutputOf<M, Op extends string> =
  Resolved<CommandOf<M, Op>> extends (...args: never[]) => Promise<{ output: infer O }> ? Omit<O, '$metadata'> : never
export type OperationOf<M> = { [K in keyof M]: K extends `${infer Op}Command` ? Op : never }[keyof M] & string

// ---- What policies are asked -------------------------------------------------------------------------------------------

/**
 * Condition keys in AWS's spelling. As a function they are worked out when a condition first asks, which most policies never do; it
 * is kept with the decision, so it must not hold on to secrets.
 */
export type ConditionKeys = KeyValues | (() => KeyValues)
type KeyValues = Readonly<Record<string, ContextValue | undefined>>

/** The thing an action is done to, as policies see it. */
export interface Resource {
  /** An ARN, or `*` for account-level actions. */
  readonly arn: string
  /** Its owner; undefined for `*`. */
  readonly account?: string | undefined
  readonly guard: Guard
  /** The policy on the resource itself. */
  readonly policy?: PolicySource | undefined
  /** What its access control list allows, as a policy. */
  readonly acl?: PolicySource | undefined
  /** Grants that could name this caller, found by index. */
  readonly grants?: readonly Grant[] | undefined
  /** A bucket's settings against public policies, for suggestions. */
  readonly publicAccessBlock?: PublicAccessBlock | undefined
  /** Condition keys that come from the resource, in AWS's spelling (`aws:ResourceTag/team`, `kms:KeySpec`). */
  readonly context?: ConditionKeys | undefined
  /**
   * How a denial may name it: its ARN (default), `this resource` (another account's key named in the request),
   * `ciphertext` (another account's key found in a ciphertext), or not at all.
   */
  readonly mention?: 'arn' | 'this resource' | 'ciphertext' | 'nothing' | undefined
  /** Resource control policies do not bear on it (AWS managed keys; kms:RetireGrant). */
  readonly exemptFromRcp?: boolean | undefined
}

/** One permission that must hold. */
export interface Check {
  /** `kms:ReEncryptTo` */
  readonly action: string
  readonly resource: Resource
  /** Condition keys that come from the request, in AWS's spelling. */
  readonly context?: ConditionKeys | undefined
  readonly grantOperation?: string | undefined
  readonly encryptionContext?: Readonly<Record<string, string>> | undefined
  readonly childGrant?:
    { readonly operations: readonly string[]; readonly constraints?: GrantConstraints | undefined } | undefined
  /**
   * Takes the refusal instead of it failing the whole call, where AWS answers for each item of a batch (s3:DeleteObjects). The
   * decision is recorded either way.
   */
  readonly refused?: ((refusal: AwsError) => void) | undefined
}

// ---- Key use -------------------------------------------------------------------------------------------------------------

type Kms = typeof import('@aws-sdk/client-kms')
/** The KMS operations that services call for their callers. */
export type KeyCall =
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'Encrypt'
  | 'Decrypt'
  | 'ReEncrypt'
  | 'CreateGrant'
  | 'RetireGrant'
  | 'DescribeKey'

/** Declared key uses become functions on `call.keys`; a use that is not declared does not compile. */
export type KeyUses = Readonly<Record<string, KeyCall>>
/** A promise only where KMS itself has to wait for somebody. */
export type Keys<U extends KeyUses> = {
  readonly [N in keyof U]: (
    request: InputOf<Kms, U[N]>,
    options?: KeyCallOptions,
  ) => OutputOf<Kms, U[N]> | Promise<OutputOf<Kms, U[N]>>
}
export interface KeyCallOptions {
  /** AWS's service would not have asked, because it keeps keys for a while. */
  readonly spared?: boolean | undefined
  /** Whom the call is made as, where not as the service's caller: the service in its own name, or an identity of its own. */
  readonly as?: Caller | undefined
  /** How CloudTrail names who made it, where that is not how the service appears otherwise. */
  readonly invokedBy?: string | undefined
  /** Where the key is, if elsewhere (S3 copies and EC2 CopySnapshot: the source's Region). */
  readonly region?: string | undefined
}

// ---- Rows ----------------------------------------------------------------------------------------------------------------

export interface Row<In, Out, Subject, S, U extends KeyUses> {
  /** The IAM action (`kms:Encrypt`), or null when AWS asks for no permission (sts:GetCallerIdentity). */
  readonly action: string | null
  /** AWS's readOnly flag in the audit trail. */
  readonly readOnly?: boolean
  /** The body is streamed to the handler instead of being read first (S3 object data). */
  readonly streams?: true
  /** May be called without a signature (AssumeRoleWithWebIdentity; S3, where policies may admit anonymous callers). */
  readonly anonymous?: true
  /** KMS operations the handler may perform for its caller. */
  readonly keyUse?: U
  /** Finds what the call is about. Throws AWS's "not found" where AWS reports it before it authorizes (facts: A6, A10). */
  readonly subject?: (input: In, call: Call<S>) => Subject
  /** What `action` is done to. Left out: `*`. */
  readonly resource?: (input: In, call: Call<S>, subject: Subject) => Resource
  /** Condition keys from the request. */
  readonly context?: (input: In, call: Call<S>, subject: Subject) => ConditionKeys
  /** More about the main check: grants and their constraints. */
  readonly grant?: (
    input: In,
    call: Call<S>,
    subject: Subject,
  ) => Pick<Check, 'grantOperation' | 'encryptionContext' | 'childGrant'>
  /** Further permissions, checked in order after the main one. */
  readonly also?: (input: In, call: Call<S>, subject: Subject) => readonly Check[]
  /**
   * Replaces the plain order (main check, then `also`) where AWS's differs: yields checks, and awaits key uses between
   * them (S3 PutObject calls GenerateDataKey before it authorizes the write). Must yield a check of `action` itself.
   */
  readonly admit?: (
    input: In,
    call: Call<S, Keys<U>>,
    subject: Subject,
    main: Check,
  ) => AsyncGenerator<Check, void, void> | Generator<Check, void, void>
  readonly run: (input: In, call: Call<S, Keys<U>>, subject: Subject) => Out | Promise<Out>
  /** For the audit trail; `output` is undefined when the call failed. */
  readonly audit?: (input: In, output: Out | undefined, subject: Subject | undefined, call: Call<S>) => AuditFacts
}

/** A row whose types have been checked and are no longer needed. */
export interface AnyRow {
  readonly operation: string
  readonly row: Row<object, object, unknown, unknown, KeyUses>
}

/** A request as cross-origin rules see it. */
export interface CrossOriginRequest {
  readonly method: string
  /** In path form, percent-encoded. */
  readonly path: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** What a service lets pages of other origins do. */
export interface CrossOrigin<S> {
  /** Headers that answer a browser's question (OPTIONS). Throws the service's refusal. */
  preflight(request: CrossOriginRequest, state: S): Record<string, string>
  /** Headers that let the page read the answer to a request with an Origin, refusals too; undefined when it may not. */
  answer(request: CrossOriginRequest, state: S): Readonly<Record<string, string>> | undefined
}

export interface ServiceFacts<M, S> {
  /** Our name and the SigV4 service name: `kms`. */
  readonly name: string
  readonly protocol: 'awsJson' | 'awsQuery' | 'ec2Query' | 'restJson' | 'restXml'
  readonly wire: ServiceWire
  /** Loads AWS's client, on first use. */
  readonly load: () => Promise<M>
  /** Declares the service's collections. */
  readonly state: (store: Store) => S
  readonly constraints?: ConstraintTable
  /** AWS's refusal for a check that failed. */
  readonly denied: (decision: Decision, check: Check, call: Call<S>) => AwsError
  /**
   * Counts a call against the account's request quotas and throws the service's refusal when they are exceeded. Asked only where
   * quotas are enforced: once it is known what a call is about, before anybody is authorized.
   * @param subject the row's; undefined when it was not found
   */
  readonly admitRate?: (input: object, call: Call<S>, subject: unknown) => void
  /** How this service appears to the ones it calls for its callers; present when rows declare key uses. */
  readonly forwards?: {
    readonly invokedBy: string
    readonly viaService: (region: string) => string
    readonly calledVia: string
  }
  /** What a failed key use looks like to this service's callers. */
  readonly keyFailure?: (error: AwsError, call: Call<S>) => AwsError
  /** Checks that headers (lower case) and trailers promise of a body that was read whole. Throws AWS's refusal. */
  readonly checkBody?: (
    operation: string,
    body: Buffer,
    headers: Readonly<Record<string, string | undefined>>,
    trailers: Readonly<Record<string, string>>,
  ) => Promise<void>
  /** Present when browsers may use the service: S3's CORS. */
  readonly crossOrigin?: CrossOrigin<S>
  /** Uploads by HTML form (S3's POST policy). */
  readonly forms?: FormUploads
  /** Headers that the query of a presigned URL may stand for; those that are sent come first. */
  readonly queryHeaders?: (query: string) => Readonly<Record<string, string>> | undefined
  /** Ids of the blobs that records name; asked once, at the start. */
  readonly liveBlobs?: (state: S) => ReadonlySet<string>
  /** Takes up work that time brings (deletions, expiries) when the emulator starts or its state is replaced. */
  readonly start?: (state: S, env: Environment) => void
  /** Keeps what is only in memory, when the emulator stops and no request comes any more. */
  readonly stop?: (state: S) => Promise<void>
}

/** Requests that say in the fields of a form what an operation of the model takes from headers. */
export interface FormUploads {
  /** The operation that such a request is. */
  readonly operation: string
  /** Whether a request that names no operation is a form. Throws AWS's refusal of one in the wrong encoding. */
  readonly accepts: (request: WireRequest) => boolean
  /** The fields by lower-case name. Throws AWS's refusal when one is missing that every form has. */
  readonly fields: (form: OpenForm) => ReadonlyMap<string, string>
  readonly missing: (name: string) => AwsError
  /**
   * The operation's request.
   * @param policy the policy document, base64, if the form is signed: what does not fit it is refused
   */
  readonly request: (
    form: OpenForm,
    fields: ReadonlyMap<string, string>,
    sent: WireRequest,
    facts: { readonly policy: string | undefined; readonly region: string; readonly now: number },
  ) => FormRequest
}

export interface FormRequest {
  readonly wire: WireRequest
  readonly body: AsyncIterable<Buffer>
  /** The operation's answer, as forms are answered. */
  readonly answer: (response: WireResponse) => WireResponse
}

export interface ServiceDefinition extends Omit<ServiceFacts<object, unknown>, 'load'> {
  readonly load: () => Promise<object>
  readonly rows: ReadonlyMap<string, AnyRow['row']>
}

/** A row that touches no key. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- no member at all is what is meant
type NoKeyUses = Record<never, never>

export interface ServiceBuilder<M, S> {
  /** One operation. Compiles only when the operation exists in AWS's client and input, output and key uses agree. */
  row<Op extends OperationOf<M>, Subject = undefined, const U extends KeyUses = NoKeyUses>(
    operation: Op,
    row: Row<InputOf<M, Op>, OutputOf<M, Op>, Subject, S, U>,
  ): AnyRow
  /** The finished service. Throws when an operation is listed twice. */
  with(...rows: readonly (readonly AnyRow[])[]): ServiceDefinition
}

/** Begins the definition of a service: `const kms = defineService({...}); export const encrypt = kms.row('Encrypt', {...})`. */
export function defineService<M extends object, S>(facts: ServiceFacts<M, S>): ServiceBuilder<M, S> {
  return {
    row: (operation, row) => ({ operation, row: row as unknown as AnyRow['row'] }),
    with(...groups) {
      const rows = new Map<string, AnyRow['row']>()
      for (const { operation, row } of groups.flat()) {
        if (rows.has(operation)) throw new Error(`operation \`${operation}\` of \`${facts.name}\` is listed twice`)
        rows.set(operation, row)
      }
      return { ...(facts as unknown as Omit<ServiceDefinition, 'rows'>), rows }
    },
  }
}
