import type { ConnectionErrorCodeType } from '@aws-sdk/client-kms'
import { secretOf } from '../../../crypto/material.ts'
import { invalidState } from '../errors.ts'
import type { KmsState } from '../state.ts'
import {
  clusterInUse,
  clusterMissing,
  clusterNotActive,
  clusterNotRelated,
  clusterTooSmall,
  incorrectTrustAnchor,
} from '../unsourced.ts'
import {
  certificateKey,
  clusterSecretPath,
  keyStorePath,
  ownIndex,
  type CloudHsmKeyStore,
  type ClusterRecord,
  type KeyStoreRecord,
} from './state.ts'

type Named = Pick<CloudHsmKeyStore, 'account' | 'region' | 'clusterId'>

/** HSMs that a cluster needs so that a key store or a key can be made, and so that a key store can be connected. */
const TO_CREATE = 2
const TO_CONNECT = 1
/** CloudHSM locks the kmsuser out then (KMS Developer Guide, Troubleshooting a custom key store). */
const MOST_FAILED_LOGINS = 5

export const clusterOf = ({ account, region, clusterId }: Named, state: KmsState): ClusterRecord | undefined =>
  state.clusters.in(account, region).get(clusterId)

const sameCertificate = (a: string, b: string): boolean => certificateKey(a) === certificateKey(b)

/** Throws AWS's refusal unless the cluster is there, active, and has HSMs enough to make keys in. */
export function requireClusterForKeys(named: Named, state: KmsState): ClusterRecord {
  const cluster = clusterOf(named, state)
  if (!cluster || cluster.state === 'DELETED') throw clusterMissing(named.clusterId)
  requireActive(cluster, TO_CREATE)
  return cluster
}

function requireActive(cluster: ClusterRecord, hsms: number): void {
  if (cluster.state !== 'ACTIVE') throw clusterNotActive(cluster.id)
  if (cluster.activeHsms < hsms) throw clusterTooSmall(cluster.id, hsms)
}

/** For a new key store. The order of these checks is not documented. */
export function requireFreeCluster(store: CloudHsmKeyStore, state: KmsState): void {
  const cluster = requireClusterForKeys(store, state)
  if (!sameCertificate(cluster.trustAnchor, store.trustAnchor)) throw incorrectTrustAnchor(store.clusterId)
  requireUnused(store, state)
}

/** For a key store that moves to another cluster of the same backup history. */
export function requireRelatedCluster(store: CloudHsmKeyStore, state: KmsState): void {
  const cluster = requireClusterForKeys(store, state)
  if (!sameCertificate(cluster.trustAnchor, store.trustAnchor)) throw clusterNotRelated(store.clusterId)
  requireUnused(store, state)
}

/** Clusters that share a backup history have one certificate. */
function requireUnused(store: CloudHsmKeyStore, state: KmsState): void {
  const table = state.keyStores.in()
  const others: Iterable<readonly [string, KeyStoreRecord]>[] = [
    table.find('cluster', ownIndex(store, store.clusterId)),
    table.find('trustAnchor', ownIndex(store, certificateKey(store.trustAnchor))),
  ]
  for (const found of others) for (const [, { id }] of found) if (id !== store.id) throw clusterInUse(store.clusterId)
}

/**
 * What ConnectCustomKeyStore refuses at once. A cluster that is gone is not among its exceptions: the attempt begins, and fails with
 * CLUSTER_NOT_FOUND.
 */
export function requireConnectable(store: CloudHsmKeyStore, state: KmsState): void {
  const cluster = clusterOf(store, state)
  if (cluster && cluster.state !== 'DELETED') requireActive(cluster, TO_CONNECT)
}

/** Logs into a key store's cluster as kmsuser: why that fails, or undefined. Wrong passwords are counted, as CloudHSM does. */
export function logIn(store: CloudHsmKeyStore, state: KmsState): ConnectionErrorCodeType | undefined {
  const cluster = clusterOf(store, state)
  if (!cluster || cluster.state === 'DELETED') return 'CLUSTER_NOT_FOUND'
  if (cluster.connectionError !== undefined) return cluster.connectionError
  if (cluster.state !== 'ACTIVE' || cluster.activeHsms < TO_CONNECT) return 'INSUFFICIENT_CLOUDHSM_HSMS'
  if (cluster.failedLogins >= MOST_FAILED_LOGINS) return 'USER_LOCKED_OUT'
  const passwords = state.keyStoreSecrets.in()
  const right = passwords.get(clusterSecretPath(cluster))?.secret
  if (right === undefined) return 'USER_NOT_FOUND'
  if (sameSecret(right, passwords.get(keyStorePath(store))?.secret)) return undefined
  state.clusters.in(store.account, store.region).put(cluster.id, { ...cluster, failedLogins: cluster.failedLogins + 1 })
  return 'INVALID_CREDENTIALS'
}

const sameSecret = (a: string, b: string | undefined): boolean =>
  b !== undefined && secretOf(Buffer.from(a)).equals(secretOf(Buffer.from(b)))

/** Throws unless the cluster of a connected key store can be asked for cryptography at the moment. */
export function requireCommunication(store: CloudHsmKeyStore, state: KmsState): void {
  const cluster = clusterOf(store, state)
  if (cluster?.state === 'ACTIVE' && cluster.activeHsms > 0) return
  throw invalidState('KMS cannot communicate with your CloudHSM cluster')
}
