import { principalContext } from '../access/context.ts'
import type { ConditionContext, ContextValue } from '../access/types.ts'
import type { Call } from './call.ts'
import type { Check, ConditionKeys } from './define.ts'

/**
 * The condition keys of one check: those of the row (request and resource), of the principal, and the global ones (facts: C7).
 * Built on demand, since most policies ask for few or none.
 */
export function conditionContext(check: Check, call: Call): ConditionContext {
  return new CheckContext(check, call)
}

/** A check with more condition keys; they win over those of the same name. */
export const withKeys = (check: Check, more: Readonly<Record<string, ContextValue | undefined>>): Check => ({
  ...check,
  context: () => ({ ...resolved(check.context), ...more }),
})

const resolved = (keys: ConditionKeys | undefined) => (typeof keys === 'function' ? keys() : keys)

class CheckContext implements ConditionContext {
  #named: Map<string, ContextValue> | undefined
  readonly #check: Check
  readonly #call: Call

  constructor(check: Check, call: Call) {
    this.#check = check
    this.#call = call
  }

  get(name: string): ContextValue | undefined {
    return (
      this.#own().get(name) ??
      GLOBAL[name]?.(this.#call, this.#check) ??
      principalContext(this.#call.caller.principal).get(name)
    )
  }

  *names(): Iterable<string> {
    yield* this.#own().keys()
    for (const name of Object.keys(GLOBAL)) if (this.get(name) !== undefined) yield name
    yield* principalContext(this.#call.caller.principal).names()
  }

  written(name: string): string {
    for (const keys of [this.#check.resource.context, this.#check.context]) {
      const found = Object.keys(resolved(keys) ?? {}).find((key) => key.toLowerCase() === name)
      if (found !== undefined) return found
    }
    if (name.startsWith(PRINCIPAL_TAG)) return `aws:PrincipalTag/${name.slice(PRINCIPAL_TAG.length)}`
    return WRITTEN.get(name) ?? name
  }

  #own(): Map<string, ContextValue> {
    if (this.#named) return this.#named
    const named = new Map<string, ContextValue>()
    for (const keys of [this.#check.resource.context, this.#check.context]) {
      const layer = resolved(keys)
      if (!layer) continue
      for (const [name, value] of Object.entries(layer)) if (value !== undefined) named.set(name.toLowerCase(), value)
    }
    this.#named = named
    return named
  }
}

const PRINCIPAL_TAG = 'aws:principaltag/'

/** The keys that the call and its caller bring along, in AWS's spelling. */
const WRITTEN: ReadonlyMap<string, string> = new Map(
  [
    ...['CurrentTime', 'EpochTime', 'SecureTransport', 'SourceIp', 'UserAgent', 'RequestedRegion', 'ViaAWSService'],
    ...['CalledVia', 'CalledViaFirst', 'CalledViaLast', 'PrincipalOrgID', 'PrincipalOrgPaths', 'ResourceAccount'],
    ...['ResourceOrgID', 'ResourceOrgPaths', 'PrincipalArn', 'PrincipalAccount', 'PrincipalType', 'TokenIssueTime'],
    ...['PrincipalIsAWSService', 'PrincipalServiceName', 'PrincipalServiceNamesList', 'MultiFactorAuthPresent'],
    ...['SourceIdentity', 'FederatedProvider', 'SourceArn', 'SourceAccount', 'SourceOrgID', 'SourceOrgPaths'],
    ...['SourceVpc', 'SourceVpcArn', 'SourceVpce', 'VpcSourceIp', 'VpceAccount', 'VpceOrgID', 'VpceOrgPaths'],
  ].map((name) => [`aws:${name.toLowerCase()}`, `aws:${name}`]),
)

type GlobalKey = (call: Call, check: Check) => ContextValue | undefined

const bool = (value: boolean) => (value ? 'true' : 'false')
const isService = (call: Call) => call.caller.principal.kind === 'service'
const organizationOf = (call: Call, account: string | undefined) =>
  account === undefined || account === '' ? undefined : call.env.directory.organization(account)

/** Keys whose values come from the call as a whole. A null prototype, because names come from policies. */
const GLOBAL: Readonly<Record<string, GlobalKey>> = Object.assign(Object.create(null) as Record<string, GlobalKey>, {
  'aws:currenttime': (call) => new Date(call.time).toISOString(),
  'aws:epochtime': (call) => String(Math.floor(call.time / 1000)),
  'aws:securetransport': (call) => bool(call.http.secure),
  // Forwarded calls keep the caller's public address, and nothing of a VPC endpoint (IAM user guide, "Forward access sessions":
  // `subsequent FAS requests will be made with the same aws:SourceIP`, and aws:SourceVpce, aws:SourceVpc, aws:VpcSourceIp `are not
  // used`). Service principals have none; through a VPC endpoint it is aws:VpcSourceIp instead.
  'aws:sourceip': (call) =>
    isService(call) || call.endpoint || call.http.private === true ? undefined : call.http.sourceIp,
  'aws:vpcsourceip': (call) => call.endpoint && call.http.sourceIp,
  'aws:sourcevpc': (call) => call.endpoint?.vpc,
  'aws:sourcevpcarn': ({ endpoint }) =>
    endpoint && `arn:aws:ec2:${endpoint.region}:${endpoint.account}:vpc/${endpoint.vpc}`,
  'aws:sourcevpce': (call) => call.endpoint?.id,
  'aws:vpceaccount': (call) => call.endpoint?.account,
  'aws:vpceorgid': (call) => organizationOf(call, call.endpoint?.account)?.id,
  'aws:vpceorgpaths': (call) => listOf(organizationOf(call, call.endpoint?.account)?.path),
  'aws:useragent': (call) => (call.via ? call.via.invokedBy : call.http.userAgent || undefined),
  'aws:referer': (call) => call.http.headers['referer'],
  'aws:requestedregion': (call) => call.region,
  'aws:viaawsservice': (call) => bool(call.via !== undefined),
  'aws:calledvia': (call) => call.via?.calledVia,
  'aws:calledviafirst': (call) => call.via?.calledVia[0],
  'aws:calledvialast': (call) => call.via?.calledVia.at(-1),
  'aws:sourcearn': (call) => call.source?.arn,
  'aws:sourceaccount': (call) => call.source?.account,
  'aws:sourceorgid': (call) => organizationOf(call, call.source?.account)?.id,
  'aws:sourceorgpaths': (call) => listOf(organizationOf(call, call.source?.account)?.path),
  'aws:principalorgid': (call) => organizationOf(call, call.account)?.id,
  'aws:principalorgpaths': (call) => listOf(organizationOf(call, call.account)?.path),
  'aws:resourceaccount': (_call, check) => check.resource.account,
  'aws:resourceorgid': (call, check) => organizationOf(call, check.resource.account)?.id,
  'aws:resourceorgpaths': (call, check) => listOf(organizationOf(call, check.resource.account)?.path),
} satisfies Record<string, GlobalKey>)

const listOf = (value: string | undefined): readonly string[] | undefined => (value === undefined ? undefined : [value])
