import { PolicyError, policySource } from '../../access/document.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { VpcEndpoint } from '../../operation/call.ts'
import type { EndpointHost } from './host.ts'
import type { Store } from '../../state/store.ts'

/** A VPC endpoint as it is stored. There is no EC2 that could make one: it exists because it was declared. */
export interface EndpointRecord {
  readonly id: string
  readonly account: string
  readonly region: string
  /** `vpc-…` */
  readonly vpc: string
  /** Services it leads to, by their names here; absent: all. */
  readonly services?: readonly string[] | undefined
  /** Absent: AWS's default policy, which allows everything. */
  readonly policy?: string | undefined
}

/** The VPC endpoints that requests may come through. */
export interface VpcEndpoints {
  /**
   * Makes an endpoint, or changes it; null removes it. Throws an Error with a sentence for what is no endpoint. In a transaction.
   * @param policyText how a policy document becomes text
   */
  declare(place: Place, id: string, spec: unknown, policyText?: (document: object) => string): void
  list(): EndpointRecord[]
  /** The endpoint that a request to a service came through. Throws what a name answers that leads nowhere. */
  admit(host: EndpointHost, service: string): VpcEndpoint
}

interface Place {
  readonly account: string
  readonly region: string
}

const ID = /^vpce-(?:[\da-f]{8}|[\da-f]{17})$/
const VPC = /^vpc-(?:[\da-f]{8}|[\da-f]{17})$/
/** EC2's limit for an endpoint's policy. */
const LONGEST_POLICY = 20_480
const MEMBERS: readonly string[] = ['vpc', 'services', 'policy']

/** @param known the services there are */
export function createVpcEndpoints(store: Store, known: ReadonlySet<string>): VpcEndpoints {
  const table = store.collection<EndpointRecord>({ name: 'vpcEndpoints', scope: 'global' }).in()
  return {
    declare({ account, region }, id, spec, policyText = (document) => JSON.stringify(document)) {
      if (!ID.test(id))
        throw new Error(`VPC endpoint \`${id}\`: its id must be \`vpce-\` and 8 or 17 hexadecimal digits`)
      if (spec === null) {
        table.delete(id)
        return
      }
      const fault = faultOf(spec, known)
      if (fault !== undefined) throw new Error(`VPC endpoint \`${id}\`: ${fault}`)
      const { vpc, services, policy } = spec as { vpc: string; services?: string[]; policy?: object }
      const text = policy && policyText(policy)
      const wrong = text === undefined ? undefined : policyFault(text)
      if (wrong !== undefined) throw new Error(`VPC endpoint \`${id}\`: ${wrong}`)
      table.put(id, {
        id,
        account,
        region,
        vpc,
        ...(services && { services }),
        ...(text !== undefined && { policy: text }),
      })
    },
    list: () => [...table.entries()].map(([, record]) => record),
    admit({ id, region, service: named }, service) {
      const record = table.get(id)
      const serves = named === service && record?.services?.includes(service) !== false
      if (record?.region !== region || !serves) throw notFound(id)
      return viewOf(record)
    },
  }
}

/** At AWS such a name does not resolve; whoever reaches us with it is told in EC2's words that there is no such endpoint. */
const notFound = (id: string) =>
  new AwsError('InvalidVpcEndpointId.NotFound', 400, `The Vpc Endpoint Id '${id}' does not exist`)

const views = new WeakMap<EndpointRecord, VpcEndpoint>()

/** One reading per version of an endpoint. */
function viewOf(record: EndpointRecord): VpcEndpoint {
  let view = views.get(record)
  if (!view) {
    const { id, account, region, vpc, policy: text } = record
    const holder = `arn:aws:ec2:${region}:${account}:vpc-endpoint/${id}`
    const policy =
      text === undefined
        ? undefined
        : policySource({ layer: 'endpoint', name: `endpoint policy of ${id}`, holder, text })
    views.set(record, (view = { id, account, region, vpc, policy }))
  }
  return view
}

/** What is wrong with a declaration, as the end of a sentence. */
function faultOf(spec: unknown, known: ReadonlySet<string>): string | undefined {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return 'say {"vpc":"vpc-…","policy":{…}}'
  const { vpc, services, policy } = spec as Readonly<Record<string, unknown>>
  const stray = Object.keys(spec).find((name) => !MEMBERS.includes(name))
  if (stray !== undefined) return `it has \`${stray}\`; it may have ${MEMBERS.join(', ')}`
  if (typeof vpc !== 'string' || !VPC.test(vpc)) return '`vpc` must be `vpc-` and 8 or 17 hexadecimal digits'
  const all = services === undefined || (Array.isArray(services) && services.every((name) => known.has(String(name))))
  if (!all) return `\`services\` must be a list of ${[...known].join(', ')}`
  return policy === undefined || (typeof policy === 'object' && policy !== null)
    ? undefined
    : '`policy` must be a policy document'
}

function policyFault(text: string): string | undefined {
  if (text.length > LONGEST_POLICY) return `its policy is longer than ${String(LONGEST_POLICY)} characters`
  try {
    return policySource({ layer: 'endpoint', name: '', text }).policy.statements.some(({ principals }) => !principals)
      ? 'each statement of its policy needs a Principal'
      : undefined
  } catch (error) {
    if (error instanceof PolicyError) return `its policy is no policy document: ${error.message}`
    throw error
  }
}
