import type { ConnectionErrorCodeType } from '@aws-sdk/client-kms'
import type { KmsState } from '../state.ts'
import { CLUSTER_STATES, clusterSecretPath, type ClusterRecord, type ClusterState } from './state.ts'

/** A CloudHSM cluster as a world file or the admin door declares it. What is left out is as AWS wants it to be. */
export interface ClusterSpec {
  /** The certificate of the cluster, in PEM (`customerCA.crt`). */
  readonly trustAnchorCertificate: string
  /** The password of the cluster's `kmsuser`; null: there is no such user. */
  readonly kmsUserPassword: string | null
  readonly state?: ClusterState | undefined
  readonly activeHsms?: number | undefined
  /** Every attempt to connect fails with this code. */
  readonly connectionError?: ConnectionErrorCodeType | undefined
}

const ID = /^cluster-[2-7a-zA-Z]{11,16}$/

/** Of connection error codes, those that a cluster can be the reason for. */
const CONNECTION_ERRORS: readonly string[] = [
  'INTERNAL_ERROR',
  'NETWORK_ERRORS',
  'CLUSTER_NOT_FOUND',
  'INSUFFICIENT_CLOUDHSM_HSMS',
  'INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET',
  'INVALID_CREDENTIALS',
  'SUBNET_NOT_FOUND',
  'USER_LOCKED_OUT',
  'USER_LOGGED_IN',
  'USER_NOT_FOUND',
] satisfies readonly ConnectionErrorCodeType[]

interface Place {
  readonly account: string
  readonly region: string
}

/**
 * Makes KMS see a CloudHSM cluster in an account and Region. A second call with the same id replaces it and forgets failed logins. Throws
 * an Error with a sentence for what is no cluster. To be called in a transaction.
 */
export function declareCluster(state: KmsState, { account, region }: Place, id: string, spec: unknown): void {
  const fault = ID.test(id) ? faultOf(spec) : 'its id must be `cluster-` and 11 to 16 letters and digits from 2 to 7'
  if (fault !== undefined) throw new Error(`cluster \`${id}\`: ${fault}`)
  const { trustAnchorCertificate, kmsUserPassword, state: stage, activeHsms, connectionError } = spec as ClusterSpec
  const record: ClusterRecord = {
    id,
    account,
    region,
    state: stage ?? 'ACTIVE',
    trustAnchor: trustAnchorCertificate,
    activeHsms: activeHsms ?? 2,
    connectionError,
    failedLogins: 0,
  }
  state.clusters.in(account, region).put(id, record)
  const secrets = state.keyStoreSecrets.in()
  if (kmsUserPassword === null) secrets.delete(clusterSecretPath(record))
  else secrets.put(clusterSecretPath(record), { secret: kmsUserPassword })
}

const CHECKS: Readonly<Record<keyof ClusterSpec, readonly [(value: unknown) => boolean, string]>> = {
  trustAnchorCertificate: [(value) => typeof value === 'string' && value.length > 0, 'the text of a certificate'],
  kmsUserPassword: [
    (value) => value === null || (typeof value === 'string' && value.length >= 7 && value.length <= 32),
    'a text of 7 to 32 characters, or null when the cluster has no kmsuser',
  ],
  state: [(value) => value === undefined || isOneOf(CLUSTER_STATES, value), `one of ${CLUSTER_STATES.join(', ')}`],
  activeHsms: [
    (value) => value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 0),
    'a number',
  ],
  connectionError: [
    (value) => value === undefined || isOneOf(CONNECTION_ERRORS, value),
    `one of ${CONNECTION_ERRORS.join(', ')}`,
  ],
}

const isOneOf = (texts: readonly string[], value: unknown) => typeof value === 'string' && texts.includes(value)

/** Never quotes a value: one is a password. */
function faultOf(spec: unknown): string | undefined {
  if (typeof spec !== 'object' || spec === null) return `it must be an object with ${Object.keys(CHECKS).join(', ')}`
  const members = spec as Readonly<Record<string, unknown>>
  const unknown = Object.keys(members).find((member) => !Object.hasOwn(CHECKS, member))
  if (unknown !== undefined) return `there is no \`${unknown}\`; there are ${Object.keys(CHECKS).join(', ')}`
  for (const [member, [holds, expects]] of Object.entries(CHECKS)) {
    if (!holds(members[member])) return `\`${member}\` must be ${expects}`
  }
  return undefined
}
